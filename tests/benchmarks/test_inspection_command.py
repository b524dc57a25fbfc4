from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from envscaler.runtime.benchmarks.defects import Specimen
from envscaler.runtime.checks import GRADER
from envscaler.runtime.records import Environment, Inspection
from envscaler.runtime.store import RunStore

MAIN = "from envscaler.runtime.cli import main; main()"


@pytest.fixture
def run_folder(library: Specimen, tmp_path: Path) -> Path:
    """A run that made the library and inspected it."""
    plan = library.plan
    made = Environment(plan=plan, class_name=plan.class_name, source=library.source, tools=())
    said = Inspection(environment=made.id, grader=GRADER, state=library.state)
    with RunStore.open(tmp_path / "run", {}) as store:
        store.keep("class", made)
        store.keep("inspection", said, id=made.id)
    return tmp_path / "run"


def bench(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """The command's exit code, stdout and stderr, run beside the run's folder."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "bench", "inspection", str(folder), *arguments],
        capture_output=True, text=True, timeout=120, cwd=folder.parent,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_planted_defects_are_counted_by_kind_and_gate(run_folder: Path) -> None:
    only = ("--only", "query writes, wrong case", "--json", "told.json")
    code, out, err = bench(run_folder, *only)
    assert (code, err) == (0, "")
    told = json.loads((run_folder.parent / "told.json").read_text())
    assert told["kinds"].keys() == {"query writes", "wrong case"}
    writes = told["kinds"]["query writes"]
    assert writes["examined"] == writes["found"] == 1 and "queries" in writes["gates"]
    assert f"{told['found']} of 2 defects found" in out and "0 false alarms" in out
    assert told["missed"]  # no test calls: nothing tells one case of a rule from another
    assert all(f"{one['kind']}: {one['where']}" in out for one in told["missed"])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--only", "rust"], "there is no kind 'rust'"),
        (["--json", "nowhere/told.json"], "nowhere/told.json"),
        (["--per-kind", "0"], "--per-kind"),
    ],
)
def test_bad_input_is_told_before_anything_is_planted(
    run_folder: Path, arguments: list[str], word: str
) -> None:
    code, out, err = bench(run_folder, *arguments)
    assert (code, out) == (2, "") and word in err


def test_a_run_without_inspected_states_says_what_to_give(tmp_path: Path) -> None:
    RunStore.open(tmp_path / "empty", {}).close()
    code, _, err = bench(tmp_path / "empty")
    assert code == 3 and "no environment with the state it was inspected in" in err

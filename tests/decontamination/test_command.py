from __future__ import annotations

import json
from pathlib import Path

import pytest

from envscaler.runtime.cli.decontaminate import records_of, run
from envscaler.runtime.decontamination import Decontaminator
from envscaler.runtime.decontamination.signatures import write_signatures
from envscaler.runtime.errors import DataError, EnvscalerError
from envscaler.runtime.formats import Export, write_export
from envscaler.runtime.records import Environment, EnvironmentIdea, SourceTask
from envscaler.runtime.store import RunStore


@pytest.fixture
def signatures(tmp_path: Path, known: Decontaminator) -> Path:
    path = tmp_path / "signatures.json"
    write_signatures(known.benchmarks, path)
    return path


@pytest.fixture
def mixed(tmp_path: Path, tasks: tuple[str, ...]) -> Path:
    path = tmp_path / "tasks.txt"
    path.write_text(f"Write a haiku about rain on a tin roof.\n{tasks[2]}\n")
    return path


def test_the_bundled_tasks_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    run(None, quiet=False, as_json=False)
    told = " ".join(capsys.readouterr().out.split())
    assert told.endswith(
        "ACEBench, BFCL v3 multi-turn, tau-bench: 0 over the limit, 24 share nothing"
    )


def test_what_is_over_the_limit_is_named_and_ends_with_exit_code_one(
    mixed: Path, signatures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvscalerError, match="1 of 2 records") as raised:
        run(mixed, signatures=signatures, quiet=True, as_json=False)
    assert raised.value.exit_code == 1
    printed = capsys.readouterr().out
    assert "OVER" in printed and "100%" in printed
    assert "haiku" not in printed


def test_the_json_document_holds_every_record(
    mixed: Path, signatures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvscalerError):
        run(mixed, signatures=signatures, quiet=False, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["clean"], told["benchmarks"]) == (False, ["Lighthouse"])
    assert [(r["kind"], r["over"]) for r in told["records"]] == [("task", False), ("task", True)]
    [first, *_] = told["records"][1]["overlaps"]
    assert (first["item"], first["value"]) == ("task 2", 1.0)


def test_a_run_gives_its_tasks_ideas_and_environments(
    tmp_path: Path, tasks: tuple[str, ...], depot: Environment
) -> None:
    idea = EnvironmentIdea(
        summary="A tower", introduction="It shines.", usefulness=8, modelability=8,
        tasks=(SourceTask(text=tasks[0]),),
    )  # fmt: skip
    with RunStore.open(tmp_path / "run", {}) as store:
        store.keep("task", idea.tasks[0])
        store.keep("idea", idea)
        store.keep("class", depot)
    assert records_of(tmp_path / "run") == [idea.tasks[0], idea, depot]


def test_an_export_gives_its_environments(tmp_path: Path, depot: Environment) -> None:
    write_export(tmp_path / "export", Export(environments=(depot,)))
    assert records_of(tmp_path / "export") == [depot]


def test_a_run_without_records_is_a_data_error(tmp_path: Path) -> None:
    RunStore.open(tmp_path / "run", {}).close()
    with pytest.raises(DataError, match="nothing to compare"):
        records_of(tmp_path / "run")


def test_a_run_of_which_an_idea_is_damaged_is_a_data_error(tmp_path: Path) -> None:
    with RunStore.open(tmp_path / "run", {}) as store:
        store.keep("idea", SourceTask(text="Lend a book."), id="idea_1")
    with pytest.raises(DataError, match="the stored idea idea_1 is damaged"):
        records_of(tmp_path / "run")

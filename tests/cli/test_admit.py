"""`admit` as its user meets it: what is printed, what is written, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.formats import Export
from envscaler.runtime.inspection import GATES

Run = Callable[..., tuple[int, str, str]]
HERE = Path(__file__).parents[1]
SOURCE = HERE / "library_env.txt"
LIBRARY: dict[str, Any] = json.loads((HERE / "library.json").read_text())


@pytest.fixture
def state(tmp_path: Path) -> str:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(LIBRARY["state"]))
    return str(path)


def test_an_admitted_class_is_written_and_can_be_verified_and_admitted_again(
    tmp_path: Path, state: str, envscaler: Run
) -> None:
    out = str(tmp_path / "out")
    plan = str(HERE / "library.json")
    code, told, err = envscaler(
        "admit", str(SOURCE), "--state", state, "--plan", plan, "--out", out
    )
    assert (code, err) == (0, "")
    assert told.splitlines()[-1] == "admitted"
    assert "plan    given: 3 entities, 4 queries, 4 changes, 3 rules" in told
    code, told, _ = envscaler("verify", out)
    assert code == 0 and "0 failed" in told
    code, told, _ = envscaler("admit", out, "--class", "LibraryEnv", "--state", state)
    assert code == 0 and told.splitlines()[-1] == "admitted"


TILL = """
class Till:
    def __init__(self, init_config: dict):
        self.sums = init_config.get("sums", {})

    def pay(self, till: str, amount: int) -> dict:
        self.sums[till] = self.sums.get(till, 0) + amount
        if amount > 5:
            return {"success": False, "error": "That is \x1b[31m[red]too much."}
        return {"success": True, "message": "Paid."}
"""


def test_a_class_that_lacks_something_ends_with_code_1_and_says_what(
    tmp_path: Path, envscaler: Run
) -> None:
    path = tmp_path / "till.py"
    path.write_text(TILL)
    code, told, err = envscaler("admit", str(path))
    assert (code, err) == (1, "")
    flat = " ".join(told.split())
    assert "pay: it has no description; begin its docstring" in flat
    assert "it refused" in flat and "and yet changed the state" in flat
    assert "\x1b" not in told and "sums is empty at the start" in flat
    assert "no plan: what tools must return" in flat
    last = told.splitlines()[-1]
    assert last.startswith("not admitted: 1 finding of start, ") and "of refusals" in last


def test_the_same_as_json_holds_the_derived_plan_and_every_verdict(
    tmp_path: Path, envscaler: Run
) -> None:
    path = tmp_path / "till.py"
    path.write_text(TILL)
    code, told, _ = envscaler("admit", str(path), "--json")
    document = json.loads(told)
    (admission,) = document["admissions"]
    assert code == 1 and document["admitted"] is admission["admitted"] is False
    assert [o["name"] for o in admission["plan"]["operations"]] == ["pay"]
    verdicts = {gate["gate"]: gate["standing"] for gate in admission["gates"]}
    assert verdicts["refusals"] == "findings" and verdicts["isolation"] == "passed"
    assert verdicts["returns"] == "not applicable" and verdicts.keys() > set(GATES)


def test_what_needs_another_profile_is_not_written(
    tmp_path: Path, state: str, envscaler: Run
) -> None:
    path, out = tmp_path / "drawing.py", tmp_path / "out"
    path.write_text("import random\n\n\n" + SOURCE.read_text())
    plan = str(HERE / "library.json")
    code, told, err = envscaler(
        "admit", str(path), "--state", state, "--plan", plan, "--out", str(out)
    )
    assert code == 1 and told.splitlines()[-1] == "admitted"
    assert "runs with the profile imported only" in err and not out.exists()


def test_an_environment_of_an_export_gets_its_own_state_and_test_calls(
    export: Export, written: Callable[..., Path], envscaler: Run
) -> None:
    folder = written(export)
    code, told, err = envscaler("admit", str(folder), "--class", "HireEnv", "--json")
    (admission,) = json.loads(told)["admissions"]
    assert (code, err) == (0, ""), admission["gates"]
    assert admission["derived"] is False
    assert admission["environment"] == export.environments[0].model_dump(mode="json")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing.py",), 3, "cannot be read"),
        (("folder",), 3, "export"),
        ((str(SOURCE), "--class", "Shop"), 2, "it has LibraryEnv"),
        ((str(SOURCE), "--out", "out"), 2, "--out needs --plan"),
        ((str(SOURCE), "--plan", "nothing.json"), 3, "nothing.json cannot be read"),
        ((), 2, "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_a_code(
    tmp_path: Path, envscaler: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "folder").mkdir()
    found, told, err = envscaler("admit", *arguments)
    assert (found, told) == (code, "") and said in err


def test_the_folder_of_a_run_is_no_place_for_an_export(tmp_path: Path, envscaler: Run) -> None:
    (tmp_path / "run.db").touch()
    plan = str(HERE / "library.json")
    for out in (tmp_path, tmp_path / "export"):
        code, told, err = envscaler("admit", str(SOURCE), "--plan", plan, "--out", str(out))
        assert (code, told) == (2, "") and "belongs to a run" in err


def test_a_file_without_any_class_is_refused(tmp_path: Path, envscaler: Run) -> None:
    path = tmp_path / "env_metadata.json"
    path.write_text("{}")
    code, told, err = envscaler("admit", str(path))
    assert (code, told) == (3, "") and "holds no class" in err

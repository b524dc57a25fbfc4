"""`verify` on files in upstream's form: its own sample as it is, and what can be wrong with one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.errors import DataError
from envscaler.runtime.verification import Verdict, verify_foreign

Run = Callable[..., tuple[int, str, str]]
SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "upstream-form"

SHELF = """
class Shelf:
    def __init__(self, init_config: dict = None):
        self.books = {}
        self.log = []

    def lend(self, book: str, days: int = 14):
        self.log.append(book)
        if book not in self.books:
            raise KeyError(book)
        self.books[book] = days
        return {"success": True}
"""
METADATA: dict[str, Any] = {
    "env_1": {
        "env_id": "env_1",
        "environment_introduction": "A shelf.",
        "constraints_rules": [],
        "env_class_name": "Shelf",
        "env_class_code": SHELF,
        "tools": [{"name": "lend", "parameters": {"type": "object", "required": ["days"]}}],
    }
}
LENT = 'def check_func(final_state):\n    return final_state["books"]["Tides"] == 14'
MORE = (
    'def check_func(final_state):\n    return len(final_state["log"]) > len(initial_state["log"])'
)
THERE = 'def check_func(final_state):\n    return "Tides" in final_state["books"]'
SCENARIO: dict[str, Any] = {
    "env_id": "env_1",
    "env_class_name": "Shelf",
    "task_id": "t1",
    "init_config": {"books": {"Tides": None}},
    "task": "Lend Tides.",
    "checklist_with_func": [
        {"check_item": text, "check_func": source}
        for text, source in (("Lent?", LENT), ("Logged?", MORE), ("There?", THERE))
    ],
    "reference_solution": [{"name": "lend", "arguments": {"book": "Tides"}}],
}


def files(folder: Path, scenario: dict[str, Any], metadata: Any = METADATA) -> Path:
    (folder / "env_metadata.json").write_text(json.dumps(metadata))
    (folder / "env_scenario.json").write_text(json.dumps([{**SCENARIO, **scenario}]))
    return folder


def verified(folder: Path, **change: Any) -> Verdict:
    return verify_foreign(files(folder, change))[-1]


def test_upstreams_own_sample_earns_1_untouched(envscaler: Run) -> None:
    if not SAMPLE.is_dir():
        pytest.skip("the sample of upstream's form is not here")
    code, out, err = envscaler("verify", str(SAMPLE))
    assert (code, err) == (0, "")
    environment, *scenarios, totals = out.splitlines()
    assert environment.startswith("ok   environment env_1")
    assert len(scenarios) == len(json.loads((SAMPLE / "env_scenario.json").read_text())) == 2
    for line in scenarios:
        assert line.startswith("ok   scenario")
        assert "0 true at the start; doing nothing earns 0 upstream, 0 strict" in line
        assert line.endswith("its reference earns 1 upstream, 1 strict")
    assert totals.endswith("verified by grader upstream: 0 failed")


def test_a_scenario_tells_its_checks_and_rewards(tmp_path: Path) -> None:
    verdict = verified(tmp_path)
    assert verdict.holds
    assert verdict.notes == (
        "3 checks, 1 true at the start",
        "doing nothing earns 0.3333 upstream, 0 strict",
        "its reference earns 1 upstream, 1 strict",
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reference_solution": []}, "no reference solution"),
        (
            {"checklist_with_func": [], "reference_solution": []},
            "doing nothing earns none upstream (the scenario has no check functions",
        ),
        (
            {
                "reference_solution": [
                    {"name": "lend", "arguments": {"book": "Tides", "days": 14.0}}
                ]
            },
            "its reference earns 1 upstream",
        ),
    ],
)
def test_what_is_missing_is_told_and_no_failure(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    verdict = verified(tmp_path, **change)
    assert verdict.holds
    assert any(note.startswith(says) for note in verdict.notes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"reference_solution": [{"name": "lend", "arguments": {"book": "Tides", "days": 3}}]},
            "not so after its reference: Lent? (false)",
        ),
        (
            {"reference_solution": [{"name": "lend", "arguments": {"book": "Ebb"}}]},
            "call 1 of its reference (lend) ends in exception: KeyError",
        ),
        ({"checklist_with_func": []}, "cannot be rewarded: the scenario has no check functions"),
        (
            {"checklist_with_func": [{"check_item": "Odd?", "check_func": "def x(: pass"}]},
            "not so after its reference: Odd? (",
        ),
        ({"env_id": "env_2"}, "its environment env_2 is not in the metadata file"),
        ({"env_class_name": "Other"}, "cannot be run"),
    ],
)
def test_a_reference_that_does_not_earn_1_is_a_failure(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    verdict = verified(tmp_path, **change)
    assert says in "; ".join(verdict.failures)


def test_arguments_that_an_agent_could_not_give_are_told(tmp_path: Path) -> None:
    call = {"name": "lend", "arguments": {"book": "Tides", "days": "14"}}
    notes = verified(tmp_path, reference_solution=[call]).notes
    assert notes[0].startswith("call 1 of its reference would be refused: argument days")


def test_a_class_that_cannot_be_loaded_fails_by_itself_and_in_each_scenario(
    tmp_path: Path,
) -> None:
    metadata = {"env_1": {**METADATA["env_1"], "env_class_code": "class Shelf(: pass"}}
    environment, scenario = verify_foreign(files(tmp_path, {}, metadata))
    assert "does not parse" in environment.failures[0]
    assert "does not parse" in scenario.failures[0]


def test_tools_without_a_method_are_told(tmp_path: Path) -> None:
    tools = [*METADATA["env_1"]["tools"], {"name": "fly", "parameters": {}}]
    metadata = {"env_1": {**METADATA["env_1"], "tools": tools}}
    assert verify_foreign(files(tmp_path, {}, metadata))[0].notes == (
        "2 tools",
        "no method for fly",
    )


def test_the_names_of_the_release_are_found_and_verdicts_told_in_order(tmp_path: Path) -> None:
    files(tmp_path, {})
    (tmp_path / "env_metadata.json").rename(tmp_path / "191_env_metadata.json")
    (tmp_path / "env_scenario.json").rename(tmp_path / "envscaler_rl_scenario_metadata.json")
    told: list[Verdict] = []
    totals: list[int] = []
    found = verify_foreign(tmp_path, on_start=totals.append, on_verdict=told.append)
    assert told == found and totals == [2]
    assert [verdict.id for verdict in found] == ["env_1", "t1"]


@pytest.mark.parametrize("other", [[], ["a_scenario.json", "b_scenario.json"]])
def test_a_missing_or_doubled_file_is_a_data_error(tmp_path: Path, other: list[str]) -> None:
    (files(tmp_path, {}) / "env_scenario.json").unlink()
    for name in other:
        (tmp_path / name).write_text("[]")
    with pytest.raises(DataError, match=r"must hold one file named \*scenario\*\.json"):
        verify_foreign(tmp_path)


def test_a_failure_is_loud_and_ends_with_code_1(tmp_path: Path, envscaler: Run) -> None:
    folder = files(tmp_path, {"env_id": "env_2"})
    code, out, err = envscaler("verify", str(folder), "--json")
    assert code == 1
    assert "do not hold" in err
    document = json.loads(out)
    assert (document["holds"], document["grader"]) == (False, "upstream")

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.checks import GRADER
from envscaler.runtime.errors import DataError
from envscaler.runtime.formats import Export
from envscaler.runtime.records import Record, Scenario
from envscaler.runtime.verification import Verdict, verify_export

Write = Callable[..., Path]
Alter = Callable[..., Export]


def failures(verdicts: list[Verdict]) -> dict[tuple[str, str], str]:
    return {(v.kind, v.id): "; ".join(v.failures) for v in verdicts if not v.holds}


def asked_for_nothing(export: Export) -> Scenario:
    return next(s for s in export.scenarios if s.checks.answer is None)


def upstream(folder: Path, change: Callable[[Any], Any]) -> Path:
    path = folder / "upstream/env_scenario.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    return folder


def test_an_untouched_export_holds_in_every_item(export: Export, written: Write) -> None:
    verdicts = verify_export(written(export))
    assert failures(verdicts) == {}
    kinds = [verdict.kind for verdict in verdicts]
    assert sorted(kinds) == sorted(
        ["environment", *["scenario"] * 2, *["trajectory"] * 3, "upstream"]
    )


def test_the_verdicts_are_announced_and_told_in_one_order(export: Export, written: Write) -> None:
    folder = written(export)
    totals: list[int] = []
    told: list[Verdict] = []
    first = verify_export(folder, threads=3, on_start=totals.append, on_verdict=told.append)
    assert totals == [len(first)]
    assert told == first == verify_export(folder, threads=1)


def test_a_changed_reward_is_found(export: Export, written: Write) -> None:
    idle = next(t for t in export.trajectories if t.agent == "idler")
    forged = idle.model_copy(
        update={"score": idle.score.model_copy(update={"reward": 1.0, "goals": (True, True)})}
    )
    others = tuple(t for t in export.trajectories if t.id != idle.id)
    found = failures(verify_export(written(export, trajectories=(*others, forged))))
    assert found.keys() == {("trajectory", forged.id)}
    assert "recorded as 1.0" in found["trajectory", forged.id]


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ({"state_hash": "0" * 64}, "state hash"),
        ({"result": {"success": True, "data": {"fee": 0}}}, "result"),
        ({"arguments": {"member_id": "M2"}}, "result"),
        ({"tool": "submit"}, "no step"),
        ({"arguments": ["M1"]}, "contradicts itself"),
    ],
)
def test_a_changed_step_is_found(
    update: dict[str, Any], says: str, export: Export, written: Write
) -> None:
    idle = next(t for t in export.trajectories if t.agent == "idler")
    steps = (idle.steps[0].model_copy(update=update), *idle.steps[1:])
    forged = idle.model_copy(update={"steps": steps})
    found = failures(verify_export(written(export, trajectories=(forged,))))
    assert found.keys() == {("trajectory", forged.id)}
    assert says in found["trajectory", forged.id]


def test_messages_that_tell_of_other_results_than_the_steps_are_found(
    export: Export, written: Write
) -> None:
    idle = next(t for t in export.trajectories if t.agent == "idler")
    messages = [dict(message) for message in idle.messages]
    told = next(message for message in messages if message["role"] == "tool")
    told["content"] = told["content"].replace("Ada", "Eve")
    forged = idle.model_copy(update={"messages": tuple(messages)})
    found = failures(verify_export(written(export, trajectories=(forged,))))
    assert found == {("trajectory", forged.id): "its messages tell of other calls or results "
                     "than its steps"}  # fmt: skip


def test_a_changed_check_is_found(export: Export, altered: Alter, written: Write) -> None:
    scenario = asked_for_nothing(export)
    outcome = scenario.checks.outcomes[0]
    changes = tuple(
        change.model_copy(update={"value": 3}) if change.path[-1] == "fee" else change
        for change in outcome.changes
    )
    outcomes = (outcome.model_copy(update={"changes": changes}),)
    checks = scenario.checks.model_copy(update={"outcomes": outcomes})
    forged = scenario.model_copy(update={"checks": checks})
    found = failures(verify_export(written(altered(scenario, checks=checks))))
    assert {("scenario", forged.id), ("upstream", forged.id)} <= found.keys()
    assert export.certificates[0].rows[0].demand in found["scenario", forged.id]
    assert "come to 0.5 after" in found["upstream", forged.id]


def test_a_changed_initial_state_is_found(export: Export, altered: Alter, written: Write) -> None:
    scenario = asked_for_nothing(export)
    members = {**scenario.initial_state["members"]}
    members["M1"] = {**members["M1"], "fee": 9}
    state = {**scenario.initial_state, "members": members}
    forged = scenario.model_copy(update={"initial_state": state})
    found = failures(verify_export(written(altered(scenario, initial_state=state))))
    assert {"scenario", "trajectory", "upstream"} <= {kind for kind, _ in found}
    assert ("scenario", forged.id) in found


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('tool["free"] = False\n', 'pass\n', ""),
        ("Kind of tool, such as drill.", "Kind of tool.", "tool find_tools"),
        ('if not tool["free"]:', "while True:", ""),
        ("class HireEnv", "import os\nclass HireEnv", "cannot be run"),
    ],
)  # fmt: skip
def test_a_changed_class_is_found(
    old: str, new: str, says: str, export: Export, altered: Alter, written: Write
) -> None:
    (environment,) = export.environments
    source = environment.source.replace(old, new)
    assert source != environment.source
    forged = environment.model_copy(update={"source": source})
    found = failures(verify_export(written(altered(environment, source=source))))
    assert says in found["environment", forged.id] if says else len(found) > 1


def test_a_changed_difficulty_is_found(export: Export, written: Write) -> None:
    rated = tuple(d.model_copy(update={"calls": 99}) for d in export.difficulties)
    found = failures(verify_export(written(export, difficulties=rated)))
    assert {kind for kind, _ in found} == {"scenario"}
    assert all("difficulty" in says for says in found.values())


def test_a_changed_certificate_is_found(export: Export, written: Write) -> None:
    first, *others = export.certificates
    rows = (first.rows[0].model_copy(update={"tried": 99, "held": 99}), *first.rows[1:])
    forged = first.model_copy(update={"rows": rows})
    found = failures(verify_export(written(export, certificates=(forged, *others))))
    assert found.keys() == {("scenario", first.scenario)}
    assert first.rows[0].demand in found["scenario", first.scenario]


def test_a_missing_certificate_is_found(export: Export, written: Write) -> None:
    found = failures(verify_export(written(export, certificates=())))
    assert found.keys() == {("scenario", scenario.id) for scenario in export.scenarios}


def test_a_certificate_of_another_grader_is_computed_again_and_named(
    export: Export, written: Write
) -> None:
    old = tuple(c.model_copy(update={"grader": "0-old", "rows": c.rows[:1]})
                for c in export.certificates)  # fmt: skip
    verdicts = verify_export(written(export, certificates=old))
    assert failures(verdicts) == {}
    notes = [note for v in verdicts if v.kind == "scenario" for note in v.notes]
    assert f"its certificate is of grader 0-old; this is {GRADER}" in notes


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ({"admitted": False}, "did not admit"),
        ({"rules_tested": 9}, "prove 2 rules, not 9"),
        ({"untested_rules": ("R1",)}, "prove 2 rules, not 2"),
        ({"untested_tools": ("pay_fee",)}, "leave other tools untested"),
    ],
)
def test_a_changed_inspection_is_found(
    update: dict[str, Any], says: str, export: Export, written: Write
) -> None:
    forged = export.inspections[0].model_copy(update=update)
    found = failures(verify_export(written(export, inspections=(forged,))))
    (text,) = found.values()
    assert says in text


def test_an_environment_without_scenarios_is_inspected_in_the_state_of_its_inspection(
    export: Export, written: Write
) -> None:
    alone = dict.fromkeys(("scenarios", "trajectories", "certificates", "difficulties"), ())
    (verdict,) = verify_export(written(export, **alone))
    assert verdict.holds
    assert "inspected again" in verdict.notes[0]
    (verdict,) = verify_export(written(export, inspections=(), **alone))
    assert "not inspected again" in verdict.notes[0]


def test_a_test_call_that_comes_to_something_else_is_found_unless_it_was_overruled(
    export: Export, written: Write
) -> None:
    (inspection,) = export.inspections
    first = inspection.calls[0].model_copy(update={"data": [{"tool_id": "T1"}]})
    wrong = inspection.model_copy(update={"calls": (first, *inspection.calls[1:])})
    verdicts = verify_export(written(export, inspections=(wrong,)))
    assert "data must hold" in str(failures(verdicts))
    overruled = wrong.model_copy(update={"overruled": (1,)})
    assert failures(verify_export(written(export, inspections=(overruled,)))) == {}


def forged_checks(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Checks that hold before and after as the true ones do, and accept any other end state."""
    forged = "def check_func(final_state):\n    return final_state != initial_state\n"
    items = [{**item, "check_func": forged} for item in listed[0]["checklist_with_func"]]
    return [{**listed[0], "checklist_with_func": items}]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda listed: [], "missing from"),
        (lambda listed: [{**listed[0], "task": "Do nothing."}], "task in"),
        (lambda listed: [{**listed[0], "reference_solution": []}], "come to 0 after"),
        (lambda listed: [{**listed[0], "checklist_with_func": []}], "0 checks for 2 goals"),
        (
            lambda listed: [{**listed[0], "checklist_with_func": [{"check_func": "x ="}] * 2}],
            "parse",
        ),
        (lambda listed: [{"task_id": listed[0]["task_id"]}], "contradicts itself"),
        (forged_checks, "checklist_with_func in"),
        (
            lambda listed: [
                {
                    **listed[0],
                    "checklist_with_func": [
                        {"check_func": "def check_func(final_state):\n    return 1 / 0"}
                    ]
                    * 2,
                }
            ],
            "ZeroDivisionError",
        ),
        (
            lambda listed: [
                {
                    **listed[0],
                    "checklist_with_func": [
                        {"check_func": "def check_func(final_state):\n    return True"}
                    ]
                    * 2,
                }
            ],
            "come to 1 before",
        ),
    ],
)
def test_a_changed_upstream_file_is_found(
    change: Callable[[Any], Any], says: str, export: Export, written: Write
) -> None:
    found = failures(verify_export(upstream(written(export), change)))
    assert found.keys() == {("upstream", asked_for_nothing(export).id)}
    assert says in " ".join(found.values())


def test_a_stranger_in_the_upstream_files_is_found(export: Export, written: Write) -> None:
    folder = upstream(written(export), lambda one: [*one, {**one[0], "task_id": "scn_x"}])
    assert failures(verify_export(folder)).keys() == {("upstream", "scn_x")}


def test_other_code_in_the_upstream_metadata_is_found(export: Export, written: Write) -> None:
    folder = written(export)
    path = folder / "upstream/env_metadata.json"
    path.write_text(path.read_text().replace("A tool library: tools", "A tool library with tools"))
    found = failures(verify_export(folder))
    assert found.keys() == {("environment", export.environments[0].id)}


@pytest.mark.parametrize("damage", ["{", "[1]", None])
def test_a_damaged_upstream_file_is_a_data_error(
    damage: str | None, export: Export, written: Write
) -> None:
    folder = written(export)
    path = folder / "upstream/env_scenario.json"
    path.unlink() if damage is None else path.write_text(damage)
    with pytest.raises(DataError, match=r"env_scenario\.json"):
        verify_export(folder)


def test_the_records_of_the_fixture_are_what_they_claim(export: Export) -> None:
    records: list[Record] = [*export.environments, *export.scenarios, *export.trajectories]
    assert len({record.id for record in records}) == 6

"""Scenarios: proposed, executed, judged, certified; what fails goes back with the reasons."""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.programs import ScenarioWriter
from envscaler.programs.proposing import brief
from envscaler.runtime.checks import Grader
from envscaler.runtime.records import Environment
from envscaler.runtime.sandbox import Pool

TASK = (
    "Plan a tour for Eli tomorrow, 2024-05-11, and put Ben's parcel on it. Note on it: ring twice."
)
PLAN = [
    {"n": 1, "tool": "list_drivers", "arguments": {}},
    {"n": 2, "tool": "find_parcels", "arguments": {"recipient": "Ben"}},
    {
        "n": 3, "tool": "open_tour",
        "arguments": {"driver_id": "$1.data[name=Eli].driver_id", "day": "2024-05-11"},
    },
    {
        "n": 4, "tool": "add_stop",
        "arguments": {"tour_id": "$3.new.tours", "parcel_id": "$2.data[0].parcel_id"},
    },
    {
        "n": 5, "tool": "write_note",
        "arguments": {"parcel_id": "$2.data[0].parcel_id", "note": "ring twice"},
    },
]  # fmt: skip
PROPOSAL = {"task": TASK, "solution": PLAN}
EFFECTS: dict[str, Any] = {
    "problems": [],
    "goals": [
        {"text": "A tour for Eli is planned with Ben's parcel.", "rows": [1, 2, 4, 5, 6, 7]},
        {"text": "The note is written.", "rows": [3]},
    ],
    "loose": [],
    "choices": [],
    "ordered": [],
}


@pytest.fixture
def writer(pool: Pool, grader: Grader) -> ScenarioWriter:
    return ScenarioWriter(pool, grader)


def test_a_sound_proposal_is_certified_in_two_calls(
    answering: Any, writer: ScenarioWriter, depot: Environment, depot_state: Any
) -> None:
    with answering(PROPOSAL, EFFECTS) as lm:
        made = writer(environment=depot, state=depot_state)
    assert made.problem == ""
    assert made.certificate.holds
    assert made.scenario.task == TASK
    assert [call.tool for call in made.scenario.solutions[0].calls][-1] == "write_note"
    assert made.difficulty.calls == 5
    assert len(lm.history) == 2


def test_a_plan_that_breaks_off_is_repaired_with_the_reason(
    answering: Any, writer: ScenarioWriter, depot: Environment, depot_state: Any
) -> None:
    wrong = [*PLAN[:3], {**PLAN[3], "arguments": {"tour_id": "$3.data.tour_id", "parcel_id": "P2"}}]
    with answering({"task": TASK, "solution": wrong}, PROPOSAL, EFFECTS) as lm:
        made = writer(environment=depot, state=depot_state)
    assert made.certificate.holds
    assert made.repairs == 1
    assert "$3.data.tour_id" in lm.history[1]["messages"][-1]["content"].split("problems ## ]]")[1]


def test_what_the_judge_finds_goes_back_and_then_drops_the_proposal(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, depot_state: Any
) -> None:
    unfaithful = {**EFFECTS, "problems": ["The note was not asked for."]}
    with answering(PROPOSAL, unfaithful, PROPOSAL, unfaithful):
        made = ScenarioWriter(pool, grader, repairs=1)(environment=depot, state=depot_state)
    assert made.scenario is None
    assert made.problem == "The note was not asked for."


def test_an_ungrounded_id_is_sent_back_before_anyone_is_asked_to_judge(
    answering: Any, writer: ScenarioWriter, depot: Environment, depot_state: Any
) -> None:
    guessed = [
        PLAN[0],
        {"n": 2, "tool": "open_tour", "arguments": {"driver_id": "D2", "day": "2024-05-11"}},
        {"n": 3, "tool": "write_note", "arguments": {"parcel_id": "P2", "note": "ring twice"}},
    ]
    with answering({"task": TASK, "solution": guessed}, PROPOSAL, EFFECTS) as lm:
        made = writer(environment=depot, state=depot_state)
    assert made.certificate.holds
    assert "'P2'" in made.problems[0][0]
    assert len(lm.history) == 3


def test_an_open_choice_is_executed_and_each_right_end_accepted(
    answering: Any, writer: ScenarioWriter, depot: Environment, depot_state: Any
) -> None:
    choice = {"call": 3, "argument": "driver_id", "values": ["D1", "D2", "D3"]}
    with answering(PROPOSAL, {**EFFECTS, "choices": [choice]}):
        made = writer(environment=depot, state=depot_state)
    drivers = {
        change.value["driver_id"]
        for outcome in made.scenario.checks.outcomes
        for change in outcome.changes
        if change.path[0] == "tours" and change.kind == "add"
    }
    assert drivers == {"D1", "D2"}  # the class itself refuses D3, who is off duty
    assert made.certificate.holds


def test_a_solution_that_does_too_little_is_no_scenario(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, depot_state: Any
) -> None:
    with answering({"task": TASK, "solution": PLAN[:2]}):
        made = ScenarioWriter(pool, grader, repairs=0)(environment=depot, state=depot_state)
    assert made.scenario is None
    assert "2 calls" in made.problem
    assert "fewer than 2 records" in made.problem


def test_an_unreadable_proposal_is_a_problem(
    answering: Any, writer: ScenarioWriter, depot: Environment, depot_state: Any
) -> None:
    with answering({"task": "?"}, {"task": "?"}):
        made = writer(environment=depot, state=depot_state)
    assert made.scenario is None
    assert "does not parse" in made.problem


def test_briefs_differ_and_name_operations_that_change_something(depot: Environment) -> None:
    briefs = [brief(depot, index) for index in range(4)]
    assert len(set(briefs)) == 4
    assert all("find_parcels" not in text for text in briefs)


def test_calls_that_share_a_number_are_sent_back(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, depot_state: Any
) -> None:
    same = [{**call, "n": 1} for call in PLAN]
    with answering({"task": TASK, "solution": same}):
        made = ScenarioWriter(pool, grader, repairs=0)(environment=depot, state=depot_state)
    assert made.scenario is None
    assert "number them 1, 2, 3" in made.problem


@pytest.mark.parametrize(
    ("row", "field"),
    [(7, "driver_id"), (7, "day"), (5, ""), (6, "parcel_id"), (3, ""), (99, "")],
)
def test_a_judge_cannot_loosen_what_has_a_right_value(
    row: int,
    field: str,
    answering: Any,
    writer: ScenarioWriter,
    depot: Environment,
    depot_state: Any,
) -> None:
    loose = [{"row": row, "field": field, "rule": {"kind": "text", "values": []}}]
    with answering(PROPOSAL, {**EFFECTS, "loose": loose}):
        made = writer(environment=depot, state=depot_state)
    changes = [c for outcome in made.scenario.checks.outcomes for c in outcome.changes]
    assert [c.loose for c in changes if c.loose] == []


def test_the_wording_of_a_text_that_the_task_leaves_free_may_be_loosened(
    answering: Any, writer: ScenarioWriter, depot: Environment, depot_state: Any
) -> None:
    free = {"task": TASK.replace("ring twice", "that he is deaf"), "solution": PLAN}
    loose = [{"row": 3, "field": "", "rule": {"kind": "text", "values": ["ring"]}}]
    with answering(free, {**EFFECTS, "loose": loose}):
        made = writer(environment=depot, state=depot_state)
    changes = [c for outcome in made.scenario.checks.outcomes for c in outcome.changes]
    assert [c.path for c in changes if c.loose] == [("parcels", "P2", "note")]
    assert made.certificate.holds


def test_a_task_that_leaves_too_much_open_is_sent_back(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, depot_state: Any
) -> None:
    days = [f"2024-06-{day:02}" for day in range(1, 29)]
    choices = [
        {"call": 3, "argument": "day", "values": days},
        {"call": 3, "argument": "driver_id", "values": ["D1", "D2", "D3"]},
    ]
    with answering(PROPOSAL, {**EFFECTS, "choices": choices}):
        made = ScenarioWriter(pool, grader, repairs=0)(environment=depot, state=depot_state)
    assert made.scenario is None
    assert "leaves 84 solutions open" in made.problem


def test_a_solution_of_too_few_tools_is_no_scenario(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, depot_state: Any
) -> None:
    notes = [{**PLAN[1], "n": 1}] + [
        {"n": n, "tool": "write_note", "arguments": {"parcel_id": parcel, "note": "ring twice"}}
        for n, parcel in ((3, "P2"), (4, "P3"))
    ]
    with answering({"task": "Note on P2 and P3: ring twice", "solution": notes}):
        made = ScenarioWriter(pool, grader, repairs=0)(environment=depot, state=depot_state)
    assert made.scenario is None
    assert "fewer than 3 different tools" in made.problem


def test_an_order_that_the_task_leaves_open_is_an_accepted_end_state(
    answering: Any, writer: ScenarioWriter, depot: Environment, depot_state: Any
) -> None:
    both = [
        {**PLAN[1], "n": 1},
        {"n": 2, "tool": "add_stop", "arguments": {"tour_id": "T1", "parcel_id": "P2"}},
        {"n": 3, "tool": "add_stop", "arguments": {"tour_id": "T1", "parcel_id": "P3"}},
        {"n": 4, "tool": "write_note", "arguments": {"parcel_id": "P2", "note": "ring twice"}},
    ]
    proposal = {"task": "Put P2 and P3 on tour T1. Note on P2: ring twice", "solution": both}
    goals = [{"text": "Both are on the tour.", "rows": [1, 2, 4, 5, 6, 7, 8]}]
    free = {**EFFECTS, "goals": goals}
    with answering(proposal, free, proposal, {**free, "ordered": [[2, 3]]}):
        made = writer(environment=depot, state=depot_state)
        kept = writer(environment=depot, state=depot_state)
    assert (made.problems, kept.problems) == ([], [])
    assert len(made.scenario.checks.outcomes) == 2
    assert len(kept.scenario.checks.outcomes) == 1

"""Other orders, other choices, wrong actions, and ids that nobody could know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from envscaler.runtime.checks import Grader
from envscaler.runtime.errors import PlanError
from envscaler.runtime.records import Environment, PlannedCall
from envscaler.runtime.sandbox import SealedClass
from envscaler.runtime.scenarios.actions import wrong_plans
from envscaler.runtime.scenarios.alternatives import MOST_CHOICES, choices, order_pairs, swapped
from envscaler.runtime.scenarios.execution import Execution
from envscaler.runtime.scenarios.grounding import ungrounded

Planned = Callable[..., list[PlannedCall]]
Execute = Callable[[list[PlannedCall]], Execution]
DAY = "2024-05-12"


def open_tour(driver: str) -> tuple[str, dict[str, Any]]:
    return "open_tour", {"driver_id": driver, "day": DAY}


def add_stop(parcel: str, tour: str = "T1") -> tuple[str, dict[str, Any]]:
    return "add_stop", {"tour_id": tour, "parcel_id": parcel}


# ------------------------------------------------------------------ orders


@pytest.mark.parametrize(
    ("calls", "pairs"),
    [
        ([add_stop("P1"), add_stop("P2")], [(1, 2)]),
        ([add_stop("P1"), ("list_drivers", {}), add_stop("P2")], [(1, 3)]),
        ([open_tour("D1"), open_tour("D2")], []),
        ([open_tour("D1"), open_tour("D1")], []),
        ([open_tour("D1"), add_stop("P1", "$1.new.tours")], []),
        ([open_tour("D1"), add_stop("P1")], []),
        ([("set_duty", {"driver_id": "D3", "on_duty": True}), open_tour("D3")], []),
        (
            [
                ("write_note", {"parcel_id": "P1", "note": "a"}),
                ("write_note", {"parcel_id": "P1", "note": "b"}),
            ],
            [(1, 2)],
        ),
        (
            [
                ("find_parcels", {"recipient": "Ben"}),
                ("set_duty", {"driver_id": "D3", "on_duty": True}),
                ("find_parcels", {"recipient": "Ada"}),
                add_stop("$3.data[0].parcel_id"),
                add_stop("$1.data[0].parcel_id"),
            ],
            [(4, 5)],
        ),
        ([("list_drivers", {})], []),
    ],
    ids=[
        "positions",
        "look-up between",
        "ids only",
        "equal records",
        "needs the first",
        "apart",
        "refused when swapped",
        "last one wins",
        "needs an earlier one",
        "no changes",
    ],
)
def test_order_pairs_are_the_swaps_that_change_more_than_ids(
    sealed_depot: SealedClass,
    grader: Grader,
    depot: Environment,
    planned: Planned,
    execute: Execute,
    calls: Any,
    pairs: Any,
) -> None:
    plan = planned(*calls)
    run = execute(plan)
    assert run.problem == ""
    assert order_pairs(sealed_depot, grader, depot, run, plan) == pairs


def test_a_swapped_call_keeps_its_number(planned: Planned) -> None:
    plan = planned(("list_drivers", {}), ("a", {}), ("b", {}), ("c", {}))
    assert [call.n for call in swapped(plan, 2, 4)] == [1, 4, 2, 3]


# ------------------------------------------------------------------ choices


def arguments(plans: list[list[PlannedCall]]) -> list[list[dict[str, Any]]]:
    return [[call.arguments for call in plan] for plan in plans]


def test_choices_are_all_combinations_but_the_given_one(planned: Planned) -> None:
    plan = planned(("a", {"x": 1, "y": "p"}), ("b", {"x": 1}))
    made = choices(plan, [(1, "x", [1, 2]), (2, "x", [1, 3])])
    assert arguments(made) == [
        [{"x": 1, "y": "p"}, {"x": 3}],
        [{"x": 2, "y": "p"}, {"x": 1}],
        [{"x": 2, "y": "p"}, {"x": 3}],
    ]


@pytest.mark.parametrize(
    "given",
    [[], [(9, "x", [1, 2])], [(1, "x", [])], [(1, "x", [1])], [(1, "x", [1]), (1, "y", [])]],
)
def test_no_open_choice_gives_no_other_plan(planned: Planned, given: Any) -> None:
    assert choices(planned(("a", {"x": 1})), given) == []


def test_two_arguments_of_a_call_are_chosen_together(planned: Planned) -> None:
    made = choices(planned(("a", {"x": 1, "y": 1})), [(1, "x", [1, 2]), (1, "y", [1, 2])])
    assert [call.arguments for (call,) in made] == [
        {"x": 1, "y": 2},
        {"x": 2, "y": 1},
        {"x": 2, "y": 2},
    ]


def test_more_combinations_than_can_be_executed_are_refused(planned: Planned) -> None:
    plan = planned(("a", {"x": 0, "y": 0}))
    with pytest.raises(PlanError, match=f"leaves 81 solutions open; at most {MOST_CHOICES}"):
        choices(plan, [(1, "x", range(9)), (1, "y", range(9))])


def test_a_choice_without_values_takes_nothing_from_the_others(planned: Planned) -> None:
    plan = planned(("a", {"x": 0, "y": 0}))
    assert len(choices(plan, [(1, "x", [0, 1, 2]), (1, "y", [])])) == 2


# ------------------------------------------------------------------ wrong actions


def test_wrong_plans_leave_out_repeat_and_aim_elsewhere(
    execute: Execute, errand: list[PlannedCall]
) -> None:
    made = [what for what, _ in wrong_plans(execute(errand))]
    assert made == [
        "call 3 (set_duty) left out",
        "call 3 (set_duty) made twice",
        "call 3 (set_duty) with driver_id='D1'",
        "call 3 (set_duty) with driver_id='D2'",
        "call 4 (open_tour) left out",
        "call 4 (open_tour) made twice",
        "call 4 (open_tour) with driver_id='D1'",
        "call 4 (open_tour) with driver_id='D2'",
        "call 5 (write_note) left out",
        "call 5 (write_note) made twice",
        "call 5 (write_note) with parcel_id='P1'",
        "call 5 (write_note) with parcel_id='P2'",
        "call 6 (assign_driver) left out",
        "call 6 (assign_driver) made twice",
        "call 6 (assign_driver) with driver_id='D1'",
        "call 6 (assign_driver) with driver_id='D3'",
    ]


def test_wrong_plans_hold_no_references(execute: Execute, errand: list[PlannedCall]) -> None:
    for _, plan in wrong_plans(execute(errand)):
        assert not any("$" in str(call.arguments) for call in plan)
        assert 5 <= len(plan) <= 7


# ------------------------------------------------------------------ grounding


@pytest.mark.parametrize(
    ("task", "calls", "unknown"),
    [
        ("Drop stop S1.", [("drop_stop", {"stop_id": "S1"})], []),
        ("Drop the stop.", [("drop_stop", {"stop_id": "S1"})], ["S1"]),
        ("Drop stop S10 or XS1.", [("drop_stop", {"stop_id": "S1"})], ["S1"]),
        ("Drop 'S1', please; not S10.", [("drop_stop", {"stop_id": "S1"})], []),
        ("Drop A-S1 or S1-A.", [("drop_stop", {"stop_id": "S1"})], ["S1"]),
        ("Drop it.", [("find_parcels", {}), ("drop_stop", {"stop_id": "S1"})], []),
        ("Drop it.", [("drop_stop", {"stop_id": "S1"}), ("find_parcels", {})], ["S1"]),
        ("P1 to tour T1.", [add_stop("P1"), ("drop_stop", {"stop_id": "S2"})], []),
        ("A new tour.", [("list_drivers", {}), open_tour("D1"), add_stop("P1", "T2")], ["P1"]),
        ("Look.", [("split_weight", {"parcel_id": "P1", "parts": 2})], []),
        ("Fay drives.", [("open_tour", {"driver_id": "D3", "day": DAY}, "refused")], ["D3"]),
    ],
)
def test_ids_in_changing_calls_must_be_known(
    depot: Environment,
    execute: Execute,
    planned: Planned,
    task: str,
    calls: Any,
    unknown: list[str],
) -> None:
    found = ungrounded(task, depot.plan, execute(planned(*calls)))
    assert len(found) == len(unknown)
    assert all(repr(key) in text for key, text in zip(unknown, found, strict=True))

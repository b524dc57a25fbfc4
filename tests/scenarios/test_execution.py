"""Running plans: each on its own instance, broken off at the first surprise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from envscaler.runtime.records import Environment, PlannedCall
from envscaler.runtime.sandbox import SealedClass
from envscaler.runtime.scenarios.execution import Execution, added_keys, run_plans
from envscaler.runtime.state import digest, patch, same

Planned = Callable[..., list[PlannedCall]]
Execute = Callable[[list[PlannedCall]], Execution]
DAY = "2024-05-12"


@pytest.fixture(scope="module")
def plans(planned: Planned, errand: list[PlannedCall]) -> list[list[PlannedCall]]:
    """Of different lengths; some break off."""
    return [
        errand,
        planned(("open_tour", {"driver_id": "D3", "day": DAY}, "refused"), ("list_drivers", {})),
        planned(("open_tour", {"driver_id": "D3", "day": DAY}), ("list_drivers", {})),
        planned(("find_parcels", {}), ("drop_stop", {"stop_id": "$1.data[9].stop_id"})),
        [],
        planned(("fly", {})),
        planned(("split_weight", {"parcel_id": "P1", "parts": 0})),
    ]


def test_many_plans_in_lockstep_end_as_each_alone(
    sealed_depot: SealedClass,
    depot: Environment,
    depot_state: dict[str, Any],
    plans: list[list[PlannedCall]],
    execute: Execute,
) -> None:
    together = run_plans(sealed_depot, depot, depot_state, plans)
    assert together == [execute(plan) for plan in plans]


@pytest.mark.parametrize(
    ("calls", "made", "words"),
    [
        ([("open_tour", {"driver_id": "D3", "day": DAY}, "refused")], 1, []),
        (
            [("open_tour", {"driver_id": "D3", "day": DAY}), ("list_drivers", {})],
            1,
            ["call 1 (open_tour", "declared 'ok'", "ended 'refused'", "off duty"],
        ),
        (
            [("list_drivers", {}, "refused"), ("list_drivers", {})],
            1,
            ["call 1 (list_drivers", "declared 'refused'", "ended 'ok'"],
        ),
        (
            [("list_drivers", {}), ("drop_stop", {"stop_id": "$1.data[D9].stop_id"})],
            1,
            ["call 2 (drop_stop): '$1.data[D9].stop_id' cannot select"],
        ),
        ([("fly", {})], 1, ["ended 'invalid'", "no tool 'fly'"]),
        ([("set_duty", {"driver_id": "D1"}, "refused")], 1, ["ended 'invalid'", "on_duty"]),
        (
            [("split_weight", {"parcel_id": "P1", "parts": 0})],
            1,
            ["ended 'error'", "ZeroDivisionError"],
        ),
        ([("split_weight", {"parcel_id": "P9", "parts": 1}, "refused")], 1, ["ended 'error'"]),
    ],
)
def test_a_plan_breaks_off_at_the_first_call_that_does_not_end_as_declared(
    execute: Execute, planned: Planned, calls: Any, made: int, words: list[str]
) -> None:
    run = execute(planned(*calls))
    assert len(run.steps) == len(run.plan) == made
    assert bool(run.problem) == bool(words)
    assert all(word in run.problem for word in words), run.problem


def test_without_breaking_off_wrong_calls_are_passed_over(
    sealed_depot: SealedClass, depot: Environment, depot_state: dict[str, Any], planned: Planned
) -> None:
    plan = planned(
        ("fly", {}),
        ("drop_stop", {"stop_id": "$1.new.stops"}),
        ("set_duty", {"driver_id": "D1", "on_duty": False}, "refused"),
    )
    (run,) = run_plans(sealed_depot, depot, depot_state, [plan], stop_early=False)
    assert run.problem == ""
    assert [call.n for call in run.plan] == [1, 3]
    assert [step.status for step in run.steps] == ["invalid", "ok"]
    assert run.final["drivers"]["D1"]["on_duty"] is False


def test_a_run_records_what_every_call_changed(
    execute: Execute, errand: list[PlannedCall], depot_state: dict[str, Any]
) -> None:
    before = digest(depot_state)
    run = execute(errand)
    state: Any = run.initial
    for position, step in enumerate(run.steps):
        state = patch(state, run.differences(position))
        assert digest(state) == step.state_hash == run.hashes()[position + 1]
    assert same(state, run.final)
    assert (digest(depot_state), run.hashes()[0]) == (before, before)
    assert added_keys(run, 3) == {"tours": ["T2"]}
    assert added_keys(run, 2) == {}


def test_references_are_recorded_as_what_they_resolved_to(
    execute: Execute, errand: list[PlannedCall]
) -> None:
    run = execute(errand)
    assert run.plan == errand
    assert [call.arguments.get("driver_id") for call in run.calls] == [
        None,
        None,
        "D3",
        "D3",
        None,
        "D2",
    ]


def test_no_plans_give_no_runs(
    sealed_depot: SealedClass, depot: Environment, depot_state: dict[str, Any]
) -> None:
    assert run_plans(sealed_depot, depot, depot_state, []) == []

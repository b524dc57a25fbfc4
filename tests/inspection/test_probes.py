from __future__ import annotations

from typing import Any

import pytest

from envscaler.runtime.inspection.probes import FITTING, HOSTILE, fitting_probes, hostile_probes
from envscaler.runtime.records import EnvironmentPlan, Operation, Parameter
from envscaler.runtime.state import Json


def operation(plan: EnvironmentPlan, name: str) -> Operation:
    return next(operation for operation in plan.operations if operation.name == name)


def tried(plan: EnvironmentPlan, state: dict[str, Any], **field: Any) -> list[Json]:
    """The values that the probes try for a tool's only parameter."""
    only = Parameter(**{"type": "str"} | field)
    alone = Operation(name="probe", kind="query", description="", parameters=(only,))
    return [probe.arguments[only.name] for probe in fitting_probes(plan, state, alone)]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ({"name": "loan_id"}, ["L1", "L2"]),
        ({"name": "new_member_id"}, ["M1", "M2"]),
        ({"name": "borrower", "description": "The member_id of the borrower."}, ["M1", "M2"]),
        ({"name": "book_ids", "type": "list[str]"}, [["B1"], ["B2"], ["B1", "B2"]]),
        ({"name": "status", "values": ("active", "gone")}, ["active", "gone"]),
        ({"name": "title"}, ["The Lighthouse", "Small Verses"]),
        ({"name": "pages", "type": "int"}, [310, 80]),
        ({"name": "price", "type": "float"}, [12.5, 9]),
        (
            {"name": "due", "type": "date"},
            ["2024-05-02", "2024-04-01", "2024-04-09", "2024-05-09", "2024-05-10", "2024-05-11"],
        ),
        ({"name": "sure", "type": "bool"}, [True, False]),
    ],
)
def test_values_come_from_the_state(
    plan: EnvironmentPlan, state: dict[str, Any], field: dict[str, Any], values: list[Json]
) -> None:
    assert sorted(tried(plan, state, **field), key=str) == sorted(values, key=str)


def test_small_sets_of_combinations_are_complete(
    plan: EnvironmentPlan, state: dict[str, Any]
) -> None:
    probes = fitting_probes(plan, state, operation(plan, "lend_book"))
    pairs = {(p.arguments["book_id"], p.arguments["member_id"]) for p in probes}
    assert pairs == {("B1", "M1"), ("B1", "M2"), ("B2", "M1"), ("B2", "M2")}


def test_optional_parameters_are_also_left_out(
    plan: EnvironmentPlan, state: dict[str, Any]
) -> None:
    probes = fitting_probes(plan, state, operation(plan, "search_books"))
    assert {frozenset(probe.arguments) for probe in probes} == {
        frozenset(),
        frozenset({"genre"}),
        frozenset({"max_pages"}),
        frozenset({"genre", "max_pages"}),
    }


def test_a_large_state_is_sampled_the_same_way_each_time(plan: EnvironmentPlan) -> None:
    large = {
        "books": {f"B{n}": {"book_id": f"B{n}"} for n in range(90)},
        "members": {f"M{n}": {"member_id": f"M{n}"} for n in range(90)},
    }
    probes = fitting_probes(plan, large, operation(plan, "lend_book"))
    assert probes == fitting_probes(plan, large, operation(plan, "lend_book"))
    assert 12 <= len(probes) <= FITTING
    assert len({probe.arguments["book_id"] for probe in probes}) == 12


def test_each_parameter_meets_each_hostile_value(plan: EnvironmentPlan) -> None:
    base = {"book_id": "B1", "member_id": "M1"}
    probes = list(hostile_probes(operation(plan, "lend_book"), base))
    assert len(probes) == 2 * len(HOSTILE)
    assert {"book_id": "B1", "member_id": None} in [probe.arguments for probe in probes]


@pytest.mark.parametrize("today", ["9999-12-31", "0001-01-01"])
def test_days_beyond_the_calendar_are_left_out(
    plan: EnvironmentPlan, state: dict[str, Any], today: str
) -> None:
    assert today in tried(plan, state | {"today": today}, name="due", type="date")

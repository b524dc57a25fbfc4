"""From executed changes to rows, goals and checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from envscaler.runtime.checks import Grader
from envscaler.runtime.records import Environment, Loosening, PlannedCall
from envscaler.runtime.sandbox import SealedClass
from envscaler.runtime.scenarios.alternatives import swapped
from envscaler.runtime.scenarios.effects import Grouping, Row, build_checks, reference_guards, rows
from envscaler.runtime.scenarios.execution import Execution, run_plans

Planned = Callable[..., list[PlannedCall]]
Execute = Callable[[list[PlannedCall]], Execution]
DAY = "2024-05-12"


@pytest.fixture(scope="module")
def tour(planned: Planned, execute: Execute) -> Execution:
    """A tour with two stops, one of which is dropped again, and a round trip beside it."""
    return execute(
        planned(
            ("open_tour", {"driver_id": "D1", "day": DAY}),
            ("add_stop", {"tour_id": "$1.new.tours", "parcel_id": "P1"}),
            ("add_stop", {"tour_id": "$1.new.tours", "parcel_id": "P2"}),
            ("drop_stop", {"stop_id": "$3.new.stops"}),
            ("set_duty", {"driver_id": "D2", "on_duty": False}),
            ("set_duty", {"driver_id": "D2", "on_duty": True}),
        )
    )


def brief(row: Row) -> tuple[str, str, bool, list[int]]:
    return ".".join(row.path), row.kind, row.made, sorted(row.calls)


def test_rows_are_the_net_changes_and_then_the_round_trips(tour: Execution) -> None:
    assert [brief(row) for row in rows(tour)] == [
        ("next_stop", "set", False, [2, 3]),
        ("next_tour", "set", False, [1]),
        ("parcels.P1.status", "set", False, [2]),
        ("parcels.P1.stop_id", "set", False, [2]),
        ("stops.S2", "add", True, [2]),
        ("tours.T2", "add", True, [1, 2, 3, 4]),
        ("drivers.D2.on_duty", "keep", False, [5, 6]),
        ("parcels.P2.status", "keep", False, [3, 4]),
        ("parcels.P2.stop_id", "keep", False, [3, 4]),
        ("stops.S3", "keep", False, [3, 4]),
    ]
    assert [row.n for row in rows(tour)] == list(range(1, 11))


def test_rows_read_like_sentences(tour: Execution) -> None:
    texts = [str(row) for row in rows(tour)]
    assert texts[1] == "2. next_tour 2 -> 3 (by call 1)"
    assert texts[4].startswith("5. stops.S2 added: {'stop_id': 'S2', ")
    assert texts[6] == "7. drivers.D2.on_duty changed and brought back (by call 5 and call 6)"


def test_a_removed_record_is_one_row(planned: Planned, execute: Execute) -> None:
    run = execute(planned(("drop_stop", {"stop_id": "S1"})))
    removed = [row for row in rows(run) if row.kind == "remove"]
    assert [(row.path, row.new) for row in removed] == [(("stops", "S1"), None)]
    assert " removed: {'stop_id': 'S1'" in str(removed[0])


FIELDS = """class Desk:
    def __init__(self, init_config: dict):
        self.notes = init_config["notes"]

    def put(self, key: str) -> dict:
        self.notes[key] = {"id": key}
        return {"success": True}

    def put_all(self, texts: dict) -> dict:
        for key in texts:
            self.notes[key] = {"id": key, "text": texts[key]}
        return {"success": True}

    def stamp(self, key: str) -> dict:
        self.notes[key]["stamped_at"] = "2024"
        return {"success": True}

    def file(self, key: str) -> dict:
        self.notes[key]["copies"]["C1"] = {"copy_id": "C1"}
        return {"success": True}

    def number(self) -> dict:
        key = "N" + str(len(self.notes) + 1)
        self.notes[key] = {"id": key}
        return {"success": True}
"""


@pytest.mark.parametrize(
    ("call", "made"),
    [
        (("put", {"key": "mine"}), False),
        (("put_all", {"texts": {"mine": "x"}}), False),
        (("stamp", {"key": "N1"}), False),
        (("file", {"key": "N1"}), True),
        (("number", {}), True),
    ],
)
def test_only_keys_that_the_system_numbers_records_with_are_made(
    pool: Any, depot: Environment, planned: Planned, call: Any, made: bool
) -> None:
    with pool.open(FIELDS) as desk:
        environment = Environment.model_validate(
            {**depot.model_dump(), "class_name": "Desk", "source": FIELDS, "tools": desk.tools}
        )
        state = {"notes": {"N1": {"id": "N1", "copies": {}}}}
        (run,) = run_plans(desk, environment, state, [planned(call)])
    assert run.problem == ""
    assert [row.made for row in rows(run)] == [made]


# ------------------------------------------------------------------ goals


def goals_of(depot: Environment, run: Execution, *goals: tuple[str, tuple[int, ...]]) -> Any:
    checks = build_checks(depot.plan, run, Grouping(goals=goals, loose={}))
    return checks.goals, [change.goal for change in checks.outcomes[0].changes]


EXTRA = "Everything else ends as the task requires."


@pytest.mark.parametrize(
    ("goals", "texts", "owners"),
    [
        ([], (EXTRA,), [0] * 10),
        ([("all", tuple(range(1, 11)))], ("all",), [0] * 10),
        (
            [("stop", (1, 3, 4, 5)), ("tour", (2, 6)), ("trip", (7,))],
            ("stop", "tour", EXTRA),
            [0, 1, 0, 0, 0, 1, 2, 0, 0, 0],
        ),
        ([("first", (2, 6)), ("second", (6, 2, 5))], ("first", "second", EXTRA), None),
        ([("unknown", (99,)), ("all", tuple(range(1, 11)))], ("all",), [0] * 10),
        ([("twice", (1, 1, 2))], ("twice", EXTRA), [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]),
    ],
)
def test_every_row_belongs_to_one_goal(
    depot: Environment, tour: Execution, goals: Any, texts: Any, owners: Any
) -> None:
    found, owned = goals_of(depot, tour, *goals)
    assert found == texts
    assert owners is None or owned == owners
    assert set(owned) == set(range(len(texts)))


def test_rules_go_to_the_twin_rows_of_other_outcomes(
    depot: Environment, planned: Planned, execute: Execute
) -> None:
    first, second = (
        execute(planned(("write_note", {"parcel_id": parcel, "note": "x"})))
        for parcel in ("P1", "P2")
    )
    rule = Loosening(kind="text")
    grouping = Grouping(goals=(("Note.", (1,)),), loose={1: {"": rule}})
    checks = build_checks(depot.plan, first, grouping, [second])
    assert [o.changes[0].path[1] for o in checks.outcomes] == ["P1", "P2"]
    assert [o.changes[0].loose for o in checks.outcomes] == [{"": rule}, {"": rule}]


def test_an_outcome_that_is_accepted_already_is_not_listed_again(
    depot: Environment, tour: Execution
) -> None:
    checks = build_checks(depot.plan, tour, Grouping(goals=(), loose={}), [tour, tour])
    assert len(checks.outcomes) == 1


def test_records_made_in_another_order_are_known_by_what_they_hold(
    depot: Environment,
    sealed_depot: SealedClass,
    depot_state: dict[str, Any],
    planned: Planned,
    grader: Grader,
) -> None:
    plan = planned(
        ("open_tour", {"driver_id": "D1", "day": DAY}),
        ("add_stop", {"tour_id": "$1.new.tours", "parcel_id": "P1"}),
        ("open_tour", {"driver_id": "D2", "day": DAY}),
        ("add_stop", {"tour_id": "$3.new.tours", "parcel_id": "P2"}),
    )
    orders = [plan, swapped(plan, 1, 3), [plan[2], plan[3], plan[0], plan[1]], swapped(plan, 2, 3)]
    runs = run_plans(sealed_depot, depot, depot_state, orders)
    checks = build_checks(depot.plan, runs[0], Grouping(goals=(), loose={}))
    cases = [(depot_state, run.final, None) for run in runs]
    assert [score.reward for score in grader.scores(checks, cases)] == [1, 1, 1, 1]
    assert len({run.hashes()[-1] for run in runs}) == 3


def test_every_planned_reference_is_guarded(depot: Environment) -> None:
    guards = {(g.collection, g.attribute, g.target) for g in reference_guards(depot.plan)}
    assert guards == {
        ("parcels", "stop_id", "stops"),
        ("tours", "driver_id", "drivers"),
        ("tours", "stops", "stops"),
        ("stops", "tour_id", "tours"),
        ("stops", "parcel_id", "parcels"),
    }

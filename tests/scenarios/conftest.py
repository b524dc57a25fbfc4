"""Scenarios of the depot, built from executed plans, and their trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from envscaler.runtime.checks import Grader
from envscaler.runtime.records import (
    Environment,
    Loosening,
    PlannedCall,
    Scenario,
    Solution,
)
from envscaler.runtime.sandbox import SealedClass
from envscaler.runtime.scenarios.certificate import Trial
from envscaler.runtime.scenarios.effects import Grouping, build_checks, rows
from envscaler.runtime.scenarios.execution import run_plans

TASK = (
    "Fay is on duty again: plan a tour for her on 2024-05-12. Eli takes over tour T1. "
    "Write 'ring twice' on Ada's fragile parcel."
)
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("list_drivers", {}),
    ("find_parcels", {"recipient": "Ada"}),
    ("set_duty", {"driver_id": "$1.data[name=Fay].driver_id", "on_duty": True}),
    ("open_tour", {"driver_id": "$1.data[name=Fay].driver_id", "day": "2024-05-12"}),
    ("write_note", {"parcel_id": "$2.data[note=fragile].parcel_id", "note": "ring twice"}),
    ("assign_driver", {"tour_id": "T1", "driver_id": "$1.data[name=Eli].driver_id"}),
]
GOALS = {
    "Fay has a tour.": ("drivers.D3", "tours.T2", "next_tour"),
    "The parcel bears the note.": ("parcels",),
    "Eli drives T1.": ("tours.T1",),
}


@pytest.fixture(scope="session")
def errand(planned: Callable[..., list[PlannedCall]]) -> list[PlannedCall]:
    """Two look-ups and four changes, one of which makes a record."""
    return planned(*CALLS)


@pytest.fixture(scope="session")
def build(
    sealed_depot: SealedClass,
    depot: Environment,
    depot_state: dict[str, Any],
    errand: list[PlannedCall],
) -> Callable[..., Scenario]:
    """A scenario from plans: the first is the reference, the others further accepted ways.

    Goals name the places that they own, loose rules a place and, after a colon, a field.
    """

    def scenario(
        *others: Sequence[PlannedCall],
        plan: Sequence[PlannedCall] = errand,
        goals: Mapping[str, tuple[str, ...]] = GOALS,
        loose: Mapping[str, Loosening] | None = None,
        task: str = TASK,
        state: dict[str, Any] = depot_state,
    ) -> Scenario:
        run, *more = run_plans(sealed_depot, depot, state, [plan, *others])
        places = {row.n: ".".join(row.path) for row in rows(run)}
        owned = tuple(
            (text, tuple(n for n, place in places.items() if place.startswith(prefixes)))
            for text, prefixes in goals.items()
        )
        rules: dict[int, dict[str, Loosening]] = {}
        for where, rule in (loose or {}).items():
            place, _, name = where.partition(":")
            number = next(n for n, known in places.items() if known == place)
            rules.setdefault(number, {})[name] = rule
        checks = build_checks(depot.plan, run, Grouping(goals=owned, loose=rules), more)
        return Scenario(
            environment=depot.id,
            initial_state=state,
            task=task,
            solutions=(Solution(plan=tuple(plan), calls=run.calls),),
            checks=checks,
        )

    return scenario


@pytest.fixture(scope="session")
def try_(
    sealed_depot: SealedClass, depot: Environment, grader: Grader
) -> Callable[[Scenario], Trial]:
    """Puts a scenario on trial."""
    return lambda scenario: Trial(depot, scenario, sealed_depot, grader)

"""Wrong end states: never the accepted one, one for every changed value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from envscaler.runtime.checks import Grader
from envscaler.runtime.records import Loosening, PlannedCall, Scenario
from envscaler.runtime.scenarios.execution import Execution
from envscaler.runtime.scenarios.mutants import altered, mutants
from envscaler.runtime.state import canonical, same

Execute = Callable[[list[PlannedCall]], Execution]
Build = Callable[..., Scenario]


def test_no_mutant_is_the_accepted_state_or_writes_to_it(
    build: Build, execute: Execute, errand: list[PlannedCall]
) -> None:
    run = execute(errand)
    before = canonical([run.initial, run.final])
    made = list(mutants(run.initial, run.final, build().checks.outcomes[0], run.touched()))
    assert not any(same(mutant.state, run.final) for mutant in made)
    assert canonical([run.initial, run.final]) == before


def test_mutants_are_counted_by_mode(
    build: Build, execute: Execute, errand: list[PlannedCall]
) -> None:
    run = execute(errand)
    rule = Loosening(kind="text", values=("ring",))
    outcome = build(loose={"parcels.P3.note:": rule}).checks.outcomes[0]
    made = list(mutants(run.initial, run.final, outcome, run.touched()))
    modes = Counter(mutant.mode for mutant in made)
    changes = len(outcome.changes)
    assert sum(" left as it was" in mutant.what for mutant in made) == changes == 5
    assert sum(" made twice" in m.what and m.mode == "strict" for m in made) == 1
    assert modes["loosened"] == 5
    assert modes["strict"] >= 3 * changes


def test_whatever_the_calls_did_not_touch_is_tampered_with(
    build: Build, execute: Execute, errand: list[PlannedCall]
) -> None:
    run = execute(errand)
    made = mutants(run.initial, run.final, build().checks.outcomes[0], run.touched())
    side = [mutant.what for mutant in made if mutant.mode == "side effect"]
    places = (
        "today =",
        "drivers.D3.name =",
        "parcels.P3.weight =",
        "tours.T1.note =",
        "stops.S1 removed",
        "stops.S1 made twice",
        "parcels.P1.status =",
        "drivers.D1.contact.city =",
    )
    assert all(any(what.startswith(place) for what in side) for place in places), side
    assert not any(
        what.startswith(("drivers.D3.on_duty", "tours.T2", "next_tour")) for what in side
    )


def test_every_mutant_is_rejected_and_side_effects_score_0(
    build: Build, execute: Execute, errand: list[PlannedCall], grader: Grader
) -> None:
    run, checks = execute(errand), build().checks
    made = list(mutants(run.initial, run.final, checks.outcomes[0], run.touched()))
    scores = grader.scores(checks, [(run.initial, mutant.state, None) for mutant in made])
    rewards = [(m.mode, score.reward) for m, score in zip(made, scores, strict=True)]
    assert all(reward == 0 for mode, reward in rewards if mode == "side effect")
    assert all(reward is not None and reward < 1 for _, reward in rewards)


VALUES: list[Any] = [
    True,
    False,
    0,
    -3,
    1.5,
    "",
    "x",
    "abc",
    [],
    [1],
    ["a", "b"],
    {},
    {"a": 1},
    None,
]


@pytest.mark.parametrize("value", VALUES)
def test_an_altered_value_is_another_one(value: Any) -> None:
    made = altered(value)
    assert made
    assert not any(same(wrong, value) for wrong in made)

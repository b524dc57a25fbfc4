"""Upstream's form: standalone functions that judge as the grader does."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from envscaler.runtime.checks import Grader, render_functions
from envscaler.runtime.records import (
    Change,
    Checks,
    Environment,
    Loosening,
    Outcome,
    PlannedCall,
    Scenario,
    Solution,
)
from envscaler.runtime.sandbox import Pool
from envscaler.runtime.scenarios.actions import wrong_plans
from envscaler.runtime.scenarios.effects import Grouping, build_checks, rows
from envscaler.runtime.scenarios.execution import Execution
from envscaler.runtime.scenarios.mutants import mutants

State = dict[str, Any]
Execute = Callable[[list[PlannedCall]], Execution]


def verdicts(pool: Pool, scenario: Scenario, states: list[State]) -> list[list[bool]]:
    """What each rendered function says of each state, told in sealed workers."""
    found = []
    for _, source in render_functions(scenario):
        wrapped = "def wrapped(initial_state, final_state):\n" + textwrap.indent(source, "    ")
        wrapped += "\n    return check_func(final_state)\n"
        with pool.open_checks(wrapped, "wrapped") as function:
            replies = function.evaluate([(scenario.initial_state, state) for state in states])
        assert [reply.error for reply in replies] == [""] * len(states)
        found.append([reply.value for reply in replies])
    return [list(row) for row in zip(*found, strict=True)]


@pytest.fixture(scope="module")
def scenario(
    depot: Environment, execute: Execute, planned: Callable[..., list[PlannedCall]]
) -> Scenario:
    """Two accepted outcomes, a rule, cross-references between two new records."""
    plans = [
        planned(
            ("open_tour", {"driver_id": driver, "day": "2024-05-12"}),
            ("add_stop", {"tour_id": "$1.new.tours", "parcel_id": "P1"}),
            ("write_note", {"parcel_id": "P2", "note": 'a "quoted" \\ note'}),
        )
        for driver in ("D1", "D2")
    ]
    first, second = map(execute, plans)
    numbers = {".".join(row.path): row.n for row in rows(first)}
    note = numbers["parcels.P2.note"]
    rest = tuple(n for n in numbers.values() if n != note)
    grouping = Grouping(
        goals=(('A "tour"\nwith \\ Ada\'s parcel', rest), ("A note.", (note,))),
        loose={note: {"": Loosening(kind="text", values=("note",))}},
    )
    return Scenario(
        environment=depot.id,
        initial_state=first.initial,
        task="t",
        solutions=(Solution(plan=tuple(plans[0]), calls=first.calls),),
        checks=build_checks(depot.plan, first, grouping, [second]),
    )


def test_rendered_functions_agree_with_the_grader_on_every_state(
    scenario: Scenario, grader: Grader, pool: Pool, execute: Execute
) -> None:
    run = execute(list(scenario.solutions[0].plan))
    states = [run.initial, run.final]
    states += [
        m.state for m in mutants(run.initial, run.final, scenario.checks.outcomes[0], run.touched())
    ]
    states += [execute(plan).final for _, plan in wrong_plans(run)]
    scores = grader.scores(scenario.checks, [(run.initial, state, None) for state in states])
    wanted = [[s.guards and s.frame and goal for goal in s.goals] for s in scores]
    told = verdicts(pool, scenario, states)
    assert told == wanted
    assert [sum(row) / len(row) for row in told] == [score.reward for score in scores]
    assert {tuple(row) for row in told} == {
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    }


def test_every_function_bears_the_text_of_its_goal(scenario: Scenario) -> None:
    functions = render_functions(scenario)
    assert [text for text, _ in functions] == list(scenario.checks.goals)
    assert all(source.startswith("def check_func(final_state):\n") for _, source in functions)


@pytest.mark.parametrize(
    "text", ['ends in "', "back\\slash \\N{x", '"""', "line\nbreak", "", "ünï"]
)
def test_any_goal_text_gives_a_function_that_loads(
    pool: Pool, scenario: Scenario, text: str
) -> None:
    change = Change(path=("today",), kind="set", value="x", goal=0)
    checks = Checks(goals=(text,), outcomes=(Outcome(changes=(change,), calls=()),))
    odd = scenario.model_copy(update={"checks": checks})
    assert verdicts(pool, odd, [scenario.initial_state]) == [[False]]

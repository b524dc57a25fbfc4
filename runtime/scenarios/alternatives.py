"""Other ways to the goal: other orders, and other values where the task leaves a choice."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from ..checks import Grader
from ..errors import PlanError
from ..records import Environment, PlannedCall
from ..sandbox import SealedClass
from ..state import Json
from .effects import Grouping, build_checks, rows
from .execution import Execution, run_plans
from .references import referred

MOST_CHOICES = 48
"""Combinations of open choices that are executed."""


def choices(
    plan: Sequence[PlannedCall], open_arguments: Sequence[tuple[int, str, Sequence[Json]]]
) -> list[list[PlannedCall]]:
    """The plan with every combination of the listed values, the given one left out.

    Raises:
        PlanError: there are more combinations than can be executed.
    """
    known = {call.n: call for call in plan}
    given = [(n, name, values) for n, name, values in open_arguments if n in known and values]
    count = math.prod(len(values) for _, _, values in given)
    if count > MOST_CHOICES:
        raise PlanError(
            f"the task leaves {count} solutions open; at most {MOST_CHOICES} can be tried: "
            "say more exactly what is wanted"
        )
    plans = [
        [_with(call, [(g, v) for g, v in zip(given, values, strict=True)]) for call in plan]
        for values in itertools.product(*(values for _, _, values in given))
    ]
    return [made for made in plans if given and made != list(plan)]


def _with(
    call: PlannedCall, chosen: Sequence[tuple[tuple[int, str, Sequence[Json]], Json]]
) -> PlannedCall:
    new = {name: value for (n, name, _), value in chosen if n == call.n}
    return call.model_copy(update={"arguments": {**call.arguments, **new}}) if new else call


def order_pairs(
    sealed: SealedClass,
    grader: Grader,
    environment: Environment,
    run: Execution,
    plan: Sequence[PlannedCall],
) -> list[tuple[int, int]]:
    """Neighbouring changing calls whose swap ends as declared, but in another state.

    Keys that the system made may differ: states are matched, not compared.
    """
    everything = Grouping(goals=(("All.", tuple(row.n for row in rows(run))),), loose={})
    strict = build_checks(environment.plan, run, everything)
    writes = [call.n for call, step in zip(run.plan, run.steps, strict=True) if step.changes]
    pairs = [
        (first, second)
        for first, second in itertools.pairwise(writes)
        if _free(plan, first, second)
    ]
    swaps = run_plans(sealed, environment, run.initial, [swapped(plan, *pair) for pair in pairs])
    scores = grader.scores(strict, [(run.initial, swap.final, None) for swap in swaps])
    return [
        pair
        for pair, swap, score in zip(pairs, swaps, scores, strict=True)
        if not swap.problem and score.reward != 1.0
    ]


def _free(plan: Sequence[PlannedCall], first: int, second: int) -> bool:
    """Whether the second call needs no result from the first one on."""
    places = {call.n: i for i, call in enumerate(plan)}
    needed = referred(next(call.arguments for call in plan if call.n == second))
    return all(places[n] < places[first] for n in needed if n in places)


def swapped(plan: Sequence[PlannedCall], first: int, second: int) -> list[PlannedCall]:
    """The plan with the second call moved to just before the first."""
    moved = next(call for call in plan if call.n == second)
    rest = [call for call in plan if call.n != second]
    place = next(i for i, call in enumerate(rest) if call.n == first)
    return [*rest[:place], moved, *rest[place:]]

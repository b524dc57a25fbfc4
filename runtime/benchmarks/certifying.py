"""The row about certificates: right and wrong end states, graded with all checks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..checks import Grader, matcher, specification
from ..checks.grading import Case
from ..records import Change, Checks, Outcome, ReferenceGuard
from ..sandbox import Pool
from ..sandbox.values.plain import decode, encode
from ..scenarios.mutants import mutants
from ..state import Json, diff
from .measuring import MILLI, timed
from .processes import cpu_seconds, family
from .readings import Pair, Reading, Target, lasted, ratio
from .scale import Scale
from .sides import Plain
from .workloads import WAREHOUSE

_TARGET = Target(50.0)
_MUTANTS = 30
_CALLS = 6
"""Calls of the reference, each of which changes several values."""
_GOALS = 3


def certificate(scale: Scale) -> Iterator[Reading]:
    """The reference, doing nothing and thirty mutants; CPU time of all processes together."""
    checks, cases = _trial(scale.usual)
    spec = specification(checks)
    texts = [encode(case) for case in cases]
    spent: list[float] = []
    paired: list[Pair] = []
    with Pool() as pool:
        grader = Grader(pool)
        for number in range(scale.rounds + 1):
            plain = timed(_grade, spec, texts)
            before = _spent()
            sealed = timed(_confirm, grader, checks, cases)
            if number:
                spent.append((_spent() - before) * MILLI)
                paired.append(Pair(plain * MILLI, sealed * MILLI))
    yield lasted("certificate", f"{len(cases)} states, CPU time", spent, "ms", _TARGET)
    yield ratio("certificate", f"{len(cases)} states, elapsed", paired, "ms")


def _grade(spec: Json, texts: list[bytes]) -> None:
    """The same in process: every state decoded afresh, and graded."""
    for text in texts:
        matcher.grade(spec, *decode(text))  # type: ignore[no-untyped-call]


def _spent() -> float:
    """CPU seconds of this process and of all that it started."""
    return sum(map(cpu_seconds, family()))


def _confirm(grader: Grader, checks: Checks, cases: list[Case]) -> None:
    first, *others = [score.reward for score in grader.scores(checks, cases)]
    if first != 1 or any(reward is None or reward >= 1 for reward in others):
        raise ValueError(f"the reference scores {first}, the wrong end states {others}")


def _trial(records: int) -> tuple[Checks, list[Case]]:
    """Checks that accept what some calls lead to; (initial, final, answer), the reference first."""
    initial = WAREHOUSE.states(records)[0]
    played = Plain(WAREHOUSE.made, [encode(initial)])
    requests = [call._replace(place=0) for call in WAREHOUSE.requests("update", records, _CALLS)]
    played.call(requests)
    final = decode(played.snapshot()[0])
    changes = tuple(
        Change(path=change.path, kind=change.kind, value=change.new, goal=number % _GOALS)
        for number, change in enumerate(diff(initial, final))
    )
    outcome = Outcome(changes=changes, calls=())
    guard = ReferenceGuard(
        text="every supplier_id in items is a key of suppliers",
        collection="items", attribute="supplier_id", target="suppliers",
    )  # fmt: skip
    goals = tuple(f"Goal {number}" for number in range(1, _GOALS + 1))
    checks = Checks(goals=goals, outcomes=(outcome,), guards=(guard,))
    wrong = [m.state for m in mutants(initial, final, outcome, [c.path for c in changes])]
    states: list[Json] = [final, initial, *_spread(wrong)]
    return checks, [(initial, state, None) for state in states]


def _spread(states: list[Json]) -> list[Json]:
    """So many of the mutants, evenly spread over all kinds."""
    bounds = [len(states) * n // _MUTANTS for n in range(_MUTANTS + 1)]
    return [states[start] for start, end in pairwise(bounds) if start < end]

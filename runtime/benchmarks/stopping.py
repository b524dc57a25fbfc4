"""Rows about stops: a tool that does not come back, and the instances beside it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ..sandbox import Call, Pool
from ..sandbox.values.plain import encode
from ..state import Json
from . import states
from .measuring import timed
from .readings import Reading, Target, lasted
from .scale import Scale
from .workloads import DISTINCT, text

_SOFT = Target(0.3)
_HARD = Target(1.5)
_RECORDS = 50
_CALLS_BEFORE = 10
"""Calls of each neighbour ahead of the stop, which a rebuild may have to repeat."""


def soft_stop(scale: Scale) -> Iterator[Reading]:
    """An endless loop in Python: interrupted, and every neighbour has answered again."""
    yield _stop(scale, "soft-stop", ("loop", {}), "timeout", _SOFT)


def hard_stop(scale: Scale) -> Iterator[Reading]:
    """An endless loop in C: its worker is killed, and every rebuilt neighbour has answered."""
    yield _stop(scale, "hard-stop", ("count", {"limit": 10**12}), "killed", _HARD)


def _stop(
    scale: Scale, row: str, call: tuple[str, dict[str, Json]], status: str, target: Target
) -> Reading:
    with Pool() as pool:
        seconds = [_stopped(pool, scale.neighbours, call, status, n) for n in range(scale.starts)]
    case = f"{scale.neighbours} neighbours of {_RECORDS} records"
    return lasted(row, case, seconds, "s", target)


def _stopped(
    pool: Pool, neighbours: int, call: tuple[str, dict[str, Json]], status: str, number: int
) -> float:
    """Seconds until all have answered.

    Raises:
        ValueError: the call did not end with this status, or a neighbour lost its state.
    """
    firsts = [encode(states.desk(Random(seed), _RECORDS)) for seed in range(DISTINCT)]
    # Each time a source of its own: one that was killed too often is given up.
    with pool.open(f"{text('stuck')}\n# source {number}\n") as sealed:
        stuck, *others = sealed.create(firsts[n % DISTINCT] for n in range(neighbours + 1))
        stamps = [Call(other, "stamp", {"ticket_id": "T0001"}) for other in others]
        for _ in range(_CALLS_BEFORE):
            sealed.step(stamps)
        ended: list[str] = []
        found: list[Json] = []

        def stop() -> None:
            ended.extend(reply.status for reply in sealed.step([Call(stuck, *call)]))
            found.extend(reply.value for reply in sealed.step(stamps))

        seconds = timed(stop)
    wanted = {"success": True, "data": {"stamps": _CALLS_BEFORE + 1}}
    if ended != [status] or found != [wanted] * neighbours:
        raise ValueError(f"the call ended {ended}, and neighbours answered {found[:1]}")
    return seconds

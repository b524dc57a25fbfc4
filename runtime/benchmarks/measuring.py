"""Timing: sides that take turns, under the garbage collector settings of a worker."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from .readings import Pair

WORKER_THRESHOLDS = (50_000, 20, 100)
"""What workers set, see `sandbox/worker.py`."""
MICRO = 1e6
MILLI = 1e3
K = TypeVar("K")
P = ParamSpec("P")


@contextmanager
def collecting_as_workers() -> Iterator[None]:
    """Gives this process the garbage collector settings of a worker for a while."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*WORKER_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def taking_turns(
    sides: Mapping[K, Callable[[int], object]],
    rounds: int,
    before: Callable[[int], object] | None = None,
) -> dict[K, list[float]]:
    """Seconds that each side took in each round; A B A B, so that noise meets all alike.

    Sides get the number of the round, from 1; round 0 warms up and is not counted. `before` is
    called, untimed, ahead of each round.
    """
    seconds: dict[K, list[float]] = {key: [] for key in sides}
    for number in range(rounds + 1):
        if before is not None:
            before(number)
        for key, work in sides.items():
            took = timed(work, number)
            if number:
                seconds[key].append(took)
    return seconds


def timed(work: Callable[P, object], *args: P.args, **named: P.kwargs) -> float:
    """Seconds that some work took."""
    start = time.perf_counter()
    work(*args, **named)
    return time.perf_counter() - start


def pairs(plain: list[float], sealed: list[float], scale: float) -> list[Pair]:
    """The two sides round by round, each multiplied by `scale`."""
    return [Pair(p * scale, s * scale) for p, s in zip(plain, sealed, strict=True)]

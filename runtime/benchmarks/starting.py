"""Rows about starts: a pool from nothing, and one more source in a pool that runs."""

from __future__ import annotations

from collections.abc import Iterator

from ..sandbox import Pool
from ..sandbox.values.plain import encode
from .measuring import MILLI, timed
from .readings import Reading, lasted
from .scale import Scale
from .sides import Sealed
from .workloads import WAREHOUSE


def cold_start(scale: Scale) -> Iterator[Reading]:
    """From no pool at all to the answer of the first call."""
    seconds = []
    for number in range(scale.starts + 1):
        with Pool() as pool:
            seconds.append(timed(_first_answer, pool, number))
    yield lasted("cold-start", "to the first answer", _counted(seconds), "ms")


def spawn(scale: Scale) -> Iterator[Reading]:
    """From a pool that runs to the first answer of a source that it has not seen."""
    with Pool() as pool:
        seconds = [timed(_first_answer, pool, number) for number in range(scale.starts + 1)]
    yield lasted("spawn", "a further source", _counted(seconds), "ms")


def _first_answer(pool: Pool, number: int) -> None:
    state = encode(WAREHOUSE.states(20)[0])
    opened = pool.open(f"{WAREHOUSE.source}\n# source {number}\n")
    [reply] = Sealed(opened, [state]).call(WAREHOUSE.requests("look", 20, 1))
    if reply.status != "ok":
        raise ValueError(f"the first call ended {reply.status}: {reply.error}")


def _counted(seconds: list[float]) -> list[float]:
    """All but the first, which only warms up, in milliseconds."""
    return [took * MILLI for took in seconds[1:]]

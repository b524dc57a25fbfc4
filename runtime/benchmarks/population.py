"""What instances weigh: started as a process of its own, whose memory nothing else has touched.

`python -m envscaler.runtime.benchmarks.population SIDE RECORDS INSTANCES CALLS WORKERS` prints
bytes an instance, with SIDE `plain` (objects in the process) or `sealed` (workers, and their host).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from ..sandbox import Pool
from ..sandbox.values.plain import encode
from .measuring import collecting_as_workers
from .processes import family, resident_bytes
from .sides import Plain, Sealed, Side
from .workloads import DISTINCT, WAREHOUSE

_FIRST = 300
"""Instances for each worker that are made before the count starts: a full order and more, so that
all workers are there with the buffers that they keep."""


def weigh(side: str, records: int, instances: int, calls: int, workers: int) -> float:
    """Bytes that each of so many further instances adds, after some calls, to all processes."""
    distinct = [encode(state) for state in WAREHOUSE.states(records)]
    texts = [distinct[n % DISTINCT] for n in range(instances)]
    rounds = [WAREHOUSE.requests("update", records, instances, seed) for seed in range(calls)]
    first = [distinct[n % DISTINCT] for n in range(_FIRST * workers)]
    warm = WAREHOUSE.requests("update", records, len(first))
    with collecting_as_workers(), ExitStack() as stack:
        make: Callable[[list[bytes]], Side] = partial(Plain, WAREHOUSE.made)
        if side == "sealed":
            pool = stack.enter_context(Pool(workers=workers))
            make = partial(Sealed, pool.open(WAREHOUSE.source))
        kept = make(first)
        kept.call(warm)
        before = _resident()
        more = make(texts)
        for requests in rounds:
            more.call(requests)
        return (_resident() - before) / instances


def _resident() -> int:
    return sum(map(resident_bytes, family()))


if __name__ == "__main__":
    chosen, *numbers = sys.argv[1:]
    print(weigh(chosen, *map(int, numbers)))

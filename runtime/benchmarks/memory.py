"""The row about memory: instances in sealed workers beside objects in a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from . import population
from .readings import Pair, Reading, Target, ratio
from .scale import Scale, cores

_TARGET = Target(1.1)
_KIB = 1024


def memory(scale: Scale) -> Iterator[Reading]:
    """What an instance weighs, host and workers together; each side in a fresh process."""
    records = scale.records[0]
    for instances, calls in scale.populations:
        found = []
        for _ in range(scale.starts):
            plain = _weighed("plain", records, instances, calls)
            found.append(Pair(plain, _weighed("sealed", records, instances, calls)))
        case = f"{instances:,} instances, {calls} call{'s' if calls > 1 else ''} each"
        yield ratio("memory", case, found, "KiB", _TARGET)


def _weighed(side: str, records: int, instances: int, calls: int) -> float:
    """KiB an instance."""
    sizes = map(str, (records, instances, calls, cores()))
    command = [sys.executable, "-m", population.__name__, side, *sizes]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"weighing the {side} side failed: {done.stderr.strip()}")
    return float(done.stdout) / _KIB

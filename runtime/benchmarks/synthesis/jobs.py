"""One run of the benchmark: what it is to do, and what came of it."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from ...models.answers import Entry
from ...store import RunStore
from .model import DEFECTIVE
from .sending import Traffic

MINING = "mine tasks"
_BESIDE = ("write class", "write methods")
"""Steps that run beside the state and its tests."""
_BEFORE = ("write state", "repair state", "propose test calls", "predict outcomes")


Work = Literal["steps", "pipeline"]
"""Only the mining of single tasks, or the synthesis as a whole, without scenarios."""


@dataclass(frozen=True)
class Job:
    """What a process of its own does with the simulated model."""

    what: Work
    folder: Path
    tasks: int
    domains: int
    latency: float
    """Seconds of each answer."""
    slots: int
    """Requests in flight."""
    budget: str | None = None
    api_base: str | None = None
    """An endpoint to ask over HTTP, in place of sending in process."""
    defective: int = DEFECTIVE

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    @property
    def result(self) -> Path:
        return self.folder.with_suffix(".json")


@dataclass(frozen=True)
class Ran:
    """What a process saw of its run; it exists only if the run came to its end."""

    wall: float
    """Seconds from the first task to the last result."""
    cpu: float
    """Seconds of the host process, without sealed workers."""
    resident: tuple[int, ...]
    """Bytes, at equal intervals."""
    made: int
    """Ideas or environments."""

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Ran:
        found = json.loads(path.read_text())
        return cls(**{**found, "resident": tuple(found["resident"])})

    def growth(self) -> float:
        """By how much the second half of the run holds more memory than its middle (a ratio)."""
        half = self.resident[len(self.resident) // 2 :]
        return max(half) / half[0] if half else 1.0


class Evidence(NamedTuple):
    """What the store and the log of a run tell together."""

    entries: tuple[Entry, ...]
    traffic: Traffic

    @classmethod
    def of(cls, job: Job) -> Evidence:
        with RunStore.read(job.folder) as store:
            return cls(tuple(store.entries()), Traffic.read(job.log))

    @property
    def asked(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.how == "asked"]

    def paid_twice(self, later: Evidence) -> int:
        """Requests, by the time of `later`, for answers that are in the store already."""
        stored = {entry.key for entry in self.asked}
        return sum(later.traffic.sent[key] - self.traffic.sent[key] for key in stored)

    def lost(self) -> int:
        """Requests whose answers never reached the store."""
        return self.traffic.requests - len(self.asked)


def ideal(entries: Iterable[Entry], latency: float, slots: int) -> float:
    """Seconds that these questions take at least, when nothing but the answers takes time.

    Requests go out in rounds of `slots`, and never before the answer that they depend on: the
    larger of both bounds, for the mining and, since the merging waits for all of it, for the rest.
    """
    mining: Counter[str] = Counter()
    building: dict[str, Counter[str]] = {}
    for entry in entries:
        if entry.step == MINING:
            mining[entry.owner] += 1
        else:
            building.setdefault(entry.owner, Counter())[entry.step] += 1
    chains = [_chain(steps) for steps in building.values()]
    calls = sum(steps.total() for steps in building.values())
    rounds = _rounds(mining.total(), max(mining.values(), default=0), slots)
    return latency * (rounds + _rounds(calls, max(chains, default=0), slots))


def _rounds(calls: int, chain: int, slots: int) -> int:
    return max(math.ceil(calls / slots), chain)


def _chain(steps: Counter[str]) -> int:
    """Calls of an idea that wait for each other."""
    side, other = (sum(steps[name] for name in names) for names in (_BESIDE, _BEFORE))
    return steps.total() - min(side, other)

"""How much is measured: in full for figures that mean something, or just enough to see it work."""

from __future__ import annotations

import os
from dataclasses import dataclass

USUAL_RECORDS = 200
"""Records of a state where a row has no other size."""


@dataclass(frozen=True)
class Scale:
    """The sizes of a benchmark run."""

    rounds: int
    """How often each measurement is repeated, the first time apart, which only warms up."""
    batch: int
    """Instances, each of which gets one call of a batch."""
    records: tuple[int, ...]
    """Sizes of states."""
    domains: int
    """So many of the three environments."""
    singles: int
    """Single calls of a round."""
    populations: tuple[tuple[int, int], ...]
    """Instances whose memory is measured, and how often each is called before."""
    neighbours: int
    """Instances beside one that is stopped."""
    starts: int
    """How often a start, a stop or a population is repeated."""

    @property
    def usual(self) -> int:
        """The size of states where a row takes one."""
        return USUAL_RECORDS if USUAL_RECORDS in self.records else self.records[0]


FULL = Scale(
    rounds=5, batch=1000, records=(50, 200, 500), domains=3, singles=200,
    populations=((1_000, 1), (1_000, 30), (10_000, 1)), neighbours=500, starts=3,
)  # fmt: skip
QUICK = Scale(
    rounds=2, batch=150, records=(50,), domains=1, singles=20,
    populations=((100, 1),), neighbours=20, starts=1,
)  # fmt: skip


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def crews() -> list[int]:
    """The numbers of workers that are compared: one, two, and as many as there are cores."""
    return sorted({1, min(2, cores()), cores()})

"""What a soak did and found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from ..state import Json

_GROWTH, _SLACK = 0.1, 16 << 20
"""How much memory may rise after the warm-up: so large a part, and so many bytes."""
_MORE = 3
"""Processes or descriptors that may come: a worker may get a further one beside it."""


class Reading(NamedTuple):
    """What was in use after so many calls."""

    calls: int
    host: int
    """Bytes of physical memory of this process."""
    workers: int
    """Bytes of physical memory of the workers, and of the process that forks them."""
    processes: int
    descriptors: int


@dataclass
class Report:
    """What a soak did and found."""

    instances: int
    calls: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    """How the calls ended; "killed" is never right."""
    events: Counter[str] = field(default_factory=Counter)
    """How often a worker was killed, an instance created, branched, and so on."""
    hashes: int = 0
    """Hashes that were compared with the model's."""
    readings: list[Reading] = field(default_factory=list)
    fault: str = ""
    """Where an instance and its model differ; the soak ends there. Empty: nowhere."""
    left: dict[str, int] = field(default_factory=dict)
    """How many "processes" and "descriptors" stayed behind after everything was closed."""

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds

    def most(self, name: str) -> int:
        """How many "processes" or "descriptors" there were at most."""
        return max(int(getattr(reading, name)) for reading in self.readings)

    def steady(self, name: str) -> bool:
        """Whether "processes" or "descriptors" do not pile up, and none stays behind."""
        first, last = (int(getattr(self.readings[place], name)) for place in (0, -1))
        return last <= first + _MORE and not self.left[name]

    def memory(self, name: str) -> tuple[float, float]:
        """Bytes after the warm-up and at the end, of the "host" or the "workers"."""
        sizes: list[int] = [getattr(reading, name) for reading in self.readings]
        count = len(sizes)
        return median(sizes[count * 2 // 5 : count * 3 // 5 + 1]), median(sizes[count * 4 // 5 :])

    def flat(self, name: str) -> bool:
        """Whether memory has not risen since the warm-up, but for noise."""
        warm, end = self.memory(name)
        return end <= warm * (1 + _GROWTH) + _SLACK

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, and nothing leaked."""
        steady = self.steady("processes") and self.steady("descriptors")
        return not self.fault and steady and self.flat("host") and self.flat("workers")

    def document(self) -> Json:
        """All of it as JSON, with what follows from it."""
        memory = {name: self.memory(name) for name in ("host", "workers")}
        readings = [reading._asdict() for reading in self.readings]
        told = {"readings": readings, "memory": memory, "holds": self.holds}
        return {**vars(self), "rate": self.rate, **told}

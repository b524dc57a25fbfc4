"""The tally of a run: how many items ended how at each stage, and how long the rest may take."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..journal import STAGES, Settled, Stage
from .wording import one_line

STATUSES = ("kept", "rejected", "unfinished")
_BEFORE_CLASS = STAGES[STAGES.index("idea") + 1 : STAGES.index("class")]
_LEAST_SHARE = 0.2
"""Of the expected results: below it, an estimate of the time left would be a guess."""


@dataclass
class Tally:
    """Counts results as they come; safe to use from any thread."""

    tasks: int
    """That the run was given."""
    scenarios: int
    """Tried for each environment."""
    episodes: int
    """Played in each certified scenario."""
    counts: Counter[tuple[Stage, str]] = field(default_factory=Counter)
    lost: list[Settled] = field(default_factory=list)
    _mined_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, settled: Settled) -> None:
        with self._lock:
            self.counts[settled.stage, settled.status] += 1
            if settled.status != "kept":
                self.lost.append(settled)
            if self._mined_at is None and self._total("task") >= self.tasks:
                self._mined_at = time.monotonic()

    def count(self, stage: Stage, status: str) -> int:
        return self.counts[stage, status]

    def seconds_left(self, now: float) -> float | None:
        """About how long the run goes on; None while nobody can know.

        Only when all tasks are read it is known how many environments are tried; from there on
        every result counts the same, and what is dropped needs nothing further.
        """
        with self._lock:
            done, expected = self._progress()
            if self._mined_at is None or not done or done < _LEAST_SHARE * expected:
                return None
            return (now - self._mined_at) * max(0, expected - done) / done

    def _progress(self) -> tuple[int, int]:
        """Results that are there, and that are to be expected, after the mining."""
        early = self._lost("plan")
        built = early + self._total("class")
        tried = self._total("scenario")
        played = self._total("trajectory")
        ideas = self.counts["idea", "kept"]
        environments = ideas - early - self._lost("class")
        scenarios = environments * self.scenarios
        certified = scenarios - self._lost("scenario")
        return built + tried + played, ideas + scenarios + certified * self.episodes

    def _total(self, stage: Stage) -> int:
        return sum(self.counts[stage, status] for status in STATUSES)

    def _lost(self, stage: Stage) -> int:
        return self.counts[stage, "rejected"] + self.counts[stage, "unfinished"]


def grouped(lost: Sequence[Settled]) -> list[tuple[Stage, str, int]]:
    """What was dropped, as (stage, kind of reason, count), by stage and then the most first."""
    kinds = Counter((s.stage, kind(s.reason)) for s in lost if s.status == "rejected")
    rows = [(stage, reason, count) for (stage, reason), count in kinds.items()]
    return sorted(rows, key=lambda row: (STAGES.index(row[0]), -row[2], row[1]))


_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|\b[a-z]+_[0-9a-f]{16}\b")
_NUMBERS = re.compile(r"\d+(?:\.\d+)?")


def kind(reason: str) -> str:
    """The first clause of a reason without the names and numbers in it.

    >>> kind("step 'plan': 3 answers do not parse")
    'step …'
    """
    gate = re.match(r"\[([^\]]+)\]", reason)
    if gate:
        return f"gate: {gate[1]}"
    clause = reason.partition("; ")[0].partition(": ")[0]
    return one_line(_NUMBERS.sub("N", _NAMES.sub("…", clause)), 90) or "no reason given"

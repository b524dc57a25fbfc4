"""The lines of the table: one figure each, what it was made of, and what it was to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import NamedTuple


class Target(NamedTuple):
    """What a figure is to be: at most, or at least, `limit`."""

    limit: float
    at_least: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


class Pair(NamedTuple):
    """The same work in process and sealed, one right after the other; both in one unit."""

    plain: float
    sealed: float


@dataclass(frozen=True)
class Reading:
    """One line: a figure of a row, or why it could not be taken."""

    row: str
    case: str
    """What was measured: the work, its size, the number of workers."""
    value: float | None = None
    """The figure that is compared with the target; the median over all rounds."""
    unit: str = "x"
    """Of `value`; "x" is a ratio."""
    target: Target | None = None
    low: float | None = None
    high: float | None = None
    """The middle half of the rounds lies between `low` and `high`."""
    plain: float | None = None
    """The work in process, in `measure`; None where nothing in process compares."""
    sealed: float | None = None
    measure: str = ""
    failure: str = ""
    """Why there is no figure; empty when there is one."""

    @property
    def held(self) -> bool | None:
        """Whether the target held this time; None without a target or a figure."""
        if self.target is None or self.value is None:
            return None
        return self.target.holds(self.value)


def ratio(
    row: str, case: str, pairs: Sequence[Pair], measure: str, target: Target | None = None
) -> Reading:
    """How many times the work in process the sealed work took."""
    return _compared(row, case, pairs, [p.sealed / p.plain for p in pairs], "x", measure, target)


def speedup(
    row: str, case: str, pairs: Sequence[Pair], measure: str, target: Target | None = None
) -> Reading:
    """How many times faster the sealed work was than the work in process."""
    return _compared(row, case, pairs, [p.plain / p.sealed for p in pairs], "x", measure, target)


def difference(
    row: str, case: str, pairs: Sequence[Pair], measure: str, target: Target | None = None
) -> Reading:
    """How much more the sealed work took."""
    gaps = [p.sealed - p.plain for p in pairs]
    return _compared(row, case, pairs, gaps, measure, measure, target)


def lasted(
    row: str, case: str, figures: Sequence[float], unit: str, target: Target | None = None
) -> Reading:
    """A figure that nothing in process compares with."""
    low, high = _middle(figures)
    return Reading(row, case, median(figures), unit, target, low, high, None, median(figures), unit)


def _compared(
    row: str,
    case: str,
    pairs: Sequence[Pair],
    figures: Sequence[float],
    unit: str,
    measure: str,
    target: Target | None,
) -> Reading:
    low, high = _middle(figures)
    plain, sealed = (median(side) for side in zip(*pairs, strict=True))
    return Reading(row, case, median(figures), unit, target, low, high, plain, sealed, measure)


def _middle(figures: Iterable[float]) -> tuple[float, float]:
    """Between which the middle half lies."""
    known = list(figures)
    if len(known) < 2:
        return known[0], known[0]
    first, _, third = quantiles(known, n=4, method="inclusive")
    return first, third

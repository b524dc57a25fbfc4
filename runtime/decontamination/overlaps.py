"""How near something is to a benchmark, and how near is too near."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["8-grams", "5-grams", "names", "schemas", "parameters", "descriptions"]
"""What is shared: runs of eight or five words, names of tools, whole sets of a tool's parameters
with their types, names of parameters, runs of five words in what tools say of themselves."""


@dataclass(frozen=True)
class Limits:
    """Shares from which something counts as taken from a benchmark, each over 0 and at most 1.

    Measured with the shipped signatures. Refused of what has nothing to do with them:

    - 0 of 545 tasks (API-Bank, self-instruct, ToolAlpaca, the bundled ones) and 0 of 3664
      single-turn questions of BFCL;
    - 0 of 18 environments that runs had made, 0 of 10 tool sets of ToolAlpaca and 0 of 820 lists
      of functions that BFCL offers with those questions.

    Refused of the benchmarks' own, which is what they are for:

    - all 440 tasks as they stand; of 600 edited ones 600 with every tenth word replaced at random,
      599 with other names and numbers, 587 with other names and numbers, every twentieth word
      replaced and a foreign sentence added, 536 with every fifth word replaced;
    - all 18 tool sets as they stand, with two or all tools renamed, with other names of parameters;
      17 with half of the tools dropped; with nothing described, 14 of the halved and 15 of the
      wholly renamed ones. What is missed is a handful of tools.
    """

    long: float = 0.15
    """Runs of eight words. Unrelated texts reach 0.10, and no more than three runs."""
    short: float = 0.2
    """Runs of five words. Unrelated texts reach 0.5, but not with as many runs as are demanded."""
    runs: int = 4
    """Runs that must be shared, where the text has so many: four runs of five are eight words."""
    names: float = 0.4
    """Telling names of tools. Between tool sets of two benchmarks it is 0.1 at most."""
    schemas: float = 0.5
    """Whole sets of two or more parameters. Between benchmarks it is 0.5 for small tool sets, which
    share one such set (user name and password), so the least number matters more than the share."""
    tools: int = 3
    """Names of tools, or sets of parameters, that must agree."""
    parameters: float = 0.5
    """Names of parameters. ToolAlpaca reaches 0.18, and two messengers of two benchmarks 0.33."""
    distinct: int = 6
    """Names of parameters that must agree."""
    descriptions: float = 0.2
    """Runs of five words in what tools say of themselves. ToolAlpaca reaches 0.04."""
    told: int = 8
    """Runs that must be shared there: a format for dates alone is four."""

    def of(self, kind: Kind) -> float:
        """The limit for a kind of overlap."""
        match kind:
            case "8-grams":
                return self.long
            case "5-grams":
                return self.short
        share: float = getattr(self, kind)
        return share


MEASURED = Limits()


class Overlap(NamedTuple):
    """What something shares with one item, or one tool set, of a benchmark."""

    benchmark: str
    item: str
    kind: Kind
    value: float
    """The share, from 0 to 1."""
    limit: float

    @property
    def over(self) -> bool:
        return self.value >= self.limit

    def __str__(self) -> str:
        return _SENTENCES[self.kind].format(
            share=f"{self.value:.0%}".replace("%", " %"),
            where=f"{self.benchmark} {self.item}",
            limit=f"{self.limit:.0%}".replace("%", " %"),
        )


_SENTENCES: dict[Kind, str] = {
    "8-grams": "{share} of the runs of eight words stand in {where} (limit {limit})",
    "5-grams": "{share} of the runs of five words stand in {where} (limit {limit})",
    "names": "{share} of the tools are named as in {where} (limit {limit})",
    "schemas": "{share} of the sets of parameters are those of tools of {where} (limit {limit})",
    "parameters": "{share} of the names of parameters are shared with {where} (limit {limit})",
    "descriptions": "{share} of what the tools say of themselves stands in {where} (limit {limit})",
}


def nearest(overlaps: Iterable[Overlap]) -> tuple[Overlap, ...]:
    """For each benchmark and kind the largest overlap; the most serious one first."""
    best: dict[tuple[str, Kind], Overlap] = {}
    for overlap in overlaps:
        key = overlap.benchmark, overlap.kind
        if key not in best or _rank(overlap) < _rank(best[key]):
            best[key] = overlap
    return tuple(sorted(best.values(), key=_rank))


def _rank(overlap: Overlap) -> tuple[float, str, str, str]:
    return -overlap.value / overlap.limit, overlap.benchmark, overlap.item, overlap.kind

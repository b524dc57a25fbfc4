"""Compares tasks, ideas, environments and scenarios with the signatures of benchmarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

from ..records import Environment, EnvironmentIdea, Scenario, SourceTask, ToolSpec
from .fingerprints import LONG, SHORT, ToolPrint, descriptions, grams, tool_print
from .overlaps import MEASURED, Kind, Limits, Overlap, nearest
from .signatures import Benchmark, ToolSet, read_signatures, shipped_path, unpacked

Judged = SourceTask | EnvironmentIdea | Environment | Scenario
"""What can be compared with benchmarks."""
T = TypeVar("T")


@dataclass(frozen=True)
class _Texts:
    """The n-grams of one size of all items, looked up by n-gram."""

    kind: Kind
    size: int
    names: Sequence[tuple[str, str]]
    """(benchmark, item)."""
    lengths: Sequence[int]
    holders: dict[int, list[int]]

    def shares(self, text: str, least: int) -> Iterator[tuple[int, float]]:
        """(number of an item, n-grams shared / n-grams of the shorter of the two).

        Only where `least` of them are shared, or all that the text has.
        """
        own = grams(text, self.size)
        shared = Counter(at for gram in own for at in self.holders.get(gram, ()))
        for at, count in shared.items():
            if count >= min(least, len(own)):
                yield at, count / min(len(own), self.lengths[at])


class Decontaminator:
    """Says what is too near to a benchmark that agents are evaluated on."""

    def __init__(self, benchmarks: Iterable[Benchmark], limits: Limits = MEASURED) -> None:
        self.benchmarks = tuple(benchmarks)
        self.limits = limits

    @classmethod
    def load(cls, path: Path | None = None, limits: Limits = MEASURED) -> Self:
        """With the shipped signatures, or those of a file that `build` made.

        Raises:
            DataError: the file cannot be read or is no signature file.
        """
        return cls(read_signatures(path or shipped_path()), limits)

    def task(self, text: str) -> tuple[Overlap, ...]:
        """The nearest item of each benchmark, by runs of eight and of five words.

        The share is that of the shorter of the two texts, so that a task inside a longer text is
        found as well as a part of a task (the overlap coefficient of Szymkiewicz and Simpson).
        Benchmarks that share nothing are left out.
        """
        return nearest(self._texts(text))

    def idea(self, idea: EnvironmentIdea) -> tuple[Overlap, ...]:
        """The nearest items to its tasks, its summary and its introduction."""
        texts = [idea.summary, idea.introduction, *(task.text for task in idea.tasks)]
        return nearest(overlap for text in texts for overlap in self._texts(text))

    def environment(self, environment: Environment) -> tuple[Overlap, ...]:
        """The nearest tool sets, and the nearest items to its introduction and its rules."""
        plan = environment.plan
        told = "\n".join([plan.summary, plan.introduction, *(rule.text for rule in plan.rules)])
        return nearest([*self._tools(environment.tools), *self._texts(told)])

    def scenario(self, scenario: Scenario) -> tuple[Overlap, ...]:
        """The nearest items to its task and to what its user knows, wants and hides."""
        user = scenario.user
        parts = [scenario.task, *([user.knows, user.wants, user.hides] if user else [])]
        return self.task("\n".join(parts))

    def overlaps(self, record: Judged) -> tuple[Overlap, ...]:
        """What a record shares with each benchmark, the most serious first."""
        match record:
            case SourceTask():
                return self.task(record.text)
            case EnvironmentIdea():
                return self.idea(record)
            case Environment():
                return self.environment(record)
            case Scenario():
                return self.scenario(record)

    def refusal(self, record: Judged) -> str:
        """Why a record must not be used, in one sentence; empty when it may."""
        first = next(iter(self.overlaps(record)), None)
        return f"decontaminated: {first}" if first and first.over else ""

    # -------------------------------------------------------------- texts

    def _texts(self, text: str) -> Iterator[Overlap]:
        for index in self._indexes:
            limit = self.limits.of(index.kind)
            for at, share in index.shares(text, self.limits.runs):
                yield Overlap(*index.names[at], index.kind, share, limit)

    @cached_property
    def _indexes(self) -> tuple[_Texts, _Texts]:
        items = [(known.name, item) for known in self.benchmarks for item in known.items]
        names = [(benchmark, item.id) for benchmark, item in items]
        return (
            _index("8-grams", LONG, names, [item.long for _, item in items]),
            _index("5-grams", SHORT, names, [item.short for _, item in items]),
        )

    # -------------------------------------------------------------- tools

    def _tools(self, tools: Sequence[ToolSpec]) -> Iterator[Overlap]:
        given = [tool_print(tool) for tool in tools]
        told = frozenset().union(*(grams(text, SHORT) for text in descriptions(tools)))
        for benchmark, known in self._tool_sets:
            shares: dict[Kind, float] = {
                "names": _names(given, known.tools, self.limits.tools),
                "schemas": _schemas(given, known.tools, self.limits.tools),
                "parameters": _parameters(given, known.tools, self.limits.distinct),
                "descriptions": _share(told, known.told, self.limits.told),
            }
            for kind, share in shares.items():
                if share:
                    yield Overlap(benchmark, known.id, kind, share, self.limits.of(kind))

    @cached_property
    def _tool_sets(self) -> list[tuple[str, _KnownTools]]:
        return [
            (benchmark.name, _KnownTools.of(tools))
            for benchmark in self.benchmarks
            for tools in benchmark.tool_sets
        ]


@dataclass(frozen=True)
class _KnownTools:
    """A tool set, unpacked."""

    id: str
    tools: list[ToolPrint]
    told: frozenset[int]

    @classmethod
    def of(cls, tools: ToolSet) -> Self:
        return cls(
            tools.id, [tool.unpacked() for tool in tools.tools], unpacked(tools.descriptions)
        )


def _index(
    kind: Kind, size: int, names: Sequence[tuple[str, str]], packed_sets: Iterable[str]
) -> _Texts:
    sets = [unpacked(hashes) for hashes in packed_sets]
    holders: dict[int, list[int]] = {}
    for at, hashes in enumerate(sets):
        for gram in hashes:
            holders.setdefault(gram, []).append(at)
    return _Texts(kind, size, names, [len(hashes) for hashes in sets], holders)


def _names(given: Sequence[ToolPrint], known: Sequence[ToolPrint], least: int) -> float:
    """Of the telling names of the smaller side, the share that both have."""
    return _share(
        {tool.name for tool in given if tool.telling},
        {tool.name for tool in known if tool.telling},
        least,
    )


def _schemas(given: Sequence[ToolPrint], known: Sequence[ToolPrint], least: int) -> float:
    """Of the distinct sets of several parameters on the smaller side, the share that both have.

    Distinct ones, because ten tools that all take two numbers `a` and `b` prove no more than one.
    """
    return _share(
        {tool.typed for tool in given if len(tool.typed) > 1},
        {tool.typed for tool in known if len(tool.typed) > 1},
        least,
    )


def _parameters(given: Sequence[ToolPrint], known: Sequence[ToolPrint], least: int) -> float:
    """The names of parameters that both have, of all that either has (Jaccard 1912)."""
    own, others = (
        frozenset().union(*(tool.parameters for tool in tools)) for tools in (given, known)
    )
    shared = len(own & others)
    return shared / len(own | others) if shared >= least else 0.0


def _share(given: Set[T], known: Set[T], least: int) -> float:
    """Of the smaller set, the share that both have; nothing when that is fewer than `least`."""
    shared = len(given & known)
    return shared / min(len(given), len(known)) if shared >= least else 0.0

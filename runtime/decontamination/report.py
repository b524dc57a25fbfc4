"""What a whole collection shares with benchmarks, as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import shorten
from typing import Self

from ..records import Environment, EnvironmentIdea, Scenario, SourceTask
from ..state import Json
from .decontaminator import Decontaminator, Judged
from .overlaps import Overlap

_LABEL = 60
"""Characters of a text that name it."""


@dataclass(frozen=True)
class Line:
    """A record with the nearest item of each benchmark."""

    kind: str
    """task, idea, environment or scenario."""
    id: str
    label: str
    """What it is, in a few words."""
    overlaps: tuple[Overlap, ...]
    """The most serious first; empty when nothing at all is shared."""

    @property
    def over(self) -> bool:
        return any(overlap.over for overlap in self.overlaps)


@dataclass(frozen=True)
class Report:
    """Every record of a collection, in the order of the collection."""

    benchmarks: tuple[str, ...]
    """Those that were compared with."""
    lines: tuple[Line, ...]

    @classmethod
    def of(cls, known: Decontaminator, records: Iterable[Judged]) -> Self:
        """Compare records with all benchmarks."""
        lines = [Line(*_named(record), known.overlaps(record)) for record in records]
        return cls(tuple(benchmark.name for benchmark in known.benchmarks), tuple(lines))

    @property
    def over(self) -> tuple[Line, ...]:
        """The records that are too near to a benchmark."""
        return tuple(line for line in self.lines if line.over)

    def document(self) -> dict[str, Json]:
        """The report as JSON values."""
        return {
            "benchmarks": list(self.benchmarks),
            "clean": not self.over,
            "records": [
                {
                    "kind": line.kind,
                    "id": line.id,
                    "label": line.label,
                    "over": line.over,
                    "overlaps": [overlap._asdict() for overlap in line.overlaps],
                }
                for line in self.lines
            ],
        }


def _named(record: Judged) -> tuple[str, str, str]:
    match record:
        case SourceTask():
            kind, text = "task", record.text
        case EnvironmentIdea():
            kind, text = "idea", record.summary
        case Environment():
            kind, text = "environment", record.class_name
        case Scenario():
            kind, text = "scenario", record.task
    return kind, record.id, shorten(text, _LABEL, placeholder=" …")

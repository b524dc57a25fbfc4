"""Verdicts: what came of each item that was verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ..errors import Repairable
from ..state import Json, canonical

Kind = Literal["environment", "scenario", "trajectory", "upstream"]


class Verdict(NamedTuple):
    """What came of one item."""

    kind: Kind
    id: str
    what: str
    """The class, task or agent, for people."""
    failures: tuple[str, ...]
    """What differs from the claim; empty when it holds."""
    notes: tuple[str, ...]
    """What was done, and what could not be."""

    @property
    def holds(self) -> bool:
        return not self.failures


@dataclass
class Findings:
    """Collects what is found about one item."""

    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fail(self, text: str) -> None:
        self.failures.append(text)

    def note(self, text: str) -> None:
        self.notes.append(text)


def judged(kind: Kind, ident: str, what: str, examine: Callable[[Findings], None]) -> Verdict:
    """The verdict on an item; a record that cannot even be examined fails.

    Raises:
        SandboxError: the sealed execution itself failed, which says nothing about the item.
    """
    findings = Findings()
    try:
        examine(findings)
    except Repairable as error:
        findings.fail(f"it cannot be run: {error}")
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        # Every field has its type, or it would not have been read; but a forged record may name
        # paths, goals or calls that are not there.
        findings.fail(f"it contradicts itself: {type(error).__name__}: {error}")
    return Verdict(kind, ident, what, tuple(findings.failures), tuple(findings.notes))


def short(value: Json, limit: int = 160) -> str:
    """A value as JSON text, cut after `limit` characters."""
    text = canonical(value).decode()
    return text if len(text) <= limit else f"{text[:limit]}…"

"""Sums of ledger rows that can be added, shared out and compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from ..models import Sums


@dataclass(frozen=True)
class Spent:
    """What answers took. Counts may be broken where several items shared a question."""

    asked: float = 0.0
    """Questions that an endpoint answered."""
    replayed: float = 0.0
    """Questions answered from the run store or a recording."""
    shared: float = 0.0
    """Questions answered by a request that was already under way."""
    failed: float = 0.0
    """Questions that got no answer."""
    prompt_tokens: float = 0.0
    """Of every answer used, replayed ones included."""
    completion_tokens: float = 0.0
    cost_usd: float = 0.0
    """Of the answers with a known price."""
    unpriced: float = 0.0
    """Answers that an endpoint gave at an unknown price."""
    unmetered: float = 0.0
    """Answers that an endpoint gave without saying how many tokens they took."""
    seconds: float = 0.0
    """Waiting for endpoints, summed over parallel requests."""
    prompt_chars: float = 0.0
    """Characters of the prompts, and of the completions, of every answer used."""
    completion_chars: float = 0.0

    @classmethod
    def of(cls, sums: Sums, part: float = 1.0) -> Spent:
        """A part, from 0 to 1, of a ledger's sums."""
        return cls(**{field.name: getattr(sums, field.name) * part for field in fields(cls)})

    @property
    def answers(self) -> float:
        """Questions that got an answer, however it came."""
        return self.asked + self.replayed + self.shared

    @property
    def tokens(self) -> float:
        return self.prompt_tokens + self.completion_tokens

    def per(self, count: int) -> Spent | None:
        """The mean over so many; None when there are none."""
        if not count:
            return None
        return Spent(**{name: value / count for name, value in vars(self).items()})

    def __add__(self, other: Spent) -> Spent:
        return Spent(**{name: value + vars(other)[name] for name, value in vars(self).items()})


def total(parts: Iterable[Spent]) -> Spent:
    return sum(parts, Spent())

"""The ledger: what was asked, what it took and whom it was for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .answers import Answer, Entry

if TYPE_CHECKING:
    from ..store import RunStore


@dataclass
class Sums:
    """Counts over ledger rows."""

    asked: int = 0
    replayed: int = 0
    shared: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    """Of every answer used, replayed ones included."""
    completion_tokens: int = 0
    paid_tokens: int = 0
    """Prompt and completion tokens of the answers that an endpoint gave."""
    cost_usd: float = 0.0
    """Of the answers with a known price."""
    unpriced: int = 0
    """Answers that an endpoint gave at an unknown price."""
    unmetered: int = 0
    """Answers that an endpoint gave without saying how many tokens they took."""
    seconds: float = 0.0
    """Waiting for endpoints, summed over parallel requests."""
    prompt_chars: int = 0
    """Characters of the prompts, and of the completions, of every answer used."""
    completion_chars: int = 0

    @property
    def answers(self) -> int:
        """Questions that got an answer, however it came."""
        return self.asked + self.replayed + self.shared

    def add(self, entry: Entry) -> None:
        """Count one row."""
        setattr(self, entry.how, getattr(self, entry.how) + 1)
        tokens = (entry.prompt_tokens or 0, entry.completion_tokens or 0)
        self.prompt_tokens += tokens[0]
        self.completion_tokens += tokens[1]
        self.cost_usd += entry.cost_usd or 0.0
        self.seconds += entry.seconds
        self.prompt_chars += entry.prompt_chars
        self.completion_chars += entry.completion_chars
        if entry.how == "asked":
            self.paid_tokens += sum(tokens)
            self.unpriced += entry.cost_usd is None
            self.unmetered += entry.prompt_tokens is None or entry.completion_tokens is None


@dataclass
class Ledger:
    """All rows so far, in memory and, when there is one, in the run store.

    A question that is replayed or shared is booked once for each owner, so a run that was
    interrupted and resumed counts the same questions as one that was not.
    """

    store: RunStore | None = None
    total: Sums = field(default_factory=Sums)
    by_step: dict[str, Sums] = field(default_factory=dict)
    by_owner: dict[str, Sums] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set, repr=False)
    """The keys that have an answer; with a store, they are the keys of its answers."""
    _delivered: set[tuple[str, str]] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if self.store is not None:
            for entry in self.store.entries():
                self._count(entry)

    def book(self, entry: Entry, answer: Answer | None = None) -> None:
        """Add a row and, in the same transaction of the store, keep the answer it is about.

        Raises:
            RunError: the store cannot be written.
        """
        with self._lock:
            delivered = (entry.key, entry.owner) in self._delivered
            repeated = delivered and entry.how in ("replayed", "shared")
            if self.store is not None:
                self.store.keep_answer(answer, None if repeated else entry)
            if not repeated:
                self._count(entry)

    def of(self, owner: str) -> Sums:
        """What one work item took."""
        return self.by_owner.get(owner, Sums())

    def grouped(self, group_of: Mapping[str, str]) -> dict[str, Sums]:
        """Sums by group, for instance by rejection reason; owners without a group are left out."""
        groups: dict[str, Sums] = {}
        for owner, group in group_of.items():
            into = groups.setdefault(group, Sums())
            for name, value in vars(self.of(owner)).items():
                setattr(into, name, getattr(into, name) + value)
        return groups

    def _count(self, entry: Entry) -> None:
        if entry.how != "failed":
            self.answered.add(entry.key)
            self._delivered.add((entry.key, entry.owner))
        self.total.add(entry)
        self.by_step.setdefault(entry.step, Sums()).add(entry)
        self.by_owner.setdefault(entry.owner, Sums()).add(entry)

"""The journal of a run: what was kept, what was dropped and why, what could not be finished."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar, get_args

from .errors import BudgetSpent, EnvscalerError, ModelUnavailable
from .records import Part, Record
from .store import RunStore

Stage = Literal["task", "idea", "plan", "class", "scenario", "trajectory"]
STAGES: tuple[Stage, ...] = get_args(Stage)
R = TypeVar("R", bound=Part)


class Settled(NamedTuple):
    """The end of one item at one stage."""

    stage: Stage
    item: str
    status: Literal["kept", "rejected", "unfinished"]
    reason: str
    record: Part | None


@dataclass
class Journal:
    """Collects the results of a run, in memory and in its store; safe to use from any thread."""

    store: RunStore | None = None
    on_settled: Callable[[Settled], None] | None = None
    settled: list[Settled] = field(default_factory=list)
    errors: list[EnvscalerError] = field(default_factory=list)
    """What left items unfinished, in the order in which it came."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def keep(self, stage: Stage, item: str, record: Part, *more: tuple[str, Part]) -> None:
        """An item came through a stage: its record, and what is said about it as (kind, part)."""
        ident = record.id if isinstance(record, Record) else item
        if self.store:
            self.store.keep(stage, record, id=ident)
            for kind, part in more:
                self.store.keep(kind, part, id=ident)
            self.store.settle(stage, item, ident)
        self._add(Settled(stage, item, "kept", "", record))
        for _, part in more:
            self._add(Settled(stage, item, "kept", "", part), count=False)

    def drop(self, stage: Stage, item: str, reason: str) -> None:
        """An item fell out at a stage."""
        if self.store:
            self.store.settle(stage, item, None, reason)
        self._add(Settled(stage, item, "rejected", reason, None))

    def halt(self, stage: Stage, item: str, error: EnvscalerError) -> None:
        """An item could not be finished, for want of an answer say: a later run takes it up."""
        with self._lock:
            self.errors.append(error)
        self._add(Settled(stage, item, "unfinished", str(error), None))

    def check(self) -> None:
        """Raises what makes it pointless to begin another item: no budget, no endpoint."""
        for error in self.errors:
            if isinstance(error, (BudgetSpent, ModelUnavailable)):
                raise error

    def kept(self, kind: type[R]) -> list[R]:
        """The kept records of a type, sorted by their JSON, so that order of arrival is lost."""
        found = [s.record for s in self.settled if isinstance(s.record, kind)]
        return sorted(found, key=lambda record: record.model_dump_json())

    def _add(self, settled: Settled, count: bool = True) -> None:
        with self._lock:
            self.settled.append(settled)
        if count and self.on_settled:
            self.on_settled(settled)

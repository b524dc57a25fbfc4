"""What became of the work that ledger rows are booked on.

A row is booked on tasks (their ids with spaces between, when they were mined together), an idea,
`environment/n` (a scenario) or `scenario/n` (an episode). A task's work went into the environment
that was built from its idea, or was lost where the idea was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from ..cli.tally import kind
from ..records import Environment, EnvironmentIdea, Scenario, SourceTask
from ..store import StoredOutcome
from .flow import base, ordered

TURNED_AWAY = "its idea was turned away"
"""Why a task's work is lost when no idea holds the task; which idea it had is not stored."""
MERGED_ANEW = "its idea was merged anew when the run was taken up again"
_ITEMS = tuple(f"{r.prefix}_" for r in (SourceTask, EnvironmentIdea, Environment, Scenario))


Status = Literal["kept", "rejected", "unfinished", "other"]
"""`other`: the work was for no item of the run."""


class Fate(NamedTuple):
    """How the work for an item ended."""

    stage: str
    """The last stage that settled it, or, when unfinished, the next one that is to."""
    status: Status
    reason: str = ""
    """The kind of reason for a rejection."""
    environment: str = ""
    """The id of the environment that it was for, once there is one."""


class Lineage:
    """The outcomes of a run, read from the end to the beginning.

    Args:
        outcomes: of all stages.
        ideas: the stored ideas by id.
    """

    def __init__(
        self, outcomes: Sequence[StoredOutcome], ideas: Mapping[str, EnvironmentIdea]
    ) -> None:
        self.stages = ordered(outcome.stage for outcome in outcomes)
        self._all = sorted(outcomes, key=lambda o: self.stages.index(o.stage))
        kept = {o.record for o in outcomes if o.stage == "idea" and o.status == "kept"}
        self._tasks = {
            ident: frozenset(task.id for task in idea.tasks)
            for ident, idea in ideas.items()
            if ident in kept
        }

    @cached_property
    def superseded(self) -> frozenset[str]:
        """Ideas that a later merging put into larger ones, and all that was made of them.

        When a run is cut short and taken up again, more tasks are merged than before; the first
        ideas and their environments stay in the store, but belong to the run no more.
        """
        gone = {ident for ident, tasks in self._tasks.items() if self._enlarged(tasks)}
        fresh: set[str] = set()
        for outcome in self._all:
            if outcome.record and outcome.record != outcome.item:
                (gone if base(outcome.item) in gone else fresh).add(outcome.record)
        return frozenset(gone - fresh)

    def _enlarged(self, tasks: frozenset[str]) -> bool:
        holders = self._holders[min(tasks)] if tasks else []
        return any(tasks < self._tasks[ident] for ident in holders)

    @cached_property
    def outcomes(self) -> tuple[StoredOutcome, ...]:
        """Those that still belong to the run, by stage."""
        return tuple(o for o in self._all if base(o.item) not in self.superseded)

    def fates(self, owner: str) -> list[tuple[Fate, float]]:
        """How the work booked on an owner ended, and which part of it; the parts make up 1.

        Items that share their work have equal parts in it, and so have the ideas of one item.
        """
        items = owner.split() or [owner]
        found = [self._fates(item) for item in items]
        return [(fate, 1 / len(items) / len(ends)) for ends in found for fate in ends]

    def _fates(self, item: str) -> list[Fate]:
        if base(item) in self.superseded:
            return [Fate("idea", "rejected", MERGED_ANEW)]
        if item in self._last:
            return self._followed(item)
        if not item.startswith(_ITEMS):
            return [Fate("", "other")]
        return [self._unfinished(self._stage_of.get(base(item)), item)]

    def _followed(self, item: str) -> list[Fate]:
        last = self._last[item]
        if last.status == "rejected":
            return [Fate(last.stage, "rejected", kind(last.reason), self.environment(item))]
        if self._position(last.stage) >= self._position("class"):
            return [Fate(last.stage, "kept", "", self.environment(last.record or item))]
        ideas = [idea for idea in self._holders.get(item, []) if idea not in self.superseded]
        if ideas:
            return [fate for idea in ideas for fate in self._followed(idea)]
        if self._position(last.stage) >= self._position("idea") or not self._merged:
            return [self._unfinished(last.stage, item)]
        return [Fate("idea", "rejected", TURNED_AWAY)]

    def _unfinished(self, after: str | None, item: str) -> Fate:
        position = self._position(after) + 1 if after else 0
        stage = self.stages[min(position, len(self.stages) - 1)]
        return Fate(stage, "unfinished", "", self.environment(item))

    def _position(self, stage: str) -> int:
        return self.stages.index(stage)

    def environment(self, name: str) -> str:
        """The environment that an item or a record was made in, or is; empty when there is none."""
        seen: set[str] = set()
        while base(name) not in seen:
            seen.add(base(name))
            name = self._origin.get(base(name), name)
        return base(name) if base(name) in self._environments else ""

    @cached_property
    def _last(self) -> dict[str, StoredOutcome]:
        return {o.item: o for o in self.outcomes}

    @cached_property
    def _environments(self) -> frozenset[str]:
        kept = [o for o in self.outcomes if o.stage == "class"]
        return frozenset(o.record for o in kept if o.record)

    @cached_property
    def _origin(self) -> dict[str, str]:
        """What each record made after the environments was made of."""
        first = self._position("class")
        later = [o for o in self.outcomes if self._position(o.stage) > first]
        return {o.record: o.item for o in later if o.record}

    @cached_property
    def _stage_of(self) -> dict[str, str]:
        """The stage that made a record."""
        return {o.record: o.stage for o in self.outcomes if o.record}

    @cached_property
    def _merged(self) -> bool:
        return any(o.stage == "idea" for o in self.outcomes)

    @cached_property
    def _holders(self) -> dict[str, list[str]]:
        """The ideas that hold a task, superseded ones too."""
        found: dict[str, list[str]] = defaultdict(list)
        for ident, tasks in sorted(self._tasks.items()):
            for task in tasks:
                found[task].append(ident)
        return dict(found)

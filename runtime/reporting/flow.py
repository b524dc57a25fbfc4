"""How many items came into each stage of a run, and what became of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..cli.tally import kind
from ..journal import STAGES
from ..state import Json
from ..store import StoredOutcome


@dataclass(frozen=True)
class Loss:
    """Items that fell out of a stage for one kind of reason."""

    reason: str
    count: int


@dataclass(frozen=True)
class Flow:
    """One stage: `came` = `kept` + `rejected` + `unfinished`, always."""

    stage: str
    came: int
    """Items that the stage was, or still is, to settle."""
    kept: int
    losses: tuple[Loss, ...] = ()
    """The most frequent first."""
    unfinished: int = 0
    """Neither kept nor rejected so far: under way, waiting, or given up for want of an answer."""

    @property
    def rejected(self) -> int:
        return sum(loss.count for loss in self.losses)


def ordered(names: Iterable[str]) -> list[str]:
    """All stages of a run in their order; names that the journal does not know come last."""
    return [*STAGES, *sorted(set(names) - set(STAGES))]


def base(item: str) -> str:
    """The record that an item is made of: `env_1/0` is the first scenario tried for `env_1`."""
    return item.partition("/")[0]


def flows(outcomes: Sequence[StoredOutcome], settings: Mapping[str, Json]) -> tuple[Flow, ...]:
    """The stages of a run in order.

    The store holds what was settled only, so what is unfinished is worked out: the first stage
    takes the tasks that the run was given, each other one what the stage before it kept, as often
    as the run's settings say. A stage that regroups its items (tasks into ideas) tells how many
    there are by settling them. Stages that this run has passed over are left out.
    """
    stages = ordered(outcome.stage for outcome in outcomes)
    of = {stage: [o for o in outcomes if o.stage == stage] for stage in stages}
    reached = max((n for n, stage in enumerate(stages) if of[stage]), default=-1)
    used = [stage for n, stage in enumerate(stages) if of[stage] or n > reached]
    made: list[Flow] = []
    for n, stage in enumerate(used):
        before = [o for o in of[used[n - 1]] if o.status == "kept"] if n else []
        expected = _expected(stage, of[stage], before, settings) if n else _given(settings)
        made.append(_flow(stage, of[stage], expected))
    return tuple(made)


def _flow(stage: str, settled: Sequence[StoredOutcome], expected: int) -> Flow:
    reasons = Counter(kind(o.reason) for o in settled if o.status == "rejected")
    losses = sorted(reasons.items(), key=lambda row: (-row[1], row[0]))
    came = max(expected, len(settled))
    return Flow(
        stage,
        came=came,
        kept=len(settled) - reasons.total(),
        losses=tuple(Loss(reason, count) for reason, count in losses),
        unfinished=came - len(settled),
    )


def _expected(
    stage: str,
    settled: Sequence[StoredOutcome],
    before: Sequence[StoredOutcome],
    settings: Mapping[str, Json],
) -> int:
    """Items that a stage gets from the one before; 0 when only the stage itself can tell."""
    if settled:
        names = {name for o in before for name in (o.item, o.record)}
        if not any(base(o.item) in names for o in settled):
            return 0
    if stage not in ("scenario", "trajectory"):
        return len(before)
    each = _tries(stage, settings)
    return 0 if each is None else each * len({o.record for o in before})


def _tries(stage: str, settings: Mapping[str, Json]) -> int | None:
    """Scenarios tried for each environment; episodes, the reference's included, in each one."""
    name, more = {"scenario": ("scenarios", 0), "trajectory": ("rollouts", 1)}[stage]
    count = settings.get(name)
    return count + more if isinstance(count, int) else None


def _given(settings: Mapping[str, Json]) -> int:
    """The tasks that the run was given, as its settings name them (`24 tasks (1c48d912)`)."""
    found = re.match(r"\d+(?= tasks?\b)", str(settings.get("tasks", "")))
    return int(found[0]) if found else 0

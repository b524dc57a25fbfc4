"""Walks: long sequences of calls on one instance, where what came before is acted on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from ..errors import GeneratedCodeError
from ..records import EnvironmentPlan, Operation
from ..sandbox import Call, SealedClass
from ..state import Difference, Json, at, diff, patch
from .probes import Probe, fitting_probes
from .trials import BROKEN, Trial

WALKS = 4
"""Walks of one inspection."""
TURNS = 3
"""Calls of a walk for each tool of the class."""
LONGEST = 36
"""Most calls of a walk."""

Guide = Callable[[dict[str, Json], Sequence[Trial]], Probe | None]
"""Names the next call in the state that was reached by what was tried; None ends the walk."""


@dataclass
class Wanderer:
    """A guide that draws calls, most often of tools that succeeded least, and acts on records
    that the walk itself made when there are any."""

    plan: EnvironmentPlan
    operations: Sequence[Operation]
    good: Mapping[str, Sequence[dict[str, Json]]]
    """Arguments by tool that succeeded or were worked out elsewhere, to be tried too."""
    random: Random
    calls: int

    def __call__(self, state: dict[str, Json], tried: Sequence[Trial]) -> Probe | None:
        if not self.operations or len(tried) >= self.calls:
            return None
        calls = Counter(trial.probe.tool for trial in tried)
        calls.update(trial.probe.tool for trial in tried if trial.succeeded)
        weights = [_weight(o) / (1 + calls[o.name]) ** 2 for o in self.operations]
        (operation,) = self.random.choices(self.operations, weights)
        return self._draw(operation, state, tried[0].before if tried else state)

    def _draw(self, operation: Operation, state: dict[str, Json], first: dict[str, Json]) -> Probe:
        good = self.good.get(operation.name, ())
        if good and self.random.random() < _GOOD:
            return Probe(operation.name, self.random.choice(good), "fitting")
        probes = fitting_probes(self.plan, state, operation, self.random.randrange(1 << 30))
        new = self._new_keys(state, first)
        fresh = [p for p in probes if any(_holds(v, new) for v in p.arguments.values())]
        return self.random.choice(fresh if fresh and self.random.random() < _FRESH else probes)

    def _new_keys(self, state: dict[str, Json], first: dict[str, Json]) -> set[str]:
        names = [entity.collection for entity in self.plan.entities]
        return {key for n in names for key in _keys(state, n) if key not in _keys(first, n)}


_GOOD = 0.3
"""How often a wanderer repeats what succeeded elsewhere."""
_FRESH = 0.7
"""How often it takes up what the walk has made."""


def _keys(state: dict[str, Json], collection: str) -> Mapping[str, Json]:
    records = state.get(collection)
    return records if isinstance(records, dict) else {}


def _holds(value: Json, keys: set[str]) -> bool:
    return any(isinstance(one, str) and one in keys for one in _listed(value))


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _weight(operation: Operation) -> int:
    return 3 if operation.kind == "change" else 1


def length(operations: Sequence[Operation]) -> int:
    """The number of calls of a walk."""
    return min(TURNS * len(operations), LONGEST)


def travel(
    sealed: SealedClass, state: dict[str, Json], guides: Sequence[Guide], seed: int
) -> list[list[Trial]]:
    """Each guide's walk on an instance of its own, all a step at a time.

    A walk ends with its guide, and where a call hung or broke its worker.

    Raises:
        GeneratedCodeError: the class cannot be built from the state.
    """
    instances = sealed.create([state] * len(guides), seed=seed)
    journeys = [_Journey(i, guide, state) for i, guide in zip(instances, guides, strict=True)]
    while turns := [(j, probe) for j in journeys if (probe := j.next()) is not None]:
        replies = sealed.step([Call(j.instance, p.tool, p.arguments) for j, p in turns])
        try:
            found = sealed.diff([j.instance for j, _ in turns])
        except GeneratedCodeError:  # given up after too many kills: its trials told so before
            break
        for (journey, probe), reply, changes in zip(turns, replies, found, strict=True):
            journey.arrive(probe, reply, changes)
    return [journey.trials for journey in journeys]


@dataclass
class _Journey:
    """A walk under way."""

    instance: int
    guide: Guide
    origin: dict[str, Json]
    trials: list[Trial] = field(default_factory=list)
    _since: list[Difference] = field(default_factory=list)
    """All that differs from the origin now."""

    def next(self) -> Probe | None:
        if self.trials and self.trials[-1].reply.status in BROKEN:
            return None
        return self.guide(self.trials[-1].after if self.trials else self.origin, self.trials)

    def arrive(self, probe: Probe, reply: Json, since: list[Difference]) -> None:
        before = self.trials[-1].after if self.trials else self.origin
        changes = tuple(_between(before, patch(self.origin, since), self._since, since))
        lead = tuple(trial.probe for trial in self.trials if trial.moved)
        self.trials.append(Trial(probe, reply, bool(changes), changes, before, lead))
        self._since = since


def _between(
    before: dict[str, Json],
    after: dict[str, Json],
    old: list[Difference],
    new: list[Difference],
) -> list[Difference]:
    """What differs between two states, looked for only where either differs from the origin."""
    if old == new:
        return []
    found: list[Difference] = []
    for root in sorted({change.path[:2] for change in (*old, *new)}):
        left, right = _at(before, root), _at(after, root)
        if left is not None or right is not None:
            found += _change(root, left, right)
    return found


def _at(state: dict[str, Json], path: tuple[str, ...]) -> list[Json] | None:
    """The value at a path, in a list of one; None where there is none."""
    try:
        return [at(state, path)]
    except KeyError:
        return None


def _change(
    path: tuple[str, ...], left: list[Json] | None, right: list[Json] | None
) -> list[Difference]:
    if left is None:
        return [Difference(path, "add", None, right and right[0])]
    if right is None:
        return [Difference(path, "remove", left[0], None)]
    return [*diff(left[0], right[0], path)]

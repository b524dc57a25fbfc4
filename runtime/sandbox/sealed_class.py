"""A generated class as the host handles it: instances, calls, snapshots.

An instance is its journal, which the host keeps: what it was built from and the calls made since.
A worker only holds it live, and any worker can be brought to hold it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from ..errors import GeneratedCodeError, SandboxError
from ..records import ToolSpec
from ..state import Difference, Json
from ..tools import Toolset
from .journals import CHECKPOINT, Journal, Origin, Recipe, Snapshot, origin_of
from .lanes import Batch, Lane
from .link import Garbled, Worker
from .protocol import (
    ORDER_BYTES,
    ORDER_OPERATIONS,
    AnyOperation,
    Build,
    Differ,
    Digest,
    Drop,
    Export,
    Failure,
    Load,
    OnInstance,
    Outcome,
    Step,
)
from .reports import Reply, read, reply_of
from .sealed import SPREAD, Sealed, encode

_FLESH = 16
"""Bytes of memory that an instance takes for each byte of its state's JSON text, at most."""
_BONES = 1 << 15
"""Bytes of memory that any instance takes."""
_KILLS = 3
"""An instance is given up after its calls have ended so many workers."""
_DEATHS = 3
"""An instance is given up when bringing it back has failed so often for outer reasons."""
_GOOD = 25
"""So many instances earn their source one more strike."""

_differences = msgspec.json.Decoder(list[Difference]).decode
_text = msgspec.json.Decoder(str).decode


class Call(NamedTuple):
    """A call of a tool on an instance."""

    instance: int
    tool: str
    arguments: dict[str, Json]


class SealedClass(Sealed):
    """A generated class in workers, and its instances.

    Methods take instances by the numbers that `create` and `branch` gave; an unknown number is a
    KeyError. All but `close` raise GeneratedCodeError once the source has been given up.
    """

    def __init__(
        self,
        spawn: Callable[[], Worker],
        source: Load,
        workers: int = 1,
        tools: Sequence[ToolSpec] | None = None,
    ) -> None:
        super().__init__(spawn, source, workers)
        self.class_name: str = self._loaded.name
        self.tools: tuple[dict[str, Json], ...] = tuple(self._loaded.tools)
        """{"name", "description", "parameters": JSON Schema} of each public method, in order."""
        # Imported classes fail by exceptions, and each failure has the calls made again.
        self._patience = CHECKPOINT if source.profile == "native" else CHECKPOINT // 4
        self._tolerant = source.profile == "upstream"
        self._toolset = None if tools is None else Toolset(tools)
        self._journals: dict[int, Journal] = {}
        self._next = 0

    @property
    def populated(self) -> bool:
        """Whether there are instances."""
        return bool(self._journals)

    # -------------------------------------------------------------- instances

    def create(
        self, states: Iterable[dict[str, Json] | bytes | Snapshot], *, seed: int = 0
    ) -> list[int]:
        """New instances, one for each initial state: a JSON value, its text, or a snapshot.

        Raises:
            GeneratedCodeError: the constructor failed for one of them; none is kept.
            DataError: a state is not JSON.
        """
        with self._lock:
            given = list(states)
            origins: dict[int, Origin] = {}  # by identity, so that equal states are kept once
            for number, state in enumerate(given):
                if id(state) not in origins:
                    origins[id(state)] = origin_of(state, seed, number)
            instances = [self._enter(origins[id(state)]) for state in given]
            try:
                self._build(instances)
            except BaseException:
                for instance in instances:
                    self._journals.pop(instance, None)
                raise
            return instances

    def reset(self, instances: Iterable[int]) -> None:
        """Bring instances back to what they were right after `create` or `restore`."""
        with self._lock:
            chosen = self._known(instances)
            for instance in chosen:
                self._continue(instance, self._journals[instance].origin)
            self._report(self._builds(chosen))

    def branch(self, instance: int, count: int = 1) -> list[int]:
        """New instances that go on from where this one is, each for itself."""
        with self._lock:
            (instance,) = self._known([instance])
            first = self._journals[instance]
            instances = [self._enter(first.origin) for _ in range(count)]
            for new in instances:
                self._journals[new].recipe = first.recipe
                self._journals[new].calls = list(first.calls)
            return instances

    def drop(self, instances: Iterable[int]) -> None:
        """Forget instances."""
        with self._lock:
            chosen = list(dict.fromkeys(self._known(instances)))
            held = [n for n in chosen if n in self._journals[n].lane.held]
            if held and self._ended is None:
                self._run([Drop(instance) for instance in held])
            for instance in chosen:
                del self._journals[instance]
                for lane in self._lanes:
                    lane.free(instance)

    # -------------------------------------------------------------- calls and states

    def step(self, calls: Iterable[Call]) -> list[Reply]:
        """Carry out calls in order; one that does not end "ok" leaves its instance as it was.

        Where the class was opened with tools, a call that does not fit them is not made: "refused".
        With the profile "upstream", a call that raises keeps what it had changed until then.
        """
        with self._lock:
            journals, toolset = self._journals, self._toolset
            operations: list[OnInstance] = []
            refused: dict[int, Reply] = {}
            for index, call in enumerate(calls):
                instance, tool, arguments = call
                if instance not in journals:
                    self._known([instance])
                objection = toolset.objection(tool, arguments) if toolset is not None else ""
                if objection:
                    refused[index] = Reply("refused", objection)
                    continue
                try:
                    tool.encode()  # half a surrogate pair can be a Python string, but no text
                    text = encode(arguments)
                except (TypeError, ValueError, RecursionError) as error:
                    refused[index] = Reply("refused", f"the call is not JSON: {error}")
                    continue
                if len(text) > ORDER_BYTES:
                    most = f"{len(text)} bytes of arguments; at most {ORDER_BYTES} are taken"
                    refused[index] = Reply("refused", most)
                    continue
                operations.append(Step(instance, tool, text))
            replies = list(map(reply_of, self._run(operations)))
            with contextlib.suppress(SandboxError):  # the calls are made: their replies must arrive
                self._checkpoint(operations)
            for index, reply in refused.items():
                replies.insert(index, reply)
            return replies

    def snapshot(self, instances: Iterable[int]) -> list[Snapshot]:
        """The instances as they are now."""
        with self._lock:
            chosen = self._known(instances)
            texts = self._report([Export(instance) for instance in chosen])
            return [
                self._journals[instance].snapshot(text)
                for instance, text in zip(chosen, texts, strict=True)
            ]

    def restore(self, instance: int, snapshot: Snapshot) -> None:
        """Put an instance into the state of a snapshot; `diff` and `reset` count from there."""
        with self._lock:
            self._known([instance])
            self._continue(instance, snapshot)

    def diff(self, instances: Iterable[int]) -> list[list[Difference]]:
        """Where each instance differs from what it was right after `create` or `restore`."""
        with self._lock:
            chosen = self._known(instances)
            origins = [self._journals[instance].origin for instance in chosen]
            texts = self._report(
                [
                    Differ(instance, origin.recipe.state, origin.recipe.seed, origin.text)
                    for instance, origin in zip(chosen, origins, strict=True)
                ]
            )
            found = [read(_differences, text) for text in texts]
            if not all(difference.path for differences in found for difference in differences):
                raise GeneratedCodeError("the source tampers with its worker: an empty path")
            return found

    def hash(self, instances: Iterable[int]) -> list[str]:
        """The digest (`envscaler.runtime.state.digest`) of each instance's state."""
        with self._lock:
            chosen = self._known(instances)
            return [read(_text, text) for text in self._report([Digest(n) for n in chosen])]

    # -------------------------------------------------------------- journals

    def _known(self, instances: Iterable[int]) -> list[int]:
        chosen = list(instances)
        missing = [instance for instance in chosen if instance not in self._journals]
        if missing:
            raise KeyError(f"no instance {missing[0]!r}: it was never created, or was dropped")
        return chosen

    def _enter(self, origin: Origin) -> int:
        """A new instance that no worker holds yet."""
        instance, self._next = self._next, self._next + 1
        count = min(self._width, 1 + len(self._journals) // SPREAD)
        self._journals[instance] = Journal(origin, self._lanes[instance % count])
        return instance

    def _builds(self, instances: Iterable[int]) -> list[Build]:
        """What makes instances, where nothing needs to be repeated for them."""
        journals = {instance: self._journals[instance] for instance in instances}
        return [journal.build(n) for n, journal in journals.items() if not journal.calls]

    def _looking(self, builds: list[Build]) -> list[Build]:
        """The same, where one of each kind makes sure that what is made is JSON."""
        seen: set[tuple[int, int]] = set()
        for position, build in enumerate(builds):
            kind = (id(build.state), build.seed)
            if kind not in seen:
                seen.add(kind)
                builds[position] = msgspec.structs.replace(build, look=True)
        return builds

    def _build(self, instances: Sequence[int]) -> None:
        """Make instances; none is kept when one of them cannot be made."""
        builds = self._looking(self._builds(instances))
        for build, outcome in zip(builds, self._run(builds), strict=True):
            if isinstance(outcome, Failure):
                self.drop(instances)
                raise GeneratedCodeError(
                    f"{self.class_name} cannot be built from the initial state number "
                    f"{instances.index(build.instance)}: {outcome.status}: {outcome.error}"
                )

    def _continue(self, instance: int, origin: Origin) -> None:
        """Let an instance go on from elsewhere."""
        journal = self._journals[instance]
        journal.begin(origin)
        journal.lane.live.discard(instance)

    def _checkpoint(self, operations: Sequence[OnInstance]) -> None:
        """Let long journals start from an image of the present, where one can be had."""
        if self._ended is not None:
            return
        touched = {operation.instance for operation in operations}
        long = [n for n in touched if len(self._journals[n].calls) >= self._due(n)]
        if not long:
            return
        pictures = [Export(instance, image=True) for instance in long]
        for instance, outcome in zip(long, self._run(pictures), strict=True):
            journal = self._journals[instance]
            if isinstance(outcome, Failure):
                journal.patience *= 2
            else:
                journal.recipe = Recipe(outcome, journal.recipe.seed, image=True)
                journal.calls, journal.patience = [], 1

    def _due(self, instance: int) -> int:
        """The number of calls at which an instance gets its next image."""
        return self._patience * self._journals[instance].patience

    def _report(self, operations: Sequence[OnInstance]) -> list[bytes]:
        """Outcomes of operations that have no reason to fail."""
        texts = []
        for operation, outcome in zip(operations, self._run(operations), strict=True):
            if isinstance(outcome, Failure):
                what = f"{type(operation).__name__.lower()} of instance {operation.instance}"
                raise GeneratedCodeError(f"{what} failed: {outcome.status}: {outcome.error}")
            texts.append(outcome)
        return texts

    # -------------------------------------------------------------- the course of a batch

    def _distribute(self, batch: Batch[Any]) -> None:
        for index, operation in enumerate(batch.operations):
            self._journals[operation.instance].lane.waiting.append(index)

    def _ready(self, lane: Lane, batch: Batch[Any]) -> bool:
        head = islice(lane.waiting, ORDER_OPERATIONS)
        return {batch.operations[index].instance for index in head} <= lane.live

    def _needed(self, lane: Lane, operation: Any) -> Build | Failure | None:
        if operation.instance in lane.live:
            return None
        journal = self._journals[operation.instance]
        if journal.lost:
            return Failure("killed", journal.lost)
        return None if type(operation) is Build else journal.build(operation.instance)

    def _sent(self, lane: Lane, operation: Any) -> None:
        if type(operation) is Build:
            lane.hold(operation.instance, _FLESH * len(operation.state) + _BONES)

    def _done(
        self, indices: list[int], operations: list[AnyOperation], outcomes: list[Outcome]
    ) -> None:
        journals = self._journals
        for index, operation, outcome in zip(indices, operations, outcomes, strict=True):
            if index < 0 or type(operation) is not Step:
                continue
            if type(outcome) is bytes or self._keeps(outcome):
                journals[operation.instance].calls.append(operation)

    def _failed(self, lane: Lane, operation: Any, outcome: Any) -> None:
        if self._lets_go(operation, outcome):
            lane.free(operation.instance)

    def _lets_go(self, operation: Any, outcome: Failure) -> bool:
        """Whether the worker no longer holds the instance of an operation that failed."""
        if type(operation) is Step:
            return outcome.status != "refused" and not self._keeps(outcome)
        return type(operation) is Build

    def _keeps(self, outcome: Outcome) -> bool:
        """Whether a call that did not end well stays done."""
        return self._tolerant and isinstance(outcome, Failure) and outcome.status == "exception"

    def _check_stale(self, operations: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
        gone: set[int] = set()
        for operation, outcome in zip(operations, outcomes, strict=True):
            if not isinstance(outcome, Failure):
                continue
            if outcome.status == "stale" and operation.instance not in gone:
                raise Garbled("the worker lost an instance")
            if self._lets_go(operation, outcome):
                gone.add(operation.instance)

    def _returned(self, lane: Lane, operation: Any, outcome: Outcome) -> None:
        journal = self._journals[operation.instance]
        if not isinstance(outcome, Failure):
            journal.deaths = 0
            return
        lane.free(operation.instance)
        journal.deaths += 1
        if outcome.status not in ("memory", "timeout") or journal.deaths >= _DEATHS:
            journal.lost = (
                "the instance cannot be brought back, since what succeeded before did not succeed "
                f"again ({outcome.status}: {outcome.error}): the class is not deterministic"
            )

    def _credit(self) -> int:
        return len(self._journals) // _GOOD

    def _forget(self, lane: Lane, operations: Sequence[Any]) -> None:
        for operation in operations:
            lane.live.discard(operation.instance)

    def _blame(self, operation: Any) -> None:
        """Let the instance go on where no other suffers, until it has killed too often."""
        if self._solitary is None:
            self._solitary = Lane()
            self._lanes.append(self._solitary)
        journal = self._journals[operation.instance]
        journal.lane = self._solitary
        journal.kills += 1
        if journal.kills >= _KILLS:
            journal.lost = f"the instance was given up after it ended {journal.kills} workers"

    def _suspect(self, operation: Any, reason: str, *, sure: bool) -> None:
        journal = self._journals[operation.instance]
        journal.deaths += 1
        if sure or journal.deaths >= _DEATHS:
            journal.lost = f"the instance cannot be brought back: its worker died of it: {reason}"

"""A generated class as the host handles it: instances, calls, snapshots.

The host remembers of each instance how it was built and the calls that changed it since; from that
a new worker is brought to the state of a dead one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from ..errors import GeneratedCodeError
from ..state import Difference, Json
from .link import Worker
from .protocol import (
    AnyOperation,
    Build,
    Differ,
    Digest,
    Drop,
    Export,
    Load,
    Operation,
    Outcome,
    Step,
)
from .sealed import Reply, Sealed, encode, order_of, read, reply_of

_REBASE_CALLS = 32
"""Changing calls after which an instance's state is fetched, so that replays stay short."""

_differences = msgspec.json.Decoder(list[Difference]).decode
_state = msgspec.json.Decoder(dict[str, Any]).decode
_text = msgspec.json.Decoder(str).decode


class Call(NamedTuple):
    """A call of a tool on an instance."""

    instance: int
    tool: str
    arguments: dict[str, Json]


class Snapshot(msgspec.Struct, frozen=True):
    """All that an instance needs to go on identically, here or in another worker."""

    state: dict[str, Json]
    seed: int
    writes: int
    """Successful state changes so far."""


class Journal:
    """How to make an instance again: its build, and the calls that changed it since."""

    __slots__ = ("build", "calls", "writes")

    def __init__(self, build: Build) -> None:
        self.build = build
        self.calls: list[Step] = []
        self.writes = build.writes

    def add(self, call: Step, writes: int) -> None:
        if writes != self.writes:
            self.calls.append(call)
            self.writes = writes


class SealedClass(Sealed):
    """A generated class in a worker, and its instances.

    Methods take instances by the numbers that `create` gave; an unknown number is a KeyError.
    All but `close` raise GeneratedCodeError once the source has been given up.
    """

    def __init__(self, spawn: Callable[[], Worker], source: Load) -> None:
        super().__init__(spawn, source)
        self.class_name: str = self._loaded.name
        self.tools: tuple[dict[str, Json], ...] = tuple(self._loaded.tools)
        """{"name", "description", "parameters": JSON Schema} of each public method, in order."""
        self._journals: dict[int, Journal] = {}
        self._next = 0

    def create(self, states: Iterable[dict[str, Json]], *, seed: int = 0) -> list[int]:
        """New instances, one for each initial state (a JSON value).

        Raises:
            GeneratedCodeError: the constructor failed for one of them; none is kept.
        """
        with self._lock:
            operations = [
                Build(self._next + n, seed, encode(state)) for n, state in enumerate(states)
            ]
            self._next += len(operations)
            outcomes = self._run(operations)
            for operation, outcome in zip(operations, outcomes, strict=True):
                if outcome.status != "ok":
                    if self._ended is None:
                        self.drop(o.instance for o in operations if o.instance in self._journals)
                    raise GeneratedCodeError(
                        f"{self.class_name} cannot be built from the initial state "
                        f"number {operation.instance - operations[0].instance}: "
                        f"{outcome.status}: {outcome.error}"
                    )
            return [operation.instance for operation in operations]

    def step(self, calls: Iterable[Call]) -> list[Reply]:
        """Carry out calls in order; one that does not end "ok" leaves its instance as it was."""
        with self._lock:
            operations: list[Step] = []
            refused: dict[int, Reply] = {}
            for index, call in enumerate(calls):
                self._known([call.instance])
                try:
                    operations.append(_step(call))
                except (TypeError, ValueError, RecursionError) as error:
                    refused[index] = Reply("exception", None, f"the call is not JSON: {error}")
            replies = list(map(reply_of, self._run(operations)))
            self._rebase()
            for index, reply in refused.items():
                replies.insert(index, reply)
            return replies

    def snapshot(self, instances: Iterable[int]) -> list[Snapshot]:
        """The instances as they are now."""
        with self._lock:
            chosen = self._known(instances)
            seeds = [self._journals[instance].build.seed for instance in chosen]
            outcomes = self._report([Export(instance) for instance in chosen])
            return [
                Snapshot(read(_state, outcome), seed, outcome.writes)
                for outcome, seed in zip(outcomes, seeds, strict=True)
            ]

    def restore(self, instance: int, snapshot: Snapshot) -> None:
        """Put an instance into the state of a snapshot; `diff` counts from there."""
        with self._lock:
            self._known([instance])
            state, writes = encode(snapshot.state), snapshot.writes
            self._report([Build(instance, snapshot.seed, state, writes, fresh=False)])

    def diff(self, instances: Iterable[int]) -> list[list[Difference]]:
        """Where each instance differs from what it was right after `create` or `restore`."""
        with self._lock:
            outcomes = self._report([Differ(instance) for instance in self._known(instances)])
            found = [read(_differences, outcome) for outcome in outcomes]
            if not all(difference.path for differences in found for difference in differences):
                raise GeneratedCodeError("the source tampers with its worker: an empty path")
            return found

    def hash(self, instances: Iterable[int]) -> list[str]:
        """The digest (`envscaler.runtime.state.digest`) of each instance's state."""
        with self._lock:
            outcomes = self._report([Digest(instance) for instance in self._known(instances)])
            return [read(_text, outcome) for outcome in outcomes]

    def drop(self, instances: Iterable[int]) -> None:
        """Forget instances."""
        with self._lock:
            self._report([Drop(instance) for instance in self._known(instances)])

    def _known(self, instances: Iterable[int]) -> list[int]:
        chosen = list(instances)
        missing = [instance for instance in chosen if instance not in self._journals]
        if missing:
            raise KeyError(f"no instance {missing[0]!r}: it was never created, or was dropped")
        return chosen

    def _report(self, operations: Sequence[AnyOperation]) -> list[Outcome]:
        """Outcomes of operations that run no generated method, and so have no reason to fail."""
        outcomes = self._run(operations)
        for operation, outcome in zip(operations, outcomes, strict=True):
            if outcome.status != "ok":
                what = type(operation).__name__.lower()
                raise GeneratedCodeError(f"{what} failed: {outcome.status}: {outcome.error}")
        return outcomes

    # -------------------------------------------------------------- journal

    def _settle(self, operation: Operation, outcome: Outcome) -> None:
        if outcome.status != "ok":
            return
        if isinstance(operation, Build):
            self._journals[operation.instance] = Journal(operation)
        elif isinstance(operation, Step):
            self._journals[operation.instance].add(operation, outcome.writes)
        elif isinstance(operation, Drop):
            del self._journals[operation.instance]

    def _rebuild(self) -> None:
        operations: list[AnyOperation] = []
        for journal in self._journals.values():
            operations += [journal.build, *journal.calls]
        while operations:
            batch = order_of(operations)
            outcomes, death = self._worker.exchange(batch)
            if death is not None or any(outcome.status != "ok" for outcome in outcomes):
                raise GeneratedCodeError(
                    "what succeeded before did not succeed again: the class is not deterministic"
                )
            del operations[: len(batch)]

    def _rebase(self) -> None:
        """Let long journals start from the present."""
        long = [n for n, journal in self._journals.items() if len(journal.calls) >= _REBASE_CALLS]
        if not long or self._ended is not None:
            return
        now = self._report([Export(instance) for instance in long])
        base = self._report([Export(instance, base=True) for instance in long])
        for instance, present, first in zip(long, now, base, strict=True):
            seed = self._journals[instance].build.seed
            build = Build(instance, seed, present.value, present.writes, first.value, fresh=False)
            self._journals[instance] = Journal(build)


def _step(call: Call) -> Step:
    call.tool.encode()  # half a surrogate pair can be a Python string, but no text
    return Step(call.instance, call.tool, encode(call.arguments))

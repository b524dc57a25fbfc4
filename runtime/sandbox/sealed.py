"""Generated classes and checks as the host handles them: each in a sealed worker of its own.

The worker may die at any time; from what the host remembers (the first state of each instance and
the calls that changed it) it is made again, so that one hostile call harms no neighbour.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from ..errors import GeneratedCodeError, SandboxError
from ..state import Difference, Json
from .link import Worker
from .protocol import (
    ORDER_BYTES,
    ORDER_OPERATIONS,
    AnyOperation,
    Build,
    Differ,
    Digest,
    Drop,
    Evaluate,
    Export,
    Load,
    Operation,
    Outcome,
    Status,
    Step,
)

MOST_KILLS = 3
"""After so many kills a source is given up."""
_REBASE_CALLS = 32
"""Changing calls after which an instance's state is fetched, so that replays stay short."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_differences = msgspec.json.Decoder(list[Difference]).decode
_state = msgspec.json.Decoder(dict[str, Any]).decode
_text = msgspec.json.Decoder(str).decode


class Reply(NamedTuple):
    """How a call ended; `value` is None unless the status is "ok", `error` is empty when it is."""

    status: Status
    value: Json
    error: str
    """For example "KeyError: 'x' (line 42, in rent_unit)"."""


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


class _Sealed:
    """A loaded source and its worker, which is made again when it dies; thread-safe."""

    def __init__(self, spawn: Callable[[], Worker], source: Load) -> None:
        self._spawn = spawn
        self._source = source
        self._lock = threading.RLock()
        self._kills = 0
        self._given_up = ""
        self._closed = False
        self._worker, self._loaded = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; closing twice is fine."""
        with self._lock:
            self._closed = True
            self._worker.close()

    def _start(self) -> tuple[Worker, dict[str, Json]]:
        """A worker with the source loaded, and what the load reported."""
        worker = self._spawn()
        try:
            outcomes, death = worker.exchange([self._source])
            if death is not None:
                raise GeneratedCodeError(f"loading the source broke its worker: {death.reason}")
            if outcomes[0].status != "ok":
                raise GeneratedCodeError(f"the source cannot be used:\n{outcomes[0].error}")
        except BaseException:
            worker.close()
            raise
        return worker, _state(outcomes[0].value)

    def _run(self, operations: Sequence[AnyOperation]) -> list[Outcome]:
        """One outcome for each operation, whatever becomes of the worker."""
        self._check_open()
        results: list[Outcome] = []
        condemned: dict[int, Outcome] = {}
        while len(results) < len(operations):
            start = len(results)
            if start in condemned:
                results.append(condemned[start])
                continue
            stop = min((n for n in condemned if n > start), default=len(operations))
            batch = _order(operations[start:stop])
            outcomes, death = self._worker.exchange(batch)
            for operation, outcome in zip(batch, outcomes, strict=False):
                self._settle(operation, outcome)
            results += outcomes
            if death is not None:
                killed = Outcome("killed", error=death.reason)
                condemned[start + death.blamed] = killed
                self._recover(death.reason)
            if self._given_up:
                results += [killed] * (len(operations) - len(results))
        return results

    def _check_open(self) -> None:
        if self._closed:
            raise SandboxError("this source was closed; open it again with Pool.open")
        if self._given_up:
            raise GeneratedCodeError(self._given_up)

    def _recover(self, reason: str) -> None:
        """Replace the dead worker by one in the same state, unless the source is past hope."""
        self._kills += 1
        self._worker.close()
        if self._kills >= MOST_KILLS:
            self._given_up = (
                f"the source was given up after {self._kills} kills; the last: {reason}"
            )
            return
        try:
            self._worker, _ = self._start()
            self._rebuild()
        except GeneratedCodeError as error:
            self._worker.close()
            self._given_up = f"the source could not be started again after a kill: {error}"

    def _rebuild(self) -> None:
        """Bring a new worker to the state of the dead one."""

    def _settle(self, operation: Operation, outcome: Outcome) -> None:
        """Remember what has been done."""


class SealedClass(_Sealed):
    """A generated class in a worker, and its instances.

    Methods take instances by the numbers that `create` gave; an unknown number is a KeyError.
    All but `close` raise GeneratedCodeError once the source has been given up.
    """

    def __init__(self, spawn: Callable[[], Worker], source: Load) -> None:
        super().__init__(spawn, source)
        self.class_name: str = self._loaded["name"]
        self.tools: tuple[dict[str, Json], ...] = tuple(self._loaded["tools"])
        """{"name", "description", "parameters": JSON Schema} of each public method, in order."""
        self._journals: dict[int, _Journal] = {}
        self._next = 0

    def create(self, states: Iterable[dict[str, Json]], *, seed: int = 0) -> list[int]:
        """New instances, one for each initial state.

        Raises:
            GeneratedCodeError: the constructor failed for one of them; none is kept.
        """
        with self._lock:
            operations = [
                Build(self._next + n, seed, _encode(state)) for n, state in enumerate(states)
            ]
            self._next += len(operations)
            outcomes = self._run(operations)
            for operation, outcome in zip(operations, outcomes, strict=True):
                if outcome.status != "ok":
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
                self._journals[call.instance]
                try:
                    arguments = _encode(call.arguments)
                except (TypeError, ValueError, RecursionError) as error:
                    refused[index] = Reply("exception", None, f"arguments are not JSON: {error}")
                else:
                    operations.append(Step(call.instance, call.tool, arguments))
            replies = list(map(_reply, self._run(operations)))
            self._rebase()
            for index, reply in refused.items():
                replies.insert(index, reply)
            return replies

    def snapshot(self, instances: Iterable[int]) -> list[Snapshot]:
        """The instances as they are now."""
        with self._lock:
            chosen = list(instances)
            seeds = [self._journals[instance].build.seed for instance in chosen]
            outcomes = self._report([Export(instance) for instance in chosen])
            return [
                Snapshot(_state(outcome.value), seed, outcome.writes)
                for outcome, seed in zip(outcomes, seeds, strict=True)
            ]

    def restore(self, instance: int, snapshot: Snapshot) -> None:
        """Put an instance into the state of a snapshot; `diff` counts from there."""
        with self._lock:
            self._journals[instance]
            state, writes = _encode(snapshot.state), snapshot.writes
            self._report([Build(instance, snapshot.seed, state, writes, fresh=False)])

    def diff(self, instances: Iterable[int]) -> list[list[Difference]]:
        """Where each instance differs from what it was right after `create` or `restore`."""
        with self._lock:
            outcomes = self._report([Differ(instance) for instance in self._known(instances)])
            return [_differences(outcome.value) for outcome in outcomes]

    def hash(self, instances: Iterable[int]) -> list[str]:
        """The digest (`envscaler.runtime.state.digest`) of each instance's state."""
        with self._lock:
            outcomes = self._report([Digest(instance) for instance in self._known(instances)])
            return [_text(outcome.value) for outcome in outcomes]

    def drop(self, instances: Iterable[int]) -> None:
        """Forget instances."""
        with self._lock:
            self._report([Drop(instance) for instance in self._known(instances)])

    def _known(self, instances: Iterable[int]) -> list[int]:
        chosen = list(instances)
        for instance in chosen:
            self._journals[instance]
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
            self._journals[operation.instance] = _Journal(operation)
        elif isinstance(operation, Step):
            self._journals[operation.instance].add(operation, outcome.writes)
        elif isinstance(operation, Drop):
            del self._journals[operation.instance]

    def _rebuild(self) -> None:
        operations: list[AnyOperation] = []
        for journal in self._journals.values():
            operations += [journal.build, *journal.calls]
        while operations:
            batch = _order(operations)
            outcomes, death = self._worker.exchange(batch)
            if death is not None or any(outcome.status != "ok" for outcome in outcomes):
                raise GeneratedCodeError(
                    "what succeeded before did not succeed again: the class is not deterministic"
                )
            del operations[: len(batch)]

    def _rebase(self) -> None:
        """Let long journals start from the present."""
        long = [n for n, journal in self._journals.items() if len(journal.calls) >= _REBASE_CALLS]
        if not long or self._given_up:
            return
        now = self._report([Export(instance) for instance in long])
        base = self._report([Export(instance, base=True) for instance in long])
        for instance, present, first in zip(long, now, base, strict=True):
            seed = self._journals[instance].build.seed
            build = Build(instance, seed, present.value, present.writes, first.value, fresh=False)
            self._journals[instance] = _Journal(build)


class SealedChecks(_Sealed):
    """A generated function in a worker that sees nothing but its arguments."""

    def evaluate(self, arguments: Iterable[Sequence[Json]]) -> list[Reply]:
        """Call the function once for each tuple of positional arguments."""
        with self._lock:
            return list(map(_reply, self._run([Evaluate(_encode(list(a))) for a in arguments])))


class _Journal:
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


def _order(operations: Sequence[AnyOperation]) -> list[AnyOperation]:
    """As many of the first operations as one order may hold, at least one."""
    batch: list[AnyOperation] = []
    weight = 0
    for operation in operations[:ORDER_OPERATIONS]:
        weight += operation.weight()
        if batch and weight > ORDER_BYTES:
            break
        batch.append(operation)
    return batch


def _reply(outcome: Outcome) -> Reply:
    value = _decode(outcome.value) if outcome.status == "ok" else None
    return Reply(outcome.status, value, outcome.error)

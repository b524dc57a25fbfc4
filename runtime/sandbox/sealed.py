"""A generated source as the host handles it: in a sealed worker of its own.

The worker may die at any time; it is made again from what the host remembers, so that one hostile
call harms no neighbour.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Self, TypeVar

import msgspec

from ..errors import EnvscalerError, GeneratedCodeError, SandboxError
from ..state import Json
from .link import Worker
from .protocol import (
    ORDER_BYTES,
    ORDER_OPERATIONS,
    AnyOperation,
    Evaluate,
    Load,
    Operation,
    Outcome,
    Status,
)

MOST_KILLS = 3
"""After so many kills a source is given up."""

encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
T = TypeVar("T")


class Schema(msgspec.Struct):
    """What every schema of a tool that a worker describes must look like."""

    type: str | list[str] = ""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    items: Schema | None = None
    anyOf: list[Schema] = []
    enum: list[Json] = []
    description: str = ""
    additionalProperties: bool | Schema = True


class Tool(msgspec.Struct):
    """What every tool that a worker describes must look like."""

    name: str
    description: str
    parameters: Schema


class _Described(msgspec.Struct):
    tools: list[Tool]


class Loaded(msgspec.Struct):
    """What a source offers once it is loaded."""

    name: str
    tools: list[dict[str, Json]]


_described = msgspec.json.Decoder(_Described).decode
_loaded = msgspec.json.Decoder(Loaded).decode


class Reply(NamedTuple):
    """How a call ended; `value` is None unless the status is "ok", `error` is empty when it is."""

    status: Status
    value: Json
    error: str
    """For example "KeyError: 'x' (line 42, in rent_unit)"."""


class Sealed:
    """A loaded source and its worker, which is made again when it dies; thread-safe."""

    def __init__(self, spawn: Callable[[], Worker], source: Load) -> None:
        self._spawn = spawn
        self._source = source
        self._lock = threading.RLock()
        self._kills = 0
        self._host = os.getpid()
        self._ended: EnvscalerError | None = None
        self._worker, self._loaded = self._start()
        self.layers = self._worker.layers
        """The protections that hold in the worker."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; closing twice is fine."""
        with self._lock:
            self._ended = SandboxError("this source was closed; open it again with the pool")
            self._worker.close()

    def _start(self) -> tuple[Worker, Loaded]:
        """A worker with the source loaded, and what the load reported."""
        worker = self._spawn()
        try:
            outcomes, death = worker.exchange([self._source])
            if death is not None:
                raise GeneratedCodeError(f"loading the source broke its worker: {death.reason}")
            if outcomes[0].status != "ok":
                raise GeneratedCodeError(f"the source cannot be used:\n{outcomes[0].error}")
            read(_described, outcomes[0])
            return worker, read(_loaded, outcomes[0])
        except BaseException:
            worker.close()
            raise

    def _run(self, operations: Sequence[AnyOperation]) -> list[Outcome]:
        """One outcome for each operation, whatever becomes of the worker."""
        self._check_open()
        results: list[Outcome] = []
        condemned: dict[int, Outcome] = {}
        singly = False
        while len(results) < len(operations):
            start = len(results)
            if start in condemned:
                results.append(condemned[start])
                continue
            stop = min((n for n in condemned if n > start), default=len(operations))
            batch = order_of(operations[start : start + 1 if singly else stop])
            outcomes, death = self._worker.exchange(batch)
            for operation, outcome in zip(batch, outcomes, strict=False):
                self._settle(operation, outcome)
            results += outcomes
            if death is not None:
                killed = Outcome("killed", error=death.reason)
                exact = death.certain or len(batch) == 1
                if exact:
                    condemned[start + death.blamed] = killed
                else:
                    singly = True
                self._recover(death.reason, count=exact)
                if self._ended is not None:
                    results += [killed] * (len(operations) - len(results))
        return results

    def _check_open(self) -> None:
        if os.getpid() != self._host:
            raise SandboxError(
                "this source was opened before a fork; open it again in this process"
            )
        if self._ended is not None:
            raise type(self._ended)(str(self._ended))

    def _recover(self, reason: str, *, count: bool) -> None:
        """Replace the dead worker by one in the same state, unless the source is past hope.

        A death that will be looked into by going on singly does not count yet.
        """
        self._kills += count
        self._worker.close()
        if self._kills >= MOST_KILLS:
            self._ended = GeneratedCodeError(
                f"the source was given up after {self._kills} kills; the last: {reason}"
            )
            return
        try:
            self._worker, _ = self._start()
            self._rebuild()
        except GeneratedCodeError as error:
            self._worker.close()
            self._ended = error
        except SandboxError as error:
            self._ended = error
            raise

    def _rebuild(self) -> None:
        """Bring a new worker to the state of the dead one."""

    def _settle(self, operation: Operation, outcome: Outcome) -> None:
        """Remember what has been done."""


class SealedChecks(Sealed):
    """A generated function in a worker that sees nothing but its arguments."""

    def evaluate(self, arguments: Iterable[Sequence[Json]]) -> list[Reply]:
        """Call the function once for each tuple of positional arguments."""
        with self._lock:
            return list(map(reply_of, self._run([Evaluate(encode(list(a))) for a in arguments])))


def order_of(operations: Sequence[AnyOperation]) -> list[AnyOperation]:
    """As many of the first operations as one order may hold, at least one."""
    batch: list[AnyOperation] = []
    weight = 0
    for operation in operations[:ORDER_OPERATIONS]:
        weight += operation.weight()
        if batch and weight > ORDER_BYTES:
            break
        batch.append(operation)
    return batch


def read(decode: Callable[[bytes], T], outcome: Outcome) -> T:
    """The value of an outcome.

    Raises:
        GeneratedCodeError: it is not what a worker sends that has not been tampered with.
    """
    try:
        return decode(outcome.value)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise GeneratedCodeError(f"the source tampers with its worker: {error}") from error


def reply_of(outcome: Outcome) -> Reply:
    """An outcome of generated code for the caller."""
    if outcome.status != "ok":
        return Reply(outcome.status, None, outcome.error)
    try:
        return Reply("ok", read(_decode, outcome), "")
    except GeneratedCodeError as error:
        return Reply("not json", None, str(error))

"""What host, zygote and workers say to each other: limits, operations, outcomes, frames.

A frame is a length (four bytes, little endian) and that many bytes of msgpack. The host sends an
`Order` of operations and gets one or more `Answer`s with one outcome per operation, in order, so
that what was done before a worker died is not lost. Every JSON value (state, arguments, result)
travels as JSON text inside the msgpack: whatever a worker claims, the host can only read JSON.
"""

from __future__ import annotations

import struct
from typing import Annotated, Literal

import msgspec

Status = Literal[
    "ok", "exception", "timeout", "oversize", "memory", "recursion", "killed", "not json"
]

ORDER_OPERATIONS = 256
ORDER_BYTES = 2 << 20
"""An order holds at most so many operations, and is closed after so many bytes of JSON."""
ANSWER_BYTES = 1 << 20
"""A worker sends an answer as soon as its outcomes hold so many bytes."""
PAGE_BYTES = 8
"""The progress page: the number, from 1, of the running operation of the order; 0 when idle."""
READY = b"ready"
"""The zygote's first words."""
ERROR_TEXT = 4096
"""Characters of an outcome's error; the host takes no longer one."""
_LENGTH = struct.Struct("<I")


class Limits(msgspec.Struct, frozen=True):
    """What one worker and each call in it may use."""

    soft_seconds: float = 0.25
    """CPU seconds of a call before it is interrupted; loading a source may take four times that."""
    hard_seconds: float = 2.0
    """Seconds without progress before the worker is killed."""
    memory_bytes: int = 512 << 20
    """Address space of a worker."""
    output_bytes: int = 1 << 20
    """JSON text of one result."""
    state_bytes: int = 8 << 20
    """JSON text of one instance's state."""

    def answer_cap(self) -> int:
        """The longest frame that an honest worker sends: one full value more than it gathers."""
        return 2 * ANSWER_BYTES + max(self.output_bytes, 3 * self.state_bytes)


# ------------------------------------------------------------------ operations


class Operation(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Something a worker is asked to do; its class name is its tag."""

    def weight(self) -> int:
        """Bytes of JSON text inside."""
        return 0


class Load(Operation, frozen=True, array_like=True, tag=True):
    """Take in a source: the first operation that a worker gets."""

    source: str
    kind: Literal["class", "function"]
    name: str | None
    """The class or function to use; None: the only class with public methods."""
    native: bool = True
    guarded: bool = True
    """Whether policy, guarded builtins and shims apply; only tests of the seal switch them off."""


class Build(Operation, frozen=True, array_like=True, tag=True):
    """Make an instance: from its first state by the constructor, or as it was once snapshot."""

    instance: int
    seed: int
    state: bytes
    writes: int = 0
    base: bytes | None = None
    """What differences are taken against; None: the state once it is built."""
    fresh: bool = True
    """True: exactly what the constructor makes of `state`; False: the very state `state`."""

    def weight(self) -> int:
        return len(self.state) + len(self.base or b"")


class Step(Operation, frozen=True, array_like=True, tag=True):
    """Call a tool."""

    instance: int
    tool: str
    arguments: bytes

    def weight(self) -> int:
        return len(self.arguments)


class Export(Operation, frozen=True, array_like=True, tag=True):
    """Hand out an instance's state, or the state that differences are taken against."""

    instance: int
    base: bool = False


class Differ(Operation, frozen=True, array_like=True, tag=True):
    """Hand out where an instance's state differs from its base."""

    instance: int


class Digest(Operation, frozen=True, array_like=True, tag=True):
    """Hand out the digest of an instance's state."""

    instance: int


class Drop(Operation, frozen=True, array_like=True, tag=True):
    """Forget an instance."""

    instance: int


class Evaluate(Operation, frozen=True, array_like=True, tag=True):
    """Call the loaded function on a JSON list of arguments."""

    arguments: bytes

    def weight(self) -> int:
        return len(self.arguments)


AnyOperation = Load | Build | Step | Export | Differ | Digest | Drop | Evaluate


class Order(msgspec.Struct, frozen=True, array_like=True):
    """Operations to carry out in order; `number` stands in every answer to them."""

    number: int
    operations: list[AnyOperation]


# ------------------------------------------------------------------ answers


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """How one operation ended; `value` is JSON text, empty unless the status is "ok"."""

    status: Status
    value: bytes = b""
    error: Annotated[str, msgspec.Meta(max_length=ERROR_TEXT)] = ""
    writes: int = 0
    """Successful state changes of the instance so far."""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """Outcomes of the next operations of an order."""

    number: int
    outcomes: list[Outcome]


class Hello(msgspec.Struct, frozen=True, array_like=True):
    """A worker's first words."""

    layers: tuple[str, ...]
    """The protections that hold."""
    fault: str
    """Why the worker is not sealed; empty when it is."""


# ------------------------------------------------------------------ zygote


class Spawn(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Fork a worker; its socket and its progress page travel beside this frame."""

    limits: Limits


class Kill(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Kill a worker and wait until it is gone."""

    pid: int


Command = Spawn | Kill


# ------------------------------------------------------------------ frames

_ENCODER = msgspec.msgpack.Encoder()


def frame(message: msgspec.Struct) -> bytes:
    """A message with its length in front."""
    body = _ENCODER.encode(message)
    return _LENGTH.pack(len(body)) + body


def frame_length(head: bytes | bytearray) -> int:
    """The number of bytes that follow a head of `HEAD_BYTES`."""
    return int(_LENGTH.unpack_from(head)[0])


HEAD_BYTES = _LENGTH.size

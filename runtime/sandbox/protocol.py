"""What host, zygote and workers say to each other: limits, operations, outcomes, frames.

A frame is a length (four bytes, little endian) and that many bytes of msgpack. The host sends an
`Order` of operations and gets one or more `Answer`s with one outcome per operation, in order, so
that what was done before a worker died is not lost. Every JSON value (state, arguments, result)
travels as JSON text inside the msgpack: whatever a worker claims, the host can only read JSON.
"""

from __future__ import annotations

import os
import struct
from typing import Annotated, Literal

import msgspec

from ..state import Json

Trouble = Literal[
    "exception",
    "timeout",
    "oversize",
    "memory",
    "recursion",
    "not json",
    "refused",
    "killed",
    "stale",
]
"""How an operation may fail; "refused": that is no call that can be made. "stale" never reaches a
caller: the worker does not hold the instance."""
Status = Literal["ok", Trouble]
Profile = Literal["native", "imported", "upstream"]
"""What a source may expect.

native: our own classes: neither clock nor chance; their state is JSON on public attributes.
imported: classes from elsewhere: a clock that stands still, chance that derives from a seed, and
private state.
upstream: imported, and a call that raises keeps what it changed; states may hold typed markers.
"""

ORDER_OPERATIONS = 256
ORDER_BYTES = 2 << 20
"""An order holds at most so many operations, and is closed after so many bytes of JSON."""
FEW_OPERATIONS = 4
"""While so few operations are under way, host and worker keep awake a moment for each other."""
ANSWER_BYTES = 1 << 20
"""A worker sends an answer as soon as its outcomes hold so many bytes."""
PAGE_BYTES = 8
"""The progress page is one integer; 0 when the worker is idle."""
INDEX_BITS = 0xFFFF_FFFF
"""Its lower half: the number, from 1, of the running operation; the upper half counts its steps."""
READY = b"ready"
"""The zygote's first words."""
ERROR_TEXT = 4096
"""Characters of an outcome's error; the host takes no longer one."""
_LENGTH = struct.Struct("<I")


def _half_of_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError):  # this system does not tell
        return 4 << 30


class Limits(msgspec.Struct, frozen=True):
    """What one worker and each call in it may use."""

    soft_seconds: float = 0.25
    """CPU seconds of a call before it is interrupted; loading a source may take twice that."""
    hard_seconds: float = 1.0
    """Seconds without progress before the worker is killed."""
    memory_bytes: int = 512 << 20
    """Address space of a worker beside what the states of its instances need."""
    worker_bytes: int = _half_of_memory()
    """Address space of a worker in all: half of the machine's memory, if not told."""
    output_bytes: int = 1 << 20
    """JSON text of one result."""
    state_bytes: int = 8 << 20
    """JSON text of one instance's state."""

    def answer_cap(self) -> int:
        """The longest frame that an honest worker sends: one full value more than it gathers."""
        return 2 * ANSWER_BYTES + max(self.output_bytes, 3 * self.state_bytes)


class PackageObject(msgspec.Struct, frozen=True, array_like=True):
    """A class of an installed package, one object of which belongs to each instance."""

    target: str
    """"package.module:Class"."""
    load: str | None = None
    """The method that a fresh object is given its state by; None: attributes are set."""
    options: dict[str, Json] = {}
    """Further keyword arguments for `load`."""


# ------------------------------------------------------------------ operations


class Operation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Something a worker is asked to do."""

    def weight(self) -> int:
        """Bytes of JSON text inside."""
        return 0


class Load(Operation, frozen=True, array_like=True, gc=False, tag=0):
    """Take in a source: the first operation that a worker gets."""

    source: str
    kind: Literal["class", "function", "package"]
    name: str | None = None
    """The class or function to use; None: the only class with public methods."""
    profile: Profile = "native"
    strict: bool = False
    """Whether states and what instances share are looked at after every call."""
    isolated: bool = False
    """Whether each instance gets a module of its own, because instances would share too much."""
    guarded: bool = True
    """Whether policy, guarded builtins and shims apply; only tests of the seal switch them off."""


class Build(Operation, frozen=True, array_like=True, gc=False, tag=1):
    """Make an instance."""

    instance: int
    state: bytes
    """JSON text for the constructor, or an image that `Export` gave."""
    seed: int = 0
    image: bool = False
    calls: tuple[tuple[str, bytes], ...] = ()
    """Tools and arguments of calls that are to be made again."""
    look: bool = False
    """Whether to make sure that what the constructor made is JSON."""

    def weight(self) -> int:
        return len(self.state) + sum(len(arguments) for _, arguments in self.calls)


class Step(Operation, frozen=True, array_like=True, gc=False, tag=2):
    """Call a tool."""

    instance: int
    tool: str
    arguments: bytes

    def weight(self) -> int:
        return len(self.arguments)


class Export(Operation, frozen=True, array_like=True, gc=False, tag=3):
    """Hand out an instance's state."""

    instance: int
    image: bool = False
    """Whether to hand out the whole object, pickled: bytes for a `Build` in another worker."""


class Differ(Operation, frozen=True, array_like=True, gc=False, tag=4):
    """Hand out where an instance's state differs from another."""

    instance: int
    state: bytes
    seed: int
    text: bytes
    """JSON text of the other state; if empty, what the constructor makes of `state` counts."""

    def weight(self) -> int:
        return len(self.state) + len(self.text)


class Digest(Operation, frozen=True, array_like=True, gc=False, tag=5):
    """Hand out the digest of an instance's state."""

    instance: int


class Drop(Operation, frozen=True, array_like=True, gc=False, tag=6):
    """Forget an instance."""

    instance: int


class Evaluate(Operation, frozen=True, array_like=True, gc=False, tag=7):
    """Call the loaded function on a JSON list of arguments."""

    arguments: bytes

    def weight(self) -> int:
        return len(self.arguments)


OnInstance = Build | Step | Export | Differ | Digest | Drop
AnyOperation = Load | OnInstance | Evaluate


class Order(msgspec.Struct, frozen=True, array_like=True):
    """Operations to carry out in order; `number` stands in every answer to them."""

    number: int
    operations: list[AnyOperation]


# ------------------------------------------------------------------ answers


class Failure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An operation that did not end well."""

    status: Trouble
    error: Annotated[str, msgspec.Meta(max_length=ERROR_TEXT)] = ""


Outcome = Annotated[bytes, msgspec.Meta(min_length=1)] | Failure
"""How an operation ended: JSON text where it went well."""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """Outcomes of the next operations of an order."""

    number: int
    outcomes: list[Outcome]
    leak: Annotated[str, msgspec.Meta(max_length=ERROR_TEXT)] = ""
    """Something that all instances share and that this order changed; it has been put back."""


class Hello(msgspec.Struct, frozen=True, array_like=True):
    """A worker's first words."""

    layers: tuple[str, ...]
    """The protections that hold."""
    fault: str
    """Why the worker is not sealed; empty when it is."""
    trouble: str = ""
    """Why a package could not be imported; empty when all could."""


# ------------------------------------------------------------------ zygote


class Spawn(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Fork a worker; its socket and its progress page travel beside this frame."""

    limits: Limits
    objects: dict[str, PackageObject] = {}
    """What the worker imports before it seals itself."""


class Kill(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Kill a worker and wait until it is gone."""

    pid: int


Command = Spawn | Kill


# ------------------------------------------------------------------ frames

_ENCODER = msgspec.msgpack.Encoder()


def frame(message: msgspec.Struct) -> bytearray:
    """A message with its length in front."""
    text = bytearray(HEAD_BYTES)
    _ENCODER.encode_into(message, text, HEAD_BYTES)
    _LENGTH.pack_into(text, 0, len(text) - HEAD_BYTES)
    return text


def frame_length(head: bytes | bytearray) -> int:
    """The number of bytes that follow a head of `HEAD_BYTES`."""
    return int(_LENGTH.unpack_from(head)[0])


HEAD_BYTES = _LENGTH.size

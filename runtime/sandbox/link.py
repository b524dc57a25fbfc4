"""The host's line to one worker: orders out, answers in, and the watchdog over both."""

from __future__ import annotations

import resource
import select
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from ..errors import ConfigurationError, SandboxError, SealUnavailable
from .keeper import Zygote
from .protocol import (
    ERROR_TEXT,
    HEAD_BYTES,
    INDEX_BITS,
    Answer,
    AnyOperation,
    Build,
    Differ,
    Evaluate,
    Export,
    Hello,
    Limits,
    Load,
    Order,
    Outcome,
    PackageObject,
    Step,
    frame,
    frame_length,
)

GLANCE_SECONDS = 0.05
"""How often the host looks whether a silent worker makes progress."""
_START_SECONDS = 60.0
_BUFFER_BYTES = 1 << 16
_AWAY_SECONDS = 1.0
"""After so long without a look, it is not the worker that was late."""
_LONGEST = 2.2
"""What may take longest takes twice the soft deadline; a tick of the clock is added."""
_PATIENCE = 5
"""A worker that got no CPU time on a busy machine may take so many times the hard deadline."""
_ANSWER = msgspec.msgpack.Decoder(Answer)
_HELLO = msgspec.msgpack.Decoder(Hello)
Message = TypeVar("Message")


class Broken(Exception):
    """The worker cannot be used further; its text says why."""


class Garbled(Broken):
    """The worker sent what no honest one sends; who did that cannot be known for certain."""


class Hung(Broken):
    """One operation took too long: whatever else is true of the worker, that one is to blame."""


class Worker:
    """The line to one worker; not thread-safe: its owner holds a lock.

    It has been forked when this returns, but seals itself meanwhile: `greet` waits for that.

    Raises:
        SandboxError: it could not be started.
    """

    def __init__(
        self,
        zygote: Zygote,
        limits: Limits,
        *,
        unsafe: bool,
        objects: Mapping[str, PackageObject] | None = None,
    ) -> None:
        self._zygote = zygote
        self._limits = limits
        self._unsafe = unsafe
        self._cap = limits.answer_cap()
        self._number = 0
        self._allowance = self._cap
        self._buffer = bytearray(_BUFFER_BYTES)
        self._filled = 0
        self._watch: _Watch | None = None
        self.outcomes: list[Outcome] = []
        """What the worker has answered to the present order so far."""
        self.leak = ""
        """Something shared that the present order changed."""
        self.room = limits.memory_bytes
        """Address space that the worker may use at present."""
        self.pid, self._socket, self._shared = zygote.spawn(limits, dict(objects or {}))
        self._page = memoryview(self._shared).cast("Q")
        self._socket.setblocking(False)
        self._vacancy = select.poll()
        self._vacancy.register(self._socket, select.POLLOUT)
        self._layers: tuple[str, ...] | None = None
        self._open = True
        self.resident = 0
        """Bytes of memory that the worker occupied when it was last looked at."""
        self._weighed = time.monotonic()

    def fileno(self) -> int:
        """The descriptor on which answers arrive."""
        return self._socket.fileno()

    @property
    def parent_alive(self) -> bool:
        """Whether the process that forked the worker lives; it takes its workers with it."""
        return self._zygote.alive

    def kill(self) -> None:
        """End the worker's process; safe from any thread, `close` is still to be called."""
        if self._open:
            self._zygote.kill(self.pid)

    def close(self) -> None:
        """Kill the worker and let go of everything that belongs to it."""
        if self._open:
            self.abandon()
            self._zygote.kill(self.pid)

    def forsake(self) -> None:
        """As `close`, but without waiting: for the garbage collector, which may run anywhere."""
        if self._open:
            self.abandon()
            self._zygote.doom(self.pid)

    def abandon(self) -> None:
        """Let go of the descriptors only; in a forked copy of the host the worker is not ours."""
        self._open = False
        self._socket.close()
        self._page.release()
        self._shared.close()

    @property
    def usable(self) -> bool:
        """Whether a worker that nothing was asked of yet has come up, or still may."""
        try:
            self.greet()
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:  # it is there and silent
            return self.parent_alive
        except (SandboxError, Broken, OSError):
            return False
        return False

    def greet(self) -> tuple[str, ...]:
        """Wait until the worker is sealed; the protections that hold.

        Raises:
            SealUnavailable: the worker could not seal itself, and `unsafe` is False.
            ConfigurationError: a package that it was to import cannot be imported.
            SandboxError: it did not come up.
            Broken: it came up and ended.
        """
        if self._layers is None:
            hello = self._hello()
            if hello.trouble:
                raise ConfigurationError(hello.trouble)
            if hello.fault and not self._unsafe:
                raise SealUnavailable(
                    f"generated code is not run, because a worker could not be sealed: "
                    f"{hello.fault}. Use Linux on x86-64 or aarch64 with seccomp, "
                    "or accept the risk with --unsafe (in Python: unsafe=True)"
                )
            self._layers = hello.layers
        return self._layers

    def _hello(self) -> Hello:
        end = time.monotonic() + _START_SECONDS
        arrival = select.poll()
        arrival.register(self._socket, select.POLLIN)
        while (hello := self._take(_HELLO)) is None:
            if arrival.poll(1000):
                self._fill()
            if time.monotonic() > end:
                raise SandboxError("a worker could not be sealed: it fell silent")
        return hello

    # -------------------------------------------------------------- orders

    def begin(self, operations: list[AnyOperation]) -> None:
        """Send an order; then call `advance` whenever the worker has sent something.

        Raises:
            Broken: the worker is of no further use.
        """
        self._number += 1
        self.outcomes, self.leak = [], ""
        self._page[0] = 0
        self._expected = len(operations)
        kinds = set(map(type, operations))
        calls = kinds <= {Step, Evaluate}
        sizes = self._expected * self._limits.output_bytes if calls else self._sizes(operations)
        self._allowance = self._cap + sizes
        steps = sum(len(one.calls) for one in operations if isinstance(one, Build))
        self._watch = _Watch(self.pid, self._limits, self._expected + steps)
        self._send(memoryview(frame(Order(self._number, operations))))

    def advance(self) -> bool:
        """Take in what has arrived; whether the order has been answered in full.

        Raises:
            Broken: the worker is of no further use.
        """
        self._fill()
        if self._watch is None:
            raise Garbled("the worker sent something that nobody asked for")
        while (answer := self._take(_ANSWER)) is not None:
            self._accept(answer)
        if len(self.outcomes) < self._expected:
            return False
        if self._filled:
            raise Garbled("the worker sent more than it was asked for")
        self._watch = None
        return True

    def _sizes(self, operations: list[AnyOperation]) -> int:
        """The bytes that honest outcomes of operations take at most."""
        limits = self._limits
        sizes = {Step: limits.output_bytes, Evaluate: limits.output_bytes}
        sizes |= dict.fromkeys((Load, Export, Differ), 3 * limits.state_bytes)
        return sum(sizes.get(type(operation), ERROR_TEXT) for operation in operations)

    def glance(self) -> None:
        """Look whether the order makes progress.

        Raises:
            Hung: it does not, and the time is up.
        """
        if self._watch is not None:
            self._watch.check(self._page[0])

    @property
    def running(self) -> int:
        """The index of the operation that the worker was at; -1 when at none."""
        return (self._page[0] & INDEX_BITS) - 1

    def _accept(self, answer: Answer) -> None:
        surplus = len(self.outcomes) + len(answer.outcomes) > self._expected
        if self._watch is None or answer.number != self._number or surplus or not answer.outcomes:
            raise Garbled("the worker sent an answer that nobody asked for")
        self._watch.reset()
        self.outcomes += answer.outcomes
        self.leak = self.leak or answer.leak

    # -------------------------------------------------------------- bytes

    def _take(self, decoder: msgspec.msgpack.Decoder[Message]) -> Message | None:
        """The message of the first frame in the buffer, once it has arrived in full."""
        if self._filled < HEAD_BYTES:
            return None
        end = HEAD_BYTES + frame_length(self._buffer)
        if end > min(self._cap, self._allowance):
            raise Garbled(f"the worker announced an answer of {end} bytes")
        if end > len(self._buffer):
            self._buffer.extend(bytes(end - len(self._buffer)))
        if self._filled < end:
            return None
        try:
            message = decoder.decode(memoryview(self._buffer)[HEAD_BYTES:end])
        except msgspec.MsgspecError as error:
            raise Garbled("the worker sent a malformed answer") from error
        self._buffer[: self._filled - end] = self._buffer[end : self._filled]
        self._filled -= end
        self._allowance -= end
        return message

    def _fill(self) -> None:
        """Take in what the socket holds."""
        try:
            count = self._socket.recv_into(memoryview(self._buffer)[self._filled :])
        except BlockingIOError:
            return
        except OSError as error:
            raise Broken(f"the worker ended ({error.strerror})") from error
        if not count:
            raise Broken("the worker ended")
        self._filled += count

    def _send(self, rest: memoryview) -> None:
        """Send a frame; a worker reads each in full before it starts."""
        end = time.monotonic() + _PATIENCE * self._limits.hard_seconds
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._vacancy.poll(GLANCE_SECONDS * 1000)
                if time.monotonic() > end:
                    raise Broken("the worker does not listen") from None
            except OSError as error:
                raise Broken(f"the worker ended ({error.strerror})") from error

    # -------------------------------------------------------------- memory

    def allow(self, needed: int, *, now: bool = False) -> None:
        """Give the worker room for `needed` bytes of states and as much as it occupies already.

        Raises:
            Broken: it is gone.
        """
        self._weigh(now=now)
        wanted = self._limits.memory_bytes + 2 * max(needed, self.resident)
        if min(wanted, self._limits.worker_bytes) <= self.room or sys.platform != "linux":
            return
        self.room = min(wanted + wanted // 4, self._limits.worker_bytes)
        try:
            _, hard = resource.prlimit(self.pid, resource.RLIMIT_AS)
            most = self.room if hard == resource.RLIM_INFINITY else min(self.room, hard)
            resource.prlimit(self.pid, resource.RLIMIT_AS, (most, hard))
        except OSError as error:
            raise Broken(f"the worker ended ({error.strerror})") from error

    def bloated(self, needed: int) -> bool:
        """Whether the worker occupies more than its instances explain."""
        self._weigh()
        return self.resident > 2 * needed + self._limits.memory_bytes // 2

    @property
    def full(self) -> bool:
        """Whether the worker occupies nearly all that it ever may."""
        return self.resident > self._limits.worker_bytes * 3 // 4

    def _weigh(self, *, now: bool = False) -> None:
        """Look how much memory the worker occupies; only now and then, unless it has to be now."""
        if not now and time.monotonic() < self._weighed + _WEIGH_SECONDS:
            return
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_bytes().split()[1])
        except (OSError, IndexError):  # no such file on this system, or the worker is gone
            pages = 0
        self.resident = pages * _PAGE
        self._weighed = time.monotonic()


_PAGE = resource.getpagesize()
_WEIGH_SECONDS = 0.1


class _Watch:
    """The hard deadline: notices when a worker stops making progress."""

    def __init__(self, pid: int, limits: Limits, count: int) -> None:
        self._pid = pid
        self._limits = limits
        self._seen = -1
        self._spent: float | None = None
        self._since = self._looked = time.monotonic()
        self._end = self._since + _PATIENCE * limits.hard_seconds * (count + 1)

    def reset(self) -> None:
        """The operation that runs now has just begun."""
        self._since = time.monotonic()
        self._spent = None

    def check(self, progress: int) -> None:
        """Raises `Hung` when the same operation has been running for too long."""
        now = time.monotonic()
        away = now - self._looked
        self._looked = now
        if away > _AWAY_SECONDS:  # the host itself was stopped, or busy with something else
            self._since += away
            self._end += away
        if progress != self._seen and now < self._end:
            self._seen = progress
            self.reset()
        if self._spent is None:
            self._spent = _cpu_seconds(self._pid)
            return
        waited, hard = now - self._since, self._limits.hard_seconds
        worked = _cpu_seconds(self._pid) - self._spent
        late = waited > hard and worked > _LONGEST * self._limits.soft_seconds
        if late or waited > _PATIENCE * hard or now > self._end:
            raise Hung(f"it did not end within {hard:g} s and could not be interrupted")


def _cpu_seconds(pid: int) -> float:
    """CPU time of another process; wall time where the system does not tell, or it is gone."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # the kernel's number for a process's clock
    except (OSError, AttributeError, OverflowError):
        return time.monotonic()

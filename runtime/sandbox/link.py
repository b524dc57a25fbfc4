"""The host's line to one worker: orders out, answers in, and the watchdog over both."""

from __future__ import annotations

import select
import time
from typing import NamedTuple

import msgspec

from ..errors import SandboxError, SealUnavailable
from .keeper import Zygote
from .protocol import (
    HEAD_BYTES,
    PAGE_BYTES,
    Answer,
    AnyOperation,
    Hello,
    Limits,
    Order,
    Outcome,
    frame,
    frame_length,
)

_START_SECONDS = 60.0
_RECEIVE_BYTES = 1 << 18
_GLANCE_SECONDS = 0.05
"""How often the host looks whether a silent worker makes progress."""
_PATIENCE = 5
"""A worker that got no CPU time on a busy machine may take so many times the hard deadline."""
_ANSWER = msgspec.msgpack.Decoder(Answer)
_HELLO = msgspec.msgpack.Decoder(Hello)


class Death(NamedTuple):
    """The end of a worker: why, and the index of the operation to blame."""

    blamed: int
    reason: str
    certain: bool
    """False when an earlier operation of the order may be to blame as well."""


class Broken(Exception):
    """The worker cannot be used further; its text says why."""


class Garbled(Broken):
    """Bytes came that no honest worker sends; the operation that wrote them may be over."""


class Worker:
    """The line to one worker; not thread-safe: its owner holds a lock.

    Raises:
        SealUnavailable: the worker could not seal itself, and `unsafe` is False.
        SandboxError: it could not be started.
    """

    def __init__(self, zygote: Zygote, limits: Limits, *, unsafe: bool) -> None:
        self._zygote = zygote
        self._limits = limits
        self._cap = limits.answer_cap()
        self._number = 0
        self._buffer = bytearray()
        self._pid, self._socket, self._page = zygote.spawn(limits)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._room = select.poll()
        self._room.register(self._socket, select.POLLOUT)
        self._open = True
        try:
            self.layers = self._greet(unsafe)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Kill the worker and let go of everything that belongs to it."""
        if self._open:
            self._open = False
            self._socket.close()
            self._page.close()
            self._zygote.kill(self._pid)

    def exchange(self, operations: list[AnyOperation]) -> tuple[list[Outcome], Death | None]:
        """The outcomes of operations in order; fewer, and the reason, when the worker died.

        After a death the worker is of no use: close it.
        """
        self._number += 1
        self._page[:] = bytes(PAGE_BYTES)
        outcomes: list[Outcome] = []
        try:
            self._send(frame(Order(self._number, operations)))
            self._collect(outcomes, len(operations))
        except Broken as error:
            running = self._progress() - 1
            blamed = min(max(running, len(outcomes)), len(operations) - 1)
            certain = running >= 0 and not isinstance(error, Garbled)
            return outcomes, Death(blamed, str(error), certain)
        return outcomes, None

    def _greet(self, unsafe: bool) -> tuple[str, ...]:
        end = time.monotonic() + _START_SECONDS
        try:
            while (body := self._next_frame()) is None:
                self._fill()
                if time.monotonic() > end:
                    raise Broken("it fell silent")
        except Broken as error:
            raise SandboxError(f"a worker could not be sealed: {error}") from error
        hello = _HELLO.decode(body)
        if hello.fault and not unsafe:
            raise SealUnavailable(
                f"generated code is not run, because a worker could not be sealed: {hello.fault}. "
                "Use Linux on x86-64 or aarch64 with seccomp, "
                "or accept the risk with --unsafe (in Python: unsafe=True)"
            )
        return hello.layers

    # -------------------------------------------------------------- answers

    def _collect(self, outcomes: list[Outcome], count: int) -> None:
        """Gather so many outcomes under the hard deadline."""
        watch = _Watch(self._pid, self._limits, count)
        while len(outcomes) < count:
            body = self._next_frame()
            if body is None:
                self._fill()
                watch.check(self._progress())
                continue
            watch.reset()
            try:
                answer = _ANSWER.decode(body)
            except msgspec.MsgspecError as error:
                raise Garbled("the worker sent a malformed answer") from error
            if answer.number != self._number or len(outcomes) + len(answer.outcomes) > count:
                raise Garbled("the worker sent an answer that nobody asked for")
            outcomes += answer.outcomes

    def _progress(self) -> int:
        return int.from_bytes(self._page[:], "little")

    def _next_frame(self) -> bytes | None:
        """The body of the next frame that has arrived in full."""
        if len(self._buffer) < HEAD_BYTES:
            return None
        end = HEAD_BYTES + frame_length(self._buffer)
        if end > self._cap:
            raise Garbled(f"the worker announced an answer of {end} bytes")
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[HEAD_BYTES:end])
        del self._buffer[:end]
        return body

    def _fill(self) -> None:
        """Wait a glance for bytes of the worker."""
        if not self._poll.poll(_GLANCE_SECONDS * 1000):
            return
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except OSError as error:
            raise Broken(f"the worker ended ({error.strerror})") from error
        if not data:
            raise Broken("the worker ended")
        self._buffer += data

    def _send(self, message: bytes) -> None:
        """Send a frame; a worker reads each in full before it starts."""
        rest = memoryview(message)
        end = time.monotonic() + _PATIENCE * self._limits.hard_seconds
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._room.poll(_GLANCE_SECONDS * 1000)
                if time.monotonic() > end:
                    raise Broken("the worker does not listen") from None
            except OSError as error:
                raise Broken(f"the worker ended ({error.strerror})") from error


class _Watch:
    """The hard deadline: notices when a worker stops making progress."""

    def __init__(self, pid: int, limits: Limits, count: int) -> None:
        self._pid = pid
        self._limits = limits
        self._seen = -1
        patience = _PATIENCE * limits.hard_seconds
        self._end = time.monotonic() + patience * (count + 1)
        self.reset()

    def reset(self) -> None:
        self._since = time.monotonic()
        self._spent = _cpu_seconds(self._pid)

    def check(self, progress: int) -> None:
        """Raises `Broken` when the same operation has been running for too long."""
        now = time.monotonic()
        if progress != self._seen and now < self._end:
            self._seen = progress
            self.reset()
            return
        waited, hard = now - self._since, self._limits.hard_seconds
        worked = _cpu_seconds(self._pid) - self._spent
        late = waited > hard and worked > self._limits.soft_seconds
        if late or waited > _PATIENCE * hard or now > self._end:
            raise Broken(f"it did not end within {hard:g} s and could not be interrupted")


def _cpu_seconds(pid: int) -> float:
    """CPU time of another process; wall time where the system does not tell, or it is gone."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # the kernel's number for a process's clock
    except (OSError, AttributeError, OverflowError):
        return time.monotonic()

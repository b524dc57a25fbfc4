"""The host's end: the zygote's keeper, and the line to one worker."""

from __future__ import annotations

import mmap
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from ..errors import SandboxError, SealUnavailable
from .protocol import (
    HEAD_BYTES,
    Answer,
    AnyOperation,
    Hello,
    Kill,
    Limits,
    Order,
    Outcome,
    Spawn,
    frame,
    frame_length,
)

_PAGE_BYTES = 8
_START_SECONDS = 60.0
_RECEIVE_BYTES = 1 << 18
_GLANCE_SECONDS = 0.05
"""How often the host looks whether a silent worker makes progress."""
_PATIENCE = 5
"""A worker that got no CPU time on a busy machine may take so many times the hard deadline."""
_ANSWER = msgspec.msgpack.Decoder(Answer)
_HELLO = msgspec.msgpack.Decoder(Hello)

# The parents of the zygote's package are entered as bare namespaces: nothing they import is loaded.
_BOOT = """
import sys, types
control, host, *rest = sys.argv[1:]
count = 2 * int(rest.pop(0))
sys.path[:] = rest[count:]
for name, folder in zip(rest[:count:2], rest[1:count:2]):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
from importlib import import_module
import_module(name + ".zygote").main(int(control), int(host))
"""


class Death(NamedTuple):
    """The end of a worker: why, and the index of the operation to blame."""

    blamed: int
    reason: str


class Zygote:
    """The process that forks the workers; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(_START_SECONDS)
        started = threading.Event()
        # The parent-death signal follows the starting thread, so one thread starts and stays.
        self._keeper = threading.Thread(
            target=self._keep, args=(theirs, started), name="envscaler-zygote", daemon=True
        )
        self._failure = ""
        self._keeper.start()
        started.wait()
        theirs.close()
        self._expect(b"ready")

    def _keep(self, theirs: socket.socket, started: threading.Event) -> None:
        try:
            process = subprocess.Popen(
                [sys.executable, "-S", "-s", "-P", "-B", "-c", _BOOT, *_arguments(theirs.fileno())],
                env={"PYTHONHASHSEED": "0", "TZ": "UTC"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            self._failure = f"{sys.executable!r} cannot be started: {error}"
            return
        finally:
            started.set()
        process.wait()

    def spawn(self, limits: Limits) -> tuple[int, socket.socket, mmap.mmap]:
        """A new worker: process id, socket, progress page."""
        ours, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as file:
            file.truncate(_PAGE_BYTES)
            page = mmap.mmap(file.fileno(), _PAGE_BYTES)
            message = frame(Spawn(limits))
            with self._lock:
                try:
                    socket.send_fds(self._channel, [message], [theirs.fileno(), file.fileno()])
                except OSError as error:
                    raise self._fault(error) from error
                pid = int.from_bytes(self._read(4), "little")
        return pid, ours, page

    def kill(self, pid: int) -> None:
        """End a worker; it is gone when this returns."""
        with self._lock:
            try:
                self._channel.sendall(frame(Kill(pid)))
            except OSError as error:
                raise self._fault(error) from error
            self._read(4)

    def close(self) -> None:
        """End the zygote and with it every worker."""
        self._channel.close()
        self._keeper.join()
        self._errors.close()

    def _expect(self, word: bytes) -> None:
        try:
            self._read(len(word))
        except SandboxError:
            self.close()
            raise

    def _read(self, count: int) -> bytes:
        try:
            data = self._channel.recv(count, socket.MSG_WAITALL)
        except OSError as error:
            raise self._fault(error) from error
        if len(data) < count:
            raise self._fault(None)
        return data

    def _fault(self, error: OSError | None) -> SandboxError:
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()
        detail = self._failure or said or str(error or "it ended")
        return SandboxError(f"the process that forks sealed workers failed: {detail}")


def _arguments(control: int) -> list[str]:
    """What the boot text needs: our packages with their folders, and where modules are found."""
    folder = Path(__file__).parent
    names = (__package__ or "").split(".")
    packages: list[str] = []
    for depth in range(1, len(names) + 1):
        parent = folder.parents[len(names) - depth - 1] if depth < len(names) else folder
        packages += [".".join(names[:depth]), str(parent)]
    paths = [os.path.abspath(entry or os.curdir) for entry in sys.path]
    return [str(control), str(os.getpid()), str(len(names)), *packages, *paths]


class Broken(Exception):
    """The worker cannot be used further; its text says why."""


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
        self._open = True
        try:
            self._greet(unsafe)
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
        self._page[:] = bytes(_PAGE_BYTES)
        outcomes: list[Outcome] = []
        try:
            self._send(frame(Order(self._number, operations)))
            self._collect(outcomes, len(operations))
        except Broken as error:
            running = self._progress() - 1
            blamed = min(max(running, len(outcomes)), len(operations) - 1)
            return outcomes, Death(blamed, str(error))
        return outcomes, None

    def _greet(self, unsafe: bool) -> None:
        end = time.monotonic() + _START_SECONDS
        try:
            while (body := self._next_frame()) is None:
                self._fill()
                if time.monotonic() > end:
                    raise Broken("it fell silent")
        except Broken as error:
            raise SandboxError(f"a worker could not be sealed: {error}") from error
        fault = _HELLO.decode(body).fault
        if fault and not unsafe:
            raise SealUnavailable(
                f"generated code is not run, because a worker could not be sealed: {fault}. "
                "Use Linux on x86-64 or aarch64 with seccomp, "
                "or accept the risk with Pool(unsafe=True)"
            )

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
                raise Broken("the worker sent a malformed answer") from error
            if answer.number != self._number or len(outcomes) + len(answer.outcomes) > count:
                raise Broken("the worker sent an answer that nobody asked for")
            outcomes += answer.outcomes

    def _progress(self) -> int:
        return int.from_bytes(self._page[:], "little")

    def _next_frame(self) -> bytes | None:
        """The body of the next frame that has arrived in full."""
        if len(self._buffer) < HEAD_BYTES:
            return None
        end = HEAD_BYTES + frame_length(self._buffer)
        if end > self._cap:
            raise Broken(f"the worker announced an answer of {end} bytes")
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
                select.select([], [self._socket], [], _GLANCE_SECONDS)
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

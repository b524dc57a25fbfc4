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
        detail = said or str(error or "it ended")
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


class Worker:
    """The line to one worker; not thread-safe: its owner holds a lock."""

    def __init__(self, zygote: Zygote, limits: Limits, *, unsafe: bool) -> None:
        self._zygote = zygote
        self._limits = limits
        self._number = 0
        self._buffer = bytearray()
        self._pid, self._socket, self._page = zygote.spawn(limits)
        self._socket.setblocking(False)
        try:
            self.layers = self._greet(unsafe)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Kill the worker and let go of everything that belongs to it."""
        if not self._socket._closed:
            self._socket.close()
            self._page.close()
            self._zygote.kill(self._pid)

    def _greet(self, unsafe: bool) -> tuple[str, ...]:
        end = time.monotonic() + _START_SECONDS
        while (body := self._next_frame()) is None:
            if time.monotonic() > end or not self._wait_and_fill():
                raise SandboxError("a worker ended or fell silent while it was being sealed")
        hello = _HELLO.decode(body)
        if hello.fault and not unsafe:
            raise SealUnavailable(
                f"generated code is not run, because a worker could not be sealed: {hello.fault}. "
                "Use Linux on x86-64 or aarch64 with seccomp, "
                "or accept the risk with Pool(unsafe=True)"
            )
        return hello.layers

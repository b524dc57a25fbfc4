"""The host's end of the zygote: starts it, asks it for workers, ends it."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import IO, NamedTuple

from ..errors import SandboxError
from .protocol import PAGE_BYTES, READY, Command, Kill, Limits, PackageObject, Spawn, frame

_START_SECONDS = 60.0
_NO_RANDOM_ADDRESSES = 0x0040000

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
import_module(name + ".inside.zygote").main(int(control), int(host))
"""


class Newborn(NamedTuple):
    """A worker that has just been forked: process id, our end of its socket, its progress page."""

    pid: int
    socket: socket.socket
    page: mmap.mmap


class Zygote:
    """The process that forks the workers; thread-safe.

    Raises:
        SandboxError: it could not be started.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed = False
        self._doomed: deque[int] = deque()
        self._errors = _file()
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(_START_SECONDS)
        started = threading.Event()
        # The parent-death signal follows the starting thread, so one thread starts and stays.
        arguments = (theirs, self._errors, started)
        self._keeper = threading.Thread(
            target=_keep, args=arguments, name="envscaler-zygote", daemon=True
        )
        self._keeper.start()
        started.wait()
        theirs.close()
        try:
            self._read(len(READY))
        except SandboxError:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it can still fork workers; a dead one has taken its workers with it."""
        return not self._failed and self._keeper.is_alive()

    def spawn(self, limits: Limits, objects: dict[str, PackageObject]) -> Newborn:
        """A new worker, which imports `objects` before it seals itself.

        Raises:
            SandboxError: the zygote has failed.
        """
        try:
            return self._spawned(Spawn(limits, objects))
        except OSError as error:
            raise SandboxError(f"no further worker can be started: {error}") from error

    def _spawned(self, order: Spawn) -> Newborn:
        ours, theirs = socket.socketpair()
        try:
            with theirs, _file() as file:
                file.truncate(PAGE_BYTES)
                page = mmap.mmap(file.fileno(), PAGE_BYTES)
                return Newborn(self._ask(order, theirs.fileno(), file.fileno()), ours, page)
        except BaseException:
            ours.close()
            raise

    def kill(self, pid: int) -> None:
        """End a worker; it is gone when this returns."""
        if self.alive:
            with contextlib.suppress(SandboxError):  # it ended just now, and its workers with it
                self._ask(Kill(pid))

    def doom(self, pid: int) -> None:
        """Have a worker ended at the next `reap`; to be called where nothing may be waited for."""
        self._doomed.append(pid)

    def reap(self) -> None:
        """End the workers that are doomed."""
        while self._doomed:
            self.kill(self._doomed.popleft())

    def close(self) -> None:
        """End the zygote and with it every worker; not to be called from a signal handler."""
        self._failed = True
        self._hang_up()
        self._keeper.join()
        self._errors.close()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):  # a forked copy of the host may hold the channel, too
            self._channel.shutdown(socket.SHUT_RDWR)
        self._channel.close()

    def _ask(self, command: Command, *descriptors: int) -> int:
        """The process id that the zygote answers a command with."""
        with self._lock:
            try:
                socket.send_fds(self._channel, [frame(command)], descriptors)
                return int.from_bytes(self._read(4), "little")
            except BaseException as error:
                # Question and answer may be out of step now: the zygote ends, with its workers.
                self._failed = True
                self._hang_up()
                if isinstance(error, OSError):
                    raise self._fault(str(error)) from error
                raise

    def _read(self, count: int) -> bytes:
        try:
            data = self._channel.recv(count, socket.MSG_WAITALL)
        except OSError as error:
            raise self._fault(str(error)) from error
        if len(data) < count:
            raise self._fault("it ended")
        return data

    def _fault(self, reason: str) -> SandboxError:
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()
        detail = said or reason
        return SandboxError(f"the process that forks sealed workers failed: {detail}")


def _keep(theirs: socket.socket, errors: IO[bytes], started: threading.Event) -> None:
    """Start the zygote and wait for its end; holds nothing that would keep a pool alive."""
    _fix_addresses()
    try:
        process = subprocess.Popen(
            [sys.executable, "-S", "-s", "-P", "-B", "-c", _BOOT, *_arguments(theirs.fileno())],
            env={"PYTHONHASHSEED": "0", "TZ": "UTC"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    except OSError as error:
        errors.write(f"{sys.executable!r} cannot be started: {error}".encode())
        return
    finally:
        started.set()
    process.wait()


def _file() -> IO[bytes]:
    """A file that lives in memory where the system can, and is gone once it is closed."""
    with contextlib.suppress(OSError, AttributeError):
        return os.fdopen(os.memfd_create("envscaler"), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def _fix_addresses() -> None:
    """Let processes that this thread starts have the same addresses in every run (Linux).

    Addresses show where an object has no `__repr__`, and in the order of some sets. A system that
    refuses loses no safety by it: the workers' protection does not rest on random addresses.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).personality(_NO_RANDOM_ADDRESSES)


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

"""The lock of a source that several threads, and forked copies of the process, may come to."""

from __future__ import annotations

import os
import threading

from ..errors import SandboxError


class Gate:
    """A lock that lets nobody in who was forked off since."""

    def __init__(self) -> None:
        self._host = os.getpid()
        self._lock = threading.RLock()

    @property
    def foreign(self) -> bool:
        """Whether this is a forked copy of the process that made the lock."""
        return os.getpid() != self._host

    def __enter__(self) -> None:
        if self.foreign:  # the lock itself may have been held when the process was forked
            raise SandboxError(
                "this source was opened before a fork; open it again in this process"
            )
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def try_to_enter(self) -> bool:
        """As entering, but without waiting; whether it worked."""
        return not self.foreign and self._lock.acquire(blocking=False)

"""The soft deadline: an exception raised inside a call that has used up its CPU time.

One ticker of CPU time runs all the time, so a call costs no system call, and waiting for a busy
machine does not count. What does not return to the interpreter is left to the host's watchdog.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
_TICKS = 10
"""How finely the deadline is divided: it strikes after nine to ten tenths of the time."""


class SoftTimeout(BaseException):
    """A call has used its CPU time; raised again each time it uses as much once more."""


class Deadline:
    """Runs work under a limit of CPU seconds; one per process."""

    def __init__(self, seconds: float) -> None:
        self._ticks = 0
        self._limit = 0
        signal.signal(signal.SIGPROF, self._tick)
        signal.setitimer(signal.ITIMER_PROF, seconds / _TICKS, seconds / _TICKS)

    def run(self, work: Callable[[], T], times: int = 1) -> T:
        """The result of `work`.

        Raises:
            SoftTimeout: it used `times` times the CPU seconds.
        """
        self._ticks = 0
        self._limit = _TICKS * times
        try:
            return work()
        finally:
            self._limit = 0

    def off(self) -> None:
        """Stop counting, should a timeout have struck while `run` was ending."""
        self._limit = 0

    def _tick(self, number: int, frame: FrameType | None) -> None:
        self._ticks += 1
        if self._limit and self._ticks >= self._limit:
            self._ticks = 0
            raise SoftTimeout

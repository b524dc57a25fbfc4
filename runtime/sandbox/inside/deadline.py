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
TICKS = 10
"""How finely the deadline is divided: it strikes after nine to ten tenths of the time."""


class SoftTimeout(BaseException):
    """A call has used its CPU time; raised again each time it uses as much once more."""


class Deadline:
    """Runs work under a limit of CPU seconds; one per process."""

    def __init__(self, seconds: float) -> None:
        self.ticks = 0
        """Tenths of the limit that the present work has used; set to 0 where it begins."""
        self.limit = 0
        """The tick at which the deadline strikes; 0: it does not."""
        signal.signal(signal.SIGPROF, self._tick)
        signal.setitimer(signal.ITIMER_PROF, seconds / TICKS, seconds / TICKS)

    def run(self, work: Callable[[], T], times: int = 1) -> T:
        """The result of `work`.

        Raises:
            SoftTimeout: it used `times` times the CPU seconds.
        """
        self.ticks = 0
        self.limit = TICKS * times
        try:
            return work()
        finally:
            self.limit = 0

    def off(self) -> None:
        """Stop counting; also after `run`, should a timeout have struck while that was ending."""
        self.limit = 0

    def _tick(self, number: int, frame: FrameType | None) -> None:
        self.ticks += 1
        if self.limit and self.ticks >= self.limit:
            self.ticks = 0
            raise SoftTimeout

"""Runs generated code so that whatever it does, short of ending the process, is an outcome."""

from __future__ import annotations

from collections.abc import Callable

from ..protocol import ERROR_TEXT, Failure, Limits, Trouble
from ..values.plain import NotJson, Oversize
from .deadline import Deadline, SoftTimeout

MODULE = "generated"
"""The module that generated code believes to be."""
FILE = "<generated>"
"""The file name in the tracebacks of generated code."""
_TEXT = 500
"""Characters of an exception's text that are kept."""
_name = type.__dict__["__name__"].__get__  # a metaclass of generated code cannot come between


class Rejected(Exception):
    """Something in the source has to change; the text says what."""


_OWN: dict[type[BaseException], Trouble] = {
    NotJson: "not json",
    Oversize: "oversize",
    Rejected: "exception",
}


class Guard:
    """Attempts, each under the soft deadline."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.deadline = Deadline(limits.soft_seconds)

    def attempt(self, work: Callable[[], bytes], times: int = 1) -> bytes | Failure:
        """The outcome of work that may take `times` times the soft deadline; never raises."""
        try:
            return self.deadline.run(work, times)
        except BaseException as error:
            self.deadline.off()
            return self.failure(error, times)

    def failure(self, error: BaseException, times: int = 1) -> Failure:
        """What an exception that came out of generated code comes to."""
        place = _place(error)
        if type(error) in _OWN:
            return Failure(_OWN[type(error)], sendable(str(error)))
        if isinstance(error, SoftTimeout):
            spent = self._limits.soft_seconds * times
            return Failure("timeout", f"stopped after {spent:g} s of CPU time{place}"[:ERROR_TEXT])
        if isinstance(error, MemoryError):
            return Failure("memory", f"MemoryError: out of memory{place}"[:ERROR_TEXT])
        if isinstance(error, RecursionError):
            return Failure("recursion", f"RecursionError: calls nest too deep{place}"[:ERROR_TEXT])
        return Failure("exception", sendable(self._described(error) + place))

    def _described(self, error: BaseException) -> str:
        """Type and text of an exception; both may be made by generated code."""
        name = str(_name(type(error)))
        try:
            said = self.deadline.run(lambda: str.__getitem__(str(error), slice(_TEXT)))
        except BaseException:
            self.deadline.off()
            return f"{name}: (its text cannot be had)"
        text = f"{name}: {said}" if said else name
        return text.encode(errors="replace").decode()


def sendable(text: str) -> str:
    """A text that fits an outcome: without half surrogate pairs, and cut."""
    return text[:ERROR_TEXT].encode(errors="replace").decode()


def _place(error: BaseException) -> str:
    """Where in the generated source an exception arose: ` (line 42, in rent_unit)`."""
    found = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == FILE:
            found = f" (line {trace.tb_lineno}, in {code.co_name})"
        trace = trace.tb_next
    return found

"""How a command ends: what its user is told on stderr, and the exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from ..errors import DataError, EnvscalerError, RunError
from .wording import one_line

INTERRUPTED = 130
BROKEN_PIPE = 141
"""What a shell reports for a command whose reader has left."""

EPILOG = (
    "Exit codes: 0 all is well; 1 nothing was kept, or a certificate does not hold; 2 an option, "
    "setting or key is wrong; 3 an input file or export is not what it should be; 4 the run folder "
    "cannot be used; 5 a language model did not deliver, what is finished is kept; 6 sealed "
    "execution failed; 130 interrupted."
)


class Commands(TyperGroup):
    """The commands; whatever one of them raises for its user ends here, as a line and a code."""

    def invoke(self, ctx: Any) -> Any:
        with explained():
            return super().invoke(ctx)


@contextmanager
def explained() -> Iterator[None]:
    """Turns errors meant for the user into one line on stderr; a bug keeps its traceback."""
    try:
        yield
        sys.stdout.flush()
    except EnvscalerError as error:
        _end(f"error: {one_line(str(error))}", error.exit_code)
    except KeyboardInterrupt as stop:
        _end(one_line(str(stop)) or "interrupted", INTERRUPTED)
    except BrokenPipeError:
        _mute()
        raise typer.Exit(BROKEN_PIPE) from None
    except PermissionError as error:
        _end(f"error: {error.filename} cannot be used: {error.strerror}", DataError.exit_code)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _mute()
        print("error: the output cannot be written, the disk is full", file=sys.stderr)
        raise typer.Exit(RunError.exit_code) from None


def _mute() -> None:
    # The interpreter flushes once more on its way out; that must not meet the same end again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(line: str, code: int) -> None:
    sys.stdout.flush()
    print(line, file=sys.stderr)
    raise typer.Exit(code) from None

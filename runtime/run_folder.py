"""The run folder: whose it is, who works on it, and what to do when it fails."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import RunError

DATABASE = "run.db"
LOCK = "run.lock"
EXPORT = "export"
"""The folder of a run that holds its export."""
_OURS = {DATABASE, LOCK, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal"}


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but a run.

    Raises:
        RunError: naming what it holds.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file: give a folder with --out")
    with explained(folder):
        names = set(os.listdir(folder)) if folder.exists() else set()
    if DATABASE not in names and names - _OURS:
        some = ", ".join(sorted(names - _OURS)[:3])
        raise RunError(
            f"{folder} holds other things ({some}) and no run: choose an empty or a new folder "
            "with --out"
        )


def locked(folder: Path) -> int:
    """A descriptor whose lock dies with the process, `kill -9` included.

    Raises:
        RunError: another process holds the lock.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise RunError(
            f"another process works on the run in {folder}: wait for it, stop it, or choose "
            "another --out"
        ) from error
    return lock


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the system says into what a user can do."""
    try:
        yield
    except sqlite3.Error as error:
        raise RunError(_sqlite_advice(folder, error)) from error
    except OSError as error:
        raise RunError(_system_advice(folder, error)) from error


def _sqlite_advice(folder: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorname", "")
    if code == "SQLITE_FULL" or code.startswith("SQLITE_IOERR"):
        return _full(folder, str(error))
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"run folder {folder} cannot be written ({error}): choose another --out"
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return f"{folder / DATABASE} is no run store or is damaged ({error}): choose another --out"
    return f"the run store in {folder} failed: {error}"


def _system_advice(folder: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _full(folder, reason)
    return f"run folder {folder} cannot be used ({reason}): choose another --out"


def _full(folder: Path, reason: str) -> str:
    return (
        f"disk full or failing under {folder} ({reason}): everything finished so far is kept; "
        "free space and run again"
    )

"""The data that ships with envscaler: sample tasks, and one recording of their run."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def tasks_path() -> Path:
    """The bundled task texts, as JSON Lines."""
    return Path(str(files(__name__) / "tasks.jsonl"))


def recording_path() -> Path:
    """The recorded completions that `replay` answers with for the bundled tasks."""
    return Path(str(files(__name__) / "recording.jsonl"))

"""Writes what a user asked for to the file they named."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigurationError


def write(path: Path, content: bytes) -> None:
    """Write a file, whole.

    Raises:
        ConfigurationError: it cannot be written there.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror or error}): give a file in a folder that "
            "exists and can be written to"
        ) from error

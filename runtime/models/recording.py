"""Recordings: JSON Lines files of answers, replayed without a model and extended with one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import msgspec

from ..errors import ConfigurationError, DataError, RunError
from .answers import Answer


class Recording:
    """The answers of one file, by key; the first answer to a key counts."""

    def __init__(self, path: Path, answers: dict[str, Answer], repeats: tuple[str, ...]) -> None:
        self.path = path
        self.repeats = repeats
        """One sentence for each line that answers a key again."""
        self._answers = answers
        self._file: int | None = None
        self._lock = threading.Lock()

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Load a recording.

        Raises:
            ConfigurationError: the file cannot be read.
            DataError: a line is not an answer; the message names it.
        """
        try:
            text = path.read_bytes()
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(f"recording {path} cannot be read: {reason}") from error
        return cls(path, *_parsed(path, text))

    @classmethod
    def extend(cls, path: Path) -> Recording:
        """Load a recording if there is one and open it to append; a torn last line is cut off.

        Raises:
            ConfigurationError: the file cannot be written.
            DataError: a complete line is not an answer.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            text = path.read_bytes()
            whole = text[: text.rfind(b"\n") + 1]
            os.ftruncate(file, len(whole))
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(f"recording {path} cannot be written: {reason}") from error
        recording = cls(path, *_parsed(path, whole))
        recording._file = file
        return recording

    @property
    def labels(self) -> set[str]:
        """The models whose answers it holds."""
        return {answer.model for answer in self._answers.values() if answer.model}

    def __len__(self) -> int:
        return len(self._answers)

    def answer(self, key: str) -> Answer | None:
        return self._answers.get(key)

    def append(self, answer: Answer) -> None:
        """Add an answer, unless its key is answered already.

        Raises:
            RunError: the disk is full or fails; the file then ends with its last whole line.
        """
        with self._lock:
            if self._file is None or answer.key in self._answers:
                return
            line = msgspec.json.encode(answer) + b"\n"
            size = os.fstat(self._file).st_size
            try:
                if os.write(self._file, line) != len(line):
                    raise OSError("only a part of the line was written")
            except OSError as error:
                os.ftruncate(self._file, size)
                raise RunError(
                    f"recording {self.path} cannot be extended: {error.strerror or error}; "
                    "free space and run again, what is finished is kept"
                ) from error
            self._answers[answer.key] = answer

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def _parsed(path: Path, text: bytes) -> tuple[dict[str, Answer], tuple[str, ...]]:
    decoder = msgspec.json.Decoder(Answer)
    answers: dict[str, Answer] = {}
    lines: dict[str, int] = {}
    repeats = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            answer = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError(
                f"recording {path}, line {number}: not an answer ({error}); "
                "each line must be one JSON object as --record writes it"
            ) from error
        if answer.key in answers:
            repeats.append(
                f"recording {path}, line {number} repeats the key of line {lines[answer.key]}; "
                "the first answer counts"
            )
            continue
        answers[answer.key], lines[answer.key] = answer, number
    return answers, tuple(repeats)

"""Sending without a network: a request waits as long as a model would think, and is counted."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...models.answers import Reply
from ...models.asking import Question
from .model import SimulatedModel


class SimulatedSender:
    """Takes the place of `runtime.models.transport.Transport`.

    Args:
        model: who answers.
        latency: seconds that each answer takes.
        log: a file to which each request is written when it is sent and when it is answered, so
            that they are counted even if this process is killed.
    """

    def __init__(self, model: SimulatedModel, latency: float, log: Path) -> None:
        self._model, self._latency = model, latency
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def send(self, request: Any, question: Question) -> Reply:
        self._note("sent", question)
        prompt = request.messages[-1].text or ""
        text, finish = self._model.answer(question.step, prompt, question.key)
        time.sleep(self._latency)
        self._note("answered", question)
        return Reply(text, finish, len(prompt) // 4, len(text) // 4, 0.0, 1)

    def _note(self, how: str, question: Question) -> None:
        line = f"{how}\t{time.monotonic():.3f}\t{question.step}\t{question.key}\n"
        os.write(self._log, line.encode())

    def close(self) -> None:
        """The log stays open: requests that nobody waits for any more still end."""


class Noted(NamedTuple):
    """A line of the log."""

    how: str
    """`sent` or `answered`."""
    moment: float
    """Of the clock that all processes of the machine share, in seconds."""
    step: str
    key: str


class Traffic:
    """What a log says."""

    def __init__(self, lines: Sequence[Noted]) -> None:
        self._lines = lines
        self.sent = Counter(line.key for line in lines if line.how == "sent")
        """How often each question was sent."""

    @classmethod
    def read(cls, log: Path) -> Traffic:
        text = log.read_text() if log.exists() else ""
        rows = (line.split("\t") for line in text.splitlines())
        return cls([Noted(how, float(moment), step, key) for how, moment, step, key in rows])

    @property
    def requests(self) -> int:
        return self.sent.total()

    def idle(self) -> float:
        """Seconds between the first request and the last answer without any in flight."""
        flying, since, seconds = 0, None, 0.0
        for line in sorted(self._lines, key=lambda line: line.moment):
            if flying == 0 and since is not None:
                seconds += line.moment - since
            flying += 1 if line.how == "sent" else -1
            since = line.moment
        return seconds

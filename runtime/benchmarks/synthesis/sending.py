"""Sending without a network: a request waits as long as a model would think, and is counted."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...models.answers import Reply
from ...models.asking import Question
from .model import SimulatedModel

if TYPE_CHECKING:
    from dspy.lm15 import Request


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

    def send(self, request: Request, question: Question) -> Reply:
        os.write(self._log, f"sent {question.step}\t{question.key}\n".encode())
        prompt = request.messages[-1].text or ""
        text, finish = self._model.answer(question.step, prompt, question.key)
        time.sleep(self._latency)
        os.write(self._log, f"answered {question.step}\t{question.key}\n".encode())
        return Reply(text, finish, len(prompt) // 4, len(text) // 4, 0.0, 1)

    def close(self) -> None:
        """The log stays open: requests that nobody waits for any more still end."""


class Traffic(NamedTuple):
    """What a log says."""

    sent: Counter[str]
    """How often each question was sent."""
    answered: Counter[str]
    steps: Counter[str]
    """Requests by step."""

    @property
    def requests(self) -> int:
        return self.sent.total()

    @classmethod
    def read(cls, log: Path) -> Traffic:
        lines = log.read_text().splitlines() if log.exists() else []
        words = [line.partition(" ")[::2] for line in lines]
        rows = [(how, *rest.split("\t")) for how, rest in words]
        return cls(
            Counter(key for how, _, key in rows if how == "sent"),
            Counter(key for how, _, key in rows if how == "answered"),
            Counter(step for how, step, _ in rows if how == "sent"),
        )

"""Which answer is wanted: context that a step enters and the engine reads.

Context variables follow a call into asyncio tasks and `asyncio.to_thread`. DSPy's own worker
threads (`dspy.Parallel`, `Evaluate`) start with an empty context, so enter both inside the call
that they run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ..state import Json, canonical, digest

_BRIEF = 160


@dataclass(frozen=True)
class Question:
    """One wanted answer; equal step, inputs and rollout give an equal key on every machine."""

    step: str
    key: str
    owner: str = ""
    rollout: int = 0
    brief: str = ""
    """The start of the inputs, for messages."""


_QUESTION: ContextVar[Question | None] = ContextVar("question", default=None)
_OWNER: ContextVar[str] = ContextVar("owner", default="")


@contextmanager
def asking(step: str, inputs: Json, *, rollout: int = 0) -> Iterator[Question]:
    """Say what the model calls inside are for.

    Args:
        step: The name of the step, as reports show it.
        inputs: The typed inputs as JSON values.
        rollout: Tells apart several answers to the same inputs (attempt, turn, sample).
    """
    text = canonical(inputs).decode()
    brief = text if len(text) <= _BRIEF else text[:_BRIEF] + "…"
    question = Question(step, digest([step, inputs, rollout]), _OWNER.get(), rollout, brief)
    token = _QUESTION.set(question)
    try:
        yield question
    finally:
        _QUESTION.reset(token)


@contextmanager
def owned_by(item: str) -> Iterator[None]:
    """Book the model calls inside on this work item: a record id or the name of an item."""
    token = _OWNER.set(item)
    try:
        yield
    finally:
        _OWNER.reset(token)


def current(system: str, messages: Json) -> Question:
    """The question being asked; a call outside `asking` is keyed by what it sends."""
    question = _QUESTION.get()
    if question is not None:
        return question
    return Question("", digest([system, messages]), _OWNER.get())

"""What passes between a language model, a recording, the run store and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from .asking import Question

if TYPE_CHECKING:
    from dspy.lm15 import Request

How = Literal["asked", "replayed", "shared", "failed"]
"""`asked`: an endpoint answered; `replayed`: from the run store or a recording; `shared`: an
identical request was already in flight; `failed`: no answer came."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One completion and what it answers; also one line of a recording."""

    key: str
    """Digest of the step, its typed inputs and the rollout."""
    step: str
    completion: str
    rollout: int = 0
    owner: str = ""
    """The work item it was made for."""
    instruction: str = ""
    """Short hash of the system prompt that was answered."""
    model: str = ""
    """The label of the model, as cards name it."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish: str = "stop"
    """Why the model stopped: `stop`, or `length` when the answer was cut."""


@dataclass(frozen=True)
class Reply:
    """What an endpoint sent back for one request, retries included."""

    text: str
    finish: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    """None when no price is known."""
    attempts: int


class Sender(Protocol):
    """The way to a model."""

    def send(self, request: Request, question: Question) -> Reply:
        """What the model says to a request, waited for in a thread of its own.

        Raises:
            EnvscalerError: there is no answer.
        """

    def close(self) -> None:
        """Give back what is held."""


@dataclass(frozen=True)
class Entry:
    """One row of the ledger: one question, booked on the work item it was asked for."""

    step: str
    key: str
    owner: str
    model: str
    how: How
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    """What this row cost: 0 when replayed or shared, None when no price is known."""
    seconds: float = 0.0
    attempts: int = 0
    prompt_chars: int = 0
    """Characters of everything that the question was put with, answered from wherever."""
    completion_chars: int = 0

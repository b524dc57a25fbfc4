"""One language-model step: a predictor whose answers are named, booked and replayable."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

import dspy
from pydantic import BaseModel

from ..runtime.errors import AnswerError
from ..runtime.models import asking
from ..runtime.state import Json, canonical
from ..signatures import SourceAdapter

T = TypeVar("T")

ATTEMPTS = 2
"""Questions asked before an answer that does not parse is given up."""


class Step(dspy.Predict):
    """A `dspy.Predict` that asks under a name and a key.

    The key, not the wording of the prompt, says which answer is wanted: what was answered once is
    found again after the instruction changed. Without a `key` the inputs are the key.

    >>> mine = Step(MineTasks, "mine tasks")
    >>> mine(tasks=["1. Book a table for two"], key=["Book a table for two"])
    """

    def __init__(self, signature: type[dspy.Signature], name: str) -> None:
        super().__init__(signature)
        self.name = name

    def forward(self, *, key: Json = None, rollout: int = 0, **inputs: Any) -> dspy.Prediction:
        """The parsed answer; an unparsable one is asked for again, once.

        Raises:
            AnswerError: no answer parsed.
            ModelError: the model did not answer.
        """
        for attempt in range(ATTEMPTS):
            with asking(self.name, key or plain(inputs), rollout=rollout * ATTEMPTS + attempt):
                try:
                    with dspy.context(adapter=dspy.settings.adapter or SourceAdapter()):
                        return storable(super().forward(**inputs))
                except (dspy.AdapterParseError, UnicodeEncodeError) as error:
                    failure = _unparsed(self.name, error)
        raise failure

    async def aforward(
        self, *, key: Json = None, rollout: int = 0, **inputs: Any
    ) -> dspy.Prediction:
        """As `forward`."""
        for attempt in range(ATTEMPTS):
            with asking(self.name, key or plain(inputs), rollout=rollout * ATTEMPTS + attempt):
                try:
                    with dspy.context(adapter=dspy.settings.adapter or SourceAdapter()):
                        return storable(await super().aforward(**inputs))
                except (dspy.AdapterParseError, UnicodeEncodeError) as error:
                    failure = _unparsed(self.name, error)
        raise failure


def storable(said: dspy.Prediction) -> dspy.Prediction:
    """The answer itself, when all of it can be written down.

    Raises:
        UnicodeEncodeError: it holds half a surrogate pair, as JSON escapes can give it.
    """
    canonical(plain(dict(said.items())))
    return said


def _unparsed(step: str, error: Exception) -> AnswerError:
    return AnswerError(f"the answer of step {step!r} does not parse: {_short(error)}")


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) < 400 else text[:200] + " … " + text[-200:]


def plain(value: Any) -> Json:
    """A value of typed inputs as JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


class Program(dspy.Module):
    """A module written once, as `aforward`; `forward` runs it to its end.

    What the model got wrong comes back in the prediction's `problem`; only what no model can mend
    (`ModelError`, `SandboxError`) is raised.
    """

    aforward: Any  # its parameters are the subclass's own

    def forward(self, **inputs: Any) -> dspy.Prediction:
        return complete(self.aforward(**inputs))


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end, also where an event loop is running already (notebooks)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with closing(asyncio.new_event_loop()) as loop, ThreadPoolExecutor(1) as executor:
        task = loop.create_task(work)  # in a copy of this context
        future = executor.submit(loop.run_until_complete, task)
        try:
            return future.result()
        except BaseException:
            loop.call_soon_threadsafe(task.cancel)  # an interrupt must not leave it running
            raise

"""The way to a real endpoint: DSPy's own transport, with retries that are seen.

Imported only when a model is opened, because it loads DSPy.
"""

from __future__ import annotations

import itertools
import math
import re
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import dspy
from dspy.lm15 import Request, Response

from ..errors import AnswerError, ConfigurationError, EnvscalerError, ModelUnavailable
from .answers import Reply
from .asking import Question
from .routes import Route

_LONGEST_WAIT = 60.0
_CONNECTIONS = 100
"""Requests that DSPy's own transport has under way at once; `dspy.LM` has no option for it."""


class Transport:
    """Sends requests to one model; one call is one question, its retries included."""

    def __init__(
        self, route: Route, retries: int, width: int, on_retry: Callable[[str, str], None]
    ) -> None:
        """`width`: how many threads send at once."""
        self._route = route
        self._retries = retries
        self._on_retry = on_retry
        self._lms = [
            _MeteredLM(route.model, cache=False, num_retries=0, **route.client)
            for _ in range(math.ceil(width / _CONNECTIONS))
        ]
        self._turns = itertools.cycle(self._lms)
        self._mine = threading.local()
        self._answered = False

    def send(self, request: Request, question: Question) -> Reply:
        """Ask once, and again while the failure may pass.

        Raises:
            ModelUnavailable: the endpoint refuses, cannot be reached or kept failing.
            AnswerError: the endpoint refuses this one request, which is too long or comes after
                others that it answered.
            ConfigurationError: DSPy cannot send to this model.
        """
        attempt, lm = 1, self._lm()
        while True:
            try:
                response = lm(request=request)
            except dspy.LMError as error:
                if not dspy.is_retryable_lm_error(error) or attempt > self._retries:
                    raise self._explained(error, attempt) from error
                wait = _wait(error, attempt)
                self._on_retry(
                    question.step,
                    f"{self._route.model}: attempt {attempt} of {self._retries + 1} failed "
                    f"({_reason(error)}); next in {wait:g} s",
                )
                time.sleep(wait)
                attempt += 1
            else:
                reply = self._reply(response, *lm.metered(), attempt)
                self._answered = True
                return reply

    def close(self) -> None:
        for lm in self._lms:
            lm.close()

    def _lm(self) -> _MeteredLM:
        """The one of this thread: each serves as many threads as it has connections."""
        if not hasattr(self._mine, "lm"):
            self._mine.lm = next(self._turns)
        return cast(_MeteredLM, self._mine.lm)

    def _reply(
        self, response: Response, usage: dict[str, int], cost: float | None, attempts: int
    ) -> Reply:
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if cost is None and prompt is not None and completion is not None:
            cost = self._route.price_of(prompt, completion)
        text = response.text or ""
        if not text and prompt is None and completion is None:
            raise ModelUnavailable(
                f"{self._route.model} at {self._route.place} sent an empty reply without usage: "
                "check that --api-base is the address of an OpenAI-compatible server"
            )
        return Reply(text, response.finish_reason, prompt, completion, cost, attempts)

    def _explained(self, error: Any, attempts: int) -> EnvscalerError:
        model, place, reason = self._route.model, self._route.place, _reason(error)
        if isinstance(error, dspy.LMAuthError):
            return ModelUnavailable(
                f"{place} refuses the key for {model} ({reason}): set {self._route.key_name} or "
                "pass --api-key"
            )
        if isinstance(error, dspy.LMUnsupportedModelError) or error.status == 404:
            return ModelUnavailable(
                f"{place} does not serve {model} ({reason}): check --model and --api-base"
            )
        if isinstance(error, dspy.LMConfigurationError):
            return ConfigurationError(f"{model} cannot be used: {reason}")
        about_this = isinstance(error, dspy.ContextWindowExceededError) or self._answered
        if isinstance(error, dspy.LMInvalidRequestError) and about_this:
            return AnswerError(f"{model} refuses this request: {reason}")
        times = f"failed {attempts} times in a row" if attempts > 1 else "failed"
        more = "allow more with --timeout; " if isinstance(error, dspy.LMTimeoutError) else ""
        return ModelUnavailable(
            f"{model} at {place} {times}: {reason}; {more}what is finished is kept, run again to "
            "go on"
        )


class _MeteredLM(dspy.LM):
    """Keeps what DSPy works out about the last call of each thread in place of a history."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._last = threading.local()

    def __call__(self, *args: Any, **options: Any) -> Any:
        # The call around this one has its own callbacks and usage tracker: count it once.
        with dspy.context(disable_history=False, callbacks=[], usage_tracker=None):
            return super().__call__(*args, **options)

    def update_history(self, entry: dict[str, Any]) -> None:
        self._last.entry = entry

    def metered(self) -> tuple[dict[str, int], float | None]:
        """Usage and cost in USD of this thread's last call."""
        return self._last.entry["usage"], self._last.entry["cost"]


def _wait(error: Any, attempt: int) -> float:
    hint = error.retry_after
    return min(float(hint) if hint is not None else 2.0 ** (attempt - 1), _LONGEST_WAIT)


_ADVICE = re.compile(r"To fix:|\(lm15 |this is lm15|[Rr]aise it with")
"""Where DSPy's transport begins to advise those who call it from Python."""


def _reason(error: Any) -> str:
    """One line of what the endpoint said."""
    text = " ".join((error.message or type(error).__name__).split())
    text = _ADVICE.split(text)[0].rstrip(" .;:-(") or type(error).__name__
    text = text if len(text) <= 300 else text[:300] + "…"
    return f"HTTP {error.status}: {text}" if error.status else text

"""The engine that every `dspy.LM` of a run goes through: answers from the desk, as DSPy wants them.

Imported only when a model is opened, because it loads DSPy.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, cast

import dspy
from dspy.lm15 import (
    Message,
    Request,
    Response,
    TextPart,
    Usage,
    request_from_openai_chat,
)
from dspy.utils.callback import with_callbacks

from ..errors import EnvscalerError, ReplayMiss
from ..state import digest
from .answers import Answer, Reply
from .asking import Question, current
from .desk import Desk, Prompt, Ticket

# DSPy warns of every cut answer; the desk does so once for a step.
logging.getLogger("dspy.clients.lm").setLevel(logging.ERROR)

Send = Callable[[Request, Question], Reply]


class Engine:
    """Answers DSPy's requests; the contract of `dspy.LM(engine=...)`.

    Raises, as themselves and past DSPy's own wrapping: `ReplayMiss`, `BudgetSpent`,
    `ModelUnavailable`, `ConfigurationError`, `AnswerError`, `RunError`.
    """

    def __init__(self, desk: Desk, label: str, send: Send | None) -> None:
        self._desk = desk
        self._label = label
        self._send = send

    def __deepcopy__(self, memo: dict[int, Any]) -> Engine:
        return self  # optimizers copy programs together with their models

    def complete(self, request: Request) -> Response:
        try:
            question, found = self._found(request)
            if isinstance(found, Answer):
                return _response(request, found)
            return self._joined(request, question, found, found.future.result())
        except EnvscalerError as error:
            raise carried(error) from error

    async def acomplete(self, request: Request) -> Response:
        try:
            question, found = self._found(request)
            if isinstance(found, Answer):
                return _response(request, found)
            answer = await asyncio.wrap_future(_own(found.future))
            return self._joined(request, question, found, answer)
        except EnvscalerError as error:
            raise carried(error) from error

    def _found(self, request: Request) -> tuple[Question, Answer | Ticket]:
        system, messages = _text(request.system), [[m.role, m.text] for m in request.messages]
        question = current(system, messages)
        chars = len(system) + sum(len(text or "") for _, text in messages)
        instruction = _digest_of(system)
        sent = digest([request.model, instruction, messages])
        prompt = Prompt(sent, instruction[:16], self._label, chars)
        answer = self._desk.known(question, prompt)
        if answer is not None:
            return question, answer
        if self._send is None:
            raise ReplayMiss(_miss(question, self._desk.sources))
        send = self._send
        return question, self._desk.order(question, prompt, lambda: send(request, question))

    def _joined(
        self, request: Request, question: Question, ticket: Ticket, answer: Answer
    ) -> Response:
        if ticket.shared:
            self._desk.joined(question, ticket.prompt, answer)
        return _response(request, answer)


class AsyncEngine:
    """The async twin that DSPy asks for beside `Engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __deepcopy__(self, memo: dict[int, Any]) -> AsyncEngine:
        return self

    async def complete(self, request: Request) -> Response:
        return await self._engine.acomplete(request)


_PLAIN = {"temperature", "max_tokens"}
"""Settings that stand in the request and nowhere else."""
_ORDINARY = inspect.unwrap(dspy.LM.acall)
"""Without its callbacks, which are told already."""


class OpenedLM(dspy.LM):
    """A `dspy.LM` that keeps no history: the ledger and the run store are its memory."""

    @with_callbacks
    async def acall(
        self, prompt: Any = None, *, messages: Any = None, **options: Any
    ) -> list[Any] | Response:
        """As `dspy.LM.acall`; a plain chat request goes straight to the engine.

        DSPy prepares and prices each request in worker threads of the event loop. They are few,
        and shared with the sealed runs: a model would wait for them.
        """
        plain = messages is not None and prompt is None and not options
        watched = dspy.settings.send_stream or dspy.settings.usage_tracker
        if not plain or watched or not self.kwargs.keys() <= _PLAIN:
            return cast(
                "list[Any] | Response", await _ORDINARY(self, prompt, messages=messages, **options)
            )
        settings = {name: value for name, value in self.kwargs.items() if value is not None}
        request = request_from_openai_chat({"model": self.model, "messages": messages, **settings})
        return [(await self.engine.acomplete(request)).text]

    def update_history(self, entry: dict[str, Any]) -> None:
        """Keep nothing: at scale the prompts of a history fill the memory."""


def carried(error: EnvscalerError) -> EnvscalerError:
    """The same error, in a form that DSPy passes on unchanged.

    DSPy replaces foreign exceptions of an engine by `LMUnexpectedError`, but lets its own through.
    """
    return _passing(type(error))(str(error))


_PASSING: dict[type[EnvscalerError], type[EnvscalerError]] = {}


def _passing(kind: type[EnvscalerError]) -> type[EnvscalerError]:
    if kind not in _PASSING:
        _PASSING[kind] = type(kind.__name__, (kind, dspy.LMError), {"__module__": kind.__module__})
    return _PASSING[kind]


def _own(shared: Future[Answer]) -> Future[Answer]:
    """A future of one's own, so that one cancelled task does not cancel the others' answer."""
    mine: Future[Answer] = Future()

    def pass_on(done: Future[Answer]) -> None:
        if not mine.set_running_or_notify_cancel():
            return
        if done.cancelled():
            mine.set_exception(asyncio.CancelledError())
        elif error := done.exception():
            mine.set_exception(error)
        else:
            mine.set_result(done.result())

    shared.add_done_callback(pass_on)
    return mine


@lru_cache(maxsize=64)
def _digest_of(system: str) -> str:
    """Of a system prompt: a few long ones are sent again and again."""
    return digest(system)


def _text(system: Any) -> str:
    if system is None or isinstance(system, str):
        return system or ""
    return "".join(part.text for part in system)


def _response(request: Request, answer: Answer) -> Response:
    return Response(
        id=None,
        model=request.model,
        message=Message.assistant([TextPart(answer.completion)]),
        finish_reason=answer.finish,
        usage=Usage(input_tokens=answer.prompt_tokens, output_tokens=answer.completion_tokens),
    )


def _miss(question: Question, sources: str) -> str:
    what = f"step {question.step!r}" if question.step else "a call outside any step"
    inputs = f", inputs {question.brief}" if question.brief else ""
    return (
        f"{sources or 'there is no recording, so it'} has no answer for {what} "
        f"(key {question.key[:16]}, rollout {question.rollout}{inputs}): run again with "
        "--model MODEL --record FILE to extend a recording, or choose a model with --model"
    )

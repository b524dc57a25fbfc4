"""The desk: where an answer comes from, and what it costs.

For each question it looks in the run store, then in the recordings, then among the requests under
way; only what none of them has is asked, within the budget and the one concurrency limit. An
answer is in the store and in the recording before anyone sees it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

from ..errors import BudgetSpent, EnvscalerError
from .answers import Answer, Entry, How, Reply
from .asking import Question
from .lanes import Lanes
from .ledger import Ledger
from .recording import Recording
from .settings import Budget

if TYPE_CHECKING:
    from ..store import RunStore


class Event(NamedTuple):
    """Something a user should see while it happens."""

    kind: str
    """`retry`, `failed` or `warning`."""
    step: str
    message: str


class Prompt(NamedTuple):
    """What identifies the request that a question is put with."""

    request: str
    """Digest of everything that is sent, the model included."""
    instruction: str
    """Short hash of the system prompt."""
    model: str
    """The label of the model it would go to."""
    chars: int = 0
    """Of everything that is sent."""


class Ticket(NamedTuple):
    """An answer under way."""

    future: Future[Answer]
    shared: bool
    """Whether somebody else asked first."""
    prompt: Prompt


class Desk:
    """Finds or orders answers; safe to use from any thread."""

    def __init__(
        self,
        *,
        store: RunStore | None,
        recordings: tuple[Recording, ...],
        extended: Recording | None,
        budget: Budget | None,
        concurrency: int,
        on_event: Callable[[Event], None],
    ) -> None:
        self.ledger = Ledger(store)
        self.warnings: list[str] = []
        self._store = store
        self._recordings = recordings
        self._extended = extended
        self._budget = budget
        self._lanes = Lanes(concurrency)
        self._on_event = on_event
        self._under_way: dict[tuple[str, str], Future[Answer]] = {}
        self._sent = self.ledger.total.asked + self.ledger.total.failed
        self._told: set[str] = set()
        self._lock = threading.RLock()

    @property
    def sources(self) -> str:
        """The recordings' file names, for messages."""
        return ", ".join(recording.path.name for recording in self._recordings)

    def known(self, question: Question, prompt: Prompt) -> Answer | None:
        """The answer that the store or a recording has; it is booked as replayed."""
        started = time.monotonic()
        stored = self._stored(question.key)
        answer = stored or self._recorded(question.key)
        if answer is None:
            return None
        if self._extended is not None:
            self._extended.append(answer)
        if answer.instruction and answer.instruction != prompt.instruction:
            self._warn_of_instruction(question.step, "this run's store" if stored else self.sources)
        self._book(question, answer, "replayed", started, prompt.chars)
        return answer

    def order(self, question: Question, prompt: Prompt, send: Callable[[], Reply]) -> Ticket:
        """Queue a request, or join the identical one that is under way.

        The future raises what `send` raises, `BudgetSpent`, or `RunError` when the answer cannot
        be stored. A budget in tokens or money may be overrun by the requests already under way.
        """
        place = (question.key, prompt.request)
        with self._lock:
            if place in self._under_way:
                return Ticket(self._under_way[place], True, prompt)
            future = self._lanes.submit(lambda: self._asked(question, prompt, send))
            self._under_way[place] = future
        return Ticket(future, False, prompt)

    def joined(self, question: Question, prompt: Prompt, answer: Answer) -> None:
        """Book an answer that somebody else's request brought."""
        self._book(question, answer, "shared", time.monotonic(), prompt.chars)

    def warn(self, step: str, message: str) -> None:
        """Collect a warning, once."""
        with self._lock:
            if message in self._told:
                return
            self._told.add(message)
            self.warnings.append(message)
        self._on_event(Event("warning", step, message))

    def close(self) -> None:
        self._lanes.close()
        if self._extended is not None:
            self._extended.close()

    def _stored(self, key: str) -> Answer | None:
        # Reading waits for those who write: the store is only asked for what it has.
        if self._store is None or key not in self.ledger.answered:
            return None
        return self._store.answer(key)

    def _recorded(self, key: str) -> Answer | None:
        found = (recording.answer(key) for recording in self._recordings)
        return next((answer for answer in found if answer is not None), None)

    def _warn_of_instruction(self, step: str, where: str) -> None:
        self.warn(
            step,
            f"step {step!r}: the instruction differs from the one that the answers of {where} were "
            "given to; they are used all the same",
        )

    def _asked(self, question: Question, prompt: Prompt, send: Callable[[], Reply]) -> Answer:
        started = time.monotonic()
        try:
            # The answer may have arrived after `known` was asked and before `order`.
            found = self._stored(question.key) or self._recorded(question.key)
            if found is not None:
                self._book(question, found, "replayed", started, prompt.chars)
                return found
            self._spend()
            try:
                reply = send()
            except EnvscalerError as error:
                self._failed(question, prompt, str(error), started)
                raise
            return self._delivered(question, prompt, reply, started)
        finally:
            with self._lock:
                self._under_way.pop((question.key, prompt.request), None)

    def _delivered(
        self, question: Question, prompt: Prompt, reply: Reply, started: float
    ) -> Answer:
        answer = Answer(
            key=question.key,
            step=question.step,
            completion=reply.text,
            rollout=question.rollout,
            owner=question.owner,
            instruction=prompt.instruction,
            model=prompt.model,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            finish=reply.finish,
        )
        self._book(question, answer, "asked", started, prompt.chars, reply)
        if answer.finish == "length":
            self.warn(
                question.step,
                f"step {question.step!r}: an answer was cut at the token limit; raise --max-tokens",
            )
        if self._extended is not None:
            self._extended.append(answer)
        return answer

    def _failed(self, question: Question, prompt: Prompt, message: str, started: float) -> None:
        seconds = time.monotonic() - started
        entry = Entry(
            question.step, question.key, question.owner, prompt.model, "failed", seconds=seconds
        )
        self.ledger.book(entry)
        self._on_event(Event("failed", question.step, message))

    def _book(
        self,
        question: Question,
        answer: Answer,
        how: How,
        started: float,
        chars: int,
        reply: Reply | None = None,
    ) -> None:
        entry = Entry(
            step=question.step,
            key=question.key,
            owner=question.owner,
            model=answer.model,
            how=how,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            cost_usd=reply.cost_usd if reply else 0.0,
            seconds=time.monotonic() - started if reply else 0.0,
            attempts=reply.attempts if reply else 0,
            prompt_chars=chars,
            completion_chars=len(answer.completion),
        )
        self.ledger.book(entry, answer)

    def _spend(self) -> None:
        """Count one request against the budget, or refuse it."""
        with self._lock:
            if self._budget is not None:
                self._check(self._budget)
            self._sent += 1

    def _check(self, budget: Budget) -> None:
        total = self.ledger.total
        if budget.unit != "calls" and total.unmetered:
            raise BudgetSpent(
                f"a budget in {budget.unit} cannot be kept: the endpoint does not say how many "
                "tokens its answers take; give the budget in calls, such as 300calls"
            )
        if budget.unit == "usd" and total.unpriced:
            raise BudgetSpent(
                f"a budget in usd cannot be kept: {total.unpriced} answers of this run came at an "
                "unknown price; give the budget in tokens or calls, such as 200000tokens"
            )
        used = {"calls": self._sent, "tokens": total.paid_tokens, "usd": total.cost_usd}[
            budget.unit
        ]
        if used >= budget.limit:
            raise BudgetSpent(
                f"the budget of {budget} is used up ({used:.10g} {budget.unit} spent); what is "
                "finished is kept: run again with a larger --budget to go on"
            )

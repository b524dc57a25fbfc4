"""The models of a run: one door to every `dspy.LM`, with one ledger, budget and concurrency."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .answers import Sender
from .desk import Desk, Event
from .ledger import Ledger
from .recording import Recording
from .settings import REPLAY, ModelSettings

if TYPE_CHECKING:
    import dspy

    from ..store import RunStore
    from .transport import Transport


class Models(AbstractContextManager["Models"]):
    """Opened models; made by `open_models`, closed with `close` or `with`."""

    def __init__(
        self,
        settings: ModelSettings,
        desk: Desk,
        recordings: tuple[Recording, ...],
        on_event: Callable[[Event], None],
    ) -> None:
        self.settings = settings
        self._desk = desk
        self._recordings = recordings
        self._on_event = on_event
        self._opened: dict[str, dspy.LM] = {}
        self._senders: list[Sender] = []
        for model in {settings.model, *settings.per_step.values()}:
            self._opened[model] = self._open(model)

    @property
    def ledger(self) -> Ledger:
        """What was asked so far, earlier parts of the run included."""
        return self._desk.ledger

    @property
    def warnings(self) -> list[str]:
        """What a user should know about the answers, each said once."""
        return self._desk.warnings

    @property
    def label(self) -> str:
        """What cards name as the model; for `replay` the models that were recorded."""
        if self.settings.label or self.settings.model != REPLAY:
            return self.settings.label or self.settings.model
        labels = set().union(*(recording.labels for recording in self._recordings))
        return ", ".join(sorted(labels)) or REPLAY

    def lm(self, step: str | None = None) -> dspy.LM:
        """The `dspy.LM` of a step; steps with the same model string share one object."""
        return self._opened[self.settings.model_for(step)]

    def close(self) -> None:
        """Stop asking; what waits is dropped, and open connections are given back."""
        self._desk.close()
        for sender in self._senders:
            sender.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, model: str) -> dspy.LM:
        from .engine import AsyncEngine, Engine, OpenedLM

        send = None if model == REPLAY else self._sender(model).send
        main = model == self.settings.model
        label = self.settings.label if main and self.settings.label else model
        engine = Engine(self._desk, label, send)
        try:
            return OpenedLM(
                model,
                temperature=self.settings.temperature,
                max_tokens=self.settings.max_tokens,
                cache=False,
                num_retries=0,
                engine=engine,
                async_engine=AsyncEngine(engine),
            )
        except Exception as error:
            raise ConfigurationError(f"model {model!r} cannot be opened: {error}") from error

    def _sender(self, model: str) -> Sender:
        sender = self.settings.sender or self._transport(model)
        self._senders.append(sender)
        return sender

    def _transport(self, model: str) -> Transport:
        from .routes import route_to
        from .transport import Transport

        route, width = route_to(model, self.settings), self.settings.concurrency
        return Transport(route, self.settings.retries, width, self._retried)

    def _retried(self, step: str, message: str) -> None:
        self._on_event(Event("retry", step, message))


def open_models(
    settings: ModelSettings,
    store: RunStore | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Models:
    """Open the models of a run.

    A `.env` file in the current folder is read; it never overrides the environment. Without a
    store, answers are remembered only in the recording that `settings.record` names. Answers are
    keyed without the instruction, so open models for compiling without store and recordings.

    Args:
        settings: The models and their limits.
        store: Where answers and ledger rows are kept.
        on_event: Told of retries, failures and warnings as they happen, from any thread.

    Raises:
        ConfigurationError: an unknown model, a missing key, a setting that does not fit, or a
            recording that cannot be read or written.
        DataError: a line of a recording is not an answer.
    """
    from dotenv import load_dotenv

    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        load_dotenv(Path.cwd() / ".env", override=False)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f".env cannot be read, it must be UTF-8 text: {error}") from error
    tell = on_event or _ignore
    extended = Recording.extend(settings.record) if settings.record else None
    read = tuple(Recording.read(path) for path in settings.recordings)
    recordings = (extended, *read) if extended else read
    desk = Desk(
        store=store,
        recordings=recordings,
        extended=extended,
        budget=settings.budget,
        concurrency=settings.concurrency,
        on_event=tell,
    )
    for repeat in (repeat for recording in recordings for repeat in recording.repeats):
        desk.warn("", repeat)
    try:
        return Models(settings, desk, recordings, tell)
    except BaseException:
        desk.close()
        raise


def _ignore(event: Event) -> None:
    """Nobody watches."""

"""A judge's look at classes in which execution has found nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import dspy

from ..runtime.inspection import run_calls
from ..runtime.models import Models, ModelSettings, open_models, owned_by
from ..runtime.records import Environment, Finding, TestCall
from ..runtime.sandbox import Pool
from ..runtime.state import Json
from .step import complete
from .testing import OutcomeJudge, failed_calls
from .together import together


class Subject(NamedTuple):
    """A class to look at, and the test calls that it is looked at with."""

    environment: Environment
    state: dict[str, Json]
    calls: Sequence[TestCall]


def review(
    pool: Pool, subjects: Sequence[Subject], settings: ModelSettings
) -> list[tuple[Finding, ...]]:
    """What a judge says against each class, after its test calls were executed.

    Raises:
        ConfigurationError: the model cannot be opened.
        ModelError: it did not answer; what was recorded is kept.
        SandboxError: the sealed execution itself failed.
    """
    with open_models(settings) as models:
        return complete(_reviewed(pool, subjects, models))


async def _reviewed(
    pool: Pool, subjects: Sequence[Subject], models: Models
) -> list[tuple[Finding, ...]]:
    judge = OutcomeJudge()
    with dspy.context(lm=models.lm("judge outcomes")):
        return await together(_judged(pool, judge, subject) for subject in subjects)


async def _judged(pool: Pool, judge: OutcomeJudge, subject: Subject) -> tuple[Finding, ...]:
    environment, state, calls = subject
    executed = await asyncio.to_thread(run_calls, pool, environment, state, calls)
    with owned_by(environment.id):
        said = await judge.acall(environment=environment, state=state, executed=executed)
    return tuple(failed_calls(executed, said.judgements))

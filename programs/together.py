"""Running many items at once, and setting those aside that found no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from ..runtime.errors import ModelError, Repairable, SandboxError, SealUnavailable
from ..runtime.journal import Journal, Stage
from ..runtime.models import owned_by

T = TypeVar("T")


async def together(work: Iterable[Awaitable[T]]) -> list[T]:
    """The results in order; the first error ends the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_started(item)) for item in work]
    except BaseExceptionGroup as group_error:
        raise _first(group_error) from group_error
    return [task.result() for task in tasks]


async def _started(work: Awaitable[T]) -> T:
    return await work


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def attended(
    journal: Journal, stage: Stage, items: Sequence[str], work: Callable[[], Awaitable[T]]
) -> T | None:
    """The result of the work on items, its model calls booked on them.

    None when a model did not answer, or a worker failed: the items are then set aside as
    unfinished. What a model got wrong and no program has turned into a value drops them.
    """
    try:
        journal.check()
        with owned_by(" ".join(items)):
            return await work()
    except Repairable as error:
        for item in items:
            journal.drop(stage, item, str(error))
    except SealUnavailable:
        raise  # no item can go on without it
    except (ModelError, SandboxError) as error:
        for item in items:
            journal.halt(stage, item, error)
    return None

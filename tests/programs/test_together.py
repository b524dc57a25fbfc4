"""Items side by side: one that fails leaves the others, and says how it ended."""

from __future__ import annotations

import asyncio

import pytest

from envscaler.programs.together import attended, together
from envscaler.runtime.errors import (
    BudgetSpent,
    EnvscalerError,
    GeneratedCodeError,
    ReplayMiss,
    RunError,
    SandboxError,
    SealUnavailable,
)
from envscaler.runtime.journal import Journal
from envscaler.runtime.records import SourceTask


def outcome(journal: Journal, *errors: EnvscalerError | None) -> list[str | None]:
    """One item for each error, or for none, worked on at once."""

    async def work(name: str, error: EnvscalerError | None) -> str:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return name

    async def everything() -> list[str | None]:
        return await together(
            attended(journal, "class", str(n), lambda n=n, error=error: work(str(n), error))  # type: ignore[misc]
            for n, error in enumerate(errors)
        )

    return asyncio.run(everything())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (GeneratedCodeError("does not load"), "rejected"),
        (ReplayMiss("lacks it"), "unfinished"),
        (SandboxError("the zygote died"), "unfinished"),
    ],
)
def test_an_item_that_fails_is_a_row_and_the_others_go_on(
    error: EnvscalerError, status: str
) -> None:
    journal = Journal()
    assert outcome(journal, None, error, None) == ["0", None, "2"]
    (row,) = journal.settled
    assert (row.item, row.status, row.reason) == ("1", status, str(error))


@pytest.mark.parametrize("error", [SealUnavailable("no seccomp"), RunError("disk full")])
def test_what_no_item_can_go_on_without_ends_them_all_as_itself(error: EnvscalerError) -> None:
    with pytest.raises(type(error), match=str(error)):
        outcome(Journal(), None, error)


def test_a_spent_budget_keeps_new_items_from_beginning() -> None:
    journal = Journal()
    outcome(journal, BudgetSpent("300 calls are used up"))
    assert outcome(journal, None) == [None]
    assert [row.status for row in journal.settled] == ["unfinished"] * 2


def test_a_missing_answer_keeps_no_other_item_from_beginning() -> None:
    journal = Journal()
    outcome(journal, ReplayMiss("lacks it"))
    assert outcome(journal, None) == ["0"]


def test_an_error_of_one_item_cancels_the_others() -> None:
    ended = []

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    async def fails() -> None:
        await asyncio.sleep(0)
        raise RunError("disk full")

    with pytest.raises(RunError):
        asyncio.run(together([waits(), fails()]))
    assert ended == ["cancelled"]


def test_what_was_kept_comes_back_without_the_order_of_arrival() -> None:
    tasks = [SourceTask(text=text) for text in "bca"]
    forth, back = Journal(), Journal()
    for task in tasks:
        forth.keep("task", task.id, task)
    for task in reversed(tasks):
        back.keep("task", task.id, task)
    assert forth.kept(SourceTask) == back.kept(SourceTask)

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.errors import SandboxError
from envscaler.runtime.sandbox.gatherer import Gatherer, Kind


class Gate:
    """An operation that halts until it is opened, and remembers its batches."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.batches: list[list[int]] = []
        self.kind = Kind[int, int](self.run)

    def run(self, items: list[int]) -> list[int]:
        self.batches.append(items)
        self.entered.set()
        assert self.opened.wait(10)
        return [item * 10 for item in items]

    async def begun(self) -> None:
        """A batch is under way."""
        assert await asyncio.to_thread(self.entered.wait, 10)


def gathered(work: Callable[[Gatherer], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function on a gatherer in a loop of its own."""

    async def main() -> None:
        gatherer = Gatherer(lambda: None)
        try:
            await work(gatherer)
        finally:
            await gatherer.close()

    asyncio.run(main())


async def outcomes(*calls: Awaitable[Any]) -> list[Any]:
    """What calls that are made at the same time return or raise."""
    return await asyncio.gather(*calls, return_exceptions=True)


def own_threads() -> set[int | None]:
    return {t.ident for t in threading.enumerate() if t.name.startswith("envscaler-gatherer")}


def test_calls_made_while_a_batch_is_out_go_together_as_the_next() -> None:
    async def work(gatherer: Gatherer) -> None:
        gate = Gate()
        first = gatherer.call(gate.kind, [0])
        await gate.begun()
        others = [gatherer.call(gate.kind, [n, -n]) for n in range(1, 500)]
        gate.opened.set()
        assert await first == [0]
        assert await outcomes(*others) == [[n * 10, -n * 10] for n in range(1, 500)]
        assert [len(batch) for batch in gate.batches] == [1, 998]

    gathered(work)


def test_coroutines_that_call_in_step_share_every_batch() -> None:
    async def work(gatherer: Gatherer) -> None:
        gate = Gate()
        gate.opened.set()

        async def agent(number: int) -> None:
            for turn in range(20):
                assert await gatherer.call(gate.kind, [turn], [number]) == [turn * 10]

        await asyncio.gather(*map(agent, range(1000)))
        assert gate.batches == [[turn] * 1000 for turn in range(20)]

    gathered(work)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.frozensets(st.integers(0, 3)), st.integers(0, 1)),
        max_size=30,
    )
)
def test_each_instance_meets_its_calls_in_order(
    calls: list[tuple[str, frozenset[int], int]],
) -> None:
    done: list[int] = []

    def run(items: Iterable[int], **_: object) -> list[int]:
        done.extend(items)
        return list(items)

    async def work(gatherer: Gatherer) -> None:
        kinds = {name: Kind[int, int](run, together=name != "c") for name in "abc"}
        asked = [
            gatherer.call(kinds[name], [number], instances, option=option)
            for number, (name, instances, option) in enumerate(calls)
        ]
        answers = await asyncio.gather(*asked)
        assert answers == [[number] for number in range(len(calls))]

    gathered(work)
    assert sorted(done) == list(range(len(calls)))
    for instance in range(4):
        mine = [number for number in done if instance in calls[number][1]]
        assert mine == sorted(mine)


def test_sources_work_at_the_same_time() -> None:
    both = threading.Barrier(2)
    meet = Kind[int, int](lambda _: [both.wait(10)])

    async def other(gatherer: Gatherer) -> None:
        await gatherer.call(meet, [0])

    async def work(first: Gatherer) -> None:
        second = Gatherer(lambda: None)
        await asyncio.gather(other(first), other(second))
        await second.close()

    gathered(work)


def test_an_error_of_the_source_reaches_every_caller_as_its_own() -> None:
    def broken(_: list[int]) -> list[int]:
        raise SandboxError("it broke")

    async def work(gatherer: Gatherer) -> None:
        kind = Kind[int, int](broken)
        errors = await outcomes(*(gatherer.call(kind, [n]) for n in range(3)))
        assert [(type(error), str(error)) for error in errors] == [(SandboxError, "it broke")] * 3
        assert len(set(map(id, errors))) == 3

    gathered(work)


def test_a_cancelled_coroutine_disturbs_no_other() -> None:
    async def work(gatherer: Gatherer) -> None:
        gate = Gate()
        out = [gatherer.call(gate.kind, [n]) for n in range(3)]
        await gate.begun()
        waiting = [gatherer.call(gate.kind, [n]) for n in range(3, 6)]
        out[1].cancel()
        waiting[1].cancel()
        gate.opened.set()
        results = await asyncio.gather(*out, *waiting, return_exceptions=True)
        cancelled = [n for n, result in enumerate(results) if isinstance(result, BaseException)]
        assert cancelled == [1, 4]
        assert [result for n, result in enumerate(results) if n not in cancelled] == [
            [0],
            [20],
            [30],
            [50],
        ]
        assert gate.batches == [[0, 1, 2], [3, 5]]

    gathered(work)


def test_closing_ends_the_calls_that_wait() -> None:
    finished: list[int] = []

    async def main() -> None:
        gate, gatherer = Gate(), Gatherer(lambda: finished.append(0))
        out = gatherer.call(gate.kind, [1])
        await gate.begun()
        waiting = gatherer.call(gate.kind, [2])
        closing = [asyncio.create_task(gatherer.close()) for _ in range(2)]
        with pytest.raises(SandboxError, match="closed while a call waited"):
            await waiting
        with pytest.raises(SandboxError, match="was closed"):
            await gatherer.call(gate.kind, [3])
        gate.opened.set()
        await asyncio.gather(*closing)
        assert await out == [10]
        assert gate.batches == [[1]]

    before = own_threads()
    asyncio.run(main())
    assert finished == [0]
    assert own_threads() == before


def test_a_cancelled_closing_still_ends_the_thread() -> None:
    async def main() -> None:
        gate, gatherer = Gate(), Gatherer(lambda: None)
        out = gatherer.call(gate.kind, [1])
        await gate.begun()
        closing = asyncio.create_task(gatherer.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        gate.opened.set()
        await gatherer.close()
        assert await out == [10]

    before = own_threads()
    asyncio.run(main())
    assert own_threads() == before


def test_what_may_have_been_done_is_not_tried_again() -> None:
    seen: list[int] = []

    def run(items: list[int]) -> list[int]:
        seen.extend(items)
        raise OSError("in the middle of it")

    once = Kind[int, int](run, apart=(KeyError,))

    async def work(gatherer: Gatherer) -> None:
        calls = [gatherer.call(once, [item]) for item in range(8)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in found] == [OSError] * 8

    gathered(work)
    assert seen == list(range(8))

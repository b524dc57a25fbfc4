from __future__ import annotations

import asyncio
import inspect
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.errors import DataError, GeneratedCodeError, SandboxError
from envscaler.runtime.sandbox import Call, Limits, Pool, SealedChecks, SealedClass
from envscaler.runtime.sandbox.asynchronous import (
    AsyncPool,
    AsyncSealedChecks,
    AsyncSealedClass,
)

PEN = {"stock": {"pen": 1}}
PLAIN_ONLY = {"rest", "shared"}
"""What only this package itself asks of the plain classes."""
LIMITS = Limits(soft_seconds=0.15, hard_seconds=1.0, memory_bytes=256 << 20)

Work = Callable[[AsyncSealedClass], Coroutine[Any, Any, None]]


@pytest.fixture
def in_shop(shop_source: str) -> Callable[[Work], None]:
    """Runs a coroutine function on the shop in a loop of its own."""

    async def opened(work: Work) -> None:
        async with AsyncPool(LIMITS) as pool, await pool.open(shop_source) as shop:
            await work(shop)

    return lambda work: asyncio.run(opened(work))


async def outcomes(*calls: Awaitable[Any]) -> list[Any]:
    """What calls that are made at the same time return or raise."""
    return await asyncio.gather(*calls, return_exceptions=True)


def own_threads() -> set[int | None]:
    return {t.ident for t in threading.enumerate() if t.name.startswith("envscaler-gatherer")}


# ---------------------------------------------------------------------- the same as without async


@pytest.mark.parametrize(
    ("plain", "asynchronous"),
    [(Pool, AsyncPool), (SealedClass, AsyncSealedClass), (SealedChecks, AsyncSealedChecks)],
)
def test_names_parameters_and_defaults_are_those_of_the_plain_classes(
    plain: type, asynchronous: type
) -> None:
    def shape(kind: type) -> dict[str, list[tuple[str, object, object]]]:
        return {
            name: [
                (p.name, p.kind, p.default) for p in inspect.signature(method).parameters.values()
            ]
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_") and name not in PLAIN_ONLY
        }

    assert shape(asynchronous) == shape(plain)


def test_the_pool_takes_what_the_plain_pool_takes() -> None:
    plain, asynchronous = (inspect.signature(kind).parameters for kind in (Pool, AsyncPool))
    assert [(p.name, p.kind, p.default) for p in asynchronous.values()] == [
        (p.name, p.kind, p.default) for p in plain.values()
    ]


def test_every_operation_does_what_its_plain_namesake_does(
    in_shop: Callable[[Work], None], shop: SealedClass
) -> None:
    async def work(other: AsyncSealedClass) -> None:
        assert (other.class_name, other.tools, other.layers) == (
            shop.class_name,
            shop.tools,
            shop.layers,
        )
        [ada], [plain] = await other.create([PEN], seed=7), shop.create([PEN], seed=7)
        add = [Call(ada, "add", {"item": "ink"})]
        assert await other.step(add) == shop.step([add[0]._replace(instance=plain)])
        [now], [expected] = await other.snapshot([ada]), shop.snapshot([plain])
        assert now == expected
        assert await other.hash([ada]) == shop.hash([plain])
        assert await other.diff([ada]) == shop.diff([plain])
        bob, eve = await other.branch(ada, 2)
        await other.reset([ada])
        await other.step([Call(eve, "add", {"item": "ink"})] * 2)
        await other.restore(eve, now)
        assert await other.snapshot([bob, eve]) == [now, now]
        assert [s.state["stock"] for s in await other.snapshot([ada])] == [{"pen": 1}]
        await other.drop([ada, bob])
        with pytest.raises(KeyError):
            await other.snapshot([bob])

    in_shop(work)


def test_checks_are_evaluated() -> None:
    async def main() -> None:
        async with (
            AsyncPool(LIMITS) as pool,
            await pool.open_checks("def check(x):\n    return 6 // x\n") as checks,
        ):
            found = await asyncio.gather(*(checks.evaluate([(n,), (1,)]) for n in range(3)))
        assert [[reply.value for reply in replies] for replies in found] == [
            [None, 6],
            [6, 6],
            [3, 6],
        ]
        assert "ZeroDivisionError" in found[0][0].error

    asyncio.run(main())


# ---------------------------------------------------------------------- batches


def test_a_thousand_agents_each_find_their_own_state(in_shop: Callable[[Work], None]) -> None:
    async def work(shop: AsyncSealedClass) -> None:
        async def agent(number: int) -> None:
            [me] = await shop.create([{"stock": {"pen": number}}])
            for turn in range(1, 4):
                [reply] = await shop.step([Call(me, "add", {"item": "pen"})])
                assert reply.value == {"success": True, "data": ["pen", number + turn]}
            [snapshot] = await shop.snapshot([me])
            assert snapshot.state["stock"] == {"pen": number + 3}
            await shop.drop([me])

        async with asyncio.TaskGroup() as group:
            for number in range(1000):
                group.create_task(agent(number))

    in_shop(work)


def test_calls_of_different_kinds_on_one_instance_keep_their_order(
    in_shop: Callable[[Work], None],
) -> None:
    async def work(shop: AsyncSealedClass) -> None:
        ada, bob = await shop.create([PEN, PEN])
        add = [Call(ada, "add", {"item": "pen"})]
        _, one, _, two, _, _, zero, _ = await outcomes(
            shop.step(add),
            shop.snapshot([ada]),
            shop.step(add),
            shop.snapshot([ada, bob]),
            shop.step(add),
            shop.reset([ada]),
            shop.snapshot([ada]),
            shop.drop([ada]),
        )
        counts = [snapshot.state["stock"]["pen"] for snapshot in [*one, *two, *zero]]
        assert counts == [2, 3, 1, 1]

    in_shop(work)


# ---------------------------------------------------------------------- errors


def test_an_unknown_instance_concerns_its_caller_alone(in_shop: Callable[[Work], None]) -> None:
    async def work(shop: AsyncSealedClass) -> None:
        [ada] = await shop.create([PEN])

        def add(instance: int) -> Coroutine[Any, Any, Any]:
            return shop.step([Call(instance, "add", {"item": "pen"})])

        one, unknown, two, gone, there, none, dropped, again = await outcomes(
            add(ada),
            add(99),
            add(ada),
            shop.snapshot([ada, 98]),
            shop.snapshot([ada]),
            shop.branch(97),
            shop.drop([ada]),
            shop.drop([ada]),
        )
        assert [one[0].value["data"], two[0].value["data"]] == [["pen", 2], ["pen", 3]]
        for error, number in ((unknown, 99), (gone, 98), (none, 97), (again, ada)):
            assert isinstance(error, KeyError)
            assert f"{number}" in str(error)
        assert there[0].state["stock"] == {"pen": 3}
        assert dropped is None

    in_shop(work)


def test_a_state_that_cannot_be_built_concerns_its_caller_alone(
    in_shop: Callable[[Work], None],
) -> None:
    async def work(shop: AsyncSealedClass) -> None:
        states: list[dict[str, Any]] = [PEN, {}, PEN, {"stock": object()}]
        made = await outcomes(*(shop.create([state]) for state in states))
        assert isinstance(made[1], GeneratedCodeError)
        assert isinstance(made[3], DataError)
        assert isinstance(made[0], list)
        assert isinstance(made[2], list)
        assert len({*made[0], *made[2]}) == 2

    in_shop(work)


def test_what_cannot_be_a_call_is_refused_at_once(in_shop: Callable[[Work], None]) -> None:
    async def work(shop: AsyncSealedClass) -> None:
        nonsense: Any = [("ada", "add")]
        with pytest.raises(ValueError, match="unpack"):
            await shop.step(nonsense)
        assert await shop.step([]) == []

    in_shop(work)


# ---------------------------------------------------------------------- cancelling, closing


def test_a_timeout_around_a_call_leaves_the_source_usable(in_shop: Callable[[Work], None]) -> None:
    async def work(shop: AsyncSealedClass) -> None:
        ada, bob = await shop.create([PEN, PEN])
        hanging = asyncio.wait_for(shop.step([Call(ada, "crash", {})]), 0.01)
        with pytest.raises(TimeoutError):
            await hanging
        [reply] = await shop.step([Call(bob, "count", {"item": "pen"})])
        assert reply.value == {"success": True, "data": 1}

    in_shop(work)


def test_closing_breaks_off_what_is_under_way(in_shop: Callable[[Work], None]) -> None:
    async def work(shop: AsyncSealedClass) -> None:
        ada, bob = await shop.create([PEN, PEN])
        crash = asyncio.create_task(shop.step([Call(ada, "crash", {})] * 1000))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(shop.snapshot([bob]))
        await asyncio.sleep(0)
        await shop.close()
        for ended in await outcomes(crash, waiting):
            assert isinstance(ended, SandboxError)
            assert "this source was closed" in str(ended)

    in_shop(work)


def belongings() -> tuple[int, set[str], set[int | None]]:
    """Descriptors, processes and threads of this process."""
    stats = [path / "status" for path in Path("/proc").iterdir() if path.name.isdigit()]
    mine = f"PPid:\t{os.getpid()}\n"
    children = {str(path) for path in stats if path.exists() and mine in path.read_text()}
    return len(os.listdir("/proc/self/fd")), children, own_threads()


def test_closing_leaves_no_thread_no_process_and_no_descriptor(shop_source: str) -> None:
    async def main() -> None:
        async with AsyncPool(LIMITS) as pool:
            shop = await pool.open(shop_source)
            [ada] = await shop.create([PEN])
            with pytest.raises(GeneratedCodeError):
                await pool.open("nonsense")
            checks = await pool.open_checks("def check(): return 1")
        await pool.close()
        await checks.close()
        with pytest.raises(SandboxError, match="closed"):
            await shop.step([Call(ada, "count", {"item": "pen"})])
        with pytest.raises(SandboxError, match="closed"):
            await pool.open(shop_source)

    before = belongings()
    asyncio.run(main())
    assert belongings() == before


def test_an_opening_may_be_cancelled_or_overtaken_by_closing(shop_source: str) -> None:
    async def main() -> None:
        async with AsyncPool(LIMITS) as pool:
            openings = [asyncio.create_task(pool.open(shop_source)) for _ in range(3)]
            openings[0].cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # now the threads are at it
            openings[1].cancel()
        late = openings.pop()
        for opening in openings:
            with pytest.raises(asyncio.CancelledError):
                await opening
        with pytest.raises(SandboxError, match="closed"):
            await (await late).create([PEN])

    before = belongings()
    asyncio.run(main())
    assert belongings() == before


def test_an_error_in_the_body_closes_the_pool_all_the_same(shop_source: str) -> None:
    async def main() -> None:
        async with AsyncPool(LIMITS) as pool, await pool.open(shop_source) as shop:
            [ada] = await shop.create([PEN])
            async with asyncio.TaskGroup() as group:
                group.create_task(shop.step([Call(ada, "count", {"item": "pen"})]))
                group.create_task(shop.snapshot([99]))

    before = own_threads()
    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(main())
    assert [type(error) for error in caught.value.exceptions] == [KeyError]
    assert own_threads() == before


def test_another_event_loop_is_refused(in_shop: Callable[[Work], None], shop_source: str) -> None:
    async def work(shop: AsyncSealedClass) -> None:
        def elsewhere(coroutine: Coroutine[Any, Any, object]) -> None:
            with pytest.raises(SandboxError, match="another event loop"):
                asyncio.run(coroutine)

        await asyncio.to_thread(elsewhere, shop.create([PEN]))
        await asyncio.to_thread(elsewhere, shop.close())
        assert await shop.create([PEN]) == [0]

    in_shop(work)
    pool = AsyncPool(LIMITS)
    asyncio.run(pool.close())
    with pytest.raises(SandboxError, match="another event loop"):
        asyncio.run(pool.open(shop_source))

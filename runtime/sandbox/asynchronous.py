"""The pool for coroutines: what is awaited at the same time is carried out together.

A call that finds its source idle goes out with the loop's next turn, in a thread. Calls that come
while the source works are gathered and go out together as soon as it is free, so a thousand
coroutines that each await one call cost a few orders to the workers. Nothing waits for a batch to
fill, and sources do not wait for each other.

- The calls on one instance are carried out in the order they were made; calls on different
  instances may overtake each other.
- An error reaches only the callers whose own part failed; what concerns the source as a whole, for
  example that it was given up, reaches all.
- Cancelling a coroutine that awaits a call disturbs nobody else; the call may still be carried out.
- What was passed must not be changed before the call has returned.
- A pool and what it opened belong to the event loop in which they are first used.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Self, TypeVar

from ..errors import SandboxError
from ..records import ToolSpec
from ..state import Difference, Json
from .gatherer import Gatherer, Kind
from .journals import Snapshot
from .pool import Pool
from .protocol import Limits, PackageObject, Profile
from .reports import Reply
from .sealed_checks import SealedChecks
from .sealed_class import Call, SealedClass

State = dict[str, Json] | bytes | Snapshot
S = TypeVar("S", SealedClass, SealedChecks)
A = TypeVar("A")
Y = TypeVar("Y")


def _each(method: Callable[..., Y]) -> Callable[[Iterable[tuple[Any, ...]]], list[Y]]:
    """Apply a method to tuples of arguments, one after another."""
    return lambda items: [method(*item) for item in items]


def _silent(
    method: Callable[[list[int]], None], *, final: bool = False
) -> Callable[[list[int]], list[None]]:
    """Give None for each instance; what is `final` is done to each but once."""

    def silent(instances: list[int]) -> list[None]:
        if final and len(set(instances)) < len(instances):  # so the callers are tried one by one
            raise KeyError("an instance can be dropped only once")
        method(instances)
        return [None] * len(instances)

    return silent


class AsyncSealed:
    """A source in its workers; `async with` closes it."""

    def __init__(self, sealed: SealedClass | SealedChecks, gatherer: Gatherer) -> None:
        self._gatherer = gatherer
        self.layers: tuple[str, ...] = sealed.layers
        """The protections that hold in the workers."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the workers, also those at work; calls under way or waiting raise SandboxError."""
        await self._gatherer.close()


class AsyncSealedClass(AsyncSealed):
    """`SealedClass` for coroutines: the same methods, awaited."""

    def __init__(self, sealed: SealedClass, gatherer: Gatherer) -> None:
        super().__init__(sealed, gatherer)
        self.class_name = sealed.class_name
        self.tools = sealed.tools
        self._create = Kind[State, int](sealed.create)
        self._reset = Kind[int, None](_silent(sealed.reset))
        # A call must not be made twice: only a wrong instance is found before anything is done.
        self._step = Kind[Call, Reply](sealed.step, apart=(KeyError,))
        self._snapshot = Kind[int, Snapshot](sealed.snapshot)
        self._restore = Kind[tuple[int, Snapshot], None](_each(sealed.restore), together=False)
        self._branch = Kind[tuple[int, int], list[int]](_each(sealed.branch), together=False)
        self._diff = Kind[int, list[Difference]](sealed.diff)
        self._hash = Kind[int, str](sealed.hash)
        self._drop = Kind[int, None](_silent(sealed.drop, final=True))

    async def create(self, states: Iterable[State], *, seed: int = 0) -> list[int]:
        """As `SealedClass.create`."""
        return await self._gatherer.call(self._create, states, seed=seed)

    async def reset(self, instances: Iterable[int]) -> None:
        """As `SealedClass.reset`."""
        await self._on(self._reset, instances)

    async def step(self, calls: Iterable[Call]) -> list[Reply]:
        """As `SealedClass.step`."""
        chosen = list(calls)
        instances = [instance for instance, _, _ in chosen]
        return await self._gatherer.call(self._step, chosen, instances)

    async def snapshot(self, instances: Iterable[int]) -> list[Snapshot]:
        """As `SealedClass.snapshot`."""
        return await self._on(self._snapshot, instances)

    async def restore(self, instance: int, snapshot: Snapshot) -> None:
        """As `SealedClass.restore`."""
        await self._gatherer.call(self._restore, [(instance, snapshot)], [instance])

    async def branch(self, instance: int, count: int = 1) -> list[int]:
        """As `SealedClass.branch`."""
        [made] = await self._gatherer.call(self._branch, [(instance, count)], [instance])
        return made

    async def diff(self, instances: Iterable[int]) -> list[list[Difference]]:
        """As `SealedClass.diff`."""
        return await self._on(self._diff, instances)

    async def hash(self, instances: Iterable[int]) -> list[str]:
        """As `SealedClass.hash`."""
        return await self._on(self._hash, instances)

    async def drop(self, instances: Iterable[int]) -> None:
        """As `SealedClass.drop`."""
        await self._on(self._drop, instances)

    async def _on(self, kind: Kind[int, Y], instances: Iterable[int]) -> list[Y]:
        chosen = list(instances)
        return await self._gatherer.call(kind, chosen, chosen)


class AsyncSealedChecks(AsyncSealed):
    """`SealedChecks` for coroutines."""

    def __init__(self, sealed: SealedChecks, gatherer: Gatherer) -> None:
        super().__init__(sealed, gatherer)
        self._evaluate = Kind[Sequence[Json], Reply](sealed.evaluate)

    async def evaluate(self, arguments: Iterable[Sequence[Json]]) -> list[Reply]:
        """As `SealedChecks.evaluate`."""
        return await self._gatherer.call(self._evaluate, arguments)


class AsyncPool:
    """`Pool` for coroutines: the same methods, awaited.

    >>> async with AsyncPool() as pool, await pool.open(source) as sealed:      # doctest: +SKIP
    ...     [ada] = await sealed.create([state])
    ...     [reply] = await sealed.step([Call(ada, "rent_unit", {"unit_id": "U1"})])
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        workers: int | None = None,
        unsafe: bool = False,
        idle_seconds: float = 300.0,
    ) -> None:
        self._pool = Pool(limits, workers=workers, unsafe=unsafe, idle_seconds=idle_seconds)
        self._gatherer = Gatherer(self._pool.close)
        self._opened: weakref.WeakSet[Gatherer] = weakref.WeakSet()
        self._ending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._gatherer.bind()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(
        self,
        source: str,
        class_name: str | None = None,
        *,
        profile: Profile = "native",
        tools: Sequence[ToolSpec] | None = None,
        strict: bool = False,
    ) -> AsyncSealedClass:
        """As `Pool.open`."""
        opening = partial(
            self._pool.open, source, class_name, profile=profile, tools=tools, strict=strict
        )
        return await self._open(opening, AsyncSealedClass)

    async def open_package(
        self,
        objects: Mapping[str, PackageObject],
        *,
        tools: Sequence[ToolSpec] | None = None,
    ) -> AsyncSealedClass:
        """As `Pool.open_package`."""
        opening = partial(self._pool.open_package, objects, tools=tools)
        return await self._open(opening, AsyncSealedClass)

    async def open_checks(
        self, source: str, function: str = "check", *, profile: Profile = "native"
    ) -> AsyncSealedChecks:
        """As `Pool.open_checks`."""
        opening = partial(self._pool.open_checks, source, function, profile=profile)
        return await self._open(opening, AsyncSealedChecks)

    async def close(self) -> None:
        """End every worker and thread, also those at work; twice is fine."""
        self._gatherer.bind()
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        await asyncio.wait([self._ending])  # goes on when this is cancelled
        self._ending.result()

    async def _end(self) -> None:
        try:
            await asyncio.gather(*(gatherer.close() for gatherer in list(self._opened)))
        finally:
            await self._gatherer.close()

    async def _open(self, opening: Callable[[], S], face: Callable[[S, Gatherer], A]) -> A:
        """Open a source in the threads that will serve it."""
        self._gatherer.bind()
        if self._ending is not None:
            raise SandboxError("this pool was closed; make a new one")
        owned = ExitStack()
        gatherer = Gatherer(owned.close)
        self._opened.add(gatherer)
        kind = Kind[None, A](lambda _: [face(owned.enter_context(opening()), gatherer)])
        call = gatherer.call(kind, [None])
        try:
            await asyncio.wait([call])
            return call.result()[0]
        except BaseException:
            await asyncio.gather(call, return_exceptions=True)  # it may open after all
            await gatherer.close()
            raise

"""Gathers what many coroutines ask for into batches, carried out in a thread.

What is asked for first goes out with the loop's next turn; what comes while that is under way goes
out together as soon as it is done. Nothing waits for a batch to fill.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from ..errors import SandboxError

X = TypeVar("X")
Y = TypeVar("Y")

Result = list[Any] | Exception
"""What a caller gets: a result for each item, or what is raised."""


class Kind(NamedTuple, Generic[X, Y]):
    """A kind of operation, and how it treats the items of several callers."""

    run: Callable[..., Sequence[Y]]
    """Takes a list of items, gives a result for each."""
    apart: tuple[type[Exception], ...] = (Exception,)
    """Errors that leave nothing done, so that each part of the batch can be tried alone."""
    common: tuple[type[Exception], ...] = (SandboxError,)
    """Errors that concern every caller all the same."""
    together: bool = True
    """False: it takes the items of one caller at a time."""


class Part(NamedTuple):
    """What one caller asks for, and where the answer goes."""

    kind: Kind[Any, Any]
    items: list[Any]
    instances: frozenset[Hashable]
    options: dict[str, object]
    answer: asyncio.Future[list[Any]]

    def like(self, other: Part) -> bool:
        """Whether both may go into one batch."""
        return self.kind is other.kind and self.options == other.options


class Gatherer:
    """Carries out calls in a thread, those that wait at the same time as one batch.

    The first use binds a gatherer to the running loop. `finish` lets go of what the calls need; it
    may run beside the last batch, which it had better break off.
    """

    def __init__(self, finish: Callable[[], None]) -> None:
        self._finish = finish
        self._threads = ThreadPoolExecutor(2, "envscaler-gatherer")  # the second is for `finish`
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[Part] = []
        self._busy = False
        self._batch: asyncio.Future[list[Result]] | None = None
        self._closing: asyncio.Future[None] | None = None

    def call(
        self,
        kind: Kind[X, Y],
        items: Iterable[X],
        instances: Iterable[Hashable] = (),
        **options: object,
    ) -> asyncio.Future[list[Y]]:
        """The results of the items, in a batch with others of the same kind and options.

        Calls that name the same instance keep their order.

        Raises:
            SandboxError: it is closed, or bound to another loop; or as the operation raises.
        """
        loop = self.bind()
        if self._closing is not None:
            raise SandboxError("this source was closed; open it again with the pool")
        answer: asyncio.Future[list[Y]] = loop.create_future()
        self._waiting.append(Part(kind, list(items), frozenset(instances), options, answer))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._next)
        return answer

    async def close(self) -> None:
        """Finish, and end the threads; calls that wait end with a SandboxError. Twice is fine."""
        loop = self.bind()
        if self._closing is None:
            self._closing = loop.run_in_executor(self._threads, self._finish)
            self._threads.shutdown(wait=False)
            for part in self._waiting:
                if not part.answer.done():
                    part.answer.set_exception(
                        SandboxError("this source was closed while a call waited: it was not made")
                    )
        await asyncio.wait([job for job in (self._closing, self._batch) if job is not None])
        self._threads.shutdown()  # they have nothing left to do
        self._closing.result()

    def bind(self) -> asyncio.AbstractEventLoop:
        """The running loop.

        Raises:
            SandboxError: the gatherer belongs to another one.
        """
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if loop is not self._loop:
            raise SandboxError(
                "this pool or source belongs to another event loop: make a pool in each loop"
            )
        return loop

    def _next(self) -> None:
        """Send out the next batch if anything waits."""
        self._batch = None
        parts = self._take()
        self._busy = bool(parts)
        if parts:
            self._batch = self.bind().run_in_executor(self._threads, _carry_out, parts)
            self._batch.add_done_callback(partial(self._deliver, parts))

    def _take(self) -> list[Part]:
        """The part that waits longest, and all like it that need not stay behind another."""
        waiting = [part for part in self._waiting if not part.answer.done()]
        taken: list[Part] = []
        held: set[Hashable] = set()
        self._waiting = []
        for part in waiting:
            if part.like(waiting[0]) and held.isdisjoint(part.instances):
                taken.append(part)
            else:
                self._waiting.append(part)
                held |= part.instances
        return taken

    def _deliver(self, parts: list[Part], batch: asyncio.Future[list[Result]]) -> None:
        self._next()
        for part, outcome in zip(parts, batch.result(), strict=True):
            if part.answer.done():  # its caller was cancelled
                continue
            if isinstance(outcome, Exception):
                part.answer.set_exception(outcome)
            else:
                part.answer.set_result(outcome)


def _carry_out(parts: list[Part]) -> list[Result]:
    """What to answer to each part; all are alike."""
    kind, options = parts[0].kind, parts[0].options
    if len(parts) > 1 and not kind.together:
        return [outcome for part in parts for outcome in _carry_out([part])]
    try:
        results = iter(kind.run([item for part in parts for item in part.items], **options))
        return [list(islice(results, len(part.items))) for part in parts]
    except Exception as error:
        if len(parts) == 1:
            return [error]
        if isinstance(error, kind.common) or not isinstance(error, kind.apart):
            return [_own(error) for _ in parts]
        half = len(parts) // 2
        return _carry_out(parts[:half]) + _carry_out(parts[half:])


def _own(error: Exception) -> Exception:
    """A copy for one caller: an exception gathers traces of everyone who raises it."""
    own = copy(error)
    own.__cause__ = error
    return own

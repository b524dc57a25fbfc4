"""The two sides of a comparison: the same instances in process and in sealed workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple, Protocol, Self

import orjson

from ..records import ToolSpec
from ..sandbox import Call, Pool, Reply, SealedClass, Snapshot
from ..sandbox.values.plain import decode, encode
from ..state import Json
from .workloads import DISTINCT, Domain, Request

_COMPARED = 50
"""Instances whose states are compared in the end."""


class Side(Protocol):
    """Instances that all start in the states given for them."""

    def call(self, requests: Sequence[Request]) -> Sequence[object]:
        """Make calls in order; what comes back is as the side has it."""

    def read(self, requests: Sequence[Request]) -> Sequence[Json]:
        """Make calls in order, and have their results as values."""

    def reset(self) -> None:
        """Bring every instance back to its first state."""

    def snapshot(self) -> Sequence[object]:
        """The states of all instances, as JSON text."""


class Plain:
    """Instances in this process: objects, called directly."""

    def __init__(self, made: Callable[[dict[str, Json]], object], texts: Sequence[bytes]) -> None:
        self.made = made
        self.texts = texts
        self.things = [made(decode(text)) for text in texts]

    def call(self, requests: Sequence[Request]) -> list[Any]:
        things = self.things
        return [getattr(things[place], tool)(**given) for place, tool, given in requests]

    read = call

    def reset(self) -> None:
        for place, text in enumerate(self.texts):
            self.things[place] = self.made(decode(text))

    def snapshot(self) -> list[bytes]:
        return [orjson.dumps(vars(thing)) for thing in self.things]  # as workers do


class Crew(NamedTuple):
    """How the sealed side is set up."""

    workers: int
    validated: bool = False

    def __str__(self) -> str:
        return f"{self.workers} worker{'s' if self.workers > 1 else ''}"


class Sealed:
    """The same instances in sealed workers."""

    def __init__(self, sealed: SealedClass, texts: Sequence[bytes]) -> None:
        self.sealed = sealed
        self.instances = sealed.create(texts)

    def call(self, requests: Sequence[Request]) -> list[Reply]:
        known = self.instances
        return self.sealed.step(Call(known[place], tool, given) for place, tool, given in requests)

    def read(self, requests: Sequence[Request]) -> list[Json]:
        return [reply.value for reply in self.call(requests)]

    def reset(self) -> None:
        self.sealed.reset(self.instances)

    def snapshot(self) -> list[Snapshot]:
        return self.sealed.snapshot(self.instances)


class Duel:
    """Equal instances on both sides; everything they are asked is asked of all of them.

    >>> with Duel(WAREHOUSE, 200, 1000, [Crew(1), Crew(2)]) as duel:   # doctest: +SKIP
    ...     duel.plain.call(requests), duel.sealed[Crew(2)].call(requests)
    """

    def __init__(self, domain: Domain, records: int, instances: int, crews: Sequence[Crew]) -> None:
        self.domain = domain
        self.records = records
        self.instances = instances
        distinct = [encode(state) for state in domain.states(records)]
        self.texts = [distinct[place % DISTINCT] for place in range(instances)]
        self._open = ExitStack()
        with self._open:
            self.plain = Plain(domain.made, self.texts)
            self.sealed = {crew: self._sealed(crew) for crew in crews}
            self._open = self._open.pop_all()

    @property
    def sides(self) -> dict[Crew | None, Side]:
        """All sides; None is the one in process."""
        known: dict[Crew | None, Side] = {None: self.plain}
        for crew, side in self.sealed.items():
            known[crew] = side
        return known

    def _sealed(self, crew: Crew) -> Sealed:
        pool = self._open.enter_context(Pool(workers=crew.workers))
        opened = pool.open(self.domain.source)
        if crew.validated:
            specs = [ToolSpec.model_validate(tool) for tool in opened.tools]
            opened.close()
            opened = pool.open(self.domain.source, tools=specs)
        return Sealed(opened, self.texts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def call(self, requests: Sequence[Request]) -> None:
        """Make the same calls on all sides.

        Raises:
            ValueError: a sealed side answers something else than the one in process.
        """
        wanted = decode(encode(self.plain.call(requests)))
        for crew, side in self.sealed.items():
            for request, answer, reply in zip(requests, wanted, side.call(requests), strict=True):
                if reply.status != "ok" or reply.value != answer:
                    raise ValueError(
                        f"{request} gave {answer} in process, but {reply.status} {reply.error} "
                        f"{reply.value} with {crew}"
                    )

    def compare(self) -> None:
        """Compare states on all sides.

        Raises:
            ValueError: they have drifted apart, so that the figures would not be comparable.
        """
        chosen = range(0, self.instances, max(1, self.instances // _COMPARED))
        for crew, side in self.sealed.items():
            snapshots = side.sealed.snapshot(side.instances[place] for place in chosen)
            for place, snapshot in zip(chosen, snapshots, strict=True):
                if snapshot.state != decode(encode(vars(self.plain.things[place]))):
                    raise ValueError(f"instance {place} is not the same in process and with {crew}")

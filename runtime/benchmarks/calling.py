"""Rows about calls: in batches, alone, and what a call costs beside the tool."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

from .measuring import MICRO, pairs, taking_turns
from .readings import Pair, Reading, Target, difference, ratio
from .scale import Scale, crews
from .sides import Crew, Duel
from .workloads import DOMAINS, SHOP, Kind, Request

_UPDATE = Target(2.0)
_SCAN = Target(0.8)
"""With at least two workers on at least two cores."""
_SINGLE = Target(60.0)
_OVERHEAD = {False: Target(3.0), True: Target(6.0)}
_SMALL = 50
"""Records where the size of states does not matter."""


def batched(scale: Scale) -> Iterator[Reading]:
    """One call on each of many instances, handed over as one batch."""
    for records in scale.records:
        yield from _batches(scale, "update", records)
    yield from _batches(scale, "scan", scale.usual)
    yield from _batches(scale, "update", scale.usual, read=True)


def _batches(scale: Scale, kind: Kind, records: int, *, read: bool = False) -> Iterator[Reading]:
    found: dict[Crew, list[Pair]] = {Crew(workers): [] for workers in crews()}
    for domain in DOMAINS[: scale.domains]:
        with Duel(domain, records, scale.batch, list(found)) as duel:
            rounds = _requests(duel, kind, scale.rounds)
            sides = {
                crew: _rounds(side.read if read else side.call, rounds)
                for crew, side in duel.sides.items()
            }
            seconds = taking_turns(sides, scale.rounds)
            for crew, known in found.items():
                known += pairs(seconds[None], seconds[crew], MICRO / scale.batch)
            duel.call(rounds[0])
            duel.compare()
    for crew, known in found.items():
        case = f"{kind}, {records} records, {crew}" + (", decoded" if read else "")
        target = _UPDATE if kind == "update" else _SCAN if crew.workers > 1 else None
        yield ratio("batched", case, known, "us", target)


def single(scale: Scale) -> Iterator[Reading]:
    """One call at a time, each awaited; medians over the calls of a round."""
    found: dict[Crew, list[Pair]] = {Crew(workers): [] for workers in crews()}
    for domain in DOMAINS[: scale.domains]:
        with Duel(domain, scale.usual, scale.singles, list(found)) as duel:
            rounds = _requests(duel, "update", scale.rounds)
            for number, requests in enumerate(rounds):
                plain = median(_latencies(duel.plain.call, requests))
                for crew, side in duel.sealed.items():
                    sealed = median(_latencies(side.call, requests))
                    if number:
                        found[crew].append(Pair(plain * MICRO, sealed * MICRO))
            duel.compare()
    for crew, known in found.items():
        case = f"update, {scale.usual} records, {crew}"
        yield difference("single", case, known, "us", _SINGLE)


def _latencies(
    call: Callable[[Sequence[Request]], object], requests: Sequence[Request]
) -> list[float]:
    seconds = []
    for request in requests:
        start = time.perf_counter()
        call([request])
        seconds.append(time.perf_counter() - start)
    return seconds


def overhead(scale: Scale) -> Iterator[Reading]:
    """What a call in a batch costs beside its tool, without and with checked arguments."""
    known = [Crew(workers, checked) for checked in (False, True) for workers in crews()]
    with Duel(SHOP, _SMALL, scale.batch, known) as duel:
        rounds = _requests(duel, "update", scale.rounds)
        sides = {crew: _rounds(side.call, rounds) for crew, side in duel.sides.items()}
        seconds = taking_turns(sides, scale.rounds)
        duel.compare()
    for crew in known:
        case = f"{'arguments validated' if crew.validated else 'not validated'}, {crew}"
        gaps = pairs(seconds[None], seconds[crew], MICRO / scale.batch)
        yield difference("overhead", case, gaps, "us", _OVERHEAD[crew.validated])


def _requests(duel: Duel, kind: Kind, rounds: int) -> list[list[Request]]:
    """The calls of each round, and of the one that warms up."""
    make = partial(duel.domain.requests, kind, duel.records, duel.instances)
    return [make(seed=number) for number in range(rounds + 1)]


def _rounds(
    call: Callable[[Sequence[Request]], object], rounds: Sequence[Sequence[Request]]
) -> Callable[[int], object]:
    return lambda number: call(rounds[number])

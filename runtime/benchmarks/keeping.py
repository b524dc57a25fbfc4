"""Rows about states: bringing them back, handing them out, checking them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial

from msgspec import Raw

from ..sandbox import Pool, SealedChecks
from ..sandbox.values.plain import decode
from ..state import Json
from .environments import checks
from .measuring import MICRO, pairs, taking_turns
from .readings import Pair, Reading, Target, ratio
from .scale import Scale, crews
from .sides import Crew, Duel, Side
from .workloads import DOMAINS, Domain, text

_RESET = Target(1.3)
_SNAPSHOT = Target(1.7)
_CHECK = Target(1.7)
Work = Callable[[int], object]
"""What is timed, given the number of the round."""


def reset(scale: Scale) -> Iterator[Reading]:
    """Bringing instances that have changed back to their first states."""
    yield from _held(scale, "reset", lambda side: side.reset(), _RESET)


def snapshot(scale: Scale) -> Iterator[Reading]:
    """Handing out the states of instances that have just changed, as JSON text."""
    yield from _held(scale, "snapshot", lambda side: side.snapshot(), _SNAPSHOT)


def _held(
    scale: Scale, row: str, work: Callable[[Side], object], target: Target
) -> Iterator[Reading]:
    """Times something that is done to all instances after each of them was called."""
    for records in scale.records:
        found: dict[Crew, list[Pair]] = {Crew(workers): [] for workers in crews()}
        for domain in DOMAINS[: scale.domains]:
            with Duel(domain, records, scale.batch // 2, list(found)) as duel:
                sides = {crew: _every_round(work, side) for crew, side in duel.sides.items()}
                seconds = taking_turns(sides, scale.rounds, partial(_change, duel))
                for crew, known in found.items():
                    known += pairs(seconds[None], seconds[crew], MICRO / duel.instances)
                _change(duel, scale.rounds + 1)
                duel.compare()
        for crew, known in found.items():
            yield ratio(row, f"{records} records, {crew}", known, "us", target)


def _every_round(work: Callable[[Side], object], side: Side) -> Work:
    return lambda _: work(side)


def _change(duel: Duel, seed: int) -> None:
    requests = duel.domain.requests("update", duel.records, duel.instances, seed)
    for side in duel.sides.values():
        side.call(requests)


def check(scale: Scale) -> Iterator[Reading]:
    """A check of a few lines on the texts of final states, each decoded afresh."""
    for records in scale.records:
        found: dict[Crew, list[Pair]] = {Crew(workers): [] for workers in crews()}
        for domain in DOMAINS[: scale.domains]:
            finals = _finals(domain, records, scale.batch // 4)
            with ExitStack() as stack:
                opened = {crew: _opened(stack, crew, domain.name) for crew in found}
                seconds = taking_turns(_checking(domain, opened, finals), scale.rounds)
            for crew, known in found.items():
                known += pairs(seconds[None], seconds[crew], MICRO / len(finals))
        for crew, known in found.items():
            yield ratio("check", f"{records} records, {crew}", known, "us", _CHECK)


def _finals(domain: Domain, records: int, count: int) -> list[bytes]:
    """The states of instances after a call."""
    with Duel(domain, records, count, []) as duel:
        _change(duel, 1)
        return duel.plain.snapshot()


def _opened(stack: ExitStack, crew: Crew, function: str) -> SealedChecks:
    pool = stack.enter_context(Pool(workers=crew.workers))
    return pool.open_checks(text("checks"), function)


def _checking(
    domain: Domain, opened: Mapping[Crew, SealedChecks], finals: list[bytes]
) -> dict[Crew | None, Work]:
    function: Callable[[Json], bool] = getattr(checks, domain.name)
    verdicts = [function(decode(final)) for final in finals]

    def plain(_: int) -> None:
        for final in finals:
            function(decode(final))

    def sealed(evaluate: SealedChecks, _: int) -> None:
        replies = evaluate.evaluate([(Raw(final),) for final in finals])
        if [reply.value for reply in replies] != verdicts:
            raise ValueError(f"sealed checks of {domain.name} do not judge as those in process")

    return {None: plain, **{crew: partial(sealed, known) for crew, known in opened.items()}}

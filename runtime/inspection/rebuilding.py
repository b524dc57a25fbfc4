"""Building a class from a state: it must hold exactly that state, and remember nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import GeneratedCodeError
from ..sandbox import SealedClass
from ..state import Json, diff
from .isolation import answer_text
from .probes import Probe
from .subjects import Subject, told, walk_calls
from .wording import call_text, change_text

ATTEMPTS = 2
"""Successful calls of each tool after which the class is built again."""

Fault = tuple[str, str]
"""The attribute or tool at fault and what is wrong."""


def built_once(subject: Subject) -> Iterator[Fault]:
    """Where a fresh instance's public attributes differ from the state it was given."""
    sealed = subject.sealed
    instances = sealed.create([subject.state], seed=subject.seed)
    given, held = subject.state, sealed.snapshot(instances)[0].state
    sealed.drop(instances)
    for name in sorted(given.keys() - held.keys()):
        yield name, f"init_config has the key {name!r} and the instance no such public attribute."
    for name in sorted(held.keys() - given.keys()):
        yield (
            name,
            f"the instance has the attribute {name!r}, which init_config lacks: state is exactly "
            "the keys of init_config; drop it or compute it when it is needed.",
        )
    for name in sorted(given.keys() & held.keys()):
        changes = [*diff(given[name], held[name], (name,))]
        if changes:
            yield name, f"after construction it differs from the given: {change_text(changes)}."


def built_again(subject: Subject) -> Iterator[Fault]:
    """Where an instance built from a reached state differs from the instance that reached it.

    Two copies of the class live through the same, so that what instances share (the isolation
    gate's matter) looks the same to both; only the instance that goes on is another one.
    """
    with subject.fresh() as one, subject.fresh() as other:
        for lead, walk in _courses(subject):
            where, after = "the class", f"after {len(lead)} calls"
            if len(lead) == 1:
                where, after = lead[0].tool, f"after {call_text(lead[0].tool, lead[0].arguments)}"
            for message in _lost(subject, one, other, lead, walk):
                yield where, f"{after} {message}"


def _lost(
    subject: Subject,
    one: SealedClass,
    other: SealedClass,
    lead: Sequence[Probe],
    walk: Sequence[Probe],
) -> Iterator[str]:
    """What a class built again from the state after `lead` lacks, seen by what `walk` comes to."""
    try:
        pair, twins = _pair(subject, one, lead), _pair(subject, other, lead)
    except GeneratedCodeError as error:
        yield f"the class cannot be built from the state it reached: {error}"
        return
    changes = [*diff(pair.reached, pair.rebuilt)]
    if changes:
        yield f"and built again, the state differs: {change_text(changes)}."
        return
    went_on = told(one.step(walk_calls(pair.first, walk)))
    anew = told(other.step(walk_calls(twins.second, walk)))
    for probe, before, now in zip(walk, went_on, anew, strict=True):
        if before != now:
            yield (
                f"and built again from its state, {call_text(probe.tool, probe.arguments)} "
                f"came to {answer_text(now)} instead of {answer_text(before)}: "
                f"{_KEEP}."
            )
            return
    end, again = one.snapshot([pair.first])[0].state, other.snapshot([twins.second])[0].state
    if apart := [*diff(again, end)]:
        yield (
            f"and built again from its state, {len(walk)} more calls came to another state "
            f"({change_text(apart)}): {_KEEP}."
        )


_KEEP = (
    "keep nothing outside the keys of init_config, and let no two places of the state share a "
    "list or dict"
)


def _courses(subject: Subject) -> Iterator[tuple[list[Probe], list[Probe]]]:
    """Sequences of calls that lead to the states to build from, each with those to go on with."""
    by_tool: dict[str, list[list[Probe]]] = {}
    for trial in subject.trials:
        if trial.succeeded and trial.moved and trial.probe.kind == "fitting":
            by_tool.setdefault(trial.probe.tool, []).append([trial.probe])
    for leads in by_tool.values():
        yield from ((lead, subject.tour) for lead in leads[:ATTEMPTS])
    for walk in subject.walks:
        third = len(walk) // 3
        yield walk[:third], walk[third:]
        yield walk[: 2 * third], walk[2 * third :] + subject.tour


@dataclass(frozen=True, slots=True)
class _Pair:
    """An instance that was led to a state, and another that was built from that state."""

    first: int
    second: int
    reached: dict[str, Json]
    rebuilt: dict[str, Json]


def _pair(subject: Subject, sealed: SealedClass, lead: Sequence[Probe]) -> _Pair:
    (first,) = sealed.create([subject.state], seed=subject.seed)
    sealed.step(walk_calls(first, lead))
    reached = sealed.snapshot([first])[0].state
    (second,) = sealed.create([reached], seed=subject.seed)
    return _Pair(first, second, reached, sealed.snapshot([second])[0].state)

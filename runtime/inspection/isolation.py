"""Walks run alone, beside each other, and under another seed: they must come to the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal

from ..sandbox import Call, Reply
from ..state import Json
from .probes import Probe
from .subjects import Subject, told, walk_calls
from .wording import call_text, shown

Condition = Literal["beside another instance", "under another random seed"]


@dataclass(frozen=True, slots=True)
class Shift:
    """The first call of a walk that came to something else under a condition."""

    condition: Condition
    tool: str
    call: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Run:
    """What a walk came to."""

    replies: list[Reply]
    hash: str


def shifts(subject: Subject) -> Iterator[Shift]:
    """Where a walk in a copy of the class of its own differs from the same walk beside another,
    or under the next seed."""
    walks = _walks(subject)
    alone = [_alone(subject, walk, subject.seed) for walk in walks]
    for walk, one, other in zip(walks, alone, _together(subject), strict=True):
        yield from _shift("beside another instance", walk, one, other)
    reseeded = _alone(subject, walks[0], subject.seed + 1)
    yield from _shift("under another random seed", walks[0], alone[0], reseeded)


def _walks(subject: Subject) -> list[list[Probe]]:
    return [subject.tour, subject.walks[0]]


def _alone(subject: Subject, walk: Sequence[Probe], seed: int) -> _Run:
    with subject.fresh() as sealed:
        (instance,) = sealed.create([subject.state], seed=seed)
        replies = sealed.step(walk_calls(instance, walk))
        return _Run(replies, sealed.hash([instance])[0])


def _together(subject: Subject) -> list[_Run]:
    """The walks call by call in turns, the last walk first."""
    walks = _walks(subject)
    with subject.fresh() as sealed:
        instances = sealed.create([subject.state] * len(walks), seed=subject.seed)
        rows = [walk_calls(i, walk) for i, walk in zip(instances, walks, strict=True)]
        turns: list[Call] = [c for c in chain.from_iterable(zip_longest(*reversed(rows))) if c]
        replies = sealed.step(turns)
        ends = sealed.hash(instances)
    by_instance: dict[int, list[Reply]] = {instance: [] for instance in instances}
    for call, reply in zip(turns, replies, strict=True):
        by_instance[call.instance].append(reply)
    return [_Run(by_instance[i], end) for i, end in zip(instances, ends, strict=True)]


def _shift(condition: Condition, walk: Sequence[Probe], one: _Run, other: _Run) -> Iterator[Shift]:
    pairs = zip(walk, told(one.replies), told(other.replies), strict=True)
    for probe, before, after in pairs:
        if before != after:
            call = call_text(probe.tool, probe.arguments)
            yield Shift(condition, probe.tool, call, answer_text(before), answer_text(after))
            return
    if one.hash != other.hash:
        ends = (f"the state hash {run.hash[:8]}" for run in (one, other))
        yield Shift(condition, "the class", f"the same {len(walk)} calls", *ends)


def answer_text(reply: Json) -> str:
    """What a reply, as `told` gives it, said."""
    status, value, error = reply
    return shown(value) if status == "ok" else f"{status} ({error})"

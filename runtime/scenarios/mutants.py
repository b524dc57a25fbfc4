"""Wrong end states: what a check must reject, made from the accepted one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from ..records import Change, Loosening, Outcome
from ..state import Difference, Json, Path, at, patch

Mode = Literal["strict", "loosened", "side effect"]


class Mutant(NamedTuple):
    """A wrong end state. `side effect`: the task is done, but something else was changed too."""

    mode: Mode
    what: str
    state: dict[str, Json]


def mutants(
    initial: dict[str, Json], final: dict[str, Json], outcome: Outcome, touched: Sequence[Path]
) -> Iterator[Mutant]:
    """Every wrong state one step away from an accepted end state.

    Each change is undone; each changed value is altered; each new record is dropped, doubled and
    altered field by field; each changed field is given to a neighbouring record instead; each
    collection has what the calls never touched altered, removed and copied.

    Args:
        initial: the state at the start.
        final: the accepted end state.
        outcome: the changes that lead from one to the other.
        touched: the paths that the calls behind the outcome wrote to. What lies outside is a side
            effect, whatever the outcome claims.
    """
    for change in outcome.changes:
        if change.kind != "keep":
            yield from _of_change(initial, final, change)
    yield from _side_effects(final, touched)


def _of_change(
    initial: dict[str, Json], final: dict[str, Json], change: Change
) -> Iterator[Mutant]:
    name = ".".join(change.path)
    yield Mutant("strict", f"{name} left as it was", _reverted(initial, final, change.path))
    if change.kind == "remove":
        return
    for path, value in _leaves(at(final, change.path), change.path):
        rule = change.loose.get(".".join(path[len(change.path) :]))
        mode: Mode = "loosened" if rule else "strict"
        for wrong in _violations(rule) if rule else altered(value):
            yield Mutant(mode, f"{'.'.join(path)} = {wrong!r}", _with(final, path, wrong))
    if change.kind == "add" and isinstance(at(final, change.path), dict):
        yield _doubled(final, change.path)
    if change.kind == "set" and len(change.path) >= 3:
        yield from _misplaced(initial, final, change)


def _reverted(initial: dict[str, Json], final: dict[str, Json], path: Path) -> dict[str, Json]:
    try:
        return _with(final, path, at(initial, path))
    except KeyError:
        return _without(final, path)


def _with(state: dict[str, Json], path: Path, value: Json) -> dict[str, Json]:
    changed: dict[str, Json] = patch(state, [Difference(path, "set", None, value)])
    return changed


def _without(state: dict[str, Json], path: Path) -> dict[str, Json]:
    changed: dict[str, Json] = patch(state, [Difference(path, "remove", None, None)])
    return changed


def _leaves(value: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    else:
        yield path, value


def altered(value: Json) -> list[Json]:
    """Wrong values of the same type, and none at all."""
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, (int, float)):
        return [value + 1, value - 1, None]
    if isinstance(value, str):
        return [value + "x", value[:-1] + "~", None]
    if isinstance(value, list):
        return [value[:-1], None] if value else [["x"], None]
    return ["x", {"x": 1}]


def _violations(rule: Loosening) -> list[Json]:
    if rule.kind == "between":
        low, high = rule.values
        wrong = [low - 1, high + 1] if not isinstance(low, str) else [high + "x", high[:-1] + "~"]
        return [*wrong, None]
    if rule.kind == "text":
        return ["", " ", None, 1] + (["x"] if rule.values else [])
    return ["no such value", None]


def _doubled(state: dict[str, Json], path: Path) -> Mutant:
    record = at(state, path)
    twin = f"{path[-1]}-twin"
    copied = {key: twin if item == path[-1] else item for key, item in record.items()}
    return Mutant(
        "strict", f"{'.'.join(path)} made twice", _with(state, (*path[:-1], twin), copied)
    )


def _misplaced(
    initial: dict[str, Json], final: dict[str, Json], change: Change
) -> Iterator[Mutant]:
    """The same new value on the next record of the collection instead."""
    *collection, key, field = change.path
    records = at(final, tuple(collection))
    for neighbour, record in records.items():
        if neighbour != key and isinstance(record, dict) and field in record:
            state = _reverted(initial, final, change.path)
            state = _with(state, (*collection, neighbour, field), change.value)
            yield Mutant("strict", f"{field} set on {neighbour} instead of {key}", state)
            return


def _side_effects(final: dict[str, Json], touched: Sequence[Path]) -> Iterator[Mutant]:
    for name, records in final.items():
        if not isinstance(records, dict) or not records:
            yield from _tampered(final, (name,), touched)
            continue
        alone = [key for key in records if not _is_touched((name, key), touched)]
        beside = [key for key in records if _is_touched((name, key), touched)]
        for key in [*alone[:2], *alone[2:][-1:], *beside]:
            yield from _tampered(final, (name, key), touched)
        if alone:
            first = (name, alone[0])
            yield Mutant("side effect", f"{'.'.join(first)} removed", _without(final, first))
            if isinstance(at(final, first), dict):
                yield _doubled(final, first)._replace(mode="side effect")


def _tampered(final: dict[str, Json], place: Path, touched: Sequence[Path]) -> Iterator[Mutant]:
    for path, value in _leaves(at(final, place), place):
        if not _is_touched(path, touched):
            wrong = {"x": {}} if value == {} else altered(value)[0]
            yield Mutant("side effect", f"{'.'.join(path)} = {wrong!r}", _with(final, path, wrong))


def _is_touched(path: Path, touched: Sequence[Path]) -> bool:
    return any(place[: len(path)] == path or path[: len(place)] == place for place in touched)

"""From what the executed reference changed to the checks: strict by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..records import Change, Checks, EnvironmentPlan, Loosening, Outcome, ReferenceGuard
from ..state import Json, Path, describe, diff
from .execution import Execution


@dataclass(frozen=True)
class Row:
    """One place that a plan changed, or touched and brought back (`keep`)."""

    n: int
    path: Path
    kind: Literal["add", "remove", "set", "keep"]
    old: Json
    new: Json
    calls: frozenset[int]
    """Numbers of the calls that touched it."""
    made: bool
    """Whether the system, not the agent, chose the last key of the path."""

    def __str__(self) -> str:
        by = " and ".join(f"call {n}" for n in sorted(self.calls))
        what = {
            "add": f"added: {self.new!r}",
            "remove": f"removed: {self.old!r}",
            "set": describe(self.old, self.new),
            "keep": "changed and brought back",
        }
        return f"{self.n}. {'.'.join(self.path)} {what[self.kind]} (by {by})"


@dataclass(frozen=True)
class Grouping:
    """How the changed rows are to be judged; rows are numbered from 1."""

    goals: tuple[tuple[str, tuple[int, ...]], ...]
    loose: Mapping[int, Mapping[str, Loosening]]
    """Rules by row and field ("" for the row's own value)."""


def rows(run: Execution) -> list[Row]:
    """The net changes of a run in path order, then the round trips."""
    touched = [
        (call.n, change.path) for i, call in enumerate(run.plan) for change in run.differences(i)
    ]
    net = list(diff(run.initial, run.final))
    trips = {p for _, p in touched if not any(_overlap(p, change.path) for change in net)}
    tops = sorted(p for p in trips if not any(p != q and p[: len(q)] == q for q in trips))
    places = [(c.path, c.kind, c.old, c.new) for c in net] + [(p, "keep", None, None) for p in tops]
    arguments = {
        c.n: _strings([*s.arguments.values()]) for c, s in zip(run.plan, run.steps, strict=True)
    }
    made = []
    for n, (path, kind, old, new) in enumerate(places, 1):
        calls = [call for call, p in touched if _overlap(p, path)]
        chosen = path[-1] in arguments[calls[0]]  # by the call that made the record
        # A bare number may stand anywhere as an ordinary value: such a key is not renamed.
        bound = _is_record(path, new) and not path[-1].isdigit()
        system = kind == "add" and bound and not chosen
        made.append(Row(n, path, kind, old, new, frozenset(calls), system))  # type: ignore[arg-type]
    return made


def _is_record(path: Path, value: Json) -> bool:
    """Whether the last key of a path numbers a record, and is not just the name of a field."""
    return isinstance(value, dict) and (len(path) == 2 or path[-1] in value.values())


def _overlap(left: Path, right: Path) -> bool:
    shorter = min(len(left), len(right))
    return left[:shorter] == right[:shorter]


def _strings(value: Json) -> set[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return set().union(*map(_strings, value))
    return {value} if isinstance(value, str) else set()


def build_checks(
    plan: EnvironmentPlan,
    reference: Execution,
    grouping: Grouping,
    others: Sequence[Execution] = (),
) -> Checks:
    """Checks that accept the reference's end state and those of the other executed solutions."""
    base = rows(reference)
    texts, owner = _owners(base, grouping)
    outcomes = [_outcome(reference, base, base, owner, grouping)]
    for other in others:
        outcome = _outcome(other, rows(other), base, owner, grouping)
        if all(outcome.changes != known.changes for known in outcomes):
            outcomes.append(outcome)
    return Checks(goals=texts, outcomes=tuple(outcomes), guards=reference_guards(plan))


def _owners(base: Sequence[Row], grouping: Grouping) -> tuple[tuple[str, ...], dict[int, int]]:
    """The goals that own rows, and the goal of each row.

    A row that no goal claims goes to a goal that a call of its own serves, else to an extra one.
    """
    owner: dict[int, int] = {}
    texts: list[str] = []
    known = {row.n for row in base}
    for text, claimed in grouping.goals:
        mine = [n for n in claimed if n in known and n not in owner]
        if any(row.kind != "keep" for row in base if row.n in mine):
            owner.update(dict.fromkeys(mine, len(texts)))
            texts.append(text)
    orphans = [row for row in base if row.n not in owner]
    for row in orphans:
        kin = [owner[other.n] for other in base if other.n in owner and other.calls & row.calls]
        owner[row.n] = kin[0] if kin else len(texts)
    if len(texts) in owner.values():
        texts.append("Everything else ends as the task requires.")
    return tuple(texts), owner


def _outcome(
    run: Execution,
    own: Sequence[Row],
    base: Sequence[Row],
    owner: Mapping[int, int],
    grouping: Grouping,
) -> Outcome:
    changes = []
    for row in own:
        twin = _twin(row, base)
        loose = dict(grouping.loose.get(twin.n, {})) if twin.kind == row.kind else {}
        changes.append(
            Change(
                path=row.path, kind=row.kind, value=row.new,
                goal=owner[twin.n], made=row.made, loose=loose,
            )
        )  # fmt: skip
    return Outcome(changes=tuple(changes), calls=run.calls)


def _twin(row: Row, base: Sequence[Row]) -> Row:
    """The row of the reference that stands for the same effect: same path, else same calls."""
    return max(
        base,
        key=lambda other: (
            other.path == row.path,
            len(other.calls & row.calls),
            other.path[0] == row.path[0],
            other.path[-1] == row.path[-1],
            other.kind == row.kind,
        ),
    )


def reference_guards(plan: EnvironmentPlan) -> tuple[ReferenceGuard, ...]:
    """The guards that every scenario of an environment has: references go on to resolve."""
    collections = {entity.name: entity.collection for entity in plan.entities}
    return tuple(
        ReferenceGuard(
            text=f"every {attribute.name} in {entity.collection} is a key of {collections[to]}",
            collection=entity.collection,
            attribute=attribute.name,
            target=collections[to],
        )
        for entity in plan.entities
        for attribute in entity.attributes
        if (to := attribute.references) in collections
    )

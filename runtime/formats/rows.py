"""Records as flat table rows, and rows as records again.

What can be nested stands in a column of JSON text: as nested columns, absent keys would come back
as nulls. A row that was read is built anew from its record and compared column by column, so that
a row edited after the export does not pass for the record it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from pydantic import ValidationError

from ..errors import DataError
from ..records import (
    Certificate,
    Difficulty,
    Environment,
    Inspection,
    Part,
    Provenance,
    Scenario,
    Trajectory,
)
from ..state import Json
from .export import Export, Statement, subject
from .faults import first_fault

Row = dict[str, Any]
Kept = TypeVar("Kept", Environment, Scenario, Trajectory)
Told = TypeVar("Told", bound=Part)


class Entry(NamedTuple, Generic[Kept]):
    """A record and what is said about it."""

    record: Kept
    said: tuple[Statement, ...]


class Table(NamedTuple, Generic[Kept]):
    """One table of a dataset."""

    name: str
    columns: dict[str, str]
    """Names and types: text, long, json, count, number, flag or flags; "?" where null may stand."""
    row: Callable[[Entry[Kept]], Row]
    entry: Callable[[Row], Entry[Kept]]


def entries(export: Export, table: str) -> Iterator[Entry[Any]]:
    """The records that belong in the table of this name, in the export's order."""
    said: defaultdict[str, list[Statement]] = defaultdict(list)
    for statements in (
        export.inspections,
        export.certificates,
        export.difficulties,
        export.provenance,
    ):
        for statement in statements:
            said[subject(statement)].append(statement)
    records: tuple[Environment | Scenario | Trajectory, ...] = getattr(export, table)
    for record in records:
        of_plan = said[record.plan.id] if isinstance(record, Environment) else []
        yield Entry(record, (*said[record.id], *of_plan))


def entry_of(table: Table[Any], row: Row) -> Entry[Any]:
    """The record of a row that was read.

    Raises:
        DataError: a column does not hold what it should, or the row was edited after the export.
    """
    try:
        entry: Entry[Any] = table.entry(row)
    except ValidationError as fault:
        raise DataError(first_fault(fault)) from fault
    except (ValueError, RecursionError) as fault:
        raise DataError(str(fault)) from fault
    if entry.record.id != row["id"]:
        raise DataError(
            f"it was edited after export: its content has the id {entry.record.id}; or another "
            "version of envscaler made it"
        )
    differing = [name for name, value in table.row(entry).items() if value != row[name]]
    if differing:
        raise DataError(f"it was edited after export: {differing[0]} contradicts the record")
    return entry


# ------------------------------------------------------------------ columns


def _text(value: Json) -> str:
    """JSON text that keeps the order of keys: generated code can see it."""
    return msgspec.json.encode(value).decode()


def _parts(parts: tuple[Part, ...]) -> str:
    return _text([part.model_dump(mode="json") for part in parts])


def _said(entry: Entry[Any], kind: type[Told]) -> tuple[Told, ...]:
    return tuple(statement for statement in entry.said if isinstance(statement, kind))


def _only(entry: Entry[Any], kind: type[Told]) -> str | None:
    """The one statement of a kind, or None."""
    return next((_text(part.model_dump(mode="json")) for part in _said(entry, kind)), None)


def _json(row: Row, column: str) -> Json:
    try:
        return msgspec.json.decode(row[column])
    except (ValueError, RecursionError) as fault:
        raise ValueError(f"column {column} is not JSON: {fault}") from fault


def _statements(row: Row, **columns: type[Statement]) -> tuple[Statement, ...]:
    single = [
        kind.model_validate(_json(row, column))
        for column, kind in columns.items()
        if row[column] is not None
    ]
    return (*single, *map(Provenance.model_validate, _listed(row, "provenance")))


def _listed(row: Row, column: str) -> list[Json]:
    value = _json(row, column)
    if not isinstance(value, list):
        raise ValueError(f"column {column} holds no list")
    return value


# ------------------------------------------------------------------ environments


def _environment_row(entry: Entry[Environment]) -> Row:
    record = entry.record
    return {
        "id": record.id,
        "class_name": record.class_name,
        "summary": record.plan.summary,
        "introduction": record.plan.introduction,
        "n_tools": len(record.tools),
        "n_rules": len(record.plan.rules),
        "n_entities": len(record.plan.entities),
        "source": record.source,
        "tools": _parts(record.tools),
        "plan": _text(record.plan.model_dump(mode="json")),
        "inspection": _only(entry, Inspection),
        "provenance": _parts(_said(entry, Provenance)),
    }


def _environment_entry(row: Row) -> Entry[Environment]:
    record = Environment.model_validate(
        {
            "plan": _json(row, "plan"),
            "class_name": row["class_name"],
            "source": row["source"],
            "tools": _json(row, "tools"),
        }
    )
    return Entry(record, _statements(row, inspection=Inspection))


# ------------------------------------------------------------------ scenarios


def _scenario_row(entry: Entry[Scenario]) -> Row:
    record = entry.record
    certificates = _said(entry, Certificate)
    calls = record.solutions[0].calls if record.solutions else ()
    plan = record.solutions[0].plan if record.solutions else ()
    return {
        "id": record.id,
        "environment": record.environment,
        "task": record.task,
        "n_calls": len(calls),
        "n_goals": len(record.checks.goals),
        "n_outcomes": len(record.checks.outcomes),
        "certified": certificates[0].holds if certificates else None,
        "initial_state": _text(record.initial_state),
        "user": None if record.user is None else _text(record.user.model_dump(mode="json")),
        "reference_solution": _text(
            [{"name": call.tool, "arguments": call.arguments} for call in calls]
        ),
        "reference_plan": _parts(plan),
        "solutions": _parts(record.solutions),
        "checks": _text(record.checks.model_dump(mode="json")),
        "certificate": _only(entry, Certificate),
        "difficulty": _only(entry, Difficulty),
        "provenance": _parts(_said(entry, Provenance)),
    }


def _scenario_entry(row: Row) -> Entry[Scenario]:
    record = Scenario.model_validate(
        {
            "environment": row["environment"],
            "initial_state": _json(row, "initial_state"),
            "task": row["task"],
            "user": None if row["user"] is None else _json(row, "user"),
            "solutions": _json(row, "solutions"),
            "checks": _json(row, "checks"),
        }
    )
    return Entry(record, _statements(row, certificate=Certificate, difficulty=Difficulty))


# ------------------------------------------------------------------ trajectories


def _trajectory_row(entry: Entry[Trajectory]) -> Row:
    record = entry.record
    return {
        "id": record.id,
        "scenario": record.scenario,
        "agent": record.agent,
        "ended": record.ended,
        "reward": record.score.reward,
        "goals": list(record.score.goals),
        "guards": record.score.guards,
        "frame": record.score.frame,
        "error": record.score.error,
        "n_steps": len(record.steps),
        "messages": _text(list(record.messages)),
        "steps": _parts(record.steps),
        "answer": _text(record.answer),
        "provenance": _parts(_said(entry, Provenance)),
    }


def _trajectory_entry(row: Row) -> Entry[Trajectory]:
    score = {name: row[name] for name in ("reward", "goals", "guards", "frame", "error")}
    record = Trajectory.model_validate(
        {
            "scenario": row["scenario"],
            "agent": row["agent"],
            "messages": _json(row, "messages"),
            "steps": _json(row, "steps"),
            "answer": _json(row, "answer"),
            "score": score,
            "ended": row["ended"],
        }
    )
    return Entry(record, _statements(row))


# ------------------------------------------------------------------ tables


ENVIRONMENTS = Table(
    "environments",
    {
        **dict.fromkeys(("id", "class_name", "summary", "introduction"), "text"),
        **dict.fromkeys(("n_tools", "n_rules", "n_entities"), "count"),
        "source": "long",
        **dict.fromkeys(("tools", "plan"), "json"),
        "inspection": "json?",
        "provenance": "json",
    },
    _environment_row,
    _environment_entry,
)
SCENARIOS = Table(
    "scenarios",
    {
        **dict.fromkeys(("id", "environment", "task"), "text"),
        **dict.fromkeys(("n_calls", "n_goals", "n_outcomes"), "count"),
        "certified": "flag?",
        "initial_state": "json",
        "user": "json?",
        **dict.fromkeys(("reference_solution", "reference_plan", "solutions", "checks"), "json"),
        **dict.fromkeys(("certificate", "difficulty"), "json?"),
        "provenance": "json",
    },
    _scenario_row,
    _scenario_entry,
)
TRAJECTORIES = Table(
    "trajectories",
    {
        **dict.fromkeys(("id", "scenario", "agent", "ended"), "text"),
        "reward": "number?",
        "goals": "flags",
        **dict.fromkeys(("guards", "frame"), "flag"),
        "error": "text",
        "n_steps": "count",
        **dict.fromkeys(("messages", "steps", "answer", "provenance"), "json"),
    },
    _trajectory_row,
    _trajectory_entry,
)
TABLES: tuple[Table[Any], ...] = (ENVIRONMENTS, SCENARIOS, TRAJECTORIES)

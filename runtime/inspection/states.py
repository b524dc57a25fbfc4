"""The state gate: is a state what its plan says?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from math import isfinite

from ..records import Attribute, Entity, EnvironmentPlan, Finding
from ..state import Json
from .wording import limited, shown

GATE = "state"


def check_state(plan: EnvironmentPlan, state: Json) -> tuple[Finding, ...]:
    """Where a state departs from its plan; empty when it fits.

    Collections may not be empty. Findings that differ only in the record are cut to three.
    `plan` must pass `check_plan`.
    """
    if not isinstance(state, dict):
        return (_finding("state", state, "an object with the plan's state attributes"),)
    names = [entity.collection for entity in plan.entities] + [f.name for f in plan.scalars]
    findings = list(_exactly("", state, names, "state attribute"))
    for entity in plan.entities:
        if entity.collection in state:
            findings += _collection(plan, state, entity)
    for field in plan.scalars:
        if field.name in state:
            findings += _value(plan, state, field, field.name, state[field.name])
    return limited(findings, _spot)


def _spot(finding: Finding) -> tuple[str, str]:
    """The collection and the attribute of a finding, whatever the record."""
    parts = finding.where.split(".")
    return parts[0], parts[-1] if len(parts) > 2 else ""


def _finding(path: str, given: Json, expected: str) -> Finding:
    return Finding(
        gate=GATE, where=path, message=f"{shown(given)} was given, {expected} was expected."
    )


def _exactly(
    path: str, given: dict[str, Json], names: Iterable[str], kind: str
) -> Iterator[Finding]:
    expected = list(names)
    prefix = f"{path}." if path else ""
    for name in expected:
        if name not in given:
            message = f"the {kind} is missing; expected are {', '.join(expected)}."
            yield Finding(gate=GATE, where=f"{prefix}{name}", message=message)
    for name in given:
        if name not in expected:
            message = f"the plan has no such {kind}; expected are {', '.join(expected)}."
            yield Finding(gate=GATE, where=f"{prefix}{name}", message=message)


def _collection(plan: EnvironmentPlan, state: dict[str, Json], entity: Entity) -> Iterator[Finding]:
    records = state[entity.collection]
    if not isinstance(records, dict) or not records:
        expected = f"a non-empty object from {entity.key} to {entity.name} records"
        yield _finding(entity.collection, records, expected)
        return
    for key, record in records.items():
        path = f"{entity.collection}.{key}"
        if isinstance(record, dict):
            yield from _record(plan, state, entity, path, key, record)
        else:
            yield _finding(path, record, f"an object with the attributes of {entity.name}")


def _record(
    plan: EnvironmentPlan,
    state: dict[str, Json],
    entity: Entity,
    path: str,
    key: str,
    record: dict[str, Json],
) -> Iterator[Finding]:
    yield from _exactly(path, record, (field.name for field in entity.attributes), "attribute")
    for field in entity.attributes:
        if field.name in record:
            yield from _value(plan, state, field, f"{path}.{field.name}", record[field.name])
    if isinstance(record.get(entity.key), str) and record[entity.key] != key:
        yield _finding(f"{path}.{entity.key}", record[entity.key], f"the record's key {key!r}")


# ------------------------------------------------------------------ values


def _value(
    plan: EnvironmentPlan, state: dict[str, Json], field: Attribute, path: str, value: Json
) -> Iterator[Finding]:
    if value is None and field.optional:
        return
    if not fits(field.type, value):
        yield _finding(path, value, f"{_KINDS[field.type]}{' or null' if field.optional else ''}")
    elif field.values and value not in field.values:
        yield _finding(path, value, f"one of {', '.join(map(repr, field.values))}")
    elif field.references is not None:
        yield from _reference(plan, state, field.references, path, value)


def _reference(
    plan: EnvironmentPlan, state: dict[str, Json], target: str, path: str, value: Json
) -> Iterator[Finding]:
    collection = next((e.collection for e in plan.entities if e.name == target), None)
    if collection is None:
        return  # the plan gate reports a reference to no entity
    records = state.get(collection)
    for key in value if isinstance(value, list) else [value]:
        if not isinstance(records, dict) or key not in records:
            yield _finding(path, key, f"a key of {collection!r}")


def fits(type_: str, value: Json) -> bool:
    """Whether a value is of a plan's type: an int fits float, a bool fits only bool.

    Raises:
        KeyError: `type_` is none of the plan's types.
    """
    return _TESTS[type_](value)


def _is_int(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_float(value: Json) -> bool:
    return _is_int(value) or (isinstance(value, float) and isfinite(value))


def _is_date(value: Json) -> bool:
    return isinstance(value, str) and len(value) == 10 and _parses(date.fromisoformat, value)


def _is_datetime(value: Json) -> bool:
    return isinstance(value, str) and len(value) > 10 and _parses(datetime.fromisoformat, value)


def _parses(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


def _is_list(item: Callable[[Json], bool]) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, list) and all(map(item, value))


def _is(kind: type) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, kind)


_TESTS: dict[str, Callable[[Json], bool]] = {
    "str": _is(str),
    "int": _is_int,
    "float": _is_float,
    "bool": _is(bool),
    "date": _is_date,
    "datetime": _is_datetime,
    "list[str]": _is_list(_is(str)),
    "list[int]": _is_list(_is_int),
    "list[dict]": _is_list(_is(dict)),
    "dict": _is(dict),
}

_KINDS: dict[str, str] = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "date": "an ISO 8601 date such as 2024-05-31",
    "datetime": "an ISO 8601 date and time such as 2024-05-31T09:30:00",
    "list[str]": "a list of strings",
    "list[int]": "a list of integers",
    "list[dict]": "a list of objects",
    "dict": "an object",
}

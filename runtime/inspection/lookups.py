"""The gate of look-ups: what an answer says of a record is what the state holds of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..records import Attribute, Entity, EnvironmentPlan, Finding, Operation
from ..state import Json, same
from .faults import Fault, by_cause
from .graph import returned_keys
from .misfits import unfit
from .probes import snake
from .subjects import Subject
from .trials import Trial
from .wording import shown

_RELATED = frozenset(
    "next previous parent child similar related alternative replacement substitute manager superior"
    " latest current nearest best successor original linked matching counterpart other".split()
)
"""Words in a tool's name that say that it looks from one record to another."""


def lookups(subject: Subject) -> Iterator[Finding]:
    """Records in answers are the ones asked for, and as they are stored."""
    yield from by_cause("lookups", _answered(subject))
    yield from by_cause("lookups", _denied(subject))


def _answered(subject: Subject) -> Iterator[Fault]:
    portraits = {o.name: [*_portraits(subject.plan, o)] for o in subject.plan.operations}
    asked = {o.name: _asked(subject.plan, o) for o in subject.plan.operations}
    for trial in subject.successes:
        data = trial.reply.value.get("data")
        items = data if isinstance(data, list) else [data]
        for item in (one for one in items if isinstance(one, dict)):
            yield from _other_record(trial, asked[trial.probe.tool], item)
            for portrait in portraits[trial.probe.tool]:
                yield from _differences(trial, portrait, item)


# ------------------------------------------------------------------ the record asked for


def _asked(plan: EnvironmentPlan, operation: Operation) -> tuple[str, str] | None:
    """The parameter and the key of the one record that a query looks up; None for others."""
    required = [field for field in operation.parameters if field.required]
    if operation.kind != "query" or operation.many or len(required) != 1:
        return None
    entity = next((e for e in plan.entities if e.name == required[0].references), None)
    words = set(operation.name.split("_"))
    if entity is None or not set(snake(entity.name).split("_")) <= words or words & _RELATED:
        return None
    return (required[0].name, entity.key) if entity.key in returned_keys(plan, operation) else None


def _other_record(
    trial: Trial, asked: tuple[str, str] | None, item: dict[str, Json]
) -> Iterator[Fault]:
    if asked is None:
        return
    given, found = trial.probe.arguments.get(asked[0]), item.get(asked[1])
    if given != found:
        yield trial, "another", f"it answered with the record {shown(found)}"


def _denied(subject: Subject) -> Iterator[Fault]:
    """Look-ups that say of a record that it is unknown."""
    planned = {o.name: o for o in subject.plan.operations if _asked(subject.plan, o)}
    for trial in subject.observed:
        operation = planned.get(trial.probe.tool)
        if operation is None or not trial.refused or len(trial.probe.arguments) != 1:
            continue
        (field,) = (field for field in operation.parameters if field.required)
        if unfit(subject.plan, operation, trial.probe.arguments, trial.before):
            continue
        said = str(trial.reply.value.get("error"))
        name = snake(field.references or "")
        if re.match(rf"\s*(unknown|no_such)_{name}\b|\s*{name}_(not_found|unknown)\b", said):
            yield trial, "denied", f"it refused ({shown(said)}), but the state holds that record"


# ------------------------------------------------------------------ stored values


@dataclass(frozen=True, slots=True)
class _Portrait:
    """An entity that an operation's data tells of, and the attributes that are certainly its."""

    entity: Entity
    attributes: tuple[str, ...]


def _portraits(plan: EnvironmentPlan, operation: Operation) -> Iterator[_Portrait]:
    keys = [entity.key for entity in plan.entities]
    returned = returned_keys(plan, operation)
    for entity in plan.entities:
        if entity.key not in returned or keys.count(entity.key) > 1:
            continue
        whole = entity.name in operation.returns
        rivals = [e for e in plan.entities if e is not entity]
        if whole:
            rivals = [e for e in rivals if e.name in operation.returns]
        taken = {f.name for e in rivals for f in e.attributes}
        taken |= {name for name in operation.returns if whole}  # named apart: may be another fact
        found = [
            f.name
            for f in entity.attributes
            if f.name in returned and f.name not in taken and (whole or _telling(plan, f))
        ]
        yield _Portrait(entity, tuple(found))


def _telling(plan: EnvironmentPlan, field: Attribute) -> bool:
    """Whether a bare key of that name is no figure that may be worked out."""
    scalars = {scalar.name for scalar in plan.scalars}
    return field.type not in ("int", "float", "bool") and field.name not in scalars


def _differences(trial: Trial, portrait: _Portrait, item: dict[str, Json]) -> Iterator[Fault]:
    record = _record(trial, portrait.entity, item.get(portrait.entity.key))
    for name in portrait.attributes if record is not None else ():
        if len(trial.probe.arguments) > 1 and isinstance(item.get(name), (list, dict)):
            continue  # part of it may have been asked for
        if record is not None and name in item and not same(item[name], record.get(name)):
            yield (
                trial,
                f"{portrait.entity.name}.{name}",
                f"it answered with {name} {shown(item[name])}, "
                f"and the state holds {shown(record.get(name))} "
                f"for {shown(item[portrait.entity.key])}",
            )


def _record(trial: Trial, entity: Entity, key: Json) -> dict[str, Json] | None:
    """The record after the call; None when there is none, or none any more."""
    records = trial.after.get(entity.collection)
    record = records.get(key) if isinstance(records, dict) and isinstance(key, str) else None
    return record if isinstance(record, dict) else None

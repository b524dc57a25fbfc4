"""The gate of effects: what an operation is planned to write must come to be written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..records import Entity, EnvironmentPlan, Finding, Operation
from ..state import Json
from .promises import written
from .stores import Stores, stores_of
from .subjects import Subject
from .trials import Trial
from .wording import call_text

ENOUGH = 3
"""Successful calls without the write, after which a certain write counts as lost."""


def effects(subject: Subject) -> Iterator[Finding]:
    """Each planned write of a change was seen, unless it may depend on what was never met.

    Silent about operations that never succeeded.
    """
    for operation in subject.plan.operations:
        made = [trial for trial in subject.successes if trial.probe.tool == operation.name]
        if operation.kind != "change" or not operation.writes or not made:
            continue
        seen = {written(subject.plan, change) for trial in made for change in trial.changes}
        stores = stores_of(subject.tree, subject.plan.class_name, operation.name)
        for fact in operation.writes:
            reason = _lost(subject.plan, operation, fact, made, stores) if fact not in seen else ""
            if reason:
                yield _finding(operation, fact, made, reason)


def _finding(operation: Operation, fact: str, made: list[Trial], reason: str) -> Finding:
    call = call_text(operation.name, made[0].probe.arguments)
    plural = "s" * (len(made) > 1)
    message = (
        f"{len(made)} successful call{plural}, such as {call}, never changed {fact}, which the "
        f"plan has it write: {reason}."
    )
    return Finding(gate="effects", where=operation.name, message=message)


@dataclass(frozen=True, slots=True)
class _Place:
    """What a planned write names."""

    entity: Entity | None
    name: str
    """The attribute, the collection or the scalar."""


def _lost(
    plan: EnvironmentPlan, operation: Operation, fact: str, made: list[Trial], stores: Stores
) -> str:
    """Why a write that was never seen is missing for certain; empty when it may be conditional."""
    place = _place(plan, fact)
    if not stores.may_store(place.name):
        return f"the method stores nothing in {place.name!r}"
    if place.name in stores.always and len(made) >= ENOUGH:
        return "the new value is lost; store it in the record on self, not in a copy"
    if any(_asked(operation, place, trial) for trial in made):
        return f"not even where the argument {place.name} differed from what was stored"
    return ""


def _place(plan: EnvironmentPlan, fact: str) -> _Place:
    name, _, attribute = fact.partition(".")
    entity = next((entity for entity in plan.entities if entity.name == name), None)
    if entity is None:
        return _Place(None, fact)
    return _Place(entity, attribute or entity.collection)


def _asked(operation: Operation, place: _Place, trial: Trial) -> bool:
    """Whether a call gave the one record that it names another value for the attribute."""
    entity = place.entity
    if entity is None or place.name == entity.collection:
        return False
    keys = [f.name for f in operation.parameters if f.references == entity.name and f.required]
    given: Json = trial.probe.arguments.get(place.name)
    if len(keys) != 1 or given is None:
        return False
    key = trial.probe.arguments.get(keys[0])
    records = trial.before.get(entity.collection)
    record = records.get(key) if isinstance(records, dict) and isinstance(key, str) else None
    return isinstance(record, dict) and record.get(place.name) != given

"""The gates of what a plan promises: whole states, planned errors, returned keys, writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import EnvironmentPlan, Finding, Operation
from ..state import Difference, Json
from .faults import Fault, by_cause
from .graph import returned_keys
from .states import check_state
from .strictness import speaks
from .subjects import Subject
from .wording import change_text, shown


def integrity(subject: Subject) -> Iterator[Finding]:
    """A change leaves a state that is what the plan says: types, enumerations, references, keys."""
    yield from by_cause("integrity", _broken_states(subject))


def _broken_states(subject: Subject) -> Iterator[Fault]:
    changing = {o.name for o in subject.plan.operations if o.kind == "change" and speaks(o)}
    seen: dict[int, dict[str, str]] = {}

    def faults(state: dict[str, Json]) -> dict[str, str]:
        if id(state) not in seen:
            seen[id(state)] = _state_faults(subject.plan, state)
        return seen[id(state)]

    for trial in subject.successes:
        if trial.probe.tool not in changing or not trial.moved:
            continue
        old = faults(trial.before)
        for where, message in faults(trial.after).items():
            if where not in old:
                spot = re.sub(r"\.[^.]*\.", ".*.", where, count=1)
                yield trial, spot, f"it left a state that the plan does not allow: {message}"
                break


def _state_faults(plan: EnvironmentPlan, state: dict[str, Json]) -> dict[str, str]:
    """What is wrong with a state, by place; a collection may have become empty."""
    empty = {e.collection for e in plan.entities if state.get(e.collection) == {}}
    return {
        finding.where: f"{finding.where}: {finding.message.rstrip('.')}"
        for finding in check_state(plan, state)
        if finding.where not in empty
    }


def returns(subject: Subject) -> Iterator[Finding]:
    """The data of a success has exactly the planned keys."""
    yield from by_cause("returns", _unplanned_data(subject))


def _unplanned_data(subject: Subject) -> Iterator[Fault]:
    planned = {o.name: o for o in subject.plan.operations if o.returns}
    for trial in subject.successes:
        operation = planned.get(trial.probe.tool)
        if operation is None or not {"data", "message"} & trial.reply.value.keys():
            continue  # the contract gate tells of the latter
        data = trial.reply.value.get("data")
        lack = _shape_fault(data, {*returned_keys(subject.plan, operation)}, operation.many)
        if lack:
            yield trial, lack, f"its data is {shown(data)}: {lack}"


def _shape_fault(data: Json, keys: set[str], many: bool) -> str:
    if many and not isinstance(data, list):
        return "a list was planned"
    for item in data if many else [data]:
        if not isinstance(item, dict):
            return f"{'each item' if many else 'it'} must be an object"
        if missing := sorted(keys - item.keys()):
            return f"{', '.join(missing)} is planned and missing"
        if extra := sorted(item.keys() - keys):
            return f"{', '.join(extra)} is not planned; leave it out"
    return ""


def writes(subject: Subject) -> Iterator[Finding]:
    """A success changes nothing but what the plan lets the operation write."""
    yield from by_cause("writes", _unplanned_writes(subject))
    for operation in subject.plan.operations:
        if operation.kind == "change" and operation.writes:
            yield from by_cause("writes", _astray(subject, operation))


def _unplanned_writes(subject: Subject) -> Iterator[Fault]:
    planned = {o.name: o for o in subject.plan.operations if o.kind == "change" and o.writes}
    for trial in subject.successes:
        operation = planned.get(trial.probe.tool)
        for change in trial.changes if operation else ():
            fact = written(subject.plan, change)
            if operation and fact not in operation.writes:
                yield (
                    trial,
                    fact,
                    f"it changed {fact} ({change_text([change])}), which is none of its planned "
                    f"writes {', '.join(operation.writes)}",
                )


def written(plan: EnvironmentPlan, change: Difference) -> str:
    """A change as a plan names it: `Entity.attribute`, `Entity`, or a state attribute."""
    names = {entity.collection: entity.name for entity in plan.entities}
    root, *rest = change.path
    if root not in names or not rest:
        return root
    return f"{names[root]}.{rest[1]}" if len(rest) > 1 else names[root]


def _astray(subject: Subject, operation: Operation) -> Iterator[Fault]:
    """Calls that changed only other records than the one they name, where other calls changed
    the one they name."""
    named = [f for f in operation.parameters if f.required and f.references is not None]
    for field in named:
        entity = next(e for e in subject.plan.entities if e.name == field.references)
        linked = any(f.references == entity.name for f in entity.attributes)
        if linked or [f.references for f in named].count(entity.name) > 1 or field.type != "str":
            continue
        made = [t for t in subject.successes if t.probe.tool == operation.name]
        touched = [
            (t, {c.path[1:2] for c in t.changes if c.path[0] == entity.collection}) for t in made
        ]
        if not any((t.probe.arguments[field.name],) in keys for t, keys in touched):
            continue
        for trial, keys in touched:
            if keys and (trial.probe.arguments[field.name],) not in keys:
                yield (
                    trial,
                    f"not {field.name}",
                    f"it left the {entity.name} that {field.name} names as it was and changed "
                    f"another ({change_text(trial.changes)})",
                )

"""The gate of filters: a list with an option holds what the option asks for, and all of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..records import Attribute, Entity, EnvironmentPlan, Finding, Operation, Parameter
from ..state import Json, canonical
from .faults import Fault, by_cause
from .pairs import PAGING
from .states import fits
from .subjects import Subject
from .trials import Trial
from .wording import shown

Test = Callable[[Json, Json], bool | None]
"""Whether an attribute's value passes a given filter; None when either answer is right."""


def filters(subject: Subject) -> Iterator[Finding]:
    """Each item passes the filter, and each item that passes is there."""
    yield from by_cause("filters", _misled(subject))


@dataclass(frozen=True, slots=True)
class _Filter:
    """An option of a query that chooses items by one of their attributes."""

    option: str
    attribute: str
    type: str
    key: str
    passes: Test


def _misled(subject: Subject) -> Iterator[Fault]:
    for operation in subject.plan.operations:
        found = {f.option: f for f in _filters(subject.plan, operation)}
        if not found:
            continue
        listed = listings(subject, operation)
        for trial in listed.values():
            for name in sorted(found.keys() & trial.probe.arguments.keys()):
                if trial.probe.arguments[name] is not None:
                    yield from _strangers(trial, found[name])
                    yield from _missing(trial, found[name], listed)


def listings(subject: Subject, operation: Operation) -> dict[bytes, Trial]:
    """The lists that a query gave in the initial state, by canonical arguments."""
    return {
        canonical(trial.probe.arguments): trial
        for trial in subject.successes
        if trial.probe.tool == operation.name
        and not trial.lead
        and isinstance(trial.reply.value.get("data"), list)
    }


def _strangers(trial: Trial, one: _Filter) -> Iterator[Fault]:
    """Items that the filter should have kept out."""
    given = trial.probe.arguments[one.option]
    for item in _items(trial, one):
        if one.passes(item[one.attribute], given) is False:
            yield (
                trial,
                f"{one.option} lets in",
                f"it holds {one.key} {shown(item[one.key])} with {one.attribute} "
                f"{shown(item[one.attribute])}, which {one.option} {shown(given)} leaves out",
            )
            return


def _missing(trial: Trial, one: _Filter, listed: dict[bytes, Trial]) -> Iterator[Fault]:
    """Items of the same call without the filter that pass it and are not there."""
    given = trial.probe.arguments[one.option]
    others = {n: v for n, v in trial.probe.arguments.items() if n != one.option}
    whole = listed.get(canonical(others))
    if whole is None or others.keys() & PAGING:
        return
    there = {item[one.key] for item in _items(trial, one)}
    for item in _items(whole, one):
        if one.passes(item[one.attribute], given) and item[one.key] not in there:
            yield (
                trial,
                f"{one.option} keeps out",
                f"it lacks {one.key} {shown(item[one.key])} with {one.attribute} "
                f"{shown(item[one.attribute])}, which the same call without {one.option} holds",
            )
            return


def _items(trial: Trial, one: _Filter) -> list[dict[str, Json]]:
    """The items that tell the attribute; one of another type is for other gates to tell."""
    return [
        item
        for item in trial.reply.value["data"]
        if isinstance(item, dict)
        and isinstance(item.get(one.key), str)
        and one.attribute in item
        and (item[one.attribute] is None or fits(one.type, item[one.attribute]))
    ]


# ------------------------------------------------------------------ which options filter


def _filters(plan: EnvironmentPlan, operation: Operation) -> Iterator[_Filter]:
    """The options that are named for an attribute of the one entity that a query lists."""
    listed = [entity for entity in plan.entities if entity.name in operation.returns]
    if operation.kind != "query" or not operation.many or len(listed) != 1:
        return
    entity = listed[0]
    attributes = {f.name: f for f in entity.attributes if f.name not in operation.returns}
    for field in operation.parameters:
        if _wider(field):
            continue
        bound = _bound(field, attributes)
        if field.name in attributes and (not field.required or _by_name(operation, entity)):
            if _exact(field, attributes[field.name], entity):
                yield _Filter(field.name, field.name, field.type, entity.key, _equal)
        elif bound is not None:
            name, test = bound
            yield _Filter(field.name, name, attributes[name].type, entity.key, test)


_OTHERWISE = frozenset(
    "not non un without excluding except other others similar related conflicting missing free "
    "available unassigned eligible suggested recommended possible alternative".split()
)


def _wider(field: Parameter) -> bool:
    """Whether a filter's description names one of its values, as one that matches too."""
    told = re.sub(r"left out[^;.]*", "", field.description)
    return any(re.search(rf"\b{re.escape(value)}\b", told) for value in field.values)


def _by_name(operation: Operation, entity: Entity) -> bool:
    """Whether a query's name says that it lists just the entity's records, such as list_loans."""
    words = operation.name.split("_")
    listed = entity.collection.split("_")
    return words[1 : 1 + len(listed)] == listed and not _OTHERWISE & set(words)


def _exact(field: Parameter, attribute: Attribute, entity: Entity) -> bool:
    """Whether only an equal value can match: enumerations and references; flags when true."""
    if field.name == entity.key or field.type != attribute.type:
        return False
    if field.type == "bool":
        return True
    chosen = bool(field.values and attribute.values)
    return field.type == "str" and (chosen or _referring(field, attribute))


def _referring(field: Parameter, attribute: Attribute) -> bool:
    return field.references is not None and field.references == attribute.references


def _bound(field: Parameter, attributes: dict[str, Attribute]) -> tuple[str, Test] | None:
    """The attribute that an option bounds by its name, and how."""
    parts = re.fullmatch(r"(min|max)_(\w+)|(\w+)_(before|after|from|to)", field.name)
    if parts is None:
        return None
    name, word = parts[2] or parts[3], parts[1] or parts[4]
    names = [name] if parts[1] else [name, f"{name}_on", f"{name}_date"]
    kinds = ("int", "float") if parts[1] else ("date",)
    meant = [n for n in names if n in attributes and attributes[n].type in kinds]
    return (meant[0], _BOUNDS[word]) if len(meant) == 1 and field.type in kinds else None


def _equal(value: Json, given: Json) -> bool | None:
    """A flag that is false may also mean that nothing is asked."""
    if given is False:
        return None
    return bool(value == given)


def _at_least(value: Json, given: Json) -> bool | None:
    return None if value is None else bool(value >= given)


def _at_most(value: Json, given: Json) -> bool | None:
    return None if value is None else bool(value <= given)


def _before(value: Json, given: Json) -> bool | None:
    """The day itself may count or not."""
    return None if value is None or value == given else bool(value < given)


def _after(value: Json, given: Json) -> bool | None:
    return None if value is None or value == given else bool(value > given)


_BOUNDS: dict[str, Test] = {
    "min": _at_least,
    "max": _at_most,
    "before": _before,
    "after": _after,
    "from": _after,
    "to": _before,
}

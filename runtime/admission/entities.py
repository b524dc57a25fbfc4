"""The schema of a state, read off one state: collections become entities, the rest scalars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..inspection.states import fits
from ..records import Attribute, Entity, ValueType
from ..state import Json

_MOST_SPECIFIC: tuple[ValueType, ...] = (
    "bool", "int", "float", "date", "datetime", "str", "list[str]", "list[int]", "list[dict]",
    "dict",
)  # fmt: skip
"""The types in the order in which they are tried."""


def entities_of(state: Mapping[str, Json]) -> tuple[Entity, ...]:
    """An entity for each attribute that maps keys to objects with equal fields.

    Its key is the field that repeats the record's key; where none does, it is named `<entity>_id`
    and is no attribute. A field references the entity among whose keys all its values are; among
    several such entities the one that the field's name points at.
    """
    collections = {name: value for name, value in state.items() if is_collection(value)}
    bare = [_entity(name, records) for name, records in collections.items()]
    return tuple(_referring(entity, bare, collections) for entity in _distinct(bare))


def scalars_of(state: Mapping[str, Json], entities: Iterable[Entity]) -> tuple[Attribute, ...]:
    """The attributes of the state that are no collection of an entity."""
    taken = {entity.collection for entity in entities}
    return tuple(_attribute(name, [value]) for name, value in state.items() if name not in taken)


_CHOOSING = (
    "status",
    "state",
    "condition",
    "type",
    "kind",
    "category",
    "level",
    "priority",
    "role",
)
"""Last words of attributes that choose among a few values."""


def choices_of(state: Mapping[str, Json], entities: Iterable[Entity]) -> dict[str, tuple[str, ...]]:
    """The values that a state holds of each attribute whose name says that it is a choice."""
    found: dict[str, dict[str, None]] = {}
    for entity in entities:
        for field in entity.attributes:
            if field.type == "str" and field.name.rpartition("_")[2] in _CHOOSING:
                values = (record[field.name] for record in state[entity.collection].values())
                found.setdefault(field.name, {}).update(dict.fromkeys(filter(None, values)))
    return {name: tuple(values) for name, values in found.items()}


def is_collection(value: Json) -> bool:
    """Whether a value maps keys to objects, at least one, that all have the same fields."""
    if not isinstance(value, dict) or not value:
        return False
    records = list(value.values())
    return all(isinstance(record, dict) and record for record in records) and all(
        record.keys() == records[0].keys() for record in records
    )


def value_type(values: Iterable[Json]) -> ValueType:
    """The narrowest type that fits all values but None; the type nearest to the first one where
    none fits all, and text where there is no value."""
    given = [value for value in values if value is not None]
    for kind in _MOST_SPECIFIC if given else ():
        if all(fits(kind, value) for value in given):
            return kind
    if given and isinstance(given[0], list):
        return "list[str]"
    return "dict" if given and isinstance(given[0], dict) else "str"


def _entity(collection: str, records: Mapping[str, Mapping[str, Json]]) -> Entity:
    name = "".join(word.capitalize() for word in singular(collection).split("_")) or "Record"
    fields = next(iter(records.values()))
    repeating = [
        field for field in fields if all(record[field] == key for key, record in records.items())
    ]
    return Entity(
        name=name,
        collection=collection,
        key=repeating[0] if repeating else f"{singular(collection)}_id",
        attributes=tuple(_attribute(f, [r[f] for r in records.values()]) for f in fields),
    )


def _attribute(name: str, values: Sequence[Json]) -> Attribute:
    return Attribute(name=name, type=value_type(values), optional=None in values)


def _distinct(entities: list[Entity]) -> list[Entity]:
    """The entities, numbered where two collections come to the same name."""
    names: dict[str, int] = {}
    for place, entity in enumerate(entities):
        names[entity.name] = times = names.get(entity.name, 0) + 1
        if times > 1:
            entities[place] = entity.model_copy(update={"name": f"{entity.name}{times}"})
    return entities


def _referring(
    entity: Entity, others: Sequence[Entity], collections: Mapping[str, Mapping[str, Json]]
) -> Entity:
    records = collections[entity.collection].values()
    attributes = []
    for field in entity.attributes:
        held = [record[field.name] for record in records]
        target = None if field.name == entity.key else _target(field, held, others, collections)
        attributes.append(field.model_copy(update={"references": target}))
    return entity.model_copy(update={"attributes": tuple(attributes)})


def _target(
    field: Attribute,
    values: Iterable[Json],
    entities: Sequence[Entity],
    collections: Mapping[str, Mapping[str, Json]],
) -> str | None:
    """The entity that a field references: the only one that holds all its values, or the one of
    those that its name points at."""
    if field.type not in ("str", "list[str]"):
        return None
    keys = {key for value in values for key in (value if isinstance(value, list) else [value])}
    keys.discard(None)
    fitting = [
        entity for entity in entities if keys and keys <= collections[entity.collection].keys()
    ]
    named = [
        entity
        for entity in fitting
        if field.name == entity.key or singular(entity.collection) in field.name
    ]
    found = named or fitting
    return found[0].name if len(found) == 1 else None


def singular(name: str) -> str:
    """A collection's name for one of its records: `branches` is `branch`, `entries` is `entry`."""
    for ending, single in (
        (r"ies$", "y"), (r"(ch|sh|ss|x|z)es$", r"\1"), (r"(?<![su])s$", ""),
    ):  # fmt: skip
        short, times = re.subn(ending, single, name)
        if times:
            return short
    return name

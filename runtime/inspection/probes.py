"""Probes: calls that try a class out, drawn from its plan and a state, the same ones every time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from random import Random
from typing import Literal

from ..records import Entity, EnvironmentPlan, Operation, Parameter
from ..state import Json, canonical
from .states import fits

FITTING = 24
"""Most fitting probes of one tool."""
PICKS = 12
"""Most values that are tried for one parameter."""

EXTREME = 1e308
"""Twice this is more than a float can hold."""
HOSTILE: tuple[Json, ...] = (
    None,
    True,
    0,
    -1,
    10**12,
    EXTREME,
    1.5,
    "",
    "no-such-id",
    "9999-12-31",
    "9999-12-31T23:59:59",
    "2023-02-30",
    "2023-02-30T09:00:00",
    [],
    [None],
    [1, "no-such-id"],
    [{}],
    {},
    {"x": None},
)
"""Wrong types, unknown ids, empty and extreme values: each is tried for each parameter."""

_FALLBACK: dict[str, tuple[Json, ...]] = {
    "str": ("example", "another"),
    "int": (1, 2, 10),
    "float": (1.0, 2.5, 10.0),
    "bool": (True, False),
    "date": ("2024-05-31",),
    "datetime": ("2024-05-31T09:30:00",),
    "list[str]": (["example"], []),
    "list[int]": ([1, 2], []),
    "list[dict]": ([{}], []),
    "dict": ({}, {"example": 1}),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """One call to try; `hostile` when an argument is wrong or extreme on purpose."""

    tool: str
    arguments: dict[str, Json]
    kind: Literal["fitting", "hostile"]


def fitting_probes(
    plan: EnvironmentPlan, state: dict[str, Json], operation: Operation, seed: int = 0
) -> list[Probe]:
    """Calls that fit the tool's parameters, with values from the state where it has some.

    Small sets of combinations are complete; larger ones are a seeded sample in which each value
    appears. Optional parameters are also left out. Deterministic; at most `FITTING` calls.
    """
    numbers = _borders(plan, operation)
    values = {f.name: picks(plan, state, f, numbers) for f in operation.parameters}
    required = {f.name: values[f.name] for f in operation.parameters if f.required}
    random = Random(f"{seed} {operation.name}")
    combinations = [*_combinations(values, random)]
    if len(required) < len(values):
        combinations = combinations[: FITTING // 2] + _combinations(required, random)
        for name in (n for n in values if n not in required):  # a set has another order each run
            combinations.append({name: values[name][0]} | {k: v[0] for k, v in required.items()})
    unique = {canonical(arguments): arguments for arguments in combinations}
    return [Probe(operation.name, found, "fitting") for found in [*unique.values()][:FITTING]]


def _combinations(values: Mapping[str, list[Json]], random: Random) -> list[dict[str, Json]]:
    names = list(values)
    size = 1
    for found in values.values():
        size *= len(found)
    if size <= FITTING:
        return [dict(zip(names, row, strict=True)) for row in product(*values.values())]
    longest = max(len(found) for found in values.values())
    each = [
        {name: values[name][row % len(values[name])] for name in names} for row in range(longest)
    ]
    extra = FITTING - longest
    return each + [{name: random.choice(values[name]) for name in names} for _ in range(extra)]


def hostile_probes(operation: Operation, base: dict[str, Json]) -> Iterator[Probe]:
    """`base` with one argument replaced by each hostile value in turn."""
    for field in operation.parameters:
        for value in HOSTILE:
            yield Probe(operation.name, base | {field.name: value}, "hostile")


# ------------------------------------------------------------------ values


def picks(
    plan: EnvironmentPlan,
    state: dict[str, Json],
    field: Parameter,
    numbers: Sequence[int] = (),
) -> list[Json]:
    """Values for one parameter: its enumeration, ids, values of that name, or plain ones; at most
    `PICKS` of those.

    Args:
        numbers: Numbers to try too, or for dates the days from those that the state holds.
    """
    if field.values:
        return list(field.values)
    found = [*_ids(plan, state, field)] or [*_known(plan, state, field)]
    border = _near(plan, state, field, numbers) if not field.references else []
    unique = {canonical(value): value for value in found if fits(field.type, value)}
    room = PICKS - len(border)
    known = _spread([*unique.values()], room) or list(_FALLBACK[field.type])
    return known + [value for value in border if value not in known]


def _borders(plan: EnvironmentPlan, operation: Operation) -> list[int]:
    """The numbers that the operation's rules name, each with its neighbours."""
    texts = [rule.text for rule in plan.rules if rule.id in operation.rules]
    texts += [operation.description, *operation.errors]
    named = re.findall(r"(?<![\w.])\d{1,6}(?![\w.]*\d)", " ".join(texts))
    near = (int(number) + step for number in named for step in (0, -1, 1))
    return list(dict.fromkeys(near))[: PICKS // 2]


def _near(
    plan: EnvironmentPlan, state: dict[str, Json], field: Parameter, numbers: Sequence[int]
) -> list[Json]:
    """The numbers as values of the parameter's type."""
    if field.type in ("int", "float"):
        return [number if field.type == "int" else float(number) for number in numbers]
    if field.type not in ("date", "datetime"):
        return []
    kind = date if field.type == "date" else datetime
    now: list[Json] = [state.get(s.name) for s in plan.scalars if s.type == field.type]
    days = [kind.fromisoformat(value) for value in now if fits(field.type, value)]
    near = [(day, n) for day in days[:1] for n in (-1, 1, *numbers) if _in_calendar(day, n)]
    return [(day + timedelta(n)).isoformat() for day, n in near]


def _in_calendar(day: date, number: int) -> bool:
    """Whether the calendar has the day that lies so many days from another."""
    return date.min.toordinal() <= day.toordinal() + number <= date.max.toordinal()


def _spread(values: list[Json], most: int) -> list[Json]:
    """At most `most` of the values, evenly spaced, so that late records are tried too."""
    if len(values) <= most:
        return values
    return [values[index * len(values) // most] for index in range(most)]


def _ids(plan: EnvironmentPlan, state: dict[str, Json], field: Parameter) -> Iterator[Json]:
    """Keys of the records that a parameter's name or description points at."""
    one = re.sub(r"s$", "", field.name) if field.type == "list[str]" else field.name
    named = [entity for entity in plan.entities if entity.name == field.references]
    for entity in named or _entities(plan, one, field.description):
        keys = list(_records(state, entity))
        if field.type == "list[str]":
            yield from ([key] for key in keys)
            yield keys[:2]
        else:
            yield from keys


def _records(state: dict[str, Json], entity: Entity) -> dict[str, dict[str, Json]]:
    """The records of an entity, as far as a reached state holds them in the planned form."""
    found = state.get(entity.collection)
    records = found if isinstance(found, dict) else {}
    return {key: record for key, record in records.items() if isinstance(record, dict)}


def _entities(plan: EnvironmentPlan, name: str, description: str) -> list[Entity]:
    """The entities whose key a parameter holds: by its whole name, its ending, or in prose."""
    aliases = {entity.name: _aliases(plan, entity) for entity in plan.entities}
    whole = [entity for entity in plan.entities if name in aliases[entity.name]]
    ending = [
        entity
        for entity in plan.entities
        if any(name.endswith(f"_{alias}") for alias in aliases[entity.name] - {"id", "name"})
    ]
    prose = [
        entity
        for entity in plan.entities
        if re.search(rf"\b{re.escape(entity.key)}\b", description)
    ]
    return whole or ending or prose


def _aliases(plan: EnvironmentPlan, entity: Entity) -> set[str]:
    """Names that hold a key of the entity: its key, `<entity>_id`, attributes that reference it."""
    fields = (field for other in plan.entities for field in other.attributes)
    referring = {field.name for field in fields if field.references == entity.name}
    return {entity.key, f"{snake(entity.name)}_id"} | referring


def _known(plan: EnvironmentPlan, state: dict[str, Json], field: Parameter) -> Iterator[Json]:
    """Values that the state holds under the parameter's name, which may say that it is a bound,
    or, for dates, of its type."""
    dated = field.type in ("date", "datetime")
    name = re.sub(r"^(min|max)_|_(before|after|from|to)$", "", field.name)
    for entity in plan.entities:
        same = [f for f in entity.attributes if f.name == name or (dated and f.type == field.type)]
        for record in _records(state, entity).values():
            yield from (record.get(f.name) for f in same)
    for scalar in plan.scalars:
        if scalar.name == name or (dated and scalar.type == field.type):
            yield state.get(scalar.name)


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()

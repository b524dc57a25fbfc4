"""Arguments against the plan: what does not fit its parameter, and which ids are unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..records import EnvironmentPlan, Operation, Parameter
from ..state import Json
from .states import fits
from .wording import shown


@dataclass(frozen=True, slots=True)
class Misfit:
    """An argument that its parameter does not take."""

    field: Parameter
    value: Json
    unknown: bool
    """Whether it is of the right type, but names a record that is not there."""

    def __str__(self) -> str:
        given = f"{shown(self.value)} for {self.field.name}"
        if self.unknown:
            return f"{given}, which is no {self.field.references}'s key"
        if self.field.values and isinstance(self.value, str):
            return f"{given}, which is none of {', '.join(self.field.values)}"
        required = "required " if self.field.required else ""
        return f"{given}, where the plan has a {required}{self.field.type}"


def misfits(
    plan: EnvironmentPlan, operation: Operation, arguments: dict[str, Json], state: dict[str, Json]
) -> Iterator[Misfit]:
    """The arguments that do not fit the operation's parameters in this state.

    None fits what may be left out, and a date fits where a date and time is planned.
    """
    for field in operation.parameters:
        if field.name not in arguments:
            continue
        value = arguments[field.name]
        if value is None and not field.required:
            continue
        if not _typed(field, value) or (field.values and value not in field.values):
            yield Misfit(field, value, unknown=False)
        elif field.references is not None and not _known(plan, field.references, value, state):
            yield Misfit(field, value, unknown=True)


def unfit(
    plan: EnvironmentPlan, operation: Operation, arguments: dict[str, Json], state: dict[str, Json]
) -> bool:
    """Whether any argument does not fit, or stands for a date and time without the time."""
    short = any(
        field.type == "datetime" and fits("date", arguments.get(field.name))
        for field in operation.parameters
    )
    return short or any(misfits(plan, operation, arguments, state))


def _typed(field: Parameter, value: Json) -> bool:
    return fits(field.type, value) or (field.type == "datetime" and fits("date", value))


def _known(plan: EnvironmentPlan, entity: str, value: Json, state: dict[str, Json]) -> bool:
    collection = next((e.collection for e in plan.entities if e.name == entity), None)
    records = state.get(collection) if collection else None
    if not isinstance(records, dict):
        return True
    keys = value if isinstance(value, list) else [value]
    return all(not isinstance(key, str) or key in records for key in keys)

"""Tool schemas against the plan: the same tools, the same parameters, nothing left unsaid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..records import EnvironmentPlan, Operation, Parameter
from ..state import Json

_SCHEMA_TYPES: dict[str, str] = {
    "str": "string",
    "date": "string",
    "datetime": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list[str]": "array",
    "list[int]": "array",
    "list[dict]": "array",
    "dict": "object",
}
_ITEM_TYPES: dict[str, str] = {
    "list[str]": "string",
    "list[int]": "integer",
    "list[dict]": "object",
}

Fault = tuple[str, str]
"""A tool's name and what is wrong with it."""


def tool_faults(plan: EnvironmentPlan, tools: Mapping[str, Mapping[str, Any]]) -> Iterator[Fault]:
    """Where the class's tools, by name, differ from the plan's operations or say too little."""
    planned = {operation.name: operation for operation in plan.operations}
    for name in sorted(planned.keys() - tools.keys()):
        yield name, "the plan has this operation and the class has no such public method; add it."
    for name in sorted(tools.keys() - planned.keys()):
        yield (
            name,
            "it is a public method and no operation of the plan; "
            "let its name begin with _ if it is a helper, or remove it.",
        )
    for name in sorted(planned.keys() & tools.keys()):
        if not str(tools[name].get("description") or "").strip():
            yield (
                name,
                "it has no description; begin its docstring with a sentence on what it does.",
            )
        for message in _parameter_faults(planned[name], tools[name]["parameters"]):
            yield name, message


def _parameter_faults(operation: Operation, schema: Mapping[str, Any]) -> Iterator[str]:
    planned = {field.name: field for field in operation.parameters}
    given = schema.get("properties", {})
    if set(planned) != set(given):
        yield (
            f"its parameters are ({', '.join(given)}), "
            f"the plan's are ({', '.join(planned)}); use the plan's names."
        )
    required = set(schema.get("required", ()))
    for name in (name for name in planned if name in given):
        yield from _requirement(planned[name], name in required)
        yield from _type_faults(planned[name], given[name])
        if not str(given[name].get("description") or "").strip():
            yield f"its parameter {name} has no description; add it under Args: in the docstring."


def _requirement(field: Parameter, required: bool) -> Iterator[str]:
    if field.required and not required:
        yield f"its parameter {field.name} has a default value and the plan requires it; drop it."
    if required and not field.required:
        yield f"its parameter {field.name} is optional in the plan; give it a default value."


def _type_faults(field: Parameter, schema: Mapping[str, Any]) -> Iterator[str]:
    found = schema_types(schema) - {"null"}
    expected = _SCHEMA_TYPES[field.type]
    if not found:
        yield f"its parameter {field.name} has no type; annotate it for the plan's {field.type}."
    elif expected not in found and not (expected == "integer" and "number" in found):
        yield (
            f"its parameter {field.name} is of type {'/'.join(sorted(found))}, "
            f"the plan's is {field.type} ({expected}); annotate it accordingly."
        )
    items = schema_types(schema.get("items") or {})
    wanted = _ITEM_TYPES.get(field.type)
    if wanted and items and wanted not in items:
        yield (
            f"the items of its parameter {field.name} are of type {'/'.join(sorted(items))}, "
            f"the plan's type is {field.type}; annotate it accordingly."
        )


def planned_schema(field: Parameter) -> dict[str, Json]:
    """The JSON Schema of a parameter's planned type."""
    items = _ITEM_TYPES.get(field.type)
    return {"type": _SCHEMA_TYPES[field.type]} | ({"items": {"type": items}} if items else {})


def binding_fault(schema: Mapping[str, Any], arguments: Mapping[str, Json]) -> str:
    """Why Python itself would refuse a call's argument names; empty when it would not."""
    known = schema.get("properties", {})
    if missing := [name for name in schema.get("required", ()) if name not in arguments]:
        return f"needs the arguments {', '.join(missing)}"
    if unknown := [name for name in arguments if name not in known]:
        return f"takes no {', '.join(unknown)}; its parameters are {', '.join(known)}"
    return ""


def schema_types(schema: Json) -> set[str]:
    """The JSON types that a schema names, at its top or in its alternatives."""
    if not isinstance(schema, dict):
        return set()
    given = schema.get("type", [])
    found = {given} if isinstance(given, str) else set(given)
    for alternative in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= schema_types(alternative)
    if not found and schema.get("enum") and all(isinstance(v, str) for v in schema["enum"]):
        found.add("string")
    return found

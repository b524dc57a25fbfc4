"""The arguments of tools that came from elsewhere: shipped schemas made to fit the methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .records import ToolSpec
from .state import Json

Schema = dict[str, Json]


def fit_to_signature(shipped: ToolSpec, described: Mapping[str, Json]) -> ToolSpec:
    """A shipped tool whose parameters are those of its method.

    The method decides which parameters there are, which are required and whether one may be null,
    and of what type one is where the shipped type is another. Descriptions and whatever else a
    shipped schema says stay; what it leaves out is taken from the method. A parameter that the
    method does not name stays only where it takes `**` arguments, and is optional then.

    Args:
        described: {"name", "description", "parameters"} of the method, as a sealed class gives it.
    """
    given, method = _properties(shipped.parameters), _properties(described["parameters"])
    properties = {name: _fitted(given.get(name, {}), schema) for name, schema in method.items()}
    open_ended = described["parameters"].get("additionalProperties", False)
    if open_ended:
        properties = {**given, **properties}
    parameters = {
        **shipped.parameters,
        "type": "object",
        "properties": properties,
        "required": list(described["parameters"].get("required", [])),
        "additionalProperties": open_ended,
    }
    text = shipped.description or described.get("description", "")
    return ToolSpec(name=shipped.name, description=text, parameters=parameters)


def fit_to_methods(
    shipped: Iterable[ToolSpec], described: Iterable[Mapping[str, Json]]
) -> tuple[ToolSpec, ...]:
    """The shipped tools that a class has methods for, each fitted to its own, in their order."""
    methods = {method["name"]: method for method in described}
    return tuple(
        fit_to_signature(tool, methods[tool.name]) for tool in shipped if tool.name in methods
    )


def _properties(parameters: Mapping[str, Json]) -> dict[str, Schema]:
    """The schema of each parameter; empty where it is no schema."""
    found = parameters.get("properties")
    if not isinstance(found, Mapping):
        return {}
    return {name: dict(one) if isinstance(one, Mapping) else {} for name, one in found.items()}


def _fitted(shipped: Schema, method: Schema) -> Schema:
    """The shipped schema of a parameter, unless the method's annotation is of another type."""
    own, meant = _kinds(shipped), _kinds(method)
    if not own or not meant or own == meant:
        return {**method, **shipped}
    if own == meant - {"null"}:
        return {**method, **_nullable(shipped)}
    return {**method, "description": shipped.get("description") or method.get("description", "")}


def _kinds(schema: Schema) -> set[str]:
    """The JSON types that a schema names; empty when it names none."""
    kinds = {kind for kind in _listed(schema.get("type")) if isinstance(kind, str)}
    for option in _listed(schema.get("anyOf")):
        kinds |= _kinds(option) if isinstance(option, dict) else set()
    return kinds


def _nullable(schema: Schema) -> Schema:
    """The schema with null among its types."""
    nulls: Schema = {"type": "null", "anyOf": {"type": "null"}, "enum": None}
    wider = {key: [*_listed(schema[key]), nulls[key]] for key in nulls.keys() & schema.keys()}
    return {**schema, **wider}


def _listed(value: Json) -> list[Json]:
    """The items of a list; a single value is a list of one, None an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]

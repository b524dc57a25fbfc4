"""Upstream EnvScaler's files, read: environments and scenarios that came from elsewhere.

Either file may be a mapping or a list, and nested fields may stand as they are or as JSON text,
as the hub's copies have them. Typed markers in states are kept: workers read them. Nothing that is
read is run or parsed as code here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
from pydantic import ValidationError

from ..errors import DataError
from ..records import (
    BusinessRule,
    Call,
    Environment,
    EnvironmentPlan,
    Operation,
    Parameter,
    Part,
    ToolSpec,
    ValueType,
)
from ..state import Json
from .faults import first_fault

Made = TypeVar("Made")
Field = TypeVar("Field", str, list[Json], dict[str, Json])

_EXPECTED = "Expected is EnvScaler's own form: a mapping or list of environments or scenarios."
_TYPES: dict[Json, ValueType] = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "object": "dict",
}
_LISTS: dict[Json, ValueType] = {"integer": "list[int]", "object": "list[dict]"}


class UpstreamScenario(Part):
    """A scenario as upstream writes it: checks are functions of the final state."""

    env_id: str
    env_class_name: str
    task_id: str
    init_config: dict[str, Json]
    """The initial state, with typed markers for what JSON lacks."""
    task: str
    checklist: tuple[str, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    """(what is checked, source of `check_func`); empty when the scenario cannot be scored."""
    reference_solution: tuple[Call, ...] = ()


def read_environments(path: Path) -> tuple[Environment, ...]:
    """The environments of a metadata file, in its order: see `environments_by_id`."""
    return tuple(environments_by_id(path).values())


def environments_by_id(path: Path) -> dict[str, Environment]:
    """The environments of a metadata file by upstream's `env_id`, which scenarios refer to.

    Their plans go as far as upstream's form does: rules R1, R2, … and one operation for each tool
    ("change" where the file does not say "query"), but no entities, since attributes have no
    types there and collections no names.

    Raises:
        DataError: the file cannot be read, an entry lacks what an environment needs, or two
            entries have the same `env_id`.
    """
    found: dict[str, Environment] = {}
    for name, entry in _listed(path):
        key = str(entry.get("env_id", name))
        if key in found:
            raise DataError(f"{path}, {name}: the env_id {key} stands twice; give each its own.")
        found[key] = _made(path, name, entry, _environment_of)
    return found


def read_scenarios(path: Path) -> tuple[UpstreamScenario, ...]:
    """The scenarios of a scenario file, in its order; their check functions are not run.

    Raises:
        DataError: the file cannot be read, or an entry lacks what a scenario needs.
    """
    return tuple(_made(path, name, entry, _scenario_of) for name, entry in _listed(path))


def _listed(path: Path) -> list[tuple[str, Mapping[str, Json]]]:
    """The entries of a file with their names: the key in a mapping, the position in a list."""
    try:
        content = msgspec.json.decode(path.read_bytes())
    except OSError as fault:
        raise DataError(f"{path} cannot be read: {fault.strerror}.") from fault
    except (ValueError, RecursionError) as fault:
        raise DataError(f"{path} is not JSON: {fault}. {_EXPECTED}") from fault
    if isinstance(content, Mapping):
        entries = list(content.items())
    elif isinstance(content, list):
        entries = [(f"entry {number}", entry) for number, entry in enumerate(content, start=1)]
    else:
        raise DataError(f"{path} holds neither a mapping nor a list. {_EXPECTED}")
    for name, entry in entries:
        if not isinstance(entry, Mapping):
            raise DataError(f"{path}, {name} is no object: {entry!r:.60}. {_EXPECTED}")
    return entries


def _made(path: Path, name: str, entry: Mapping[str, Json], make: Callable[..., Made]) -> Made:
    try:
        return make(entry)
    except ValidationError as fault:
        raise DataError(f"{path}, {name}: {first_fault(fault)}. {_EXPECTED}") from fault
    except (ValueError, RecursionError) as fault:
        raise DataError(f"{path}, {name}: {fault}. {_EXPECTED}") from fault


def _field(entry: Mapping[str, Json], name: str, kind: type[Field]) -> Field:
    """A field of the given type, read from JSON text where a list or object is given as text.

    Raises:
        ValueError: the field is missing, or holds something else.
    """
    if name not in entry:
        raise ValueError(f"the field {name} is missing; found are {', '.join(entry) or 'none'}")
    value = entry[name]
    if kind is not str and isinstance(value, str):
        value = _of_text(name, value)
    if not isinstance(value, kind):
        raise ValueError(f"the field {name} holds {value!r:.60}, expected a {kind.__name__}")
    return value


def _of_text(name: str, text: str) -> Json:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as fault:
        raise ValueError(f"the field {name} holds text that is not JSON: {fault}") from fault


def _objects(entry: Mapping[str, Json], name: str) -> list[dict[str, Json]]:
    """A list field whose items are objects, or JSON text of them; empty when absent or null."""
    items = [] if entry.get(name) is None else _field(entry, name, list)
    objects = [_of_text(name, item) if isinstance(item, str) else item for item in items]
    for item in objects:
        if not isinstance(item, dict):
            raise ValueError(f"the field {name} holds {item!r:.60} where an object is expected")
    return objects


def _environment_of(entry: Mapping[str, Json]) -> Environment:
    class_name = _field(entry, "env_class_name", str)
    if not (given := _objects(entry, "tools")):
        raise ValueError("the field tools is missing or empty")
    tools = tuple(map(_tool, given))
    operations = {_field(o, "operation_name", str): o for o in _objects(entry, "operation_list")}
    rules = _field(entry, "constraints_rules", list)
    plan = EnvironmentPlan(
        class_name=class_name,
        summary=entry.get("environment_summary", ""),
        introduction=_field(entry, "environment_introduction", str),
        entities=(),
        rules=tuple(BusinessRule(id=f"R{n}", text=text) for n, text in enumerate(rules, start=1)),
        operations=tuple(operation_of(tool, operations.get(tool.name, {})) for tool in tools),
    )
    source = _field(entry, "env_class_code", str)
    return Environment(plan=plan, class_name=class_name, source=source, tools=tools)


def _tool(given: Mapping[str, Json]) -> ToolSpec:
    """A tool as chat endpoints take it, `{"type", "function": {...}}`, or the function alone."""
    function = _field(given, "function", dict) if "function" in given else given
    return ToolSpec(
        name=_field(function, "name", str),
        description=function.get("description") or "",
        parameters=_field(function, "parameters", dict),
    )


def operation_of(tool: ToolSpec, given: Mapping[str, Json]) -> Operation:
    """The operation that a tool's JSON Schema describes; `given` is upstream's entry for it.

    Raises:
        ValueError: the parameters are no JSON Schema of an object.
    """
    properties = tool.parameters.get("properties") or {}
    required = tool.parameters.get("required") or []
    if not isinstance(properties, dict) or not isinstance(required, list):
        raise ValueError(f"the parameters of tool {tool.name} are no JSON Schema of an object")
    return Operation(
        name=tool.name,
        kind="query" if given.get("operation_type") == "query" else "change",
        description=given.get("operation_description", tool.description),
        parameters=tuple(
            _parameter(name, schema if isinstance(schema, dict) else {}, name in required)
            for name, schema in properties.items()
        ),
    )


def _parameter(name: str, schema: Mapping[str, Json], required: bool) -> Parameter:
    return Parameter(
        name=name,
        type=_value_type(schema),
        description=schema.get("description", ""),
        values=tuple(value for value in schema.get("enum") or () if isinstance(value, str)),
        required=required,
    )


def _value_type(schema: Mapping[str, Json]) -> ValueType:
    """The nearest value type of a parameter's schema; text where the schema says nothing."""
    given = schema.get("type")
    kinds = given if isinstance(given, list) else [given]
    kind = next((kind for kind in kinds if kind != "null"), None)
    if kind == "array":
        items = schema.get("items")
        return _LISTS.get(items.get("type") if isinstance(items, Mapping) else None, "list[str]")
    return _TYPES.get(kind, "str")


def _scenario_of(entry: Mapping[str, Json]) -> UpstreamScenario:
    checks = _objects(entry, "checklist_with_func")
    return UpstreamScenario(
        env_id=_field(entry, "env_id", str),
        env_class_name=_field(entry, "env_class_name", str),
        task_id=str(entry.get("task_id", "")),
        init_config=_field(entry, "init_config", dict),
        task=_field(entry, "task", str),
        checklist=tuple(_field(entry, "checklist", list) if entry.get("checklist") else ()),
        checks=tuple(
            (_field(check, "check_item", str), _field(check, "check_func", str)) for check in checks
        ),
        reference_solution=tuple(
            Call(tool=_field(call, "name", str), arguments=_field(call, "arguments", dict))
            for call in _objects(entry, "reference_solution")
        ),
    )

"""The tools of an environment: which exist, and whether a call's arguments fit them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from .records import ToolSpec
from .state import Json, canonical

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

SUBMIT = ToolSpec(
    name="submit",
    description="Ends the task. Pass the answer to the user's question, or null if none was asked.",
    parameters={
        "type": "object",
        "properties": {"answer": {"description": "The answer, or null."}},
        "additionalProperties": False,
    },
)
"""The built-in tool that ends an episode."""


class Toolset:
    """The declared tools, with argument validators compiled from their JSON Schemas."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self.tools = {tool.name: tool for tool in tools}

    @cached_property
    def _validators(self) -> dict[str, Validator]:
        import jsonschema_rs

        return {
            name: jsonschema_rs.Draft202012Validator(plain_schema(tool.parameters))
            for name, tool in self.tools.items()
        }

    def objection(self, tool: str, arguments: Json) -> str:
        """Why a call cannot be made, in words for the caller; empty when it can."""
        if tool not in self.tools:
            return f"there is no tool {tool!r}; the tools are: {', '.join(sorted(self.tools))}"
        if not isinstance(arguments, dict):
            return f"the arguments of {tool!r} must be an object, not {arguments!r}"
        try:
            canonical(arguments)
            faults = self._validators[tool].iter_errors(arguments)
            return "; ".join(_fault(error) for error in faults)
        except (TypeError, ValueError, RecursionError) as error:
            return f"the arguments of {tool!r} are not JSON: {error}"


def plain_schema(schema: Json, depth: int = 0) -> Json:
    """A schema reduced to the keywords that need no look-up and no backtracking.

    Schemas come from generated code: a `$ref` would make the host open files and addresses, a
    `pattern` could keep it busy. What is left out, or nested too deep, is not checked.
    """
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return schema if isinstance(schema, bool) else {}
    kept = {key: schema[key] for key in _PLAIN & schema.keys()}
    if isinstance(properties := schema.get("properties"), dict):
        kept["properties"] = {
            name: plain_schema(part, depth + 1) for name, part in properties.items()
        }
    for key in ("items", "additionalProperties"):
        if key in schema:
            kept[key] = plain_schema(schema[key], depth + 1)
    if isinstance(options := schema.get("anyOf"), list) and options:
        kept["anyOf"] = [plain_schema(option, depth + 1) for option in options]
    return kept


_PLAIN = {"type", "required", "enum", "const", "minimum", "maximum", "description", "default"}
_DEEPEST = 16


def _fault(error: ValidationError) -> str:
    where = ".".join(map(str, error.instance_path))
    return f"argument {where}: {error.message}" if where else error.message


def signature_line(tool: ToolSpec) -> str:
    """A tool in one line: `name(a: string, b?: integer): what it does`."""
    wanted = tool.parameters.get("required", [])
    arguments = [
        f"{name}{'' if name in wanted else '?'}: {_type(schema)}"
        for name, schema in tool.parameters.get("properties", {}).items()
    ]
    return f"{tool.name}({', '.join(arguments)}): {' '.join(tool.description.split())}"


def _type(schema: dict[str, Json]) -> str:
    """A type in short; that null is allowed is said by the question mark already."""
    if "enum" in schema:
        return "|".join(repr(value) for value in schema["enum"] if value is not None)
    if "anyOf" in schema:
        return "|".join(_type(option) for option in schema["anyOf"] if option != {"type": "null"})
    kind = schema.get("format") or schema.get("type", "any")
    if isinstance(kind, list):
        kind = "|".join(name for name in kind if name != "null")
    return f"{kind}[{_type(schema['items'])}]" if schema.get("items") else str(kind)

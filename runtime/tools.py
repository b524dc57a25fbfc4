"""The tools of an environment: which exist, and whether a call's arguments fit them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from . import objections
from .records import ToolSpec
from .state import Json

if TYPE_CHECKING:
    from jsonschema_rs import Validator

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

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Toolset:
    """The declared tools, with argument validators compiled from their JSON Schemas."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self._schemas = {
            tool.name: {**plain_schema(tool.parameters), "type": "object"} for tool in tools
        }
        self._validators: dict[str, Validator] = {}

    def objection(self, tool: str, arguments: Json) -> str:
        """Why a call cannot be made, in words for the caller; empty when it can."""
        if tool not in self.tools:
            return objections.unknown_tool(tool, sorted(self.tools))
        try:
            validator = self._validators.get(tool) or self._compiled(tool)
            # What JSON cannot hold (NaN, keys that are no strings) comes back as something else.
            if validator.is_valid(arguments) and _decode(_encode(arguments)) == arguments:
                return ""
        except (TypeError, ValueError, RecursionError):
            pass  # the careful way below says what is wrong
        return self._explained(tool, arguments)

    def _compiled(self, tool: str) -> Validator:
        import jsonschema_rs

        validator = jsonschema_rs.Draft202012Validator(self._schemas[tool])
        self._validators[tool] = validator
        return validator

    def _explained(self, tool: str, arguments: Json) -> str:
        """The objection to arguments that did not pass at once."""
        if not isinstance(arguments, dict):
            return objections.not_an_object(tool, arguments)
        fault = objections.not_json(arguments)
        if fault:
            return fault
        try:
            faults = list(self._compiled(tool).iter_errors(arguments))
        except ValueError as error:
            reason = str(error).partition("\n")[0]
            return f"the tool {tool!r} cannot be called: its JSON Schema is not valid: {reason}"
        return objections.in_words(faults, self._schemas[tool])


def plain_schema(schema: Json, depth: int = 0) -> Json:
    """A schema reduced to the keywords that need no look-up and no backtracking.

    Schemas come from generated code: a `$ref` would make the host open files and addresses, a
    `pattern` could keep it busy. What is left out, or nested too deep, is not checked; of `oneOf`
    one match is demanded, and more are allowed.
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
    for key, source in (("prefixItems", "prefixItems"), ("anyOf", "oneOf"), ("anyOf", "anyOf")):
        if isinstance(parts := schema.get(source), list) and parts:
            kept[key] = [plain_schema(part, depth + 1) for part in parts]
    return kept


_PLAIN = {
    "type", "required", "enum", "const", "description", "default",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "minLength", "maxLength", "minItems", "maxItems",
}  # fmt: skip
_DEEPEST = 16


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
    if "prefixItems" in schema:
        return f"[{', '.join(map(_type, schema['prefixItems']))}]"
    kind = schema.get("format") or schema.get("type", "any")
    if isinstance(kind, list):
        kind = "|".join(name for name in kind if name != "null")
    return f"{kind}[{_type(schema['items'])}]" if schema.get("items") else str(kind)

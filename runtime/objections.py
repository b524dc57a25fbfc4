"""Objections to a tool call, in words from which a model can mend it.

Each says which argument is wrong, what was given, what is expected and, where that can be told,
what to write instead.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .state import Json

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

_SHOWN = 80
"""Characters of a given name or value that are repeated."""
_NAMED = 5
"""Faults of one call that are named."""
_LISTED = 30
"""Allowed values that are listed."""
_LONGEST = 14_000
"""Bits of an integer; Python writes out no longer one."""
_KINDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean (true or false)",
    "null": "null",
    "array": "an array",
    "object": "an object",
}
_BOUNDS = {  # an array of given items has its length already
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def unknown_tool(name: str, known: Sequence[str]) -> str:
    """The objection to a call of a tool that is not declared."""
    return (
        f"there is no tool {_cut(repr(str(name)))}{_nearest(str(name), known)}; "
        f"the tools are: {', '.join(known) or 'none'}"
    )


def not_an_object(tool: str, arguments: Json) -> str:
    """The objection to arguments that are no object."""
    hint = ": pass the object itself, not its text" if isinstance(arguments, str) else ""
    return f"the arguments of {tool!r} must be an object, not {_text(arguments)}{hint}"


def not_json(arguments: dict[str, Json]) -> str:
    """The objection to arguments that JSON cannot hold; empty where there is none."""
    try:
        return _odd(arguments, ())
    except RecursionError:
        return "the arguments are not JSON that can be read: they nest too deep; nest them less"


def in_words(faults: Sequence[ValidationError], schema: Json) -> str:
    """What validation found, one clause each; empty where it found nothing."""
    texts = list(dict.fromkeys(_fault(fault, schema) for fault in faults))
    more = [f"and {len(texts) - _NAMED} more"] if len(texts) > _NAMED else []
    return "; ".join(texts[:_NAMED] + more)


# ------------------------------------------------------------------ not JSON


def _odd(value: Json, path: tuple[str | int, ...]) -> str:
    """The first thing in a value that JSON cannot hold."""
    if isinstance(value, str):
        return _odd_text(value, f"{_subject(path)} is not JSON")
    if isinstance(value, float) and not math.isfinite(value):
        return f"{_subject(path)} is not JSON: it is {value}; give a finite number, or null"
    if isinstance(value, dict):
        return _odd_key(value, path) or _first(value.items(), path)
    if isinstance(value, list | tuple):
        return _first(enumerate(value), path)
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        return f"{_subject(path)} is not JSON that can be read: the integer is too long"
    if value is None or isinstance(value, bool | int | float):
        return ""
    return (
        f"{_subject(path)} is not JSON: it is of type {type(value).__name__}; "
        "give a string, number, boolean, null, array or object"
    )


def _first(items: Iterable[tuple[str | int, Json]], path: tuple[str | int, ...]) -> str:
    return next(filter(None, (_odd(item, (*path, key)) for key, item in items)), "")


def _odd_key(value: dict[Json, Json], path: tuple[str | int, ...]) -> str:
    for key in value:
        if not isinstance(key, str):
            return f"{_subject(path)} is not JSON: the key {_cut(repr(key))} must be a string"
        if fault := _odd_text(key, f"a key of {_subject(path)} is not JSON"):
            return fault
    return ""


def _odd_text(value: str, subject: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        return f"{subject}: it holds half a surrogate pair; give whole characters"
    return ""


# ------------------------------------------------------------------ validation


def _fault(fault: ValidationError, schema: Json) -> str:
    path, keyword = tuple(fault.instance_path), fault.schema_path[-1]
    if _part(schema, fault.schema_path) is False and keyword != "additionalProperties":
        return f"{_subject(path)} may not be given: leave it out"
    expected = _part(schema, fault.schema_path[:-1])
    if keyword == "required":
        return _missing(path, fault.instance, expected)
    if keyword == "additionalProperties":
        return _unexpected(path, fault.instance, expected)
    optional = len(path) == 1 and path[0] not in schema.get("required", ())
    given = _given(fault.instance, expected) + _advice(fault.instance, expected, optional)
    return f"{_subject(path)} must be {_wanted(expected)}, not {given}"


def _part(schema: Json, path: Sequence[str | int]) -> Json:
    for step in path:
        schema = schema[step]
    return schema


def _missing(path: tuple[str | int, ...], given: Json, schema: Json) -> str:
    properties = schema.get("properties", {})
    wanted = {n: _wanted(properties.get(n, {})) for n in schema["required"] if n not in given}
    start, end = (f"{_subject(path)} lacks the key ", "") if path else ("argument ", " is missing")
    return "; ".join(f"{start}{name}{end}: give {words}" for name, words in wanted.items())


def _unexpected(path: tuple[str | int, ...], given: Json, schema: Json) -> str:
    known = list(schema.get("properties", {}))
    things = "keys" if path else "arguments"
    place = f"{_subject(path)} has no key" if path else "there is no argument"
    listed = f"its {things} are: {', '.join(known)}" if known else f"it takes no {things}"
    odd = [f"{_cut(repr(name))}{_nearest(name, known)}" for name in given if name not in known]
    return f"{place} {', '.join(odd[:_NAMED])}; {listed}"


def _wanted(schema: Json) -> str:
    """A schema in words."""
    if not isinstance(schema, dict):
        return "any JSON value" if schema is not False else "left out"
    if "const" in schema:
        return _text(schema["const"])
    if "enum" in schema:
        return f"one of {_listed(schema['enum'])}"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_wanted, schema["anyOf"])))
    kinds = schema.get("type", [])
    names = [_KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    bounds = [text.format(schema[key]) for key, text in _BOUNDS.items() if key in schema]
    within = f" of {' and '.join(bounds)}" if bounds and "prefixItems" not in schema else ""
    return (" or ".join(names) or "any JSON value") + _inside(schema) + within


def _inside(schema: dict[str, Json]) -> str:
    """What an array or object is to hold."""
    if "prefixItems" in schema:
        return f" [{', '.join(map(_wanted, schema['prefixItems']))}]"
    if schema.get("items"):
        return f" (each item {_wanted(schema['items'])})"
    if properties := schema.get("properties"):
        optional = properties.keys() - set(schema.get("required", ()))
        return f" with the keys {', '.join(n + '?' * (n in optional) for n in properties)}"
    return ""


def _advice(given: Json, schema: Json, optional: bool) -> str:
    """What to write instead, where it can be told."""
    if given is None and optional:
        return ": leave it out to use its default"
    if isinstance(given, str):
        if near := _nearest(given, [v for v in _values(schema) if isinstance(v, str)]):
            return near
        read = _read(given)
        if _fits(read, schema):
            return f": write {_text(read)}, without quotes"
    elif isinstance(given, bool | int | float) and _fits("", schema):
        return f': write "{_text(given)}", in quotes'
    alone = isinstance(given, str | bool | int | float)
    if alone and _fits([], schema) and _fits(given, schema.get("items", {})):
        return f": write {_text([given])}"
    return ""


def _values(schema: Json) -> list[Json]:
    """The values that a schema lists."""
    if not isinstance(schema, dict):
        return []
    options = [value for option in schema.get("anyOf", ()) for value in _values(option)]
    return [*schema.get("enum", ()), *options]


def _read(text: str) -> Json:
    """The number, boolean, array or object that a text spells; the text itself otherwise."""
    try:
        return json.loads(text.strip().lower() if len(text) < len("false ") else text)
    except (ValueError, RecursionError):
        return text


def _fits(value: Json, schema: Json) -> bool:
    """Whether a value is of a type that a schema names; an enumeration is not looked into."""
    if not isinstance(schema, dict) or "enum" in schema or "const" in schema:
        return False
    if "anyOf" in schema:
        return any(_fits(value, option) for option in schema["anyOf"])
    kinds = schema.get("type", [])
    return bool(set(_kinds(value)) & {kinds if isinstance(kinds, str) else "", *kinds})


def _kinds(value: Json) -> tuple[str, ...]:
    """The JSON types of a value."""
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int):
        return ("integer", "number")
    names = {str: "string", float: "number", list: "array", dict: "object"}
    return (names.get(type(value), "null"),)


# ------------------------------------------------------------------ words


def _subject(path: tuple[str | int, ...]) -> str:
    """What stands at a path: `argument lines[0].quantity`."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"argument {_cut(steps[1:])}" if path else "the arguments object"


def _given(value: Json, schema: Json) -> str:
    """A value, and its type where that is what is wrong with it."""
    known = value is None or isinstance(value, bool) or _values(schema) or _fits(value, schema)
    return _text(value) if known else f"{_text(value)} ({_KINDS[_kinds(value)[0]]})"


def _listed(values: Sequence[Json]) -> str:
    more = f" … ({len(values)} in all)" if len(values) > _LISTED else ""
    return ", ".join(map(_text, values[:_LISTED])) + more


def _text(value: Json) -> str:
    """A value as JSON, cut short."""
    try:
        return _cut(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _nearest(name: str, known: Sequence[str]) -> str:
    lower = {other.lower(): other for other in known}
    found = difflib.get_close_matches(name[:_SHOWN].lower(), lower, n=2)
    near = [lower[other] for other in found]
    return f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""

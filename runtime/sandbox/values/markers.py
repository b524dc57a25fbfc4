"""Typed markers: how upstream's files write Python values that JSON lacks.

A marker is an object of two fields: `{"__type__": "set" | "tuple" | "dict", "items": [...]}` or
`{"__type__": "datetime" | "date" | "decimal" | "key", "value": ...}`. A dict marker holds pairs, so
that any key is possible; a key marker stands for a key that is no JSON value. Standard library
only: sealed workers import this module.
"""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Callable, Collection
from typing import Any

Json = Any
_MARK = "__type__"
_SCALARS = frozenset({str, int, float, bool, type(None)})
_TEXT = frozenset({str})


class _Malformed(Exception):
    """What looks like a marker is none."""


def decode(value: Json) -> Any:
    """A copy of a JSON value in which every marker, wherever it stands, is the value it means.

    What is no marker of the shapes above (another name or field, text that is no date, items that
    cannot be in a set) stays the dict it is. A set inside a set or a key becomes a frozenset.
    """
    if isinstance(value, list):
        return [item if type(item) in _SCALARS else decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    content = {key: item if type(item) in _SCALARS else decode(item) for key, item in value.items()}
    return _meant(content) if _MARK in content else content


def encode(value: Any) -> Json:
    """A copy of a value with markers in place of what JSON lacks: `decode` gives an equal value.

    The items of a set are sorted by their JSON text; dicts keep their order. Values of derived
    types count as what they derive from. A dict that `decode` would take for a marker is written
    as a dict marker itself.

    Raises:
        TypeError: no marker can express a value; the text names its type.
    """
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is dict:
        return _dict(value)
    if kind is list:
        return [item if type(item) in _SCALARS else encode(item) for item in value]
    if isinstance(value, dict):
        return _dict(dict(dict.items(value)))
    if isinstance(value, list):
        return list(map(encode, list.__iter__(value)))
    if isinstance(value, tuple):
        return _items("tuple", list(map(encode, tuple.__iter__(value))))
    if isinstance(value, set):
        return _items("set", sorted(map(encode, set.__iter__(value)), key=_text))
    if isinstance(value, frozenset):
        return _items("set", sorted(map(encode, frozenset.__iter__(value)), key=_text))
    return _single(value)


def _dict(content: dict[Any, Any]) -> Json:
    """A dict as it is where all keys are strings and it cannot be taken for a marker."""
    if _all_text(content) and not (_MARK in content and _meant(content) is not content):
        return {
            key: item if type(item) in _SCALARS else encode(item) for key, item in content.items()
        }
    return _items("dict", [[_key(key), encode(item)] for key, item in content.items()])


def _all_text(keys: Collection[Any]) -> bool:
    # Nearly always all are exactly str, which the first test tells several times faster.
    return _TEXT.issuperset(map(type, keys)) or all(isinstance(key, str) for key in keys)


def _key(key: Any) -> Json:
    """Keys that JSON can hold stand in a pair as they are."""
    return encode(key) if isinstance(key, str | int | float | None) else _value("key", encode(key))


def _single(value: Any) -> Json:
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime.datetime):
        return _value("datetime", datetime.datetime.isoformat(value))
    if isinstance(value, datetime.date):
        return _value("date", datetime.date.isoformat(value))
    if isinstance(value, decimal.Decimal):
        return _value("decimal", decimal.Decimal.__str__(value))
    raise TypeError(
        f"no marker can express a value of type {type(value).__name__}; expected None, bool, int, "
        "float, str, list, dict, set, tuple, datetime, date or Decimal"
    )


def _items(name: str, items: list[Json]) -> Json:
    return {_MARK: name, "items": items}


def _value(name: str, value: Json) -> Json:
    return {_MARK: name, "value": value}


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


# ------------------------------------------------------------------ reading markers


def _meant(content: dict[Any, Any]) -> Any:
    """What a dict with the field `__type__` means; itself where it is no marker."""
    field, make = _MAKERS.get(_name(content[_MARK]), ("", _malformed))
    if len(content) != 2 or field not in content:
        return content
    try:
        return make(content[field])
    except _Malformed:
        return content


def _name(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _malformed(_: Any) -> Any:
    raise _Malformed


def _set(items: Any) -> set[Any]:
    return set(map(_hashable, _listed(items)))


def _tuple(items: Any) -> tuple[Any, ...]:
    return tuple(_listed(items))


def _of_pairs(items: Any) -> dict[Any, Any]:
    pairs = _listed(items)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise _Malformed
    return {_hashable(key): item for key, item in pairs}


def _listed(items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise _Malformed
    return items


def _hashable(value: Any) -> Any:
    """The value in a form that can be a key."""
    if isinstance(value, tuple):
        return tuple(map(_hashable, value))
    if isinstance(value, set):
        return frozenset(value)
    try:
        hash(value)
    except TypeError:
        raise _Malformed from None
    return value


def _read(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def read(text: Any) -> Any:
        if not isinstance(text, str):
            raise _Malformed
        try:
            return parse(text)
        except (ValueError, ArithmeticError):
            raise _Malformed from None

    return read


_MAKERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "set": ("items", _set),
    "tuple": ("items", _tuple),
    "dict": ("items", _of_pairs),
    "datetime": ("value", _read(datetime.datetime.fromisoformat)),
    "date": ("value", _read(datetime.date.fromisoformat)),
    "decimal": ("value", _read(decimal.Decimal)),
    "key": ("value", lambda value: value),
}

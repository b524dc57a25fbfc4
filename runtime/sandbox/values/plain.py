"""Values of generated code as JSON text, with a reason and a place where they are not JSON."""

from __future__ import annotations

import math

import msgspec
import orjson

from ...state import Json

DEPTH = 64
"""How deep lists and dicts may nest."""
_HOLDERS = frozenset({dict, list, tuple})
_SAFE = frozenset({str, bool, type(None)})
"""Types whose values are all JSON, so that most need no further look."""
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1

NATURAL = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
"""Has orjson take JSON's own types only (enums and uuids apart; NaN becomes null)."""

encode = msgspec.json.Encoder().encode
"""JSON text of a value; for values from generated code use `text`."""
decode = msgspec.json.Decoder().decode
"""The value of JSON text."""


def shallow(value: Json) -> bool:
    """Whether a JSON value nests no deeper than `DEPTH` levels."""
    level = [value]
    for _ in range(DEPTH):
        level = [
            item
            for holder in level
            for item in (holder.values() if type(holder) is dict else holder)
            if type(item) in _HOLDERS
        ]
        if not level:
            return True
    return False


def brackets(text: bytes) -> int:
    """How many lists and dicts a JSON text holds at most; it nests no deeper than that."""
    return text.count(b"[") + text.count(b"{")


class NotJson(Exception):
    """A value is not JSON."""


class Oversize(Exception):
    """A value's JSON text is longer than allowed."""


def text(value: object, cap: int, name: str) -> bytes:
    """JSON text of `plain(value)`.

    Raises:
        NotJson: see `plain`.
        Oversize: it is longer than `cap` bytes.
    """
    try:
        encoded = encode(plain(value, name))
    except UnicodeEncodeError:
        raise NotJson(
            f"{name} holds a string with half a surrogate pair, which is no text"
        ) from None
    if len(encoded) > cap:
        raise Oversize(f"{name} takes {len(encoded)} bytes as JSON; at most {cap} are allowed")
    return encoded


def plain(value: object, name: str) -> Json:
    """A JSON value: new dicts and lists, tuples as lists, enums of str or int as their value.

    Raises:
        NotJson: naming the place inside `name`, what stands there and what may.
    """
    return _plain(value, (name,))


def _plain(value: object, path: tuple[object, ...]) -> Json:
    if type(value) in _SAFE:
        return value
    if len(path) > DEPTH:
        raise NotJson(f"{path[0]} nests deeper than {DEPTH} levels, or holds itself")
    if isinstance(value, dict):
        return {
            _key(key, path): item if type(item) in _SAFE else _plain(item, (*path, key))
            for key, item in dict.items(value)
        }
    if isinstance(value, list):
        return [_plain(item, (*path, n)) for n, item in enumerate(list.__iter__(value))]
    if isinstance(value, tuple):
        return [_plain(item, (*path, n)) for n, item in enumerate(tuple.__iter__(value))]
    return _scalar(value, path)


def _scalar(value: object, path: tuple[object, ...]) -> Json:
    if isinstance(value, str):
        return str.__getitem__(value, slice(None))
    if isinstance(value, int):
        number = int.__index__(value)
        if _SMALLEST <= number <= _LARGEST:
            return number
        raise NotJson(f"{_place(path)} is an integer beyond 64 bits")
    if isinstance(value, float):
        real = float.__add__(value, 0.0)
        if math.isfinite(real):
            return value if type(value) is float else real
        raise NotJson(f"{_place(path)} is {real}, which JSON cannot hold; use None")
    raise NotJson(
        f"{_place(path)} is of type {type(value).__name__}; "
        "expected None, bool, int, float, str, list or dict"
    )


def _key(key: object, path: tuple[object, ...]) -> str:
    if type(key) is str:
        return key
    if isinstance(key, str):
        return str.__getitem__(key, slice(None))
    raise NotJson(f"{_place(path)} has a key of type {type(key).__name__}; keys must be str")


def _place(path: tuple[object, ...]) -> str:
    """The path as a programmer writes it: `result["data"][0]`."""
    steps = (
        f"[{key}]" if type(key) is int else f'["{key[:40]}"]' if type(key) is str else "[…]"
        for key in path[1:]
    )
    return f"{path[0]}{''.join(steps)}"

"""States as JSON values: canonical bytes, hashes, differences and patches.

A state is a dict of JSON values. A path is the tuple of keys from the root. Dicts are compared key
by key; every other value, lists included, is compared whole. Standard library and msgspec only:
sealed workers import this module too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

import msgspec

Json = Any
"""None, bool, int, float, str, or lists and str-keyed dicts of them."""
Path = tuple[str, ...]
Kind = Literal["add", "remove", "set"]

_ENCODER = msgspec.json.Encoder(order="sorted")


class Difference(NamedTuple):
    """One place where two states differ; `old` is None for "add" and `new` for "remove"."""

    path: Path
    kind: Kind
    old: Json
    new: Json


def canonical(value: Json) -> bytes:
    """The one JSON text of a value: sorted keys, no white space, UTF-8."""
    return _ENCODER.encode(value)


def digest(value: Json) -> str:
    """SHA-256 of the canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def diff(old: Json, new: Json, path: Path = ()) -> Iterator[Difference]:
    """The places where `new` differs from `old`, in path order.

    An added or removed key is one difference that carries its whole value.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            here = (*path, key)
            if key not in new:
                yield Difference(here, "remove", old[key], None)
            elif key not in old:
                yield Difference(here, "add", None, new[key])
            else:
                yield from diff(old[key], new[key], here)
    elif not same(old, new):
        yield Difference(path, "set", old, new)


def describe(old: Json, new: Json) -> str:
    """A change of value in words; of two lists only the items that differ are shown."""
    if not (isinstance(old, list) and isinstance(new, list)):
        return f"{old!r} -> {new!r}"
    start = 0
    while start < min(len(old), len(new)) and same(old[start], new[start]):
        start += 1
    gone, come = old[start:], new[start:]
    while gone and come and same(gone[-1], come[-1]):
        gone, come = gone[:-1], come[:-1]
    kept = len(new) - len(come)
    return f"from item {start} on: {gone!r} -> {come!r}; {kept} other items as before"


def same(left: Json, right: Json) -> bool:
    """Equality of JSON values: numbers by value (`1` is `1.0`), but `True` is not `1`."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def patch(state: Json, differences: Iterable[Difference]) -> Json:
    """A copy of `state` with the differences applied; untouched values are shared, not copied."""
    root: Json = dict(state)
    fresh: dict[Path, Json] = {(): root}
    for path, kind, _, new in differences:
        parent = _own(fresh, path[:-1])
        if kind == "remove":
            parent.pop(path[-1], None)
        else:
            parent[path[-1]] = new
    return root


def _own(fresh: dict[Path, Json], path: Path) -> Json:
    """The dict at `path`, copied once so that the original is never written to."""
    if path not in fresh:
        parent = _own(fresh, path[:-1])
        parent[path[-1]] = dict(parent[path[-1]])
        fresh[path] = parent[path[-1]]
    return fresh[path]


def at(state: Json, path: Path) -> Json:
    """The value at a path.

    Raises:
        KeyError: no value stands there.
    """
    for key in path:
        if not isinstance(state, dict):
            raise KeyError(path)
        state = state[key]
    return state

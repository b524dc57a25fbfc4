"""Typed markers: read wherever they stand, written so that reading gives the value again."""

from __future__ import annotations

import datetime
import json
import math
from collections import OrderedDict
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.sandbox.values.markers import decode, encode

ZONES = st.none() | st.integers(-1439, 1439).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
TEXTS = st.text(max_size=5) | st.sampled_from(["__type__", "items", "value", "set", "key", "dict"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
HASHABLE = st.recursive(
    PLAIN
    | st.datetimes(timezones=ZONES)
    | st.dates()
    | st.decimals(allow_nan=False)
    | st.decimals(allow_nan=False, places=2),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)


def nested(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(keys, inner, max_size=3)
            | st.lists(inner, max_size=2).map(tuple)
            | st.fixed_dictionaries(
                {
                    "__type__": st.sampled_from(["set", "tuple", "dict", "key", "date", "decimal"]),
                },
                optional={"items": st.lists(inner, max_size=2), "value": inner},
            )
        ),
        max_leaves=12,
    )


VALUES = nested(HASHABLE | st.sets(HASHABLE, max_size=3), TEXTS | HASHABLE)
JSON = nested(PLAIN, TEXTS).map(lambda value: json.loads(json.dumps(value)))


def of_one_kind(left: Any, right: Any) -> bool:
    """Equality that also tells a tuple from a list, and True from 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(map(of_one_kind, left.values(), right.values()))
    if isinstance(left, list | tuple):
        same = type(left) is type(right) and len(left) == len(right)
        return same and all(map(of_one_kind, left, right))
    if isinstance(left, set | frozenset):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


@given(VALUES)
def test_what_is_written_is_json_and_is_read_as_the_same_value(value: Any) -> None:
    written = encode(value)
    assert of_one_kind(json.loads(json.dumps(written)), written)
    assert of_one_kind(decode(written), value)
    assert encode(decode(written)) == written


@given(JSON)
def test_any_json_can_be_read_and_written_again(value: Any) -> None:
    meant = decode(value)
    assert of_one_kind(decode(encode(meant)), meant)


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_plain_json_stays_as_it_is(value: Any) -> None:
    assert of_one_kind(encode(value), value)


@given(st.sets(HASHABLE), st.randoms())
def test_the_items_of_a_set_are_written_in_one_order(items: set[Any], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert encode(set(shuffled)) == encode(items)


def mark(name: str, content: Any, field: str = "items") -> dict[str, Any]:
    return {"__type__": name, field: content}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (mark("set", ["b", "a", "a"]), {"a", "b"}),
        (mark("tuple", [1, mark("set", [])]), (1, set())),
        (mark("set", [mark("set", [1]), mark("tuple", [mark("set", [2])])]),
         {frozenset({1}), (frozenset({2}),)}),
        (mark("datetime", "2024-07-31T08:00:00", "value"), datetime.datetime(2024, 7, 31, 8)),
        (mark("date", "2024-07-31", "value"), datetime.date(2024, 7, 31)),
        (mark("decimal", "84.00", "value"), Decimal("84.00")),
        (mark("dict", [[mark("key", mark("tuple", ["U1", 3]), "value"), "x"], [5, [None]]]),
         {("U1", 3): "x", 5: [None]}),
        ({"a": [{"b": mark("set", ["x"])}]}, {"a": [{"b": {"x"}}]}),
        (mark("dict", [["__type__", "set"], ["items", []]]), {"__type__": "set", "items": []}),
    ],
)  # fmt: skip
def test_upstreams_markers_are_read(written: Any, meant: Any) -> None:
    assert of_one_kind(decode(written), meant)


@pytest.mark.parametrize(
    "plain",
    [
        mark("gadget", [1]),
        mark("set", [[1]]),
        mark("set", {"a": 1}),
        mark("set", [1], "value"),
        {**mark("set", [1]), "note": "more"},
        {"__type__": "set"},
        mark("dict", [["a"]]),
        mark("dict", [[["a"], 1]]),
        mark("date", "soon", "value"),
        mark("date", 20240731, "value"),
        mark("decimal", "one", "value"),
        mark("decimal", 1.5, "value"),
        {"__type__": ["set"], "items": []},
        {"__type__": None, "value": 1},
    ],
)
def test_what_only_looks_like_a_marker_survives(plain: dict[str, Any]) -> None:
    assert decode(plain) == plain
    assert encode(plain) == plain


def test_a_dict_that_reads_like_a_marker_is_written_as_a_dict_marker() -> None:
    value = mark("set", ["a"])
    assert encode(value) == mark("dict", [["__type__", "set"], ["items", ["a"]]])


def test_what_is_read_is_a_copy() -> None:
    given = {"a": [{"b": 1}]}
    found = decode(given)
    found["a"][0]["b"] = 2
    assert given == {"a": [{"b": 1}]}


class Point(NamedTuple):
    x: int


class Kind(StrEnum):
    NEW = "new"


def test_derived_types_count_as_what_they_derive_from() -> None:
    assert encode(OrderedDict(a=Point(1))) == {"a": mark("tuple", [1])}
    assert json.dumps(encode({Kind.NEW: Kind.NEW})) == '{"new": "new"}'


@pytest.mark.parametrize("value", [b"x", datetime.timedelta(1), object(), 1j, math])
def test_what_no_marker_expresses_is_a_type_error_that_names_the_type(value: Any) -> None:
    for place in (value, {"a": [value]}, {"__type__": "x", "value": value}, {("k",): (value,)}):
        with pytest.raises(TypeError, match=f"of type {type(value).__name__}; expected"):
            encode(place)

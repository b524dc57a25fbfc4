"""Projections: any state as JSON, the same for equal states in every process."""

from __future__ import annotations

import array
import collections
import copy
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import threading
import uuid
import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.sandbox.values import projection
from envscaler.runtime.sandbox.values.projection import Unprojectable, attributes, project
from envscaler.runtime.state import canonical, digest


class Folder:
    """A tree with parent pointers, as file systems have."""

    def __init__(self, name: str, parent: Folder | None = None) -> None:
        self.name = name
        self.parent = parent
        self.contents: dict[str, Folder] = {}
        self._visited = 0
        if parent is not None:
            parent.contents[name] = self


class Slotted:
    __slots__ = ("_hidden", "empty", "shown")

    def __init__(self) -> None:
        self.shown, self._hidden = 1, 2


class Ledger(dict[str, int]):
    def __init__(self) -> None:
        super().__init__(rent=5)
        self.owner = "ada"


@dataclasses.dataclass(frozen=True)
class Money:
    amount: int


class Colour(enum.Enum):
    RED = object()


class Size(enum.StrEnum):
    BIG = "big"


class Right(enum.Flag):
    READ = 1
    WRITE = 2


NOON = datetime.datetime(2025, 1, 1, 12)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, [2.5, None], True), [1, [2.5, None], True]),
        ({"b": 1, "a": {"x": "y"}}, {"a": {"x": "y"}, "b": 1}),
        ({1: "a", "1": "b", None: "c"}, {"1": "b", "$:1": "a", "$:null": "c"}),
        ({True: 1, 2.5: 2, (1, "x"): 3}, {"$:true": 1, "$:2.5": 2, '$:[1,"x"]': 3}),
        ({"$ref": 1, "$:1": 2}, {"$$ref": 1, "$$:1": 2}),
        ({b"k": 1}, {'$:{"$bytes":"6b"}': 1}),
        ({3, 1, 2}, {"$set": [1, 2, 3]}),
        (frozenset({"b", "a"}), {"$frozenset": ["a", "b"]}),
        ({frozenset({1}), 2, "x"}, {"$set": ["x", 2, {"$frozenset": [1]}]}),
        (float("nan"), {"$float": "nan"}),
        (-float("inf"), {"$float": "-inf"}),
        (2**63 - 1, 2**63 - 1),
        (2**63, {"$int": "0x8000000000000000"}),
        (b"\x00\xff", {"$bytes": "00ff"}),
        (bytearray(b"a"), {"$bytearray": "61"}),
        ("\ud800", {"$text": "\\ud800"}),
        (1 + 2j, {"$complex": "(1+2j)"}),
        (decimal.Decimal("1.50"), {"$decimal": "1.50"}),
        (NOON, {"$datetime": "2025-01-01T12:00:00"}),
        (
            NOON.replace(tzinfo=zoneinfo.ZoneInfo("UTC"), fold=1),
            {"$datetime": "2025-01-01T12:00:00", "fold": 1, "zone": "UTC"},
        ),
        (NOON.date(), {"$date": "2025-01-01"}),
        (
            NOON.time().replace(tzinfo=datetime.UTC),
            {"$time": "12:00:00", "zone": "UTC"},
        ),
        (datetime.timedelta(1, 2), {"$timedelta": "1 day, 0:00:02"}),
        (uuid.UUID(int=1), {"$uuid": "00000000-0000-0000-0000-000000000001"}),
        (pathlib.PurePosixPath("/a"), {"$path": "/a"}),
        (re.compile("a", re.I), {"$pattern": "'a'", "flags": 34}),
        (Colour.RED, {"$enum": "test_projection.Colour", "name": "RED"}),
        (Right.READ | Right.WRITE, {"$enum": "test_projection.Right", "name": "READ|WRITE"}),
        (Size.BIG, "big"),
        (json, {"$module": "json"}),
        (Folder, {"$class": "test_projection.Folder"}),
        (digest, {"$function": "envscaler.runtime.state.digest"}),
        (len, {"$function": "len"}),
        (collections.deque([1], 3), {"$deque": [1], "maxlen": 3}),
        (collections.OrderedDict(b=1), {"b": 1}),
        (Ledger(), {"$type": "test_projection.Ledger", "$items": {"rent": 5}, "owner": "ada"}),
        (Slotted(), {"$type": "test_projection.Slotted", "shown": 1}),
        (threading.Lock(), {"$type": "_thread.lock"}),
        (array.array("b", [7]), {"$type": "array.array", "$parts": [["b", [7]], None]}),
        (ValueError("x"), {"$type": "builtins.ValueError", "$parts": [["x"]]}),
        (
            fractions.Fraction(1, 4),
            {"$type": "fractions.Fraction", "$about": 0.25, "_denominator": 4, "_numerator": 1},
        ),
    ],
)
def test_values_that_are_not_json_are_marked(value: object, expected: object) -> None:
    assert project(value) == expected


def test_a_parent_pointer_refers_to_where_the_parent_stands() -> None:
    root = Folder("/")
    Folder("c", Folder("a/b", root))
    kind = {"$type": "test_projection.Folder"}
    inner = {**kind, "contents": {}, "name": "c", "parent": {"$ref": "#/0/contents/a~1b"}}
    outer = {**kind, "contents": {"c": inner}, "name": "a/b", "parent": {"$ref": "#/0"}}
    assert project([root]) == [{**kind, "contents": {"a/b": outer}, "name": "/", "parent": None}]


def test_a_container_that_holds_itself_refers_to_itself() -> None:
    loop: list[Any] = [1]
    loop.append({"again": loop})
    assert project(loop) == [1, {"again": {"$ref": "#"}}]


def test_values_are_repeated_and_entities_referred_to() -> None:
    shared, price, folder = [1], Money(3), Folder("f")
    assert project([shared, shared]) == [[1], [1]]
    assert project([price, price]) == project([Money(3), Money(3)])
    assert project([folder, folder])[1] == {"$ref": "#/0"}


def test_named_objects_refer_to_each_other() -> None:
    left = Folder("left")
    right = Folder("right", left)
    assert attributes({"L": left, "R": right}) == {
        "L": {"contents": {"right": {"$ref": "#/R"}}, "name": "left", "parent": None},
        "R": {"contents": {}, "name": "right", "parent": {"$ref": "#/L"}},
    }


def test_only_private_projections_notice_private_changes() -> None:
    folder, dice = Folder("f"), random.Random(4)
    thing = {"folder": folder, "dice": Folder("d")}
    thing["dice"]._visited = dice  # type: ignore[assignment]
    before, private = attributes(thing), attributes(thing, private=True)
    folder._visited += 1
    moved = attributes(thing, private=True)
    dice.random()
    assert attributes(thing) == before
    assert private != moved != attributes(thing, private=True) != private
    assert attributes(thing, private=True)["folder"]["_visited"] == 1


def test_neither_the_order_of_attributes_nor_of_keys_counts() -> None:
    one, two = Folder("f"), Folder("f")
    del two.name
    two.name = "f"
    cyclic = ({"x": one, "y": one}, {"y": two, "x": two})
    assert canonical(project(cyclic[0])) == canonical(project(cyclic[1]))


def test_an_object_s_own_code_never_runs() -> None:
    def boom(*values: object) -> Any:
        raise AssertionError("this ran")

    names = "__repr__ __str__ __eq__ __len__ __iter__ __getattr__ __reduce__ __reduce_ex__ items"
    body: dict[str, Any] = dict.fromkeys(names.split(), boom)
    body |= {"__getattribute__": boom, "__hash__": lambda self: 1, "public": property(boom)}
    meta = type("Meta", (type,), {"__repr__": boom, "__eq__": boom, "__hash__": boom})
    for base in (object, dict, list, str, int, float, set, tuple, datetime.datetime):
        kind = meta("Hostile", (base,), dict(body))
        thing = kind(2020, 1, 1) if base is datetime.datetime else kind()
        project([thing, thing])


def test_keys_that_look_alike_are_kept_apart() -> None:
    one, two = object(), object()
    assert sorted(project({one: 1, two: 2}).values()) == [1, 2]
    assert project({one: 1, two: 2}) == project({one: 2, two: 1})


@pytest.mark.parametrize("kind", ["chain", "list", "many"])
def test_what_is_too_deep_or_too_large_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "NODES", 1000)
    value: Any = Folder("f")
    for _ in range(70):
        value = Folder("f", value) if kind == "chain" else [value]
    if kind == "many":
        value = [list(range(100)) for _ in range(11)]
    with pytest.raises(Unprojectable, match="keep less" if kind == "many" else "deeper than 60"):
        project(value)


# ------------------------------------------------------------------ properties

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=4)
    | st.binary(max_size=3)
    | st.decimals()
    | st.datetimes()
    | st.dates()
    | st.timedeltas()
    | st.uuids()
)
KEYS = st.text("$:ab1", max_size=3) | st.integers(-2, 2) | st.none() | st.binary(max_size=1)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.sets(KEYS, max_size=3)
        | st.builds(lambda value: _holder(value), inner)
    ),
    max_leaves=8,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
)


def _holder(value: object) -> Folder:
    folder = Folder("holder")
    folder.contents = value  # type: ignore[assignment]
    return folder


def _exact(value: Any) -> Any:
    """A value in a form that compares by type and content; `repr` tells the scalars apart."""
    if isinstance(value, Folder):
        return ("folder", _exact(value.contents))
    if isinstance(value, dict):
        return ("dict", frozenset((repr(key), _exact(item)) for key, item in value.items()))
    if isinstance(value, set):
        return ("set", frozenset(map(repr, value)))
    if isinstance(value, list):
        return ("list", tuple(map(_exact, value)))
    return repr(value)


@given(JSON)
def test_json_stands_for_itself(value: Any) -> None:
    assert project(value) == value


@given(VALUES)
def test_a_copy_looks_the_same_and_the_look_is_json(value: Any) -> None:
    text = canonical(project(value))
    assert canonical(project(copy.deepcopy(value))) == text
    assert canonical(json.loads(text)) == text


@given(VALUES, VALUES)
def test_what_looks_the_same_is_the_same(left: Any, right: Any) -> None:
    alike = canonical(project(left)) == canonical(project(right))
    assert alike == (_exact(left) == _exact(right))


_CHILD = """
import json, sys
from envscaler.runtime.sandbox.values.projection import project
class Node:
    def __init__(self, name): self.name, self.friends = name, set()
ada, bob, eve = Node("ada"), Node("bob"), Node("eve")
ada.friends |= {bob, eve, "x", "y", ("z", 1)}
bob.friends |= {ada, eve}
print(json.dumps(project({"all": {ada, bob, eve}, "tags": {str(n) for n in range(50)}})))
"""


def test_the_look_depends_on_neither_addresses_nor_hash_seeds() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", "pad = [object()] * 10**5\n" * (seed % 2) + _CHILD],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for seed in range(4)
    ]
    assert len(set(runs)) == 1

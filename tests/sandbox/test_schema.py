"""Signatures and docstrings as JSON Schema: read from source, never run."""

from __future__ import annotations

import ast
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.records import ToolSpec
from envscaler.runtime.sandbox.schemas.schema import tools
from envscaler.runtime.state import Json
from envscaler.runtime.tools import Toolset, plain_schema

TYPES = '''
from __future__ import annotations
import collections.abc as abc, datetime as dt, typing as t
from collections import Counter, namedtuple
from dataclasses import KW_ONLY, InitVar, dataclass, field
from enum import Enum, Flag, IntEnum, StrEnum, auto
from typing import *
from typing import List as L

LIMIT = 5
DAY = 24 * 60
NAMES = ["a", "b"]
Status = Literal["open", "closed"]
Maybe: TypeAlias = Optional[Status]
Any_json = Union[None, bool, float, str, List["Any_json"], Dict[str, "Any_json"]]
Left = Right
Right = Left
UserId = NewType("UserId", str)
Number = TypeVar("Number", int, float)
Dashed = TypedDict("Dashed", {"a-b": int, "c": NotRequired[str]})
Pair = NamedTuple("Pair", [("x", int), ("y", str)])
Size = Enum("Size", "S M")

class Colour(str, Enum):
    RED = "red"
    BLUE: str = "blue"
    def dark(self): ...
class Level(Enum):
    LOW = -1
    NEXT = auto()
class Word(StrEnum):
    ONE_TWO = auto()
class Right_(Flag):
    READ = 1
class Mixed(Colour): pass
class Computed(str, Enum):
    A = compute()
class Address(TypedDict):
    """Where.

    Attributes:
        street: With the number.
    """
    street: str
    floor: "NotRequired[int]"
class Place(Address, total=False):
    city: str
    country: Required[str]
class Person(TypedDict):
    friends: list["Person"]
    home: Optional[Address]
@dataclass
class Order:
    item: str
    count: int = LIMIT
    tags: list[str] = field(default_factory=list)
    made: str = field(init=False, default="")
    kind: ClassVar[str] = "order"
    _: KW_ONLY
    date: dt.date | None = None
    """When."""
@dataclass
class Rush(Order):
    fee: float = -0.5
class Point(NamedTuple):
    x: int
    y: int = 0
class Code(str): pass
class Outer:
    class Inner(TypedDict):
        n: int
    LIMIT = 7
class Plain: pass
'''
ENV = """
class Env:
    HERE = 3
    Mode = Literal["fast", "slow"]
    def tool(self, x{}): pass
"""
STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
STATUS = {"type": "string", "enum": ["open", "closed"]}
COLOUR = {"type": "string", "enum": ["red", "blue"]}
STREET = {"type": "string", "description": "With the number."}


def record(required: list[str], **properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def row(*items: Json, least: int | None = None) -> Json:
    bounds = {"minItems": len(items) if least is None else least, "maxItems": len(items)}
    return {"type": "array", "prefixItems": list(items), **bounds}


ADDRESS = record(["street"], street=STREET, floor=INTEGER)
ORDER = {
    "item": STRING,
    "count": {**INTEGER, "default": 5},
    "tags": {"type": "array", "items": STRING, "default": []},
    "date": {"type": ["string", "null"], "default": None, "description": "When."},
}
ANNOTATIONS: list[tuple[str, Json]] = [
    ("", {}),
    (": Any", {}),
    (": object", {}),
    (": Unknown.Thing", {}),
    (": Callable[[int], str]", {}),
    (": 'not ('", {}),
    (": bytes", {}),
    (": int", INTEGER),
    (": float", NUMBER),
    (": bool", {"type": "boolean"}),
    (": None", {"type": "null"}),
    (": 'str'", STRING),
    (": dt.datetime", STRING),
    (": list", {"type": "array"}),
    (": list[int]", {"type": "array", "items": INTEGER}),
    (": List[Any]", {"type": "array"}),
    (": L[t.List['int']]", {"type": "array", "items": {"type": "array", "items": INTEGER}}),
    (": set[str]", {"type": "array", "items": STRING}),
    (": abc.Sequence[int]", {"type": "array", "items": INTEGER}),
    (": Iterable[str]", {"type": "array", "items": STRING}),
    (": dict", {"type": "object"}),
    (": Dict[str, Any]", {"type": "object"}),
    (": dict[str, float]", {"type": "object", "additionalProperties": NUMBER}),
    (": abc.Mapping[str, int]", {"type": "object", "additionalProperties": INTEGER}),
    (": Counter[str]", {"type": "object", "additionalProperties": INTEGER}),
    (
        ": dict[Status, int]",
        {
            "type": "object",
            "propertyNames": {"enum": ["open", "closed"]},
            "additionalProperties": INTEGER,
        },
    ),
    (": tuple", {"type": "array"}),
    (": tuple[int, str]", row(INTEGER, STRING)),
    (": tuple[int, ...]", {"type": "array", "items": INTEGER}),
    (": tuple[()]", {"type": "array", "minItems": 0, "maxItems": 0}),
    (": tuple[int, *tuple[str, ...]]", {"type": "array", "minItems": 1}),
    (": Optional[str]", {"type": ["string", "null"]}),
    (": str | None", {"type": ["string", "null"]}),
    (": None | list[int]", {"type": ["array", "null"], "items": INTEGER}),
    (": 'Optional[\"Address\"]'", {**ADDRESS, "type": ["object", "null"]}),
    (": Union[int, str]", {"anyOf": [INTEGER, STRING]}),
    (": int | str | None", {"anyOf": [INTEGER, STRING, {"type": "null"}]}),
    (": Union[int, int]", INTEGER),
    (": int | float", NUMBER),
    (": int | Any", {}),
    (": Status | int", {"anyOf": [STATUS, INTEGER]}),
    (": Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
    (": Literal['a'] | None", {"type": ["string", "null"], "enum": ["a", None]}),
    (": Literal['a', None]", {"type": ["string", "null"], "enum": ["a", None]}),
    (": Literal['a', 1]", {"type": ["string", "integer"], "enum": ["a", 1]}),
    (": Literal[True, 1, -1]", {"type": ["boolean", "integer"], "enum": [True, 1, -1]}),
    (": Literal[Status, Literal['x', 'open']]", {**STATUS, "enum": ["open", "closed", "x"]}),
    (": Literal[Colour.RED]", {"type": "string", "enum": ["red"]}),
    (": Literal[b'x']", {}),
    (": Annotated[int, 'the\\n  size']", {**INTEGER, "description": "the size"}),
    (": Annotated[int, Field(description='a')]", {**INTEGER, "description": "a"}),
    (": Status", STATUS),
    (": Maybe", {"type": ["string", "null"], "enum": ["open", "closed", None]}),
    (": Mode", {"type": "string", "enum": ["fast", "slow"]}),
    (": Left", {}),
    (": list[UserId]", {"type": "array", "items": STRING}),
    (": Number", NUMBER),
    (": Dashed", record(["a-b"], **{"a-b": INTEGER, "c": STRING})),
    (": Pair", row({"title": "x", **INTEGER}, {"title": "y", **STRING})),
    (": Size", {"type": "integer", "enum": [1, 2]}),
    (": Colour", COLOUR),
    (": Mixed", COLOUR),
    (": Level", {"type": "integer", "enum": [-1, 1]}),
    (": Word", {"type": "string", "enum": ["one_two"]}),
    (": Right_", INTEGER),
    (": Computed", STRING),
    (": Address", ADDRESS),
    (": list[Address]", {"type": "array", "items": ADDRESS}),
    (
        ": Place",
        record(["street", "country"], **ADDRESS["properties"], city=STRING, country=STRING),
    ),
    (": Order", record(["item"], **ORDER)),
    (": Rush", record(["item"], **ORDER, fee={**NUMBER, "default": -0.5})),
    (": Point", row({"title": "x", **INTEGER}, {"title": "y", **INTEGER, "default": 0}, least=1)),
    (": Code", STRING),
    (": Outer.Inner", record(["n"], n=INTEGER)),
    (": Plain", {"type": "object"}),
    (": int = 3", {**INTEGER, "default": 3}),
    (": float = -1.5", {**NUMBER, "default": -1.5}),
    (": str = None", {"type": ["string", "null"], "default": None}),
    (": Optional[int] = -1", {"type": ["integer", "null"], "default": -1}),
    (": Colour = Colour.BLUE", {**COLOUR, "default": "blue"}),
    (": str = Word.ONE_TWO.value", {**STRING, "default": "one_two"}),
    (": int = LIMIT", {**INTEGER, "default": 5}),
    (": int = DAY", {**INTEGER, "default": 1440}),
    (": int = HERE", {**INTEGER, "default": 3}),
    (": int = Outer.LIMIT", {**INTEGER, "default": 7}),
    (": list = NAMES", {"type": "array", "default": ["a", "b"]}),
    (": tuple[str, ...] = ()", {"type": "array", "items": STRING, "default": []}),
    (": dict = dict()", {"type": "object", "default": {}}),
    (": float = math.inf", NUMBER),
    (": int = 2 ** 70", INTEGER),
    (": object = _MISSING", {}),
    (" = 5", {"default": 5}),
]  # fmt: skip


def parameters(signature: str) -> Json:
    [tool] = tools(ast.parse(TYPES + ENV.replace("{}", signature)), "Env", ["tool"])
    jsonschema_rs.meta.validate(tool["parameters"])
    return tool["parameters"]


@pytest.mark.parametrize(("annotation", "schema"), ANNOTATIONS)
def test_annotations_become_json_schema(annotation: str, schema: Json) -> None:
    required = [] if "=" in annotation.replace("description=", "") else ["x"]
    assert parameters(annotation) == record(required, x=schema)


def test_a_record_that_holds_itself_ends() -> None:
    person = parameters(": Person")["properties"]["x"]
    assert person["properties"]["friends"] == {"type": "array", "items": {"type": "object"}}
    assert parameters(": Any_json")["properties"]["x"]["anyOf"][3:] == [
        {"type": "array"}, {"type": "object"}, {"type": "null"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        (", *, y: int", record(["x", "y"], x={}, y=INTEGER)),
        (", /, y=1, *, z, w=2", record(["x", "z"], x={}, y={"default": 1}, z={}, w={"default": 2})),
        (", *rest: int", record(["x"], x={})),
        (", **more", {**record(["x"], x={}), "additionalProperties": True}),
        (", **more: int", {**record(["x"], x={}), "additionalProperties": INTEGER}),
        (
            ", **more: Unpack[Address]",
            record(["x", "street"], x={}, street=STREET, floor=INTEGER),
        ),
    ],
)
def test_all_kinds_of_parameters_are_understood(signature: str, expected: Json) -> None:
    assert parameters(signature) == expected


# ------------------------------------------------------------------ properties

Typed = tuple[str, st.SearchStrategy[Any]]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
SCALARS: list[Typed] = [
    ("int", st.integers(-(2**53), 2**53)),
    ("float", st.floats(allow_nan=False, allow_infinity=False)),
    ("bool", st.booleans()),
    ("str", TEXTS),
    ("None", st.none()),
    ("Status", st.sampled_from(["open", "closed"])),
    ("Colour", st.sampled_from(["red", "blue"])),
    ("Literal[1, 'x', None]", st.sampled_from([1, "x", None])),
    ("Point", st.lists(st.integers(-9, 9), min_size=1, max_size=2)),
    (
        "Address",
        st.fixed_dictionaries({"street": TEXTS}, optional={"floor": st.integers(-9, 9)}),
    ),
    ("Any", st.none() | st.booleans() | TEXTS | st.lists(st.integers(0, 3))),
]


def grown(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    """Annotations made of others, each with the values that fit it."""

    def pair(kinds: list[Typed]) -> st.SearchStrategy[Typed]:
        names = [name for name, _ in kinds]
        either = st.one_of([values for _, values in kinds])
        return st.sampled_from(
            [
                (f"tuple[{', '.join(names)}]", st.tuples(*(v for _, v in kinds)).map(list)),
                (f"Union[{', '.join(names)}]", either),
                ("'" + " | ".join(f"({name})" for name in names).replace("'", '"') + "'", either),
            ]
        )

    def single(kind: Typed) -> st.SearchStrategy[Typed]:
        name, values = kind
        many = st.lists(values, max_size=3)
        return st.sampled_from(
            [
                (f"list[{name}]", many),
                (f"Sequence[{name}]", many),
                (f"tuple[{name}, ...]", many),
                (f"Optional[{name}]", st.none() | values),
                (f"Annotated[{name}, 'text']", values),
                (f"dict[str, {name}]", st.dictionaries(TEXTS, values, max_size=3)),
            ]
        )

    return inner.flatmap(single) | st.lists(inner, min_size=1, max_size=3).flatmap(pair)


ANNOTATED = st.recursive(st.sampled_from(SCALARS), grown, max_leaves=6)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_values_that_fit_an_annotation_validate(data: st.DataObject) -> None:
    annotation, values = data.draw(ANNOTATED)
    found = parameters(f": {annotation}")
    value = data.draw(values)
    jsonschema_rs.Draft202012Validator(found).validate({"x": value})
    spec = ToolSpec(name="f", description="d", parameters=json.loads(json.dumps(found)))
    assert Toolset([spec]).objection("f", {"x": value}) == ""


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_defaults_that_fit_an_annotation_are_kept_and_validate(data: st.DataObject) -> None:
    annotation, values = data.draw(ANNOTATED)
    value = data.draw(values)
    found = parameters(f": {annotation} = {value!r}")
    assert found["properties"]["x"]["default"] == value
    jsonschema_rs.Draft202012Validator(found).validate({"x": found["properties"]["x"]["default"]})
    assert plain_schema(found)["properties"]["x"]["default"] == value

"""Tools: what is said of calls that cannot be made, and how a tool looks in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.records import Environment, ToolSpec
from envscaler.runtime.tools import SUBMIT, Toolset, plain_schema, signature_line


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.fixture(scope="module")
def tools(depot: Environment) -> Toolset:
    return Toolset(depot.tools)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("list_drivers", {}),
        ("find_parcels", {"recipient": "Ada"}),
        ("set_duty", {"driver_id": "nobody", "on_duty": False}),
        ("split_weight", {"parcel_id": "P1", "parts": 0}),
    ],
)
def test_a_call_whose_arguments_fit_meets_no_objection(
    tools: Toolset, tool: str, arguments: Any
) -> None:
    assert tools.objection(tool, arguments) == ""


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("fly", {}, ["no tool 'fly'", "add_stop, assign_driver"]),
        ("find_parcel", {}, ["no tool 'find_parcel' (did you mean 'find_parcels'"]),
        ("x" * 9999, {}, ["no tool 'xxx", "x…; the tools are"]),
        ("_refuse", {"error": "x"}, ["no tool '_refuse'"]),
        ("__init__", {"init_config": {}}, ["no tool"]),
        ("list_drivers", [], ["must be an object, not []"]),
        ("list_drivers", "{}", ["must be an object", "pass the object itself, not its text"]),
        ("list_drivers", None, ["must be an object, not null"]),
        ("list_drivers", {"x": 1}, ["no argument 'x'; it takes no arguments"]),
        ("set_duty", {"driver": "D1", "on_duty": True}, ["'driver' (did you mean 'driver_id'?)"]),
        ("set_duty", {"driver_id": "D1"}, ["argument on_duty is missing: give a boolean"]),
        ("set_duty", {"driver_id": 1, "on_duty": True}, ["a string, not 1 (an integer)"]),
        ("set_duty", {"driver_id": "D1", "on_duty": 1}, ["argument on_duty", "boolean"]),
        ("split_weight", {"parcel_id": 1, "parts": "x"}, ["parcel_id", "; ", "parts"]),
        ("split_weight", {"parcel_id": "P1", "parts": True}, ["argument parts", "not true"]),
        ("split_weight", {"parcel_id": "P1", "parts": float("nan")}, ["argument parts", "nan"]),
        ("write_note", {"parcel_id": "P1", "note": "\ud800"}, ["not JSON", "surrogate"]),
        ("write_note", {"parcel_id": "P1", "note": {"\ud800": 1}}, ["a key", "surrogate"]),
        ("write_note", {"parcel_id": "P1", "note": deep(3000)}, ["not JSON", "too deep"]),
        ("write_note", {"parcel_id": "P1", "note": 10**5000}, ["argument note", "too long"]),
        ("write_note", {"parcel_id": "P1", "note": [float("inf")]}, ["argument note[0]", "inf"]),
        ("write_note", {"parcel_id": "P1", "note": {"a": {1: 2}}}, ["note.a", "key 1"]),
        ("write_note", {"parcel_id": "P1", "note": {1}}, ["argument note", "of type set"]),
        ("write_note", {"parcel_id": "P1", "note": b"x"}, ["argument note", "of type bytes"]),
        ("write_note", {1: "P1"}, ["the key 1 must be a string"]),
    ],
)
def test_an_objection_says_what_is_wrong(
    tools: Toolset, tool: str, arguments: Any, words: list[str]
) -> None:
    objection = tools.objection(tool, arguments)
    assert all(word in objection for word in words), objection
    objection.encode()


ADDRESS = {
    "type": "object",
    "properties": {"street": {"type": "string"}, "floor": {"type": "integer"}},
    "required": ["street"],
    "additionalProperties": False,
}
WIDE = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["active", "idle"]},
        "count": {"type": ["integer", "null"], "minimum": 1, "maximum": 9},
        "price": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {}], "maxItems": 2},
        "places": {"type": "array", "items": ADDRESS},
        "choice": {"oneOf": [{"type": "boolean"}, ADDRESS]},
        "never": False,
    },
    "additionalProperties": {"type": "integer"},
}


@pytest.mark.parametrize(
    ("arguments", "objection"),
    [
        (
            {"status": "Activ"},
            'argument status must be one of "active", "idle", '
            "not \"Activ\" (did you mean 'active'?)",
        ),
        (
            {"status": None},
            'argument status must be one of "active", "idle", not null: '
            "leave it out to use its default",
        ),
        (
            {"count": "5"},
            "argument count must be an integer or null of at least 1 and at most 9, "
            'not "5" (a string): write 5, without quotes',
        ),
        (
            {"count": 0},
            "argument count must be an integer or null of at least 1 and at most 9, not 0",
        ),
        ({"price": "x"}, 'argument price must be a number or null, not "x" (a string)'),
        (
            {"tags": "x"},
            'argument tags must be an array (each item a string), not "x" (a string): write ["x"]',
        ),
        (
            {"tags": '["x"]'},
            "argument tags must be an array (each item a string), "
            'not "[\\"x\\"]" (a string): write ["x"], without quotes',
        ),
        (
            {"tags": [1]},
            'argument tags[0] must be a string, not 1 (an integer): write "1", in quotes',
        ),
        ({"pair": ["x"]}, 'argument pair[0] must be an integer, not "x" (a string)'),
        (
            {"pair": [1, 2, 3]},
            "argument pair must be an array [an integer, any JSON value], not [1, 2, 3]",
        ),
        (
            {"places": [{"flor": 1}]},
            "argument places[0] has no key 'flor' (did you mean 'floor'?); "
            "its keys are: street, floor; "
            "argument places[0] lacks the key street: give a string",
        ),
        (
            {"choice": 1},
            "argument choice must be a boolean (true or false) or an object with the keys "
            "street, floor?, not 1 (an integer)",
        ),
        ({"never": 1}, "argument never may not be given: leave it out"),
        ({"other": "x"}, 'argument other must be an integer, not "x" (a string)'),
    ],
)
def test_an_objection_says_what_to_write(arguments: Any, objection: str) -> None:
    tool = ToolSpec(name="f", description="d", parameters=WIDE)
    assert Toolset([tool]).objection("f", arguments) == objection


def test_a_tuple_is_an_array() -> None:
    tool = ToolSpec(name="f", description="d", parameters=WIDE)
    assert Toolset([tool]).objection("f", {"tags": ("a", "ü"), "price": 2.5, "other": 1}) == ""


def test_of_many_faults_only_the_first_are_named() -> None:
    tool = ToolSpec(name="f", description="d", parameters=WIDE)
    objection = Toolset([tool]).objection("f", {"tags": list(range(1000))})
    assert objection.count("argument tags") == 5
    assert objection.endswith("; and 995 more")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abé"), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
ODD = st.recursive(
    st.floats() | st.binary() | st.text() | st.sets(st.integers()) | st.just(object()) | st.none(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(st.text("abé"), JSON))
def test_whatever_is_json_may_be_passed_where_anything_is_taken(arguments: Any) -> None:
    tool = ToolSpec(name="f", description="d", parameters={})
    assert Toolset([tool]).objection("f", arguments) == ""


@settings(deadline=None)
@given(ODD)
def test_whatever_is_given_meets_an_objection_or_is_json(value: Any) -> None:
    tool = ToolSpec(name="f", description="d", parameters={})
    objection = Toolset([tool]).objection("f", {"x": value})
    if not objection:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        assert json.loads(text) == value
    objection.encode()


def test_a_schema_that_is_none_is_an_objection_to_every_call() -> None:
    broken = ToolSpec(name="f", description="d", parameters={"properties": {"a": {"type": "x"}}})
    assert "its JSON Schema is not valid" in Toolset([broken]).objection("f", {})


PARAMETERS = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "b": {"type": ["integer", "null"]},
        "c": {"enum": ["x", "y"]},
        "d": {"type": "array", "items": {"type": "string"}},
        "e": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "f": {},
        "g": {"type": "array", "prefixItems": [{"type": "integer"}, {}]},
    },
    "required": ["a", "d"],
}


def test_a_tool_fits_in_one_line() -> None:
    tool = ToolSpec(name="f", description="Does\n  things.", parameters=PARAMETERS)
    assert signature_line(tool) == (
        "f(a: string, b?: integer, c?: 'x'|'y', d: array[string], e?: number, f?: any, "
        "g?: [integer, any]): Does things."
    )


def test_submit_takes_any_answer_or_none() -> None:
    tools = Toolset([SUBMIT])
    for arguments in ({}, {"answer": None}, {"answer": [1, {"a": 2}]}):
        assert tools.objection("submit", arguments) == ""
    assert tools.objection("submit", {"done": True})


def test_tools_have_the_form_that_chat_endpoints_take() -> None:
    assert SUBMIT.openai() == {
        "type": "function",
        "function": {
            "name": "submit",
            "description": SUBMIT.description,
            "parameters": SUBMIT.parameters,
        },
    }


def test_a_schema_makes_the_host_open_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "schema.json"
    secret.write_text('{"required": ["SECRET"]}')
    reference = {"$ref": secret.as_uri()}
    for schema in (reference, {"anyOf": [reference]}, {"prefixItems": [reference]}):
        tool = ToolSpec(name="f", description="d", parameters={"type": "object", **schema})
        assert Toolset([tool]).objection("f", {}) == ""


def test_a_schema_that_breeds_is_cut_short() -> None:
    twice: dict[str, Any] = {"type": "object"}
    for n in range(40):
        twice = {"$defs": {f"d{n}": twice}, "anyOf": [{"$ref": f"#/$defs/d{n}"}] * 2}
    tool = ToolSpec(name="f", description="d", parameters=twice)
    assert Toolset([tool]).objection("f", {"x": 1}) == ""


def test_a_plain_schema_keeps_what_tools_are_described_with() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": ["string", "null"], "enum": ["x", None], "default": None},
            "b": {"type": "array", "prefixItems": [{"type": "integer"}], "minItems": 1},
        },
        "required": ["a"],
        "additionalProperties": False,
    }
    assert plain_schema({**schema, "pattern": "(a+)+$", "$id": "http://localhost"}) == schema

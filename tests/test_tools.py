"""Tools: what is said of calls that cannot be made, and how a tool looks in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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
        ("_refuse", {"error": "x"}, ["no tool '_refuse'"]),
        ("__init__", {"init_config": {}}, ["no tool"]),
        ("list_drivers", [], ["must be an object", "[]"]),
        ("list_drivers", None, ["must be an object"]),
        ("list_drivers", {"x": 1}, ["'x'"]),
        ("set_duty", {"driver_id": "D1"}, ["on_duty"]),
        ("set_duty", {"driver_id": 1, "on_duty": True}, ["argument driver_id", "string"]),
        ("set_duty", {"driver_id": "D1", "on_duty": 1}, ["argument on_duty", "boolean"]),
        ("split_weight", {"parcel_id": 1, "parts": "x"}, ["parcel_id", "; ", "parts"]),
        ("split_weight", {"parcel_id": "P1", "parts": True}, ["argument parts"]),
        ("split_weight", {"parcel_id": "P1", "parts": float("nan")}, ["argument parts"]),
        ("write_note", {"parcel_id": "P1", "note": "\ud800"}, ["not JSON"]),
        ("write_note", {"parcel_id": "P1", "note": deep(3000)}, ["not JSON"]),
        ("write_note", {"parcel_id": "P1", "note": {1: 2}}, ["note"]),
        ("write_note", {"parcel_id": "P1", "note": {1}}, ["note"]),
    ],
)
def test_an_objection_says_what_is_wrong(
    tools: Toolset, tool: str, arguments: Any, words: list[str]
) -> None:
    objection = tools.objection(tool, arguments)
    assert all(word in objection for word in words), objection


PARAMETERS = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "b": {"type": ["integer", "null"]},
        "c": {"enum": ["x", "y"]},
        "d": {"type": "array", "items": {"type": "string"}},
        "e": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "f": {},
    },
    "required": ["a", "d"],
}


def test_a_tool_fits_in_one_line() -> None:
    tool = ToolSpec(name="f", description="Does\n  things.", parameters=PARAMETERS)
    assert signature_line(tool) == (
        "f(a: string, b?: integer, c?: 'x'|'y', d: array[string], e?: number, f?: any): "
        "Does things."
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
    for schema in ({"$ref": secret.as_uri()}, {"anyOf": [{"$ref": secret.as_uri()}]}):
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
        "properties": {"a": {"type": ["string", "null"], "enum": ["x", None], "default": None}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert plain_schema({**schema, "pattern": "(a+)+$", "$id": "http://localhost"}) == schema

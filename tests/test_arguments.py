"""Shipped tools made to fit the methods they are of."""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.runtime.arguments import fit_to_methods, fit_to_signature
from envscaler.runtime.records import ToolSpec
from envscaler.runtime.sandbox import Pool
from envscaler.runtime.tools import Toolset

SOURCE = '''
from typing import Any, Literal, Optional

class Desk:
    def __init__(self, init_config: dict):
        self.rows = init_config["rows"]

    def find(self, name: str, status: Optional[str] = None, tags: list[str] = ()) -> dict:
        """Find rows.

        Args:
            name: Part of the name.
            status: Only rows of this status.
        """
        return {"success": True, "data": []}

    def note(self, text, **fields) -> dict:
        """Write a note."""
        return {"success": True, "data": fields}
'''


def tool(name: str, properties: Any, **more: Any) -> ToolSpec:
    parameters = {"type": "object", "properties": properties, **more}
    return ToolSpec(name=name, description=f"Shipped {name}.", parameters=parameters)


SHIPPED = (
    tool(
        "find",
        {
            "name": {"type": "string", "description": "The name."},
            "status": {"type": "object"},
            "tags": {"type": "array", "maxItems": 3},
            "gone": {"type": "string"},
        },
        required=["name", "status", "tags", "gone"],
    ),
    tool("note", {"text": {"type": "string"}, "by": {"type": "string"}}, required=["text", "by"]),
    tool("no_method", {}),
)


@pytest.fixture(scope="module")
def fitted(pool: Pool) -> dict[str, ToolSpec]:
    with pool.open(SOURCE, profile="upstream") as sealed:
        return {tool.name: tool for tool in fit_to_methods(SHIPPED, sealed.tools)}


def test_the_method_decides_on_parameters_and_what_is_required(fitted: dict[str, ToolSpec]) -> None:
    assert list(fitted) == ["find", "note"]
    parameters = fitted["find"].parameters
    assert list(parameters["properties"]) == ["name", "status", "tags"]
    assert parameters["required"] == ["name"]
    assert parameters["additionalProperties"] is False


def test_what_is_shipped_stays_and_what_it_leaves_out_comes_from_the_method(
    fitted: dict[str, ToolSpec],
) -> None:
    assert fitted["find"].description == "Shipped find."
    properties = fitted["find"].parameters["properties"]
    assert properties["name"] == {"type": "string", "description": "The name."}
    tags = {"type": "array", "items": {"type": "string"}, "maxItems": 3, "default": []}
    assert properties["tags"] == tags


def test_a_shipped_type_that_is_not_the_methods_gives_way(fitted: dict[str, ToolSpec]) -> None:
    assert fitted["find"].parameters["properties"]["status"] == {
        "type": ["string", "null"],
        "default": None,
        "description": "Only rows of this status.",
    }


def test_a_method_with_open_arguments_keeps_the_shipped_ones(fitted: dict[str, ToolSpec]) -> None:
    parameters = fitted["note"].parameters
    assert list(parameters["properties"]) == ["text", "by"]
    assert parameters["required"] == ["text"]
    assert parameters["additionalProperties"] is True


@pytest.mark.parametrize(
    ("arguments", "fits"),
    [
        ({"name": "x"}, True),
        ({"name": "x", "status": None}, True),
        ({"name": "x", "status": "open", "tags": ["a"]}, True),
        ({"name": "x", "tags": [1]}, False),
        ({"status": "open"}, False),
        ({"name": "x", "gone": "y"}, False),
    ],
)
def test_calls_are_judged_by_the_fitted_tools(
    fitted: dict[str, ToolSpec], arguments: dict[str, Any], fits: bool
) -> None:
    assert (Toolset(list(fitted.values())).objection("find", arguments) == "") is fits


@pytest.mark.parametrize(
    ("shipped", "method", "expected"),
    [
        ({"type": "string"}, {"type": ["string", "null"]}, {"type": ["string", "null"]}),
        (
            {"type": "string", "enum": ["a"]},
            {"type": ["string", "null"], "default": None},
            {"type": ["string", "null"], "enum": ["a", None], "default": None},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        ),
        ({"type": "integer"}, {"type": "number"}, {"type": "number", "description": ""}),
        ({"type": "string"}, {}, {"type": "string"}),
        ({}, {"type": "string"}, {"type": "string"}),
        ({"type": [{}], "anyOf": 3}, {"type": "string"}, {"type": [{}], "anyOf": 3}),
        (True, {"type": "string"}, {"type": "string"}),
    ],
)
def test_types_of_single_parameters(shipped: Any, method: Any, expected: Any) -> None:
    described = {"name": "t", "description": "", "parameters": {"properties": {"a": method}}}
    found = fit_to_signature(tool("t", {"a": shipped}), described)
    assert found.parameters["properties"] == {"a": expected}


@pytest.mark.parametrize("properties", [None, [], "x"])
def test_a_shipped_tool_may_say_nothing_of_its_parameters(properties: Any) -> None:
    described = {"name": "t", "parameters": {"properties": {"a": {"type": "string"}}}}
    found = fit_to_signature(tool("t", properties), described)
    assert found.parameters["properties"] == {"a": {"type": "string"}}

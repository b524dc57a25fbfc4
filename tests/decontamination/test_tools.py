from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from envscaler.runtime.decontamination import Decontaminator
from envscaler.runtime.decontamination.fingerprints import tool_print
from envscaler.runtime.records import Environment, ToolSpec

Tools = tuple[ToolSpec, ...]
Tooled = Callable[[Sequence[ToolSpec]], Environment]


def renamed(tool: ToolSpec, name: str) -> ToolSpec:
    return tool.model_copy(update={"name": name})


def untold(tool: ToolSpec) -> ToolSpec:
    return tool.model_copy(update={"description": ""})


def respelled(tool: ToolSpec) -> ToolSpec:
    """The tool with other names for all parameters."""
    properties = tool.parameters["properties"]
    given = {f"field_{n}": schema for n, schema in enumerate(properties.values())}
    return tool.model_copy(update={"parameters": {"type": "object", "properties": given}})


def kinds(known: Decontaminator, environment: Environment) -> set[str]:
    return {overlap.kind for overlap in known.environment(environment) if overlap.over}


def test_a_copy_is_over_every_limit(
    known: Decontaminator, lighthouse: Tools, tooled: Tooled
) -> None:
    environment = tooled(lighthouse)
    overlaps = known.environment(environment)
    assert {(overlap.kind, overlap.value) for overlap in overlaps} == {
        ("names", 1.0), ("schemas", 1.0), ("parameters", 1.0), ("descriptions", 1.0)
    }  # fmt: skip
    assert "Lighthouse tower" in known.refusal(environment)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (lambda tools: [renamed(tools[0], "kindle"), renamed(tools[1], "plumb"), *tools[2:]],
         {"schemas", "parameters", "descriptions"}),
        (lambda tools: [untold(tool) for tool in tools[1:]], {"names", "schemas", "parameters"}),
        (lambda tools: [untold(respelled(tool)) for tool in tools], {"names"}),
        (lambda tools: [untold(renamed(t, f"do_{n}")) for n, t in enumerate(tools)],
         {"schemas", "parameters"}),
        (lambda tools: [respelled(renamed(t, f"do_{n}")) for n, t in enumerate(tools)],
         {"descriptions"}),
        (lambda tools: [renamed(t, t.name.title().replace("_", "")) for t in map(untold, tools)],
         {"names", "schemas", "parameters"}),
    ],
)  # fmt: skip
def test_a_changed_copy_is_refused_by_what_is_left(
    changed: Callable[[Tools], list[ToolSpec]],
    found: set[str],
    known: Decontaminator,
    lighthouse: Tools,
    tooled: Tooled,
) -> None:
    environment = tooled(changed(lighthouse))
    assert kinds(known, environment) == found
    assert known.refusal(environment)


def test_many_tools_with_the_same_parameters_count_as_one(
    known: Decontaminator, lighthouse: Tools, tooled: Tooled
) -> None:
    tools = [untold(renamed(lighthouse[0], f"do_{n}")) for n in range(6)]
    assert known.refusal(tooled(tools)) == ""


def test_the_order_of_tools_does_not_matter(
    known: Decontaminator, lighthouse: Tools, tooled: Tooled
) -> None:
    turned = known.environment(tooled(lighthouse[::-1]))
    assert turned == known.environment(tooled(lighthouse))


def test_rules_and_introduction_are_compared_with_the_tasks(
    known: Decontaminator, tasks: tuple[str, ...], tooled: Tooled
) -> None:
    environment = tooled(())
    plan = environment.plan.model_copy(update={"introduction": tasks[3]})
    assert "Lighthouse task 3" in known.refusal(environment.model_copy(update={"plan": plan}))


@pytest.mark.parametrize("name", ["get_user", "search", "list_orders", "login", "cancelOrder"])
def test_a_generic_name_is_not_telling(name: str) -> None:
    assert not tool_print(ToolSpec(name=name, description="", parameters={})).telling


def test_types_are_compared_by_what_json_knows_of_them() -> None:
    def typed(schema: object) -> frozenset[int]:
        parameters = {"properties": {"depth": schema}}
        return tool_print(ToolSpec(name="a", description="", parameters=parameters)).typed

    number = typed({"type": "number"})
    assert typed({"type": "float"}) == number
    assert typed({"type": ["number", "null"]}) == number
    assert typed({"anyOf": [{"type": "null"}, {"type": "number"}]}) == number
    assert typed({"type": "string"}) != number
    assert typed({}) != number

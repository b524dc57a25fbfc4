"""Upstream's files: written in its form, and read in the forms that are about."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.errors import DataError
from envscaler.runtime.formats import (
    Export,
    environments_by_id,
    read_environments,
    read_scenarios,
    to_upstream,
)
from envscaler.runtime.records import Environment, Scenario

SAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "upstream-form"
CHECK = "def check_func(final_state):\n    return True\n"


def rendered(scenario: Scenario) -> list[tuple[str, str]]:
    return [(goal, CHECK) for goal in scenario.checks.goals]


def sample(name: str) -> Path:
    if not (SAMPLES / name).is_file():
        pytest.skip(f"the sample of upstream's form, {name}, is not here")
    return SAMPLES / name


def written(folder: Path, value: Any) -> Path:
    path = folder / "file.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


# ------------------------------------------------------------------ writing


def test_an_environment_has_upstreams_fields(export: Export, environment: Environment) -> None:
    entry = to_upstream(export, rendered).metadata[environment.id]
    assert entry["env_id"] == environment.id
    assert entry["state_space_definition"] == [
        {"entity": "Book", "attributes": "id, title, reader", "description": "A book."},
        {"entity": "today", "attributes": "", "description": "The current date."},
    ]
    assert entry["constraints_rules"] == ["A lent book cannot be lent."]
    assert [op["operation_type"] for op in entry["operation_list"]] == [
        "query",
        "state_change",
        "state_change",
    ]
    assert entry["operation_list"][2]["code"].startswith("def drop(self, book_id: str)")
    assert entry["tools"][0]["function"]["parameters"]["required"] == ["title"]
    assert entry["env_structure"]["states"]["books"]["modified_by"] == ["drop", "lend"]


def test_a_scenario_has_upstreams_fields_and_ours(export: Export, scenario: Scenario) -> None:
    [entry] = to_upstream(export, rendered).scenarios
    assert entry["task_id"] == scenario.id
    assert entry["init_config"] == scenario.initial_state
    assert entry["checklist_with_func"] == [{"check_item": "Ada has Tides.", "check_func": CHECK}]
    assert entry["reference_solution"][0] == {"name": "find_books", "arguments": {"title": "Tides"}}
    assert entry["reference_plan"][1]["arguments"]["book_id"] == "$1.data[0].id"
    assert entry["certificate"]["grader"] == "g1"
    assert entry["difficulty"]["calls"] == 2


def test_scenarios_that_ask_for_an_answer_are_left_out_and_counted(export: Export) -> None:
    upstream = to_upstream(export, rendered)
    assert (len(upstream.scenarios), upstream.left_out) == (1, 1)


@pytest.mark.parametrize("name", ["env_metadata.json", "env_scenario.json"])
def test_every_field_that_upstream_writes_is_written(export: Export, name: str) -> None:
    content = json.loads(sample(name).read_text())
    upstream = to_upstream(export, rendered)
    ours = upstream.metadata if name == "env_metadata.json" else upstream.scenarios
    entry = next(iter(ours.values())) if isinstance(ours, dict) else ours[0]
    theirs = next(iter(content.values())) if isinstance(content, dict) else content[0]
    assert set(theirs) <= set(entry)
    for field, value in theirs.items():
        assert type(entry[field]) is type(value), field


def test_what_is_written_can_be_read_as_upstreams(tmp_path: Path, export: Export) -> None:
    upstream = to_upstream(export, rendered)
    [environment] = read_environments(written(tmp_path, upstream.metadata))
    assert environment.source == export.environments[0].source
    assert environment.tools == export.environments[0].tools
    assert environment.plan.rules == export.environments[0].plan.rules
    [scenario] = read_scenarios(written(tmp_path, upstream.scenarios))
    assert scenario.checks == (("Ada has Tides.", CHECK),)
    assert scenario.reference_solution == export.scenarios[0].solutions[0].calls


# ------------------------------------------------------------------ reading

ENTRY: dict[str, Any] = {
    "env_id": "env_1_rl",
    "environment_introduction": "A shelf.",
    "constraints_rules": ["One.", "Two."],
    "env_class_name": "Shelf",
    "env_class_code": "class Shelf: ...",
    "operation_list": [
        {"operation_name": "look", "operation_description": "Look.", "operation_type": "query"},
        {"operation_name": "gone", "operation_type": "state_change"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "look",
                "description": "Args: ...",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "a": {"type": "string", "enum": ["x", "y"]},
                        "b": {"type": ["integer", "null"]},
                        "c": {"type": "array", "items": {"type": "object"}},
                        "d": {"type": "array"},
                        "e": {},
                        "f": {"type": "number"},
                    },
                    "required": ["a"],
                },
            },
        },
        {
            "type": "function",
            "function": {"name": "put", "description": "Put.", "parameters": {"type": "object"}},
        },
    ],
}
TASK = {
    "env_id": "env_1_rl",
    "env_class_name": "Shelf",
    "task_id": "env_1_rl-task_10",
    "init_config": {"books": {}},
    "task": "Do it.",
    "checklist": ["Has it been done?"],
    "checklist_with_func": [{"check_item": "Has it been done?", "check_func": CHECK}],
}


def texts(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with its nested fields as JSON text, as the hub's copies have them."""
    return {
        name: json.dumps(value) if isinstance(value, list | dict) else value
        for name, value in entry.items()
    }


@pytest.mark.parametrize(
    "shape",
    [lambda e: {"env_1_rl": e}, lambda e: [e], lambda e: [texts(e)], lambda e: {"x": texts(e)}],
)
def test_environments_are_read_from_mappings_lists_and_texts(
    tmp_path: Path, shape: Callable[[dict[str, Any]], Any]
) -> None:
    [(name, environment)] = environments_by_id(written(tmp_path, shape(ENTRY))).items()
    assert name == "env_1_rl"
    assert [rule.id for rule in environment.plan.rules] == ["R1", "R2"]
    look, put = environment.plan.operations
    assert (look.kind, look.description) == ("query", "Look.")
    assert (put.kind, put.description) == ("change", "Put.")
    assert [p.type for p in look.parameters] == [
        "str", "int", "list[dict]", "list[str]", "str", "float",
    ]  # fmt: skip
    assert look.parameters[0].values == ("x", "y")
    assert [p.required for p in look.parameters] == [True, *[False] * 5]
    assert environment.plan.entities == ()


@pytest.mark.parametrize(
    "shape", [lambda t: [t], lambda t: [texts(t)], lambda t: {"env_1_rl-task_10": t}]
)
def test_scenarios_are_read_from_mappings_lists_and_texts(
    tmp_path: Path, shape: Callable[[dict[str, Any]], Any]
) -> None:
    [scenario] = read_scenarios(written(tmp_path, shape(TASK)))
    assert scenario.init_config == {"books": {}}
    assert scenario.checks == (("Has it been done?", CHECK),)
    assert scenario.reference_solution == ()


@pytest.mark.parametrize(
    "shape",
    [
        lambda tool: tool,
        lambda tool: {"function": tool["function"]},
        lambda tool: tool["function"],
        lambda tool: {"type": "function", **tool["function"]},
        json.dumps,
        lambda tool: json.dumps(tool["function"]),
        lambda tool: {**tool, "function": json.dumps(tool["function"])},
    ],
)
def test_tools_are_read_in_every_shape(tmp_path: Path, shape: Callable[[Any], Any]) -> None:
    entry = {**ENTRY, "tools": [shape(tool) for tool in ENTRY["tools"]]}
    [plain] = read_environments(written(tmp_path, [ENTRY]))
    for found in (entry, texts(entry)):
        [environment] = read_environments(written(tmp_path, [found]))
        assert environment.tools == plain.tools


def test_typed_markers_in_a_state_are_kept(tmp_path: Path) -> None:
    state = {"tags": {"__type__": "set", "items": ["a"]}}
    for task in (TASK | {"init_config": state}, TASK | {"init_config": json.dumps(state)}):
        [scenario] = read_scenarios(written(tmp_path, [task]))
        assert scenario.init_config == state


@pytest.mark.parametrize("checks", [None, [], "[]"])
def test_checks_may_be_empty(tmp_path: Path, checks: Any) -> None:
    task = TASK | {"checklist_with_func": checks, "checklist": checks}
    [scenario] = read_scenarios(written(tmp_path, [task]))
    assert (scenario.checklist, scenario.checks) == ((), ())


def test_scenarios_without_check_functions_are_read(tmp_path: Path) -> None:
    bare = {name: TASK[name] for name in ("env_id", "env_class_name", "init_config", "task")}
    [scenario] = read_scenarios(written(tmp_path, [bare]))
    assert (scenario.checklist, scenario.checks, scenario.task_id) == ((), (), "")


def test_upstreams_own_sample_is_read() -> None:
    environments = environments_by_id(sample("env_metadata.json"))
    scenarios = read_scenarios(sample("env_scenario.json"))
    assert list(environments) == ["env_1"]
    environment = environments["env_1"]
    assert len(environment.tools) == len(environment.plan.operations) == 18
    assert len(environment.plan.rules) == 8
    assert len(scenarios) == 2
    for scenario in scenarios:
        assert len(scenario.checks) == len(scenario.checklist)
        tools = {tool.name for tool in environment.tools}
        assert {call.tool for call in scenario.reference_solution} <= tools


def test_upstreams_own_sample_can_be_written_again() -> None:
    path = sample("env_metadata.json")
    [theirs] = json.loads(path.read_text()).values()
    export = Export(environments=read_environments(path))
    [ours] = to_upstream(export, rendered).metadata.values()
    same = ("env_class_code", "env_class_name", "tools", "constraints_rules")
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}
    assert ours["env_class_def"].strip() in theirs["env_class_code"]
    imports = re.compile(r"^ +(?:from|import) .*\n", re.MULTILINE)  # upstream hoists them
    codes = {op["operation_name"]: op["code"] for op in theirs["operation_list"]}
    for operation in ours["operation_list"]:
        code = imports.sub("", codes[operation["operation_name"]])
        assert operation["code"].strip() == code.strip()
    for name, method in theirs["env_structure"]["methods"].items():
        found = ours["env_structure"]["methods"][name]
        assert found["reads"] == method["reads"]
        assert set(found["writes"]) >= set(method["writes"])


def without(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != name}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("[", "is not JSON"),
        ("3", "neither a mapping nor a list"),
        (["x"], "entry 1 is no object"),
        (ENTRY, "is no object"),
        ([without(ENTRY, "tools")], "entry 1: the field tools is missing or empty"),
        ({"env_9": without(ENTRY, "env_class_code")}, "env_9: the field env_class_code is missing"),
        ([ENTRY | {"tools": "["}], "the field tools holds text that is not JSON"),
        ([ENTRY | {"tools": {}}], "the field tools holds .* expected a list"),
        ([ENTRY | {"tools": [{"name": "x"}]}], "the field parameters is missing"),
        ([ENTRY | {"tools": [{"type": "function"}]}], "the field name is missing"),
        ([ENTRY | {"tools": ["x"]}], "the field tools holds text that is not JSON"),
        ([ENTRY | {"tools": ["3"]}], "the field tools holds 3 where an object"),
        ([ENTRY | {"constraints_rules": [3]}], "it is no BusinessRule: text"),
        ([ENTRY, ENTRY], "env_1_rl stands twice"),
        ('[{"env_id": "\\ud800"}]', "is not JSON"),
    ],
)
def test_a_faulty_metadata_file_is_refused_in_one_line(
    tmp_path: Path, value: Any, says: str
) -> None:
    path = written(tmp_path, value)
    with pytest.raises(DataError, match=says) as caught:
        read_environments(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"init_config": [1]}, "the field init_config holds"),
        ({"task": None}, "the field task holds None, expected a str"),
        ({"checklist_with_func": [{"check_item": "x"}]}, "check_func is missing"),
        ({"checklist_with_func": ["x"]}, "holds text that is not JSON"),
        ({"checklist_with_func": [3]}, "where an object is expected"),
        ({"checklist": [3]}, "it is no UpstreamScenario: checklist.0"),
        ({"reference_solution": [{"name": "x"}]}, "the field arguments is missing"),
    ],
)
def test_a_faulty_scenario_is_refused_in_one_line(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    with pytest.raises(DataError, match=says) as caught:
        read_scenarios(written(tmp_path, [TASK | change]))
    assert "entry 1" in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_environments(tmp_path / "none.json")

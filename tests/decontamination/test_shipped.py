"""The signatures that ship with envscaler, held against BFCL's own package where it is there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.bundled import tasks_path
from envscaler.runtime.decontamination import Decontaminator
from envscaler.runtime.decontamination.signatures import shipped_path, unpacked
from envscaler.runtime.readers import read_tasks
from envscaler.runtime.records import Environment, SourceTask, ToolSpec
from envscaler.runtime.sandbox import Pool
from envscaler.runtime.sandbox.protocol import PackageObject

Tooled = Callable[[Sequence[ToolSpec]], Environment]
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
TARGETS = {
    "GorillaFileSystem": "gorilla_file_system",
    "TwitterAPI": "posting_api",
    "VehicleControlAPI": "vehicle_control",
}


@pytest.fixture(scope="module")
def shipped() -> Decontaminator:
    return Decontaminator.load()


@pytest.fixture(scope="module")
def bfcl_data() -> Path:
    witness = pytest.importorskip("bfcl_eval", reason="needs `pip install --no-deps bfcl-eval`")
    pytest.importorskip("mpmath", reason="needs `pip install mpmath`")
    return Path(witness.__file__).parent / "data"


def test_three_benchmarks_are_covered(shipped: Decontaminator) -> None:
    counts = {b.name: (len(b.items), len(b.tool_sets)) for b in shipped.benchmarks}
    assert counts == {
        "ACEBench": (23, 5), "BFCL v3 multi-turn": (200, 8), "tau-bench": (220, 5)
    }  # fmt: skip
    assert all(unpacked(i.short) for b in shipped.benchmarks for i in b.items)


def test_the_file_is_small_and_holds_no_sentence() -> None:
    text = shipped_path().read_text(encoding="ascii")
    assert len(text) < 1_500_000
    origins = re.findall(r'"origin": "[^"]*"', text)
    assert len(origins) == 3
    for origin in origins:
        text = text.replace(origin, "")
    assert not re.search(r"[A-Za-z']+( [A-Za-z']+){4}", text)


def test_no_bundled_task_is_near(shipped: Decontaminator) -> None:
    for task in read_tasks(tasks_path()):
        assert shipped.task(task.text) == (), task.text


@pytest.mark.parametrize("name", ["api-bank-lv3-part.json", "self-instruct-user-oriented.jsonl"])
def test_no_public_source_task_is_refused(name: str, shipped: Decontaminator) -> None:
    if not (SHARED / name).exists():
        pytest.skip("needs the shared data")
    refused = [task.text for task in read_tasks(SHARED / name) if shipped.refusal(task)]
    assert refused == []


@pytest.mark.parametrize("name", ["depot_env.txt", "library_env.txt", "cli/hire_env.txt"])
def test_no_environment_of_the_tests_is_near(
    name: str, pool: Pool, shipped: Decontaminator, tooled: Tooled
) -> None:
    with pool.open((Path(__file__).parents[1] / name).read_text()) as sealed:
        environment = tooled([ToolSpec.model_validate(tool) for tool in sealed.tools])
    assert shipped.refusal(environment) == ""


def test_tools_with_generic_names_are_not_refused(shipped: Decontaminator, tooled: Tooled) -> None:
    keyed = {"properties": {"user_id": {"type": "string"}, "order_id": {"type": "string"}}}
    names = "get_user search list_orders login logout get_order cancel_order send_message add_item"
    tools = [ToolSpec(name=n, description="", parameters=keyed) for n in names.split()]
    assert shipped.refusal(tooled(tools)) == ""


def test_bfcl_tasks_are_refused(bfcl_data: Path, shipped: Decontaminator) -> None:
    lines = (bfcl_data / "BFCL_v4_multi_turn_base.json").read_text().splitlines()
    for task in map(json.loads, lines):
        turns = [message["content"] for turn in task["question"] for message in turn]
        refusal = shipped.refusal(SourceTask(text="\n".join(turns)))
        assert "BFCL v3 multi-turn" in refusal, task["id"]


@pytest.mark.parametrize("name", TARGETS)
def test_a_bfcl_class_is_refused_when_renamed_or_thinned(
    name: str, bfcl_data: Path, pool: Pool, shipped: Decontaminator, tooled: Tooled
) -> None:
    del bfcl_data
    module = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"
    package = PackageObject(f"{module}.{TARGETS[name]}:{name}", "_load_scenario", {})
    with pool.open_package({name: package}) as sealed:
        tools = [ToolSpec.model_validate(tool) for tool in sealed.tools]
    for kept in (tools, _renamed(tools, 2), tools[::2], [_bare(tool) for tool in tools]):
        assert f"BFCL v3 multi-turn {name}" in shipped.refusal(tooled(kept))


def _renamed(tools: list[ToolSpec], count: int) -> list[ToolSpec]:
    named = [tool.model_copy(update={"name": f"other_{n}"}) for n, tool in enumerate(tools[:count])]
    return [*named, *tools[count:]]


def _bare(tool: ToolSpec) -> ToolSpec:
    """The tool without descriptions."""
    given: dict[str, Any] = tool.parameters.get("properties", {})
    plain = {
        key: {k: v for k, v in schema.items() if k != "description"}
        for key, schema in given.items()
    }
    return tool.model_copy(update={"description": "", "parameters": {"properties": plain}})

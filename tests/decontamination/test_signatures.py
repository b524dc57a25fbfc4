from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from envscaler.runtime.decontamination import Decontaminator
from envscaler.runtime.decontamination.build import build
from envscaler.runtime.decontamination.signatures import (
    packed,
    read_signatures,
    unpacked,
    write_signatures,
)
from envscaler.runtime.errors import DataError
from envscaler.runtime.records import SourceTask, ToolSpec


def source(tasks: tuple[str, ...], tools: tuple[ToolSpec, ...]) -> dict[str, object]:
    return {
        "benchmark": "Lighthouse",
        "origin": "made up",
        "items": [{"id": f"task {n}", "texts": [text]} for n, text in enumerate(tasks)],
        "tool_sets": [{"id": "tower", "tools": [tool.model_dump() for tool in tools]}],
    }


def test_the_build_command_makes_the_same_signatures(
    tmp_path: Path, known: Decontaminator, tasks: tuple[str, ...], lighthouse: tuple[ToolSpec, ...]
) -> None:
    (tmp_path / "lighthouse.json").write_text(json.dumps(source(tasks, lighthouse)))
    out = tmp_path / "out" / "signatures.json"
    out.parent.mkdir()
    module = "envscaler.runtime.decontamination.build"
    printed = subprocess.run(
        [sys.executable, "-m", module, tmp_path, out], capture_output=True, text=True, check=True
    )
    assert printed.stdout == "Lighthouse: items 5, tool sets 1\n"
    assert Decontaminator.load(out).benchmarks == known.benchmarks
    assert "keeper" not in out.read_text()


def test_benchmarks_are_written_in_one_order(tmp_path: Path, known: Decontaminator) -> None:
    [benchmark] = known.benchmarks
    turned = type(benchmark)(
        benchmark.name, benchmark.origin, benchmark.items[::-1], benchmark.tool_sets
    )
    write_signatures([benchmark], tmp_path / "a.json")
    write_signatures([turned], tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert read_signatures(tmp_path / "b.json") == (benchmark,)


def test_sets_of_hashes_survive_packing() -> None:
    hashes = {0, 1, 2**31, 2**32 - 1}
    assert unpacked(packed(hashes)) == hashes
    assert unpacked(packed(())) == frozenset()


@pytest.mark.parametrize("text", ["no base64!", "AAA=", "AAAAAAA="])
def test_a_damaged_set_is_a_data_error(text: str) -> None:
    with pytest.raises(DataError, match="damaged"):
        unpacked(text)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("notes.txt", "{}", "holds no .json file"),
        ("a.json", "{}", "missing required field"),
        ("a.json", '{"benchmark": "A", "origin": "", "task": []}', "unknown field"),
        ("a.json", "[", "no source of a benchmark"),
    ],
)
def test_what_is_no_source_is_a_data_error(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        build(tmp_path, tmp_path / "out")


def test_two_sources_of_one_benchmark_are_a_data_error(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps(source((), ())))
    with pytest.raises(DataError, match="of one benchmark"):
        build(tmp_path, tmp_path / "out")


def test_a_file_that_is_no_signature_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        Decontaminator.load(tmp_path / "none.json")
    (tmp_path / "some.json").write_text('{"a": 1}')
    with pytest.raises(DataError, match=r"decontamination\.build SOURCES OUT"):
        Decontaminator.load(tmp_path / "some.json")
    (tmp_path / "some.json").write_text("[]")
    with pytest.raises(DataError, match="holds no benchmark"):
        Decontaminator.load(tmp_path / "some.json")


def test_own_signatures_are_used(tmp_path: Path, tasks: tuple[str, ...]) -> None:
    (tmp_path / "lighthouse.json").write_text(json.dumps(source(tasks, ())))
    build(tmp_path, tmp_path / "own")
    assert Decontaminator.load(tmp_path / "own").refusal(SourceTask(text=tasks[0]))
    assert not Decontaminator.load().refusal(SourceTask(text=tasks[0]))

"""Signatures from the texts of benchmarks: `python -m envscaler.runtime.decontamination.build`.

    python -m envscaler.runtime.decontamination.build SOURCES OUT

SOURCES is a folder with one JSON file for each benchmark:

    {"benchmark": "tau-bench",
     "origin": "where the texts were taken from, and in which version",
     "items": [{"id": "retail 12", "texts": ["what the user is told", …]}, …],
     "tool_sets": [{"id": "retail", "tools": [{"name": …, "description": …,
                                               "parameters": {JSON Schema}}, …]}, …]}

An item is one task, or any other text that must not come back, such as a policy; turns of one
conversation and variants of one task are texts of one item. OUT is the signature file, which holds
hashes only; `Decontaminator.load(OUT)` reads it. The shipped one was made in this way: to add a
benchmark of your own, put its file beside the others, or build a file of its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from ..errors import DataError, EnvscalerError
from ..records import ToolSpec
from ..state import Json
from .signatures import Benchmark, item, tool_set, write_signatures


class SourceItem(msgspec.Struct, forbid_unknown_fields=True):
    """A task, or another text, of a benchmark."""

    id: str
    texts: tuple[str, ...]


class SourceTool(msgspec.Struct):
    """A tool as chat endpoints take it."""

    name: str
    description: str = ""
    parameters: dict[str, Json] = {}


class SourceToolSet(msgspec.Struct, forbid_unknown_fields=True):
    """The tools of one simulated class or domain."""

    id: str
    tools: tuple[SourceTool, ...]


class Source(msgspec.Struct, forbid_unknown_fields=True):
    """One file of the folder of sources."""

    benchmark: str
    origin: str
    items: tuple[SourceItem, ...] = ()
    tool_sets: tuple[SourceToolSet, ...] = ()


def build(sources: Path, out: Path) -> tuple[Benchmark, ...]:
    """Write the signatures of all benchmarks in a folder, and return them.

    Raises:
        DataError: the folder holds no source, one is not of the form, or two share a name.
    """
    paths = sorted(sources.glob("*.json"))
    if not paths:
        raise DataError(f"{sources} holds no .json file; give a folder with one for each benchmark")
    benchmarks = tuple(signed(_read(path)) for path in paths)
    names = [benchmark.name for benchmark in benchmarks]
    if len(set(names)) < len(names):
        raise DataError(f"two files of {sources} are of one benchmark; found {', '.join(names)}")
    write_signatures(benchmarks, out)
    return benchmarks


def signed(source: Source) -> Benchmark:
    """The signature of a benchmark."""
    return Benchmark(
        source.benchmark,
        source.origin,
        tuple(item(entry.id, entry.texts) for entry in source.items),
        tuple(tool_set(entry.id, [*map(_tool, entry.tools)]) for entry in source.tool_sets),
    )


def _tool(tool: SourceTool) -> ToolSpec:
    return ToolSpec(name=tool.name, description=tool.description, parameters=tool.parameters)


def _read(path: Path) -> Source:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Source)
    except OSError as fault:
        raise DataError(f"{path} cannot be read: {fault.strerror}") from fault
    except msgspec.DecodeError as fault:
        raise DataError(
            f"{path} is no source of a benchmark ({fault}); the form stands in the docstring of "
            f"{__name__}"
        ) from fault


def main() -> None:
    parser = argparse.ArgumentParser(description="Hash benchmarks into a signature file.")
    parser.add_argument("sources", type=Path, help="folder with one JSON file for each benchmark")
    parser.add_argument("out", type=Path, help="the signature file to write")
    given = parser.parse_args()
    try:
        for made in build(given.sources, given.out):
            print(f"{made.name}: items {len(made.items)}, tool sets {len(made.tool_sets)}")
    except EnvscalerError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

"""Signatures of benchmarks: what their tasks and tools hash to, and the file that keeps them.

The file is JSON, one benchmark after the other; each set of hashes is the base64 text of its sorted
numbers, 32 bits each, big-endian. It holds names of benchmarks, items and tool sets, and no text.
"""

from __future__ import annotations

import base64
import binascii
from array import array
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from sys import byteorder

import msgspec

from ..errors import DataError
from ..records import ToolSpec
from .fingerprints import LONG, SHORT, ToolPrint, descriptions, grams, tool_print

Hashes = str
"""A set of hashes, packed."""


class Item(msgspec.Struct, frozen=True):
    """A task of a benchmark, or another text of it (a policy, say)."""

    id: str
    long: Hashes
    """Its n-grams of eight words."""
    short: Hashes
    """Its n-grams of five words."""


class Tool(msgspec.Struct, frozen=True):
    """A tool, as `fingerprints.ToolPrint` describes it."""

    name: int
    telling: bool
    parameters: Hashes
    typed: Hashes

    def unpacked(self) -> ToolPrint:
        return ToolPrint(self.name, self.telling, unpacked(self.parameters), unpacked(self.typed))


class ToolSet(msgspec.Struct, frozen=True):
    """Tools that belong together: those of one simulated class or domain."""

    id: str
    tools: tuple[Tool, ...]
    descriptions: Hashes
    """The n-grams of five words of what the tools say of themselves."""


class Benchmark(msgspec.Struct, frozen=True):
    """A benchmark that nothing we make may overlap with."""

    name: str
    origin: str
    """Where its texts were taken from, and in which version."""
    items: tuple[Item, ...]
    tool_sets: tuple[ToolSet, ...]


def item(ident: str, texts: Iterable[str]) -> Item:
    """The signature of an item; n-grams do not reach from one of its texts into the next."""
    texts = tuple(texts)
    return Item(ident, _all_grams(texts, LONG), _all_grams(texts, SHORT))


def tool_set(ident: str, tools: Sequence[ToolSpec]) -> ToolSet:
    """The signature of the tools of one class or domain; their order does not matter."""
    prints = sorted(map(tool_print, tools), key=lambda made: (made.name, sorted(made.typed)))
    packed_tools = tuple(
        Tool(made.name, made.telling, packed(made.parameters), packed(made.typed))
        for made in prints
    )
    return ToolSet(ident, packed_tools, _all_grams(descriptions(tools), SHORT))


def _all_grams(texts: Iterable[str], size: int) -> Hashes:
    return packed(frozenset().union(*(grams(text, size) for text in texts)))


# ------------------------------------------------------------------ the file


def shipped_path() -> Path:
    """The signatures that come with envscaler: BFCL v3 multi-turn, tau-bench and ACEBench.

    Each says in its `origin` what it was made from. Of tau-bench the retail tasks and the policies
    are those of its successor tau2-bench, which has the same tasks in nearly the same words.
    """
    return Path(str(files(__package__) / "signatures.json"))


def read_signatures(path: Path) -> tuple[Benchmark, ...]:
    """The benchmarks of a signature file.

    Raises:
        DataError: the file cannot be read, is no signature file, or holds no benchmark.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=tuple[Benchmark, ...])
    except OSError as fault:
        raise DataError(f"{path} cannot be read: {fault.strerror}") from fault
    except msgspec.DecodeError as fault:
        raise DataError(
            f"{path} is no file of signatures ({fault}); make one with "
            "`python -m envscaler.runtime.decontamination.build SOURCES OUT`"
        ) from fault
    if not found:
        raise DataError(f"{path} holds no benchmark, so there is nothing to compare with")
    return found


def write_signatures(benchmarks: Iterable[Benchmark], path: Path) -> None:
    """Write benchmarks by name, their items and tool sets by id: one set gives the same bytes."""
    ordered = [
        msgspec.structs.replace(
            benchmark,
            items=tuple(sorted(benchmark.items, key=lambda item: item.id)),
            tool_sets=tuple(sorted(benchmark.tool_sets, key=lambda tools: tools.id)),
        )
        for benchmark in sorted(benchmarks, key=lambda benchmark: benchmark.name)
    ]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")


def packed(hashes: Iterable[int]) -> Hashes:
    numbers = array("I", sorted(hashes))
    if byteorder == "little":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()


def unpacked(text: Hashes) -> frozenset[int]:
    """The hashes in a packed set.

    Raises:
        DataError: the text is no packed set.
    """
    numbers = array("I")
    try:
        numbers.frombytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as fault:
        raise DataError(f"a set of hashes is damaged ({fault}); take the file anew") from fault
    if byteorder == "little":
        numbers.byteswap()
    return frozenset(numbers)

"""Rows to task texts, and the public shapes of rows that are known.

An object gives its task in one of the fields `task`, `text`, `instruction`, `query`, `question`
and `prompt`, looked for in this order. Four public shapes are known beyond that:

- API-Bank rows {instruction, input, output}: the user's words stand in `input`, after `User:`;
- Alpaca rows {instruction, input, output}: the instruction, then the input where there is one;
- self-instruct rows {instruction, instances}: the instruction, then the first instance's input;
- ToolAlpaca toolsets {Name, Functions, …, Instructions}: each instruction is a task.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..errors import DataError
from ..state import Json

FIELDS = ("task", "text", "instruction", "query", "question", "prompt")

ACCEPTED = (
    "Accepted are .jsonl (one object or string a line), .json (a list of objects or strings), "
    ".csv and .tsv (with a header), .txt (one task a line), and hub:NAME:SPLIT:COLUMN; an object "
    f"or header names its task in one of: {', '.join(FIELDS)}."
)
"""The last sentence of every refusal."""
_API_BANK_MARK = "\nGenerate A"
_API_BANK_USER = re.compile(r"^User:(.+?)(?:TIME:.*)?$", re.MULTILINE)


class Row(NamedTuple):
    """One entry of a source, and the line or position it stands at, from 1."""

    number: int
    value: Json


def texts_of(where: str, row: Row) -> Iterator[tuple[str, str]]:
    """The task texts of a row, each with what tells it apart in the row ("" when it is alone).

    Raises:
        DataError: the row is no task, or holds half a character.
    """
    for part, text in _found(where, row):
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise DataError(
                f"{where}, row {row.number} holds half a character (a lone surrogate), which is no "
                "text; write the row again with whole characters."
            )
        yield part, text


def _found(where: str, row: Row) -> Iterator[tuple[str, str]]:
    value = row.value
    if isinstance(value, str):
        yield "", value
    elif not isinstance(value, Mapping):
        raise DataError(
            f"{where}, row {row.number} is a JSON {kind_of(value)}: {shown(value)}. {ACCEPTED}"
        )
    elif "Functions" in value and "Name" in value:
        yield from _instructions(where, row.number, value.get("Instructions", []))
    else:
        text = _known_shape(value)
        yield "", _field(where, row.number, value) if text is None else text


def _instructions(where: str, number: int, given: Json) -> Iterator[tuple[str, str]]:
    """The tasks of a toolset; some toolsets were published without any."""
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise DataError(
            f"{where}, row {number} is a toolset whose Instructions are {shown(given)}; a list of "
            f"strings is expected. {ACCEPTED}"
        )
    return ((f".{n}", text) for n, text in enumerate(given, start=1))


def _field(where: str, number: int, row: Mapping[str, Json]) -> str:
    """The text of the first task field that the row has."""
    name = next((field for field in FIELDS if field in row), None)
    if name is None:
        found = ", ".join(sorted(row)) or "none"
        raise DataError(f"{where}, row {number} is not a task: its fields are {found}. {ACCEPTED}")
    text = row[name]
    if not isinstance(text, str):
        raise DataError(
            f"{where}, row {number}: the field {name} holds a JSON {kind_of(text)} where a string "
            f"is expected: {shown(text)}. {ACCEPTED}"
        )
    return text


def _known_shape(row: Mapping[str, Json]) -> str | None:
    """The text of an API-Bank, Alpaca or self-instruct row; None for any other row."""
    match row:
        case {"instruction": str(), "input": str(given), "output": _} if _API_BANK_MARK in given:
            user = _API_BANK_USER.search(given)
            return user[1] if user else None
        case {"instruction": str(instruction), "input": str(given), "output": _}:
            return _joined(instruction, given)
        case {"instruction": str(instruction), "instances": [{"input": str(given)}, *_]}:
            return _joined(instruction, given)
    return None


def _joined(instruction: str, given: str) -> str:
    return f"{instruction.strip()}\n\n{given.strip()}".strip()


def kind_of(value: Json) -> str:
    """What JSON calls the value."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "list"}
    return "null" if value is None else names.get(type(value), "object")


def shown(value: Json) -> str:
    """The value for a message, at most 60 characters long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""Source tasks from a file: JSON Lines, JSON, or plain text with one task a line.

An object gives its task in one of the fields `task`, `text`, `instruction`, `query`, `question`
and `prompt`, looked for in this order. Three public shapes are known beyond that:

- API-Bank rows {instruction, input, output}: the user's words stand in `input`, after `User:`;
- Alpaca rows {instruction, input, output}: the instruction, then the input where there is one;
- self-instruct rows {instruction, instances}: the instruction, then the first instance's input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from .bundled import tasks_path
from .errors import ConfigurationError, DataError
from .records import SourceTask
from .state import Json

FIELDS = ("task", "text", "instruction", "query", "question", "prompt")

_ACCEPTED = (
    "Accepted are .jsonl (one object or string a line), .json (a list of objects or strings) and "
    f".txt (one task a line); an object names its task in one of: {', '.join(FIELDS)}."
)
_API_BANK_MARK = "\nGenerate A"
_API_BANK_USER = re.compile(r"^User:(.+?)(?:TIME:.*)?$", re.MULTILINE)


class Row(NamedTuple):
    """One entry of a file, and the line or position it stands at, from 1."""

    number: int
    value: Json


def read_tasks(path: Path | None, limit: int | None = None) -> tuple[SourceTask, ...]:
    """The distinct tasks of a file, in its order; the bundled ones when `path` is None.

    Texts that differ only in case or white space are one task, and the first of them is kept.
    Empty rows are passed over. With a `limit` (at least 1) reading stops at that many tasks, so
    that faults further down are not met. The origin of a task is `<file name>:<row>`.

    Raises:
        ConfigurationError: the limit is below 1.
        DataError: the file cannot be read, is no list of tasks, or holds no task at all.
    """
    if limit is not None and limit < 1:
        raise ConfigurationError(f"The limit of tasks is {limit}; give at least 1, or none at all.")
    path = tasks_path() if path is None else path
    tasks = tuple(islice(_distinct(path, _rows(path, _text(path))), limit))
    if not tasks:
        raise DataError(f"{path} holds no task: every row is empty. {_ACCEPTED}")
    return tasks


def _distinct(path: Path, rows: Iterator[Row]) -> Iterator[SourceTask]:
    seen: set[str] = set()
    for row in rows:
        text = _task_text(path, row).strip()
        key = " ".join(text.casefold().split())
        if key and key not in seen:
            seen.add(key)
            yield SourceTask(text=text, origin=f"{path.name}:{row.number}")


# ------------------------------------------------------------------ files to rows


def _text(path: Path) -> str:
    """The file's text, which is neither empty nor binary."""
    if path.is_dir():
        raise DataError(f"{path} is a folder; give the file that holds the tasks. {_ACCEPTED}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"There is no file {path}. Check the path. {_ACCEPTED}") from None
    except OSError as fault:
        raise DataError(f"{path} cannot be read: {fault.strerror}. {_ACCEPTED}") from fault
    except UnicodeDecodeError as fault:
        raise DataError(
            f"{path} is not UTF-8 text (byte {fault.start} is 0x{fault.object[fault.start]:02x}); "
            f"save it as UTF-8. {_ACCEPTED}"
        ) from fault
    if "\0" in text:
        raise DataError(f"{path} is a binary file, not text. {_ACCEPTED}")
    if not text.strip():
        raise DataError(f"{path} is empty. {_ACCEPTED}")
    return text


def _rows(path: Path, text: str) -> Iterator[Row]:
    match path.suffix.lower():
        case ".jsonl" | ".ndjson":
            return _json_lines(path, text)
        case ".json":
            return _json_rows(path, text)
        case ".txt" | "":
            return (Row(number, line) for number, line in enumerate(text.split("\n"), start=1))
        case suffix:
            raise DataError(f"{path} ends in {suffix}, which is no known form. {_ACCEPTED}")


def _json_lines(path: Path, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield Row(number, json.loads(line))
        except (ValueError, RecursionError) as fault:
            raise DataError(
                f"{path}, line {number} is not JSON: {fault}; found {_shown(line)}. {_ACCEPTED}"
            ) from fault


def _json_rows(path: Path, text: str) -> Iterator[Row]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise DataError(
            f"{path} is not JSON: {fault}. If it holds one JSON value a line, name it .jsonl. "
            f"{_ACCEPTED}"
        ) from fault
    return (Row(number, row) for number, row in enumerate(_listed(path, value), start=1))


def _listed(path: Path, value: Json) -> list[Json]:
    """The rows of a JSON file: a list, the one list in a mapping, or a mapping's own objects."""
    if isinstance(value, Mapping):
        lists = [entry for entry in value.values() if isinstance(entry, list)]
        if any(field in value for field in FIELDS):
            value = [value]
        elif len(lists) == 1:
            value = lists[0]
        elif value and all(isinstance(entry, Mapping) for entry in value.values()):
            value = list(value.values())
        else:
            value = [value] if value else []
    if not isinstance(value, list):
        raise DataError(f"{path} holds one JSON {_kind(value)}, not a list of tasks. {_ACCEPTED}")
    if not value:
        raise DataError(f"{path} holds an empty list, so there is no task in it. {_ACCEPTED}")
    return value


# ------------------------------------------------------------------ rows to texts


def _task_text(path: Path, row: Row) -> str:
    value = row.value
    if isinstance(value, Mapping):
        text = _known_shape(value)
        text = _field(path, row.number, value) if text is None else text
    elif isinstance(value, str):
        text = value
    else:
        raise DataError(
            f"{path}, row {row.number} is a JSON {_kind(value)}: {_shown(value)}. {_ACCEPTED}"
        )
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise DataError(
            f"{path}, row {row.number} holds half a character (a lone surrogate), which is no "
            "text; write the row again with whole characters."
        )
    return text


def _field(path: Path, number: int, row: Mapping[str, Json]) -> str:
    """The text of the first task field that the row has."""
    name = next((field for field in FIELDS if field in row), None)
    if name is None:
        found = ", ".join(sorted(row)) or "none"
        raise DataError(f"{path}, row {number} is not a task: its fields are {found}. {_ACCEPTED}")
    text = row[name]
    if not isinstance(text, str):
        raise DataError(
            f"{path}, row {number}: the field {name} holds a JSON {_kind(text)} where a string "
            f"is expected: {_shown(text)}. {_ACCEPTED}"
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


def _kind(value: Json) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "list"}
    return "null" if value is None else names.get(type(value), "object")


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

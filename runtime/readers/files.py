"""Files to rows, one at a time; only a .json file is held in memory as a whole."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import DataError
from ..state import Json
from .shapes import ACCEPTED, FIELDS, Row, kind_of, shown

_MARK = b"\xef\xbb\xbf"
"""The mark that some programs begin UTF-8 files with."""


def file_rows(path: Path) -> Iterator[Row]:
    """The rows of a file, by its suffix; faults are met when their row is reached.

    Raises:
        DataError: there is no such file, it is empty or binary, or it is not in its suffix's form.
    """
    match path.suffix.lower():
        case _ if path.is_dir():
            raise DataError(
                f"{path} is a folder; give the file that holds the tasks, or "
                f"hub:{path}:SPLIT:COLUMN if it is a data set. {ACCEPTED}"
            )
        case ".jsonl" | ".ndjson":
            return _json_lines(path)
        case ".json":
            return _json_rows(path)
        case ".csv":
            return _table_rows(path, ",")
        case ".tsv":
            return _table_rows(path, "\t")
        case ".txt" | "":
            return (Row(number, line) for number, line in enumerate(_lines(path), start=1))
        case suffix:
            raise DataError(f"{path} ends in {suffix}, which is no known form. {ACCEPTED}")


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file that is neither empty nor binary, each with its line end."""
    blank = True
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                text = _decoded(path, number, line.removeprefix(_MARK) if number == 1 else line)
                blank = blank and not text.strip()
                yield text
    except FileNotFoundError:
        raise DataError(f"There is no file {path}. Check the path. {ACCEPTED}") from None
    except OSError as fault:
        raise DataError(f"{path} cannot be read: {fault.strerror}. {ACCEPTED}") from fault
    if blank:
        raise DataError(f"{path} is empty. {ACCEPTED}")


def _decoded(path: Path, number: int, line: bytes) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError as fault:
        raise DataError(
            f"{path} is not UTF-8 text (byte {fault.start} of line {number} is "
            f"0x{line[fault.start]:02x}); save it as UTF-8. {ACCEPTED}"
        ) from fault
    if "\0" in text:
        raise DataError(f"{path} is a binary file, not text. {ACCEPTED}")
    return text


def _json_lines(path: Path) -> Iterator[Row]:
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            yield Row(number, json.loads(line))
        except (ValueError, RecursionError) as fault:
            raise DataError(
                f"{path}, line {number} is not JSON: {fault}; found {shown(line)}. {ACCEPTED}"
            ) from fault


def _json_rows(path: Path) -> Iterator[Row]:
    try:
        value = json.loads("".join(_lines(path)))
    except (ValueError, RecursionError) as fault:
        raise DataError(
            f"{path} is not JSON: {fault}. If it holds one JSON value a line, name it .jsonl. "
            f"{ACCEPTED}"
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
        raise DataError(f"{path} holds one JSON {kind_of(value)}, not a list of tasks. {ACCEPTED}")
    if not value:
        raise DataError(f"{path} holds an empty list, so there is no task in it. {ACCEPTED}")
    return value


def _table_rows(path: Path, delimiter: str) -> Iterator[Row]:
    """The entries below the header; names of columns count in any case."""
    table = csv.reader(_lines(path), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(table)]
        columns = [name.casefold() for name in header]
        if not any(field in columns for field in FIELDS):
            raise DataError(
                f"{path} has no column of tasks: its columns are {', '.join(header) or 'none'}. "
                f"{ACCEPTED}"
            )
        for number, cells in enumerate(table, start=1):
            if cells:
                filled = [*cells, *[""] * (len(columns) - len(cells))]
                yield Row(number, dict(zip(columns, filled, strict=False)))
    except csv.Error as fault:
        raise DataError(
            f"{path}, line {table.line_num} is no entry of a table: {fault}. Put cells with line "
            f"breaks or {delimiter!r} in double quotes, and close them. {ACCEPTED}"
        ) from fault

"""An export on disk: a dataset folder that `datasets.load_dataset` opens, and upstream's files.

    README.md                                     the card, written last: it makes the export whole
    environments/train-00000-of-00001.parquet
    scenarios/train-00000-of-00001.parquet
    trajectories/train-00000-of-00001.parquet
    upstream/env_metadata.json, env_scenario.json

The same export gives the same bytes, whatever order its records are given in.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..checks.rendering import render_functions
from ..errors import DataError
from ..records import (
    Certificate,
    Difficulty,
    Environment,
    Inspection,
    Part,
    Provenance,
    Scenario,
    Trajectory,
)
from ..state import Json
from .card import card, data_file
from .export import Export
from .rows import TABLES, Entry, Row, Table, entries, entry_of
from .upstream import CheckRenderer, to_upstream

if TYPE_CHECKING:
    import pyarrow as pa

CARD = "README.md"


def write_export(folder: Path, export: Export, *, render: CheckRenderer = render_functions) -> None:
    """Write an export into a folder, which is made when it is missing.

    An earlier export there is replaced, and other files are left alone. The card is taken away
    first and written last, and each file appears whole or not at all: `read_export` refuses an
    export that was cut short. Nothing is touched before all the content is made.

    Args:
        folder: where to write.
        export: what to write.
        render: gives a scenario's goals, each with the source of its check function.

    Raises:
        DataError: the folder cannot be written, a class cannot be analysed, or a record would not
            come back equal.
    """
    export = export.ordered()
    upstream = to_upstream(export, render)
    files = {data_file(table.name): _parquet(table, export) for table in TABLES}
    files["upstream/env_metadata.json"] = _pretty(upstream.metadata)
    files["upstream/env_scenario.json"] = _pretty(upstream.scenarios)
    files[CARD] = card(export, upstream.left_out).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CARD).unlink(missing_ok=True)
        for name, content in files.items():
            _write(folder / name, content)
    except OSError as fault:
        raise DataError(
            f"The export cannot be written to {folder}: {fault.strerror or fault}. "
            "Choose a folder that can be written and has room."
        ) from fault


def read_export(folder: Path | str) -> Export:
    """The export in a folder, sorted by id, each record equal to the one that was written.

    Raises:
        DataError: there is no whole export, a file is damaged or foreign, or a row was edited.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}; give the folder of a written export.")
    if not (folder / CARD).is_file():
        raise DataError(
            f"{folder} holds no whole export: {CARD}, which is written last, is missing. "
            "Give the folder of a written export, or export again."
        )
    found = [entry for table in TABLES for entry in _entries(folder, table)]
    try:
        return _assembled(found)
    except DataError as fault:
        raise DataError(f"{folder} mixes files of several exports: {fault}") from fault


# ------------------------------------------------------------------ writing


def _parquet(table: Table[Any], export: Export) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [_checked_row(table, entry) for entry in entries(export, table.name)]
    buffer = BytesIO()
    pq.write_table(
        pa.Table.from_pylist(rows, schema=_schema(table)),
        buffer,
        compression="zstd",
        version="2.6",
        write_page_checksum=True,
    )
    return buffer.getvalue()


def _checked_row(table: Table[Any], entry: Entry[Any]) -> Row:
    """The row of a record that will be read back equal to it."""
    row = table.row(entry)
    try:
        if entry_of(table, row).record == entry.record:
            return row
        reason = "it holds values that are not JSON"
    except DataError as fault:
        reason = str(fault)
    raise DataError(
        f"{entry.record.id} cannot be exported: {reason}. Make the record anew, from JSON values "
        "only (no NaN, no tuples); a copy with changed fields keeps the old id."
    )


def _schema(table: Table[Any]) -> pa.Schema:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "long": pa.large_string(),
        "json": pa.large_string(),
        "count": pa.int32(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "flags": pa.list_(pa.bool_()),
    }
    return pa.schema(
        [
            pa.field(name, types[kind.removesuffix("?")], nullable=kind.endswith("?"))
            for name, kind in table.columns.items()
        ]
    )


def _pretty(value: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _write(path: Path, content: bytes) -> None:
    """Put a file in place whole: a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.part")
    with fresh.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


# ------------------------------------------------------------------ reading


def _entries(folder: Path, table: Table[Any]) -> list[Entry[Any]]:
    path = folder / data_file(table.name)
    found, seen = [], set[str]()
    for number, row in enumerate(_rows(path, table), start=1):
        try:
            found.append(entry_of(table, row))
        except DataError as fault:
            raise DataError(
                f"{path}, row {number} ({row['id']}): {fault}. Export again, or drop the row."
            ) from fault
        if row["id"] in seen:
            raise DataError(f"{path}, row {number}: {row['id']} stands there twice. Drop the row.")
        seen.add(row["id"])
    return found


def _rows(path: Path, table: Table[Any]) -> list[dict[str, Any]]:
    """The rows of a parquet file that has exactly the table's columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        content = pq.ParquetFile(path, page_checksum_verification=True).read()
        content.validate(full=True)
    except FileNotFoundError:
        raise DataError(f"{path} is missing from the export; export again.") from None
    except (pa.ArrowException, OSError) as fault:
        reason = str(fault).splitlines()[0]
        raise DataError(f"{path} is damaged or no parquet file: {reason}. Export again.") from fault
    expected = _schema(table)
    if not content.schema.equals(expected):
        raise DataError(
            f"{path} is no table of {table.name}: {_unlike(content.schema, expected)}. "
            "It was written by another tool or version; export again."
        )
    rows: list[dict[str, Any]] = content.to_pylist()
    return rows


def _unlike(found: pa.Schema, expected: pa.Schema) -> str:
    """In which columns two schemas differ."""
    missing = [name for name in expected.names if name not in found.names]
    surplus = [name for name in found.names if name not in expected.names]
    if missing or surplus:
        return f"missing columns {missing}, unknown columns {surplus}"
    pairs = zip(found, expected, strict=True)
    return "; ".join(f"found {a}, expected {b}" for a, b in pairs if not a.equals(b))


def _assembled(found: Iterable[Entry[Any]]) -> Export:
    parts: defaultdict[type[Part], list[Any]] = defaultdict(list)
    for entry in found:
        for part in (entry.record, *entry.said):
            parts[type(part)].append(part)
    return Export(
        environments=tuple(parts[Environment]),
        scenarios=tuple(parts[Scenario]),
        trajectories=tuple(parts[Trajectory]),
        inspections=tuple(parts[Inspection]),
        certificates=tuple(parts[Certificate]),
        difficulties=tuple(parts[Difficulty]),
        provenance=tuple(parts[Provenance]),
    ).ordered()

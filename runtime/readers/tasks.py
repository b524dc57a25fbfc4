"""One door to every source of tasks, and the removal of repeated ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ..bundled import tasks_path
from ..errors import ConfigurationError, DataError
from ..records import SourceTask
from .files import file_rows
from .shapes import ACCEPTED, Row, texts_of

HUB = "hub:"


def read_tasks(
    source: Path | str | None = None, limit: int | None = None
) -> tuple[SourceTask, ...]:
    """The distinct tasks of a source, in its order; the bundled ones when `source` is None.

    A source is the path of a file (.jsonl, .json, .csv, .tsv or .txt), or
    `hub:NAME[@CONFIG]:SPLIT:COLUMN`, a data set of the Hub or a local folder that `datasets` loads.
    All but .json files are read row by row, and with a `limit` (at least 1) reading stops at that
    many tasks, so that faults further down are not met.

    Texts that differ only in case or white space are one task, and the first of them is kept.
    Empty rows are passed over. The origin of a task is `<name>:<row>`, with rows counted from 1:
    lines of a .jsonl or .txt file, entries below the header of a table; the third instruction of a
    toolset is `<name>:<row>.3`.

    Raises:
        ConfigurationError: the limit is below 1, or a `hub:` source is not written as above.
        DataError: the source cannot be read, is no list of tasks, or holds no task at all.
    """
    if limit is not None and limit < 1:
        raise ConfigurationError(f"The limit of tasks is {limit}; give at least 1, or none at all.")
    source = tasks_path() if source is None else source
    tasks = tuple(islice(_distinct(*_opened(source)), limit))
    if not tasks:
        raise DataError(f"{source} holds no task: every row is empty. {ACCEPTED}")
    return tasks


def _opened(source: Path | str) -> tuple[str, str, Iterator[Row]]:
    """What messages call the source, what origins call it, and its rows."""
    if str(source).startswith(HUB):
        from .hub import HubSource

        hub = HubSource.parse(str(source))
        return str(source), hub.title, hub.rows()
    path = Path(source)
    return str(path), path.name, file_rows(path)


def _distinct(where: str, title: str, rows: Iterator[Row]) -> Iterator[SourceTask]:
    seen: set[str] = set()
    for row in rows:
        for part, text in texts_of(where, row):
            key = " ".join(text.casefold().split())
            if key and key not in seen:
                seen.add(key)
                yield SourceTask(text=text.strip(), origin=f"{title}:{row.number}{part}")

"""`envscaler report`: what a run took in, lost and spent."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from ..reporting import Report, Section, Table, as_json, report_of
from ..reporting.sections import sections, stages, summary
from ..reporting.waterfall import Row, waterfall
from .blocks import Cell, console, paragraph, section, table

_BAR = 24
"""Columns of the longest bar."""
_STYLES = {"kept": "green", "lost": "red", "unfinished": "yellow"}


def report(folder: Path, *, html: Path | None, png: Path | None, as_data: bool) -> None:
    """Print the report of a run; write it as a page, its waterfall as a picture.

    Raises:
        ConfigurationError: a file cannot be written, or matplotlib is missing.
        DataError: the folder is an export, or a record is damaged.
        RunError: the run cannot be read.
    """
    told = report_of(folder)
    if html is not None:
        from ..reporting.page import write_page

        write_page(told, html)
    if png is not None:
        from ..reporting.picture import write_waterfall

        write_waterfall(told, png)
    if as_data:
        print(json.dumps(as_json(told), indent=2, ensure_ascii=True))
        return
    console().print(report_view(told))
    written = [str(path) for path in (html, png) if path is not None]
    if written:
        console().print(Group(Text(), paragraph(f"Written: {', '.join(written)}")))


def report_view(told: Report) -> RenderableType:
    """The report for a terminal of 80 columns or more."""
    rows = waterfall(told.flows)
    return Group(
        paragraph(f"{told.folder}: {summary(told)}", "bold"),
        section("From tasks to trajectories", _table(stages(told)), _bars(rows)),
        *map(_section, sections(told)),
    )


def _section(part: Section) -> RenderableType:
    lines = [paragraph(line) for line in part.lines]
    return section(part.title, *lines, *map(_table, part.tables))


def _table(part: Table) -> RenderableType | None:
    return table(part.columns, part.rows, right=part.right, whole=part.whole)


def _bars(rows: tuple[Row, ...]) -> RenderableType | None:
    cells: list[list[Cell]] = [
        [Text(("" if row.kind == "kept" else "  ") + row.label,
              style="bold" if row.kind == "kept" else ""), _bar(row), row.note]
        for row in rows
    ]  # fmt: skip
    return table(("", "of what came in", ""), cells)


def _bar(row: Row) -> Text:
    """At least one column for what is not nothing."""
    start, end = round(row.start * _BAR), round(row.end * _BAR)
    if row.count and start == end:
        start, end = (start, end + 1) if start < _BAR else (start - 1, end)
    return Text(" " * start + "█" * (end - start), style=_STYLES[row.kind])

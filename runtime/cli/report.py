"""`envscaler report`: what a run took in, lost and spent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from ..reporting import Report, Section, Table, as_json, report_of
from ..reporting.sections import sections, stages, summary
from ..reporting.waterfall import Row, short, waterfall
from .blocks import console, paragraph, section, table
from .sources import open_shelf
from .wording import one_line

_BAR = 24
"""Columns of the longest bar."""
_LABEL = 36
"""Most columns of a label."""
_STYLES = {"kept": "green", "lost": "red", "unfinished": "yellow"}


def report(folder: Path, *, html: Path | None, png: Path | None, as_data: bool) -> None:
    """Print the report of a run; write it as a page, its waterfall as a picture.

    Raises:
        ConfigurationError: a file cannot be written, or matplotlib is missing.
        DataError: the folder is an export, or a record is damaged.
        RunError: the run cannot be read.
    """
    from ..reporting.domains import domain_section

    told, shelf = report_of(folder), open_shelf(folder)
    domains = domain_section(shelf.environments, shelf.scenarios, picture=html is not None)
    told = replace(told, sections=(domains,) if shelf.environments else ())
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
        section("From tasks to trajectories", _table(stages(told)), Text(), _bars(rows)),
        *map(section_view, sections(told)),
    )


def section_view(part: Section) -> RenderableType:
    lines = [paragraph(line) for line in part.lines]
    tables = [piece for one in part.tables for piece in (Text(), _table(one))]
    return section(part.title, *lines, *(tables if lines else tables[1:]))


def _table(part: Table) -> RenderableType | None:
    names = {name: one_line(name) for name in part.columns}
    return table(
        list(names.values()),
        part.rows,
        right=[names[name] for name in part.right],
        whole=[names[name] for name in part.whole],
    )


def _bars(rows: tuple[Row, ...]) -> RenderableType:
    grid = RichTable.grid(padding=(0, 2))
    for row in rows:
        label, style = (row.label, "bold") if row.kind == "kept" else (f"  {row.label}", "")
        grid.add_row(Text(short(label, _LABEL), style=style), _bar(row), Text(row.note))
    return grid


def _bar(row: Row) -> Text:
    """At least one column for what is not nothing."""
    start, end = round(row.start * _BAR), round(row.end * _BAR)
    if row.count and start == end:
        start, end = (start, end + 1) if start < _BAR else (start - 1, end)
    return Text(" " * start + "█" * (end - start), style=_STYLES[row.kind])

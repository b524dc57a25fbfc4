"""The report as one HTML file: no script, nothing loaded from elsewhere, every text escaped."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path

from ..cli.wording import clean, one_line
from ..state import Json
from .drawing import draw
from .report import Cell, Report, Section, Table
from .sections import sections, stages, summary
from .waterfall import waterfall
from .writing import write

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #667085; --line: #d9dee6; --ground: #fff;
  --track: #eef1f5; --kept: #2f855a; --lost: #c8553d; --unfinished: #b7892b }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --dim: #98a2b3; --line: #3a424e;
  --ground: #15191f; --track: #262c35; --kept: #48a878; --lost: #e0765f; --unfinished: #d3a94a } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2.2rem }
.dim { color: var(--dim) }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: 0.8rem 0; font-variant-numeric: tabular-nums }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.9rem 0.2rem 0 }
th { font-weight: 600; border-bottom: 1px solid var(--line) }
.right { text-align: right } .whole { white-space: nowrap }
img, .waterfall { display: block; width: 100%; max-width: 760px; height: auto }
.waterfall text { font-size: 13px; fill: var(--ink) }
.waterfall .stage { font-weight: 600 } .waterfall .note { fill: var(--dim) }
.track { fill: var(--track) } .kept { fill: var(--kept) } .lost { fill: var(--lost) }
.unfinished { fill: var(--unfinished) }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_page(report: Report, path: Path) -> None:
    """Write the report as one self-contained page, light or dark as its reader prefers.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    write(path, page(report).encode())


def page(report: Report) -> str:
    """The HTML of the page."""
    title = _text(f"Report of {one_line(Path(report.folder).name)}")
    parts = [
        f"<h1>{title}</h1><p>{_text(summary(report))}</p>",
        _settings(report.settings),
        "<h2>From tasks to trajectories</h2>",
        draw(waterfall(report.flows)),
        _table(stages(report)),
        *map(_section, sections(report)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _settings(settings: dict[str, Json]) -> str:
    words = "; ".join(f"{name}: {one_line(str(value), 200)}" for name, value in settings.items())
    return f'<p class="dim">{_text(words)}</p>'


def _section(section: Section) -> str:
    lines = "".join(f"<p>{_text(line)}</p>" for line in section.lines)
    tables = "".join(map(_table, section.tables))
    return f"<h2>{_text(section.title)}</h2>{lines}{_picture(section)}{tables}"


def _picture(section: Section) -> str:
    if not section.picture:
        return ""
    data = b64encode(section.picture).decode()
    return f'<img alt="{_text(section.title)}" src="data:image/png;base64,{data}">'


def _table(table: Table) -> str:
    kinds = [
        "right whole" if name in table.right else "whole" if name in table.whole else ""
        for name in table.columns
    ]
    head = _row("th", table.columns, kinds)
    rows = "".join(_row("td", row, kinds) for row in table.rows)
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _row(tag: str, cells: tuple[Cell, ...], kinds: list[str]) -> str:
    parts = (
        f'<{tag} class="{kind}">{_text("–" if cell is None else str(cell))}</{tag}>'
        for cell, kind in zip(cells, kinds, strict=True)
    )
    return f"<tr>{''.join(parts)}</tr>"


def _text(text: str) -> str:
    return escape(clean(text))

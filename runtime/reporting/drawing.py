"""The waterfall as an SVG that stands in a page and takes its colours from the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .waterfall import Row, short

_WIDTH, _LABELS, _BARS = 760, 284, 350
_ROW, _BAR, _GAP = 22, 14, 8
"""Heights: of a row, of its bar, and above each stage."""
_BASE = 4.5
"""How far below its middle a line of text stands."""
_LABEL = 38
"""Most characters of a label; what is wider than its column all the same is clipped there."""


def draw(rows: Sequence[Row]) -> str:
    """The element, escaped; its height grows with the rows.

    Its parts have the classes `kept`, `lost`, `unfinished`, `track`, `stage`, `reason` and `note`.
    """
    parts, y = [], 0.0
    for row in rows:
        y += _GAP if row.kind == "kept" else 0
        parts.append(_row(row, y))
        y += _ROW
    return (
        f'<svg class="waterfall" viewBox="0 0 {_WIDTH} {y:g}" role="img" '
        'aria-label="What came into each stage, fell out and went on; the table has the numbers">'
        f"{''.join(parts)}</svg>"
    )


def _row(row: Row, y: float) -> str:
    first = row.kind == "kept"
    middle = y + _ROW / 2
    track = _rectangle("track", 0.0, 1.0, middle) if first else ""
    # An SVG inside an SVG clips what it holds.
    return (
        f"<g><title>{escape(row.label)}: {escape(row.note)}</title>"
        f'<svg y="{y:g}" width="{_LABELS - 10}" height="{_ROW}">'
        f'<text class="{"stage" if first else "reason"}" x="{0 if first else 14}" '
        f'y="{_ROW / 2 + _BASE:g}">{escape(short(row.label, _LABEL))}</text></svg>'
        f"{track}{_rectangle(row.kind, row.start, row.end, middle)}"
        f'<text class="note" x="{_LABELS + _BARS + 8}" y="{middle + _BASE:g}">'
        f"{escape(row.note)}</text></g>"
    )


def _rectangle(kind: str, start: float, end: float, middle: float) -> str:
    return (
        f'<rect class="{kind}" x="{_LABELS + start * _BARS:.2f}" y="{middle - _BAR / 2:g}" '
        f'width="{(end - start) * _BARS:.2f}" height="{_BAR}"/>'
    )

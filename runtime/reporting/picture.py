"""The waterfall as a PNG, drawn by matplotlib."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..cli.wording import one_line
from ..errors import ConfigurationError
from .report import Report
from .sections import summary
from .waterfall import Row, short, waterfall
from .writing import write

_COLOURS = {"kept": "#2f855a", "lost": "#c8553d", "unfinished": "#b7892b"}
_TRACK = "#e8ecf1"
_LABEL = 52
"""Most characters of a label."""
_ROW, _FRAME = 0.3, 0.9
"""Inches for a row, and for title and margins."""


def write_waterfall(report: Report, path: Path) -> None:
    """Draw the waterfall of a run into a PNG file, 1500 pixels wide and as high as it needs.

    Raises:
        ConfigurationError: matplotlib is not installed, or the file cannot be written.
    """
    write(path, picture(report))


def picture(report: Report) -> bytes:
    """The PNG.

    Raises:
        ConfigurationError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigurationError(
            "a picture of the waterfall needs matplotlib, which is not installed: "
            "pip install 'envscaler[report]' (the page of --html does without)"
        ) from error
    rows = waterfall(report.flows)
    places = _places(rows)
    figure = Figure(figsize=(10, _FRAME + _ROW * (places[-1] + 1)), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    _bars(axes, rows, places)
    _labels(axes, rows, places)
    title = f"{short(one_line(Path(report.folder).name), 40)}: {summary(report)}"
    figure.suptitle(title, fontsize=11, parse_math=False)
    return _rendered(figure)


def _places(rows: Sequence[Row]) -> list[float]:
    """How far down each row stands; a stage keeps a distance to the one above."""
    places: list[float] = []
    for row in rows:
        step = 1.4 if row.kind == "kept" else 1.0
        places.append(places[-1] + step if places else 0.0)
    return places


def _bars(axes: Any, rows: Sequence[Row], places: Sequence[float]) -> None:
    for row, place in zip(rows, places, strict=True):
        if row.kind == "kept":
            axes.barh(place, 1.0, height=0.66, color=_TRACK)
        axes.barh(place, row.end - row.start, left=row.start, height=0.66, color=_COLOURS[row.kind])
        axes.text(1.015, place, row.note, va="center_baseline", fontsize=9, parse_math=False)
    axes.set_xlim(0, 1.14)
    axes.set_ylim(places[-1] + 0.7, -0.7)


def _labels(axes: Any, rows: Sequence[Row], places: Sequence[float]) -> None:
    axes.set_yticks(places, [short(row.label, _LABEL) for row in rows], fontsize=9)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        # A dollar sign of a model's text must not begin a formula.
        label.set_parse_math(False)
        label.set_fontweight("bold" if row.kind == "kept" else "normal")
    axes.tick_params(length=0)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)


def _rendered(figure: Any) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # A character that the font lacks is drawn as a box; a user can do nothing about it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="png")
    return buffer.getvalue()

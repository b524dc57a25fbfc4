"""The domains of a run: what its environments consist of, and how different they are."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..diversity import (
    COLUMNS,
    TOTAL_COLUMNS,
    VIEWS,
    NearDouble,
    Overview,
    Similarities,
    near_doubles,
    overview,
    overview_table,
    plot_overview,
    similarities,
    totals_table,
)
from ..records import Environment, Scenario
from .report import Section, Table

_HALVES = (slice(1, 7), slice(7, 13))
"""Columns of the overview that stand side by side; all of them are wider than a terminal."""


def domain_section(
    environments: Sequence[Environment], scenarios: Sequence[Scenario], *, picture: bool = False
) -> Section:
    """Counts for each environment and over all, diversity, and pairs that are too much alike.

    With a `picture` the plot is drawn too, if matplotlib is there. Empty without environments.
    """
    if not environments:
        return Section("Domains")
    counted, compared = overview(environments, scenarios), similarities(environments)
    drawn = picture and importlib.util.find_spec("matplotlib") is not None
    return Section(
        "Domains",
        tuple(map(_double, near_doubles(environments))),
        (_totals(counted), *_each(counted), _diversity(compared)),
        plotted(counted, compared) if drawn else b"",
    )


def plotted(counted: Overview, compared: Similarities) -> bytes:
    """The plot of the overview as a PNG.

    Raises:
        ConfigurationError: matplotlib is missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "domains.png"
        plot_overview(counted, compared, path)
        return path.read_bytes()


def _double(found: NearDouble) -> str:
    alike = found.words if found.by == "words" else found.shape
    how = "in words" if found.by == "words" else "in shape, under other names"
    return f"too much alike: {found.names[0]} and {found.names[1]}, {alike:.0%} {how}"


def _totals(counted: Overview) -> Table:
    rows = tuple(tuple(row) for row in totals_table(counted))
    return Table(TOTAL_COLUMNS, rows, right=TOTAL_COLUMNS[1:])


def _each(counted: Overview) -> list[Table]:
    rows, columns = overview_table(counted), tuple[str, ...](COLUMNS)
    return [
        Table(
            (columns[0], *columns[half]),
            tuple((row[0], *row[half]) for row in rows),
            right=columns[half],
        )
        for half in _HALVES
    ]


def _diversity(compared: Similarities) -> Table:
    found = [compared.diversity(view) for view in VIEWS]
    rows = tuple(
        (one.view, one.environments, f"{one.mean_distance:.2f}", f"{one.vendi or 0:.1f}")
        for one in found
        if one.mean_distance is not None
    )
    columns = ("compared by", "environments", "mean distance", "Vendi score")
    return Table(columns, rows, right=columns[1:])

"""`envscaler bench synthesis`: how near a run comes to what its model calls alone would take."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from ..errors import EnvscalerError
from ..state import Json
from .bench import chosen, write
from .blocks import Cell, console, table, verdict
from .wording import clean, one_line

if TYPE_CHECKING:
    from ..benchmarks.readings import Reading
    from ..benchmarks.synthesis.rows import Row, Size

_COST = "cost"
_COLUMNS = ("synthesis", "result", "target", "held")
_TIMES = {True: 20, False: 300}
"""How often each part of a call is made, for quick runs and others."""


def run(only: str | None, file: Path | None, *, quick: bool) -> None:
    """Measure, print the table, and write the JSON document if there is a file for it.

    Raises:
        ConfigurationError: a row has no such name, or the file cannot be written.
        EnvscalerError: a row could not be measured; the others have been printed.
    """
    from ..benchmarks.synthesis.rows import FULL, QUICK, ROWS

    names = [*ROWS, _COST] if only is None else chosen(only, [*ROWS, _COST], "row")
    if file is not None:
        write(file, "")  # better to fail now than after minutes
    readings: list[Reading] = []
    for name in names:
        console(stderr=True).print(f"measuring {name}")
        readings += _measured(name, ROWS.get(name), QUICK if quick else FULL, quick)
    console().print(table(_COLUMNS, list(_rows(readings)), right=_COLUMNS[1:3]))
    if file is not None:
        write(file, json.dumps([_told(reading) for reading in readings], indent=2) + "\n")
    if failed := [reading for reading in readings if reading.failure]:
        told = (f"{one.row}: {one_line(clean(one.failure))}" for one in failed)
        raise EnvscalerError(f"these rows could not be measured: {'; '.join(told)}")


def _measured(name: str, row: Row | None, size: Size, quick: bool) -> list[Reading]:
    """The readings of a row; one that fails costs no other."""
    from ..benchmarks.readings import Reading
    from .synthesis_costs import costs
    from .synthesis_run import run as job

    try:
        if row is None:
            return list(costs(_TIMES[quick]))
        with tempfile.TemporaryDirectory() as folder:
            return list(row(size, job, Path(folder)))
    except Exception as error:  # whatever it is, it is told
        return [Reading(name, "", failure=f"{type(error).__name__}: {error}")]


def _rows(readings: Sequence[Reading]) -> Iterator[tuple[Cell, ...]]:
    """The name of each row, and its figures below."""
    for name in dict.fromkeys(reading.row for reading in readings):
        yield (Text(name, "bold"), "", "", Text())
        for one in readings:
            if one.row == name and one.value is not None:
                target = f"{one.target} {one.unit}".strip() if one.target else None
                figure = f"{one.value:,.3g} {one.unit}".strip()
                yield (Text(f" {one.case}"), figure, target, verdict(one.held))


def _told(reading: Reading) -> Json:
    target = reading.target
    bound = target and {"at_least" if target.at_least else "at_most": target.limit}
    return {**asdict(reading), "target": bound, "held": reading.held}

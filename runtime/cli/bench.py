"""`envscaler bench`: what sealed execution costs here, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from ..errors import ConfigurationError, EnvscalerError
from ..state import Json
from . import options
from .blocks import console, indented, verdict
from .exits import EPILOG
from .wording import clean, one_line

if TYPE_CHECKING:
    from ..benchmarks import Reading

app = typer.Typer(
    help="Measure what sealed execution costs here, and what inspections find.",
    no_args_is_help=True,
)
_Quick = Annotated[
    bool, typer.Option("--quick", help="A small run of seconds: it works, its figures mean little.")
]
_Only = Annotated[
    str | None, typer.Option("--only", metavar="ROWS", help="Only these, such as reset,snapshot.")
]
_Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write all figures there as JSON too.")
]


@app.callback()
def _bench() -> None:
    pass


@app.command(epilog=EPILOG)
def runtime(quick: _Quick = False, only: _Only = None, as_json: _Json = None) -> None:
    """Compare sealed execution with plain calls in process, side by side, as ratios.

    Each line tells its target and whether it held this time. A missed target is no error.
    """
    run(only, as_json, quick=quick)


@app.command(epilog=EPILOG)
def soak(
    instances: Annotated[int, typer.Option(min=10, help="How many live at any time.")] = 10_000,
    calls: Annotated[int, typer.Option(min=1, help="How many are made.")] = 1_000_000,
    kills: Annotated[int, typer.Option(min=0, help="How often a worker is killed.")] = 100,
    seed: Annotated[int, typer.Option(help="Decides all but the moments of the kills.")] = 0,
    as_json: _Json = None,
) -> None:
    """Make very many calls while workers are killed, and compare everything with plain objects.

    The exit code is 6 if anything is lost or leaks.
    """
    from .soak import run

    run(instances, calls, kills, seed, as_json)


@app.command(epilog=EPILOG)
def inspection(
    folder: options.Run,
    per_kind: Annotated[
        int, typer.Option("--per-kind", min=1, help="Defects of each kind for each class.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="Decides which defects are planted.")] = 0,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", metavar="KINDS", help='Only these, such as "lost update,half-write".'
        ),
    ] = None,
    model: options.Judge = None,
    api_base: options.ApiBase = None,
    timeout: options.Timeout = 600.0,
    retries: options.Retries = 3,
    concurrency: options.Concurrency = 8,
    record: options.Record = None,
    recording: options.Recordings = None,
    as_json: _Json = None,
) -> None:
    """Plant defects into a run's classes, and see which of them the inspection finds.

    The inspection sees plan, source, state and test calls, as in a run. Defects that change nothing
    that shows are left out. A missed defect is no error. With a model, a judge is asked about the
    defects that execution did not find, and about the good classes.
    """
    from ..models.settings import ModelSettings
    from .defects import run

    judge = model and ModelSettings(
        model=model, api_base=api_base, timeout=timeout, retries=retries, concurrency=concurrency,
        record=record, recordings=tuple(recording or ()),
    )  # fmt: skip
    run(folder, per_kind, seed, only, as_json, judge or None)


@app.command(epilog=EPILOG)
def synthesis(quick: _Quick = False, only: _Only = None, as_json: _Json = None) -> None:
    """Run the synthesis with a simulated model, and compare its pace with what is possible.

    A thousand tasks with 256 requests in flight, a fifth of the answers bad; killed and taken up
    again, with a budget, over HTTP. A missed target is no error.
    """
    from .synthesis_bench import run

    run(only, as_json, quick=quick)


_FIGURES = ("plain", "sealed", "result", "target", "held")


def run(only: str | None, file: Path | None, *, quick: bool) -> None:
    """Measure, print the table, and write the JSON document if there is a file for it.

    Raises:
        ConfigurationError: a row has no such name, or the file cannot be written.
        SandboxError: nothing can be run sealed here.
        EnvscalerError: a row could not be measured; the others have been printed.
    """
    from ..benchmarks import FULL, QUICK, ROWS, measure

    rows = ROWS if only is None else {name: ROWS[name] for name in chosen(only, ROWS, "row")}
    if file is not None:
        write(file, "")  # better to fail now than after minutes
    start = time.monotonic()
    readings = measure(QUICK if quick else FULL, rows, _announce)
    seconds = time.monotonic() - start
    _print(readings, quick, seconds)
    if file is not None:
        write(file, json.dumps(_document(readings, quick, seconds), indent=2) + "\n")
    failed = sorted({reading.row for reading in readings if reading.failure})
    if failed:
        raise EnvscalerError(f"these rows could not be measured: {', '.join(failed)}")


def chosen(only: str, known: Iterable[str], what: str) -> list[str]:
    """The names in a comma-separated text; raises ConfigurationError for one that is not known."""
    names = [name.strip() for name in only.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(
            f"there is no {what} {unknown[0]!r}; there are: {', '.join(known)}"
        )
    return names


def _announce(name: str) -> None:
    """Says on a terminal what goes on; nothing that moves, it would be measured too."""
    screen = console(stderr=True)
    if screen.is_terminal:
        screen.print(f"measuring {name}")


def write(file: Path, content: str) -> None:
    """Raises ConfigurationError where the file cannot be written."""
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written ({error.strerror}); give --json a file in a folder that is "
            "there"
        ) from error


def _print(readings: Sequence[Reading], quick: bool, seconds: float) -> None:
    screen = console()
    taken = [reading for reading in readings if not reading.failure]
    if taken:
        screen.print(_table(taken))
    for reading in readings:
        if reading.failure:
            told = f"{reading.row} could not be measured: {one_line(clean(reading.failure))}"
            screen.print(Text(told, "red"), soft_wrap=True)
    held = [reading.held for reading in readings if reading.held is not None]
    small = "; a quick run, too small to judge by" if quick else ""
    screen.print(
        f"{sum(held)} of {len(held)} targets held; {_machine()}; {seconds:.0f} s{small}",
        soft_wrap=True,
    )


def _table(readings: Sequence[Reading]) -> Table:
    """The name of each row, and its figures below."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    made.add_column()
    for name in _FIGURES:
        made.add_column(name, justify="right", no_wrap=True)
    for name in dict.fromkeys(reading.row for reading in readings):
        made.add_row(Text(name, "bold"))
        for reading in readings:
            if reading.row == name:
                made.add_row(indented(Text(reading.case), by=1), *_cells(reading))
    return made


def _cells(reading: Reading) -> list[Text]:
    target = f"{reading.target} {reading.unit}" if reading.target else "–"
    return [
        Text(_figure(reading.plain, reading.measure)),
        Text(_figure(reading.sealed, reading.measure)),
        Text(_figure(reading.value, reading.unit)),
        Text(target),
        verdict(reading.held),
    ]


def _figure(value: float | None, unit: str) -> str:
    """Three digits that count, with their unit."""
    if value is None:
        return "–"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()}"
    )


def _document(readings: Sequence[Reading], quick: bool, seconds: float) -> Json:
    return {
        "machine": _machine(),
        "quick": quick,
        "seconds": round(seconds, 1),
        "readings": [_told(reading) for reading in readings],
    }


def _told(reading: Reading) -> Json:
    target = reading.target
    bound = target and {"at_least" if target.at_least else "at_most": target.limit}
    return {**asdict(reading), "target": bound, "held": reading.held}

"""`envscaler decontaminate`: what stands too near to a benchmark, for people or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from ..errors import DataError, EnvscalerError
from ..readers import read_tasks
from .blocks import Cell, console, table
from .sources import open_shelf, read_record
from .wording import counted

if TYPE_CHECKING:
    from ..decontamination import Line, Report
    from ..decontamination.decontaminator import Judged


def run(source: Path | None, *, signatures: Path | None = None, quiet: bool, as_json: bool) -> None:
    """Compare a file of tasks, a run or an export with the benchmarks, and print the nearest items.

    Args:
        source: The file or folder; the bundled tasks when None.
        signatures: A file that `envscaler.runtime.decontamination.build` made; else the shipped.
        quiet: Print only what is too near.
        as_json: Print the whole report as one JSON document.

    Raises:
        EnvscalerError: something is too near to a benchmark.
        DataError: the source cannot be read or holds nothing.
        RunError: the run cannot be read.
    """
    from ..decontamination import Decontaminator, Report

    report = Report.of(Decontaminator.load(signatures), records_of(source))
    if as_json:
        print(json.dumps(report.document(), indent=2))
    else:
        _print(report, quiet)
    if report.over:
        raise EnvscalerError(
            f"{len(report.over)} of {len(report.lines)} records of {source or 'the bundled tasks'} "
            f"overlap with {', '.join(report.benchmarks)} beyond the limit; leave them out"
        )


def records_of(source: Path | None) -> list[Judged]:
    """The tasks of a file, or what a run or an export holds of all that can be compared.

    Raises:
        DataError: the source cannot be read or holds nothing.
        RunError: the run cannot be read.
    """
    if source is None or not source.is_dir():
        return list(read_tasks(source))
    shelf = open_shelf(source)
    records = [*_stored(source), *shelf.environments, *shelf.scenarios]
    if not records:
        raise DataError(f"{source} holds no records: there is nothing to compare")
    return records


def _stored(folder: Path) -> list[Judged]:
    """What only the store of a run has."""
    from ..records import EnvironmentIdea, SourceTask
    from ..run_folder import DATABASE
    from ..store import RunStore

    if not (folder / DATABASE).is_file():
        return []
    with RunStore.read(folder) as store:
        tasks = [read_record(folder, part, SourceTask) for part in store.records("task")]
        ideas = [read_record(folder, part, EnvironmentIdea) for part in store.records("idea")]
    return [*tasks, *ideas]


def _print(report: Report, quiet: bool) -> None:
    screen = console()
    lines = [*report.over, *(line for line in report.lines if line.overlaps and not line.over)]
    made = table(
        ("", "kind", "what", "nearest", "shared", "limit"),
        [_row(line) for line in (report.over if quiet else lines)],
        right=("limit",),
        whole=("", "kind", "shared"),
    )
    if made:
        screen.print(made)
    if not quiet:
        screen.print(Text(_totals(report)), soft_wrap=True)


def _row(line: Line) -> tuple[Cell, ...]:
    worst = line.overlaps[0]
    mark = Text("OVER", "bold red") if worst.over else Text("ok", "green")
    where = f"{worst.benchmark} {worst.item}"
    shared = f"{worst.value:.0%} {worst.kind}"
    return mark, line.kind, line.label, where, shared, f"{worst.limit:.0%}"


def _totals(report: Report) -> str:
    lone = sum(not line.overlaps for line in report.lines)
    return (
        f"{counted(len(report.lines), 'record')} compared with {', '.join(report.benchmarks)}: "
        f"{len(report.over)} over the limit, {lone} share nothing"
    )

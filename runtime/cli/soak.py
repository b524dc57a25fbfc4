"""`envscaler bench soak`: whether anything is lost or leaks when very much goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from ..errors import SandboxError
from .bench import write
from .blocks import Cell, console, table, verdict
from .wording import clean, one_line

if TYPE_CHECKING:
    from ..benchmarks.soak_report import Report

_MIB = 1 << 20


def run(instances: int, calls: int, kills: int, seed: int, file: Path | None) -> None:
    """Soak, print what came of it, and write the JSON document if there is a file for it.

    Raises:
        ConfigurationError: the file cannot be written.
        SandboxError: something was lost or leaked, or nothing can be run sealed here.
    """
    from ..benchmarks.soak import soak

    if file is not None:
        write(file, "")  # better to fail now than after minutes
    report = soak(instances, calls, kills, seed, _announce)
    if file is not None:
        write(file, json.dumps({"seed": seed, **report.document()}, indent=2) + "\n")
    screen = console()
    screen.print(table(("soak", "figure", "held"), _rows(report), right=("figure",)))
    if report.fault:
        screen.print(Text(one_line(clean(report.fault)), "red"), soft_wrap=True)
    if not report.holds:
        raise SandboxError("the soak did not hold: something was lost or leaked, see its table")


def _announce(report: Report) -> None:
    """One line on a terminal for each reading."""
    screen = console(stderr=True)
    if screen.is_terminal:
        reading = report.readings[-1]
        screen.print(
            f"{reading.calls:,} calls, {report.events['killed']} kills; host "
            f"{reading.host // _MIB:,} MiB, workers {reading.workers // _MIB:,} MiB, "
            f"{reading.processes} processes, {reading.descriptors} descriptors"
        )


def _rows(report: Report) -> list[tuple[Cell, ...]]:
    """What was done, and below it what was found."""
    failed = report.calls - report.statuses["ok"]
    done = {
        "live instances": report.instances,
        "calls, each compared": report.calls,
        "of these failed as they should": failed,
        "hashes compared": report.hashes,
        **{f"instances {name}": count for name, count in _happened(report).items()},
        "workers killed": report.events["killed"],
        "calls a second, models and comparing included": report.rate,
    }
    rows: list[tuple[Cell, ...]] = [(name, f"{count:,.0f}", None) for name, count in done.items()]
    rows.append(("nothing lost", None, verdict(not report.fault)))
    for name in ("host", "workers"):
        warm, end = (size / _MIB for size in report.memory(name))
        figure = f"{warm:,.0f} → {end:,.0f} MiB"
        rows.append((f"memory of the {name}, half-way → end", figure, verdict(report.flat(name))))
    for name in ("processes", "descriptors"):
        figure = f"{report.most(name)} → {report.left[name]}"
        rows.append((f"{name}, at most → left behind", figure, verdict(report.steady(name))))
    return rows


def _happened(report: Report) -> dict[str, int]:
    return {name: count for name, count in report.events.items() if name != "killed"}

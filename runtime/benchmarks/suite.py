"""All rows by name, and their run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..sandbox import Pool
from .calling import batched, overhead, single
from .certifying import certificate
from .keeping import check, reset, snapshot
from .measuring import collecting_as_workers
from .memory import memory
from .readings import Reading
from .scale import Scale
from .starting import cold_start, spawn
from .stopping import hard_stop, soft_stop
from .upstream import upstream
from .workloads import text

Row = Callable[[Scale], Iterator[Reading]]

ROWS: Mapping[str, Row] = {
    "batched": batched,
    "single": single,
    "overhead": overhead,
    "reset": reset,
    "snapshot": snapshot,
    "check": check,
    "certificate": certificate,
    "memory": memory,
    "cold-start": cold_start,
    "spawn": spawn,
    "soft-stop": soft_stop,
    "hard-stop": hard_stop,
    "upstream": upstream,
}


def measure(
    scale: Scale,
    rows: Mapping[str, Row] = ROWS,
    on_row: Callable[[str], None] = lambda name: None,
) -> list[Reading]:
    """The readings of the rows, one after the other.

    A row that fails is a reading with its reason, and the others go on.

    Args:
        scale: how much to measure.
        rows: what to measure, by name.
        on_row: called with the name of each row before it starts.

    Raises:
        SandboxError: nothing can be run sealed here.
    """
    with Pool() as pool:
        pool.open(text("shop"))
    readings: list[Reading] = []
    for name, row in rows.items():
        on_row(name)
        try:
            with collecting_as_workers():
                for reading in row(scale):
                    readings.append(reading)
        except Exception as error:  # whatever it is, it is told, and costs no other row
            readings.append(Reading(name, "", failure=f"{type(error).__name__}: {error}"))
    return readings

"""`envscaler bench inspection`: which planted defects the inspection of classes finds."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from .bench import chosen, write
from .blocks import Cell, bullets, console, section, table
from .sources import Shelf, open_shelf
from .wording import counted, one_line

if TYPE_CHECKING:
    from ...programs.reviewing import Subject
    from ..benchmarks.defects import Examined, Specimen, Table
    from ..models import ModelSettings
    from ..sandbox import Pool

_SHOWN = 40
"""Defects that were missed and findings in good classes that are printed."""


def run(
    folder: Path,
    per_kind: int,
    seed: int,
    only: str | None,
    file: Path | None,
    judge: ModelSettings | None = None,
) -> None:
    """Measure, print the table, and write the JSON document if there is a file for it.

    With a judge, the defects that were missed and the good classes are shown to it too.

    Raises:
        ModelError: the judge did not answer.
        ConfigurationError: a kind has no such name, or the file cannot be written.
        DataError: the folder holds no environment together with its inspection.
        SandboxError: nothing can be run sealed here.
    """
    from ..benchmarks.defects import KINDS, measure
    from ..sandbox import Pool

    kinds = KINDS if only is None else {n: KINDS[n] for n in chosen(only, KINDS, "kind")}
    specimens = _specimens(open_shelf(folder))
    if file is not None:
        write(file, "")  # better to fail now than after minutes
    start = time.monotonic()
    with Pool() as pool:
        made = measure(pool, specimens, per_kind, seed, kinds=kinds, on_examined=_announce)
        found = _total("by execution", made, len(specimens))
        if judge is not None:
            made = _judged(pool, made, specimens, judge)
            found += "\n" + _total("with the judge", made, len(specimens))
    if file is not None:
        write(file, json.dumps({"seed": seed, **made.document()}, indent=2) + "\n")
    _print(made, found, time.monotonic() - start)


def _judged(pool: Pool, made: Table, specimens: Sequence[Specimen], judge: ModelSettings) -> Table:
    """The table with what a judge finds in the missed defects and in the good classes."""
    from ...programs.reviewing import review

    homes = {one.plan.class_name: one for one in specimens}
    shown = [subject_of(homes[one.class_name], one.defect.source) for one in made.missed]
    good = [subject_of(one, one.source) for one in specimens]
    said = review(pool, [*shown, *good], judge)
    return made.judged(said[: len(shown)], dict(zip(homes, said[len(shown) :], strict=True)))


def subject_of(one: Specimen, source: str) -> Subject:
    """A version of a class as a judge is shown it."""
    from ...programs.reviewing import Subject
    from ..inspection import planned_environment

    environment = planned_environment(one.plan).model_copy(update={"source": source})
    return Subject(environment, one.state, one.calls)


def _specimens(shelf: Shelf) -> list[Specimen]:
    from ..benchmarks.defects import Specimen

    found = []
    for environment in shelf.environments:
        inspection = shelf.inspections.get(environment.id)
        if inspection is not None and inspection.state:
            plan, source = environment.plan, environment.source
            found.append(Specimen(plan, source, inspection.state, inspection.calls))
    if not found:
        raise DataError(
            f"{shelf.folder} holds no environment with the state it was inspected in; give the "
            "folder of a run that `envscaler synthesize` made"
        )
    return found


def _announce(one: Examined) -> None:
    """One line on a terminal for each defect."""
    screen = console(stderr=True)
    if screen.is_terminal:
        found = ", ".join(one.gates) or "not found"
        screen.print(f"{one.class_name}: {one.defect.kind}: {found}")


def _total(how: str, made: Table, classes: int) -> str:
    found = len(made.examined) - len(made.missed)
    wrong = sum(map(len, made.alarms.values()))
    return (
        f"{how}: {found} of {counted(len(made.examined), 'defect')} found ({made.rate:.0%}); "
        f"{counted(wrong, 'false alarm')} in {counted(classes, 'good class', 'good classes')}"
    )


def _print(made: Table, total: str, seconds: float) -> None:
    screen = console()
    screen.print(
        table(("defect", "planted", "found", "gates"), _rows(made), right=("planted", "found"))
    )
    missed = [
        (
            one.class_name,
            f"{one.defect.kind}: {one.defect.where}: {one_line(one.defect.description)}",
        )
        for one in made.missed[:_SHOWN]
    ]
    alarms = [(name, str(f)) for name, found in made.alarms.items() for f in found][:_SHOWN]
    screen.print(section("Missed", bullets(missed)))
    screen.print(section("Found in good classes", bullets(alarms)))
    screen.print(
        f"{total}\n{sum(made.unseen.values())} more changed nothing that shows; {seconds:.0f} s",
        soft_wrap=True,
    )


def _rows(made: Table) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for kind in made.kinds:
        planted, found, gates = made.row(kind)
        told = ", ".join(f"{gate} {count}" for gate, count in gates.most_common())
        rows.append((kind, planted, found, told or None))
    return rows

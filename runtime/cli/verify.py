"""`envscaler verify`: the verdicts on an export, for people or as JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ..checks import GRADER
from ..errors import EnvscalerError
from ..state import Json
from ..verification import Verdict, is_foreign, verify_export, verify_foreign
from .blocks import console
from .sources import export_folder
from .wording import clean, counted, one_line

_PLURALS = {"trajectory": "trajectories", "upstream": "upstream"}


def run(folder: Path, *, unsafe: bool, quiet: bool, as_json: bool) -> None:
    """Verify an export, or upstream's own files, and print the verdicts.

    Raises:
        EnvscalerError: something does not hold, or there is nothing to verify.
        DataError: the export cannot be read.
        SandboxError: the sealed execution itself failed.
    """
    foreign = is_foreign(folder)
    export, verify = (folder, verify_foreign) if foreign else (export_folder(folder), verify_export)
    grader = "upstream" if foreign else GRADER
    with _watching(quiet) as (on_start, on_verdict):
        verdicts = verify(export, unsafe=unsafe, on_start=on_start, on_verdict=on_verdict)
    failed = [verdict for verdict in verdicts if not verdict.holds]
    if as_json:
        print(json.dumps(_document(export, grader, verdicts), indent=2))
    else:
        totals = None if quiet else _totals(grader, verdicts)
        _print(console(), failed if quiet else verdicts, totals)
    if not verdicts:
        raise EnvscalerError(f"{export} holds no records: there is nothing to verify")
    if failed:
        raise EnvscalerError(f"{len(failed)} of {len(verdicts)} items of {export} do not hold")


Callbacks = tuple[Callable[[int], None], Callable[[Verdict], None]]


@contextmanager
def _watching(quiet: bool) -> Iterator[Callbacks]:
    """A progress bar on stderr, where that is a terminal."""
    screen = console(stderr=True)
    columns = (
        TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[failed]} failed"),
    )  # fmt: skip
    shown = screen.is_terminal and not quiet
    with Progress(*columns, console=screen, transient=True, disable=not shown,
                  redirect_stdout=sys.stdout.isatty()) as bar:  # fmt: skip
        task = bar.add_task("", total=None, failed=0)
        failed = 0

        def count(verdict: Verdict) -> None:
            nonlocal failed
            failed += not verdict.holds
            bar.update(task, advance=1, failed=failed)

        yield (lambda total: bar.update(task, total=total)), count


def _print(screen: Console, verdicts: list[Verdict], totals: str | None) -> None:
    """One line an item, and one for each thing that does not hold."""
    for verdict in verdicts:
        mark = Text("ok  ", "green") if verdict.holds else Text("FAIL", "bold red")
        told = "; ".join([one_line(verdict.what, 60), *verdict.notes])
        line = Text.assemble(
            mark, f" {verdict.kind:<11} ", (verdict.id, "bold"), f"  {clean(told)}"
        )
        screen.print(line, soft_wrap=True)
        for failure in verdict.failures:
            screen.print(Text(f"     {one_line(failure)}", "red"), soft_wrap=True)
    if totals:
        screen.print(Text(totals), soft_wrap=True)


def _totals(grader: str, verdicts: list[Verdict]) -> str:
    counts = Counter(verdict.kind for verdict in verdicts)
    parts = [counted(n, kind, _PLURALS.get(kind, "")) for kind, n in counts.items()]
    failed = sum(not verdict.holds for verdict in verdicts)
    return f"{', '.join(parts) or 'nothing'} verified by grader {grader}: {failed} failed"


def _document(folder: Path, grader: str, verdicts: list[Verdict]) -> Json:
    return {
        "folder": str(folder),
        "grader": grader,
        "holds": bool(verdicts) and all(verdict.holds for verdict in verdicts),
        "verdicts": [{**verdict._asdict(), "holds": verdict.holds} for verdict in verdicts],
    }

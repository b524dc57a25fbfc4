"""What a user sees of a run while it goes on: live counts on a terminal, sparse lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..errors import RunError
from ..journal import STAGES, Settled, Stage
from ..models import Event, Ledger, Sums
from ..run_folder import DATABASE
from ..store import RunStore
from .blocks import console
from .tally import STATUSES, Tally
from .wording import duration, money, one_line, thousands

_LINE_SECONDS = 15.0
"""Least time between two lines of counts."""
_METER_SHARE = 20
"""The ledger is read again after so many times as long as reading it took."""
_NAMES = {"class": "environments", "trajectory": "trajectories"}


def _name(stage: Stage) -> str:
    """What a stage makes, in the plural."""
    return _NAMES.get(stage, f"{stage}s")


class Callbacks(NamedTuple):
    """Whom a run tells what happens in it."""

    settled: Callable[[Settled], None]
    event: Callable[[Event], None]


@contextmanager
def watching(tally: Tally, folder: Path, *, quiet: bool) -> Iterator[Callbacks]:
    """Show a run on stderr while it goes on; `quiet` only counts."""
    screen = console(stderr=True)
    if quiet:
        yield Callbacks(tally.add, lambda event: None)
    elif screen.is_terminal:
        board = Board(tally, Meter(folder))
        with Live(console=screen, get_renderable=board.render, transient=True):
            yield Callbacks(tally.add, board.event)
    else:
        lines = Lines(tally, Meter(folder), screen)
        yield Callbacks(lines.settled, lines.event)
        lines.counts()


class Meter:
    """Model calls and their cost so far, read from the store that the run writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._due = 0.0
        self._sums = Sums()

    def sums(self) -> Sums:
        """The sums of the ledger, a moment old at most."""
        began = time.monotonic()
        if began >= self._due and (self._folder / DATABASE).is_file():
            try:
                with RunStore.read(self._folder) as store:
                    self._sums = Ledger(store).total
            except RunError:
                self._sums = Sums()  # a store that is just being made has no tables yet
            ended = time.monotonic()
            self._due = ended + max(0.5, _METER_SHARE * (ended - began))
        return self._sums

    def words(self) -> str:
        sums = self.sums()
        tokens = thousands(sums.prompt_tokens + sums.completion_tokens)
        failed = f", {sums.failed} failed" if sums.failed else ""
        return (
            f"{sums.asked} asked, {sums.replayed + sums.shared} replayed{failed}; {tokens} tokens; "
            f"{money(sums.cost_usd, sums.asked, sums.unpriced)}"
        )


class Board:
    """The live display: one line a stage, and what the model calls take."""

    def __init__(self, tally: Tally, meter: Meter) -> None:
        self._tally, self._meter = tally, meter
        self._began = time.monotonic()
        self._last = ""

    def event(self, event: Event) -> None:
        step = f"{event.step}: " if event.step else ""
        self._last = one_line(f"{event.kind}: {step}{event.message}", 200)

    def render(self) -> RenderableType:
        grid = Table.grid(padding=(0, 2))
        grid.add_column()
        for _ in STATUSES:
            grid.add_column(justify="right")
        grid.add_row("", *(Text(word, "dim") for word in ("kept", "dropped", "unfinished")))
        for stage in STAGES:
            counts = [self._tally.count(stage, status) for status in STATUSES]
            cells = [Text(str(n), style) for n, style in zip(counts, _STYLES, strict=True)]
            name = f"tasks of {self._tally.tasks}" if stage == "task" else _name(stage)
            grid.add_row(name, *cells)
        parts: list[RenderableType] = [grid, Text(f"answers  {self._meter.words()}")]
        parts.append(Text(self._time()))
        return Group(*parts, Text(self._last, "yellow")) if self._last else Group(*parts)

    def _time(self) -> str:
        now = time.monotonic()
        left = self._tally.seconds_left(now)
        rest = "" if left is None else f", about {duration(left)} left"
        return f"time     {duration(now - self._began)}{rest}"


_STYLES = ("green", "yellow", "red")


class Lines:
    """Counts as lines, seldom; events once each."""

    def __init__(self, tally: Tally, meter: Meter, screen: Console) -> None:
        self._tally, self._meter, self._screen = tally, meter, screen
        self._began = self._said_at = time.monotonic()
        self._said: set[str] = set()

    def settled(self, settled: Settled) -> None:
        self._tally.add(settled)
        if time.monotonic() - self._said_at >= _LINE_SECONDS:
            self.counts()

    def event(self, event: Event) -> None:
        line = one_line(f"{event.kind}: {event.message}", 300)
        if line not in self._said:
            self._said.add(line)
            self._print(line)

    def counts(self) -> None:
        """One line with all the counts that are not zero."""
        self._said_at = time.monotonic()
        stages = []
        for stage in STAGES:
            kept, *lost = (self._tally.count(stage, status) for status in STATUSES)
            if kept or any(lost):
                loss = f" (-{sum(lost)})" if any(lost) else ""
                stages.append(f"{_name(stage)} {kept}{loss}")
        clock = duration(self._said_at - self._began)
        self._print(f"{clock}  {', '.join(stages) or 'nothing yet'}; {self._meter.words()}")

    def _print(self, line: str) -> None:
        self._screen.print(line, soft_wrap=True)

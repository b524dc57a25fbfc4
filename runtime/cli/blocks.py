"""The pieces that every view is made of. Text given to them may come from a model: it is cleaned
here, and rich never reads markup in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..state import Json, Path
from .wording import clean, shown

Cell = str | int | Text | None
MOST_ROWS = 50
"""Rows of a table that are printed."""
_VALUE = 300
"""Characters of a value that are printed."""


def console(*, stderr: bool = False) -> Console:
    """A console that takes no text for markup; colours only where it is a terminal."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def heading(text: str) -> RenderableType:
    return Group(Text(), Text(clean(text), style="bold"))


def paragraph(text: str, style: str = "") -> Text:
    return Text(clean(text).strip(), style=style)


def indented(*parts: RenderableType | None, by: int = 2) -> RenderableType:
    group = Group(*(part for part in parts if part is not None))
    return Padding(group, (0, 0, 0, by), expand=False)


def section(title: str, *parts: RenderableType | None) -> RenderableType:
    """A heading and what stands under it; nothing at all without parts."""
    return (
        Group(heading(title), indented(*parts))
        if any(part is not None for part in parts)
        else Group()
    )


def bullets(items: Iterable[tuple[str, str]]) -> RenderableType | None:
    """Lines with a mark or label each, the text hanging behind it; None without items."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    for mark, text in items:
        grid.add_row(Text(clean(mark)), paragraph(text))
    return grid if grid.row_count else None


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    right: Iterable[str] = (),
    whole: Iterable[str] = (),
) -> RenderableType | None:
    """A table, or None without rows.

    Columns named in `right` are aligned right; those in `whole` are never broken.
    """
    if not rows:
        return None
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        made.add_column(
            name, justify="right" if name in right else "left", no_wrap=name in {*right, *whole}
        )
    for row in rows[:MOST_ROWS]:
        made.add_row(*map(_cell, row))
    if len(rows) <= MOST_ROWS:
        return made
    return Group(made, Text(f"… and {len(rows) - MOST_ROWS} more; --json gives all", style="dim"))


def _cell(value: Cell) -> Text:
    if isinstance(value, Text):
        return value
    return Text("–" if value is None else clean(str(value)))


def verdict(holds: bool | None) -> Text:
    """`yes`, `NO`, or a dash where nothing is known."""
    if holds is None:
        return Text("–")
    return Text("yes", style="green") if holds else Text("NO", style="bold red")


def reward(value: float | None) -> Text:
    """A reward, or that the episode is masked."""
    if value is None:
        return Text("masked", style="yellow")
    return Text(f"{value:.2f}", style="green" if value == 1 else "red" if value == 0 else "yellow")


def change(path: Path, kind: str, old: Json, new: Json) -> Text:
    """One place where a state differs, as a coloured line."""
    where = clean(".".join(path))
    if kind == "add":
        return Text(f"+ {where}: {shown(new, _VALUE)}", style="green")
    if kind == "remove":
        return Text(f"- {where}: {shown(old, _VALUE)}", style="red")
    if kind == "keep":
        return Text(f"= {where} ends as it began", style="dim")
    return Text.assemble(
        ("~ ", "yellow"), f"{where}: ", (shown(old, _VALUE), "red"), " → ",
        (shown(new, _VALUE), "green"),
    )  # fmt: skip

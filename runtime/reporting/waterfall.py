"""The waterfall of a run as rows: for each stage what went on, and what fell out step by step.

Every row is a piece of the line from 0 to 1, which stands for all that came into its stage. The
terminal, the page and the plot draw the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size

from ..cli.wording import one_line
from .flow import Flow, Loss

MOST_REASONS = 8
"""Reasons of a stage that get a row of their own."""


@dataclass(frozen=True)
class Row:
    """One bar: from `start` to `end` of what came into the stage, 0 <= start <= end <= 1."""

    kind: Literal["kept", "lost", "unfinished"]
    """`kept` is the first row of a stage, and the stage's name its label."""
    label: str
    """One line, free of control characters."""
    start: float
    end: float
    count: int
    note: str
    """`16 of 24`, or `−8` for what fell out."""


def waterfall(flows: Sequence[Flow]) -> tuple[Row, ...]:
    """The rows of all stages in order."""
    return tuple(row for flow in flows for row in _stage(flow))


def short(text: str, width: int) -> str:
    """Text cut to so many columns; a wide character takes two."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, width - 1).rstrip()}…"


def _stage(flow: Flow) -> list[Row]:
    whole = flow.came or 1
    rows = [
        Row("kept", flow.stage, 0.0, flow.kept / whole, flow.kept, f"{flow.kept} of {flow.came}")
    ]
    left = flow.came
    for loss in _merged(flow.losses):
        end, left = left, left - loss.count
        label = one_line(loss.reason)
        rows.append(Row("lost", label, left / whole, end / whole, loss.count, f"−{loss.count}"))
    if count := flow.unfinished:
        span = (left - count) / whole, left / whole
        rows.append(Row("unfinished", "unfinished", *span, count, f"−{count}"))
    return rows


def _merged(losses: Sequence[Loss]) -> list[Loss]:
    """The losses, the rarest put together when there are too many to draw."""
    if len(losses) <= MOST_REASONS:
        return list(losses)
    shown, rest = losses[: MOST_REASONS - 1], losses[MOST_REASONS - 1 :]
    return [*shown, Loss(f"{len(rest)} other reasons", sum(loss.count for loss in rest))]

"""Many check functions as one source, so that one sealed worker serves them all."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PIECE = re.compile(
    r"""
    (?P<kept> \#[^\n]*
    | (?P<quotes>\"{3}|'{3}) (?:\\.|(?!(?P=quotes)).)* (?:(?P=quotes)|\Z)
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
    ) | \n
    """,
    re.DOTALL | re.VERBOSE,
)
"""A comment, a string (both kept as they are) or the end of a line."""


def joint_source(functions: Sequence[str]) -> str:
    """A source whose `check(number, initial_state, final_state)` calls one of the functions.

    Each text stands in a function of its own, so that what it defines beside `check_func` meets
    nothing of another, and `initial_state` is to it as good as a global.
    """
    makers = [
        f"def make_{n}(initial_state):\n{_indented(source)}\n    return check_func\n"
        for n, source in enumerate(functions)
    ]
    names = "".join(f"make_{n}, " for n in range(len(functions)))
    check = (
        "def check(number, initial_state, final_state):\n"
        f"    return ({names})[number](initial_state)(final_state)\n"
    )
    return "\n".join([*makers, check])


def _indented(source: str) -> str:
    """A source one level deeper; the lines inside its strings stay as they are."""
    lines = source.replace("\r\n", "\n").replace("\r", "\n")
    return "    " + _PIECE.sub(lambda piece: piece["kept"] or "\n    ", lines)

"""Words and figures for people: generated text made harmless, counts, times, amounts."""

from __future__ import annotations

import json
import unicodedata

from ..state import Json

_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SEPARATORS = {"\u2028": "\n", "\u2029": "\n", "\r": "\n"}


def clean(text: str) -> str:
    """Text without anything a terminal obeys: control characters and changes of direction.

    New lines and tabs stay. Every text that a model wrote passes through here before it is shown.
    """
    return "".join(
        _SEPARATORS.get(char, char) for char in text.replace("\r\n", "\n") if not _obeyed(char)
    )


def _obeyed(char: str) -> bool:
    if char in "\n\t\r" or char in _SEPARATORS:
        return False
    return char in _BIDI or unicodedata.category(char) in ("Cc", "Cs")


def one_line(text: str, limit: int | None = None) -> str:
    """Clean text with all white space as single spaces, cut after `limit` characters."""
    line = " ".join(clean(text).split())
    return line if limit is None or len(line) <= limit else f"{line[: limit - 1]}…"


def shown(value: Json, limit: int | None = None) -> str:
    """A JSON value as one line."""
    return one_line(json.dumps(value, ensure_ascii=False), limit)


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 tool`, `2 tools`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def thousands(count: int) -> str:
    """`12`, `3.4k`, `1.2M`."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.1f}{sign}"
    return str(count)


def duration(seconds: float) -> str:
    """`0:07`, `12:40`, `2:03:15`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def money(usd: float, asked: int, unpriced: int) -> str:
    """What answers cost, as far as it is known."""
    if asked and unpriced == asked:
        return "price unknown"
    if not usd:
        return "$0"
    amount = f"${usd:.4f}" if usd < 1 else f"${usd:.2f}"
    return f"at least {amount}" if unpriced else amount

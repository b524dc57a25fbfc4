"""Names taken apart: `returnedBooks`, `returned_books` and `ReturnedBook` are the same words."""

from __future__ import annotations

import re

_HUMPS = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PARTS = re.compile(r"[^\W\d_]+|\d+")
_EMPTY = frozenset(
    "a an and as at by for from id ids in info is it no of on or record the to with".split()
)
"""Words that tell nothing of what a name means."""


def words(name: str) -> list[str]:
    """The telling words of a name or a sentence: in lower case, plurals made singular."""
    parts = (part.lower() for part in _PARTS.findall(_HUMPS.sub(" ", name)))
    return [singular(part) for part in parts if part not in _EMPTY]


def singular(word: str) -> str:
    """An English word without its plural ending: `boxes` gives `box`, `status` stays."""
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zzes")):
        return word[:-2]
    return word.removesuffix("s")

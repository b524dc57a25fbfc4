"""How findings are worded: short values, exact calls, and no more of a kind than help."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from ..records import Finding
from ..state import Difference, Json, canonical

MOST = 3
"""Findings of one kind that are kept; the last one says how many more there were."""


def shown(value: Json, limit: int = 120) -> str:
    """A value as JSON text, cut after `limit` characters."""
    text = canonical(value).decode()
    return text if len(text) <= limit else f"{text[:limit]}…"


def call_text(tool: str, arguments: dict[str, Json]) -> str:
    """A call the way a finding quotes it, such as `lend({"book_id":"B1"})`."""
    return f"{tool}({shown(arguments, 300)})"


def change_text(changes: Iterable[Difference]) -> str:
    """The first places that changed, such as `books.B1.copies: 2 → 1`."""
    found = list(changes)
    texts = [
        f"{'.'.join(change.path) or 'the state'}: {_side(change, 'add', change.old)}"
        f" → {_side(change, 'remove', change.new)}"
        for change in found[:MOST]
    ]
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return "; ".join(texts) + more


def _side(change: Difference, absent: str, value: Json) -> str:
    return "(absent)" if change.kind == absent else shown(value, 60)


def limited(
    findings: Iterable[Finding], kind: Callable[[Finding], Hashable], most: int = MOST
) -> tuple[Finding, ...]:
    """At most `most` findings of each kind, in order; the last of them counts the rest."""
    groups: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(kind(finding), []).append(finding)
    return tuple(finding for group in groups.values() for finding in _cut(group, most))


def _cut(group: list[Finding], most: int) -> list[Finding]:
    kept, rest = group[:most], len(group) - most
    if rest > 0:
        more = f"{kept[-1].message} ({rest} more like this)"
        kept[-1] = kept[-1].model_copy(update={"message": more})
    return kept

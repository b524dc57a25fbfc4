"""The gate of paging: pieces of a list are where the whole list has them."""

from __future__ import annotations

from collections.abc import Iterator

from ..records import Finding, Operation
from ..state import Json, canonical, same
from .faults import Fault, by_cause
from .filters import listings
from .pairs import PAGING
from .subjects import Subject
from .trials import Trial
from .wording import shown


def paging(subject: Subject) -> Iterator[Finding]:
    """A limit gives the first items, an offset the later ones, and pages the whole."""
    yield from by_cause("paging", _misplaced(subject))


def _misplaced(subject: Subject) -> Iterator[Fault]:
    attributes = {f.name for entity in subject.plan.entities for f in entity.attributes}
    for operation in subject.plan.operations:
        names = {f.name for f in operation.parameters if f.type == "int" and not f.required}
        paged = (names & PAGING) - attributes
        if operation.kind == "query" and operation.many and operation.returns and paged:
            yield from _pieces(operation, paged, listings(subject, operation))


def _pieces(operation: Operation, paged: set[str], listed: dict[bytes, Trial]) -> Iterator[Fault]:
    first = 1
    pieces: list[tuple[Trial, Trial, dict[str, int]]] = []
    for trial in listed.values():
        chosen = {n: v for n, v in trial.probe.arguments.items() if n in paged and v is not None}
        others = {n: v for n, v in trial.probe.arguments.items() if n not in paged}
        whole = listed.get(canonical(others))
        if not chosen or whole is None or any(value < 1 for value in chosen.values()):
            continue
        pieces.append((trial, whole, chosen))
        if _from_zero(trial, whole, chosen):
            first = 0
    for trial, whole, chosen in pieces:
        piece = _piece(chosen, first)
        if piece is not None and (fault := _fault(trial, whole, *piece)):
            yield trial, str(sorted(chosen)), fault


def _from_zero(trial: Trial, whole: Trial, chosen: dict[str, int]) -> bool:
    """Whether page 1 is the second piece of the whole list, so that pages count from 0."""
    size = chosen.get("limit", chosen.get("page_size"))
    if chosen.get("page") != 1 or size is None:
        return False
    second: Json = whole.reply.value["data"][size : 2 * size]
    return bool(second) and same(trial.reply.value["data"], second)


def _piece(chosen: dict[str, int], first: int) -> tuple[int, int | None] | None:
    """Where a piece begins, and its length when it is known."""
    size = chosen.get("limit", chosen.get("page_size"))
    if "page" in chosen:
        return None if size is None else ((chosen["page"] - first) * size, size)
    return chosen.get("offset", 0), size


def _fault(trial: Trial, whole: Trial, start: int, size: int | None) -> str:
    """How a piece differs from what the whole list, which may itself be cut, has there."""
    full: list[Json] = whole.reply.value["data"]
    found: list[Json] = trial.reply.value["data"]
    if size is not None and len(found) > size:
        return f"it holds {len(found)} items; {size} at most were asked for"
    expected = full[start:] if size is None else full[start : start + size]
    if len(found) < len(expected) or not same(found[: len(expected)], expected):
        without = "the same call without the paging"
        return (
            f"its data is {shown(found)}; {without} gives {len(full)} items, "
            f"of which {shown(expected)} belong here"
        )
    return ""

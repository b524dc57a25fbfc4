"""Probes that only say something together: with and without a filter, page after page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..records import EnvironmentPlan, Operation, Parameter
from ..state import Json, canonical
from .probes import Probe, picks

BASES = 3
"""Most calls that filters and pages are added to."""
VALUES = 4
"""Most values that are tried for a filter."""
PAGES = 3
"""Most pages, page sizes and offsets that are tried."""
PAGING = frozenset({"limit", "offset", "page", "page_size"})
"""Parameters that choose a piece of a list and nothing else."""


def paired_probes(
    plan: EnvironmentPlan,
    state: dict[str, Json],
    operation: Operation,
    succeeded: Sequence[dict[str, Json]],
) -> list[Probe]:
    """For a query of many: calls without any option, and the same with one option each, or with
    page and page size.

    Args:
        succeeded: The arguments of calls that succeeded, which the required arguments are from.
    """
    if operation.kind != "query" or not operation.many:
        return []
    required = [field.name for field in operation.parameters if field.required]
    options = [field for field in operation.parameters if not field.required]
    if not options:
        return []
    plain = [{n: a[n] for n in required} for a in succeeded if set(required) <= a.keys()]
    bases = [*{canonical(base): base for base in plain}.values()][:BASES]
    found = [base | more for base in bases for more in ({}, *_additions(plan, state, options))]
    unique = {canonical(arguments): arguments for arguments in found}
    return [Probe(operation.name, arguments, "fitting") for arguments in unique.values()]


def _additions(
    plan: EnvironmentPlan, state: dict[str, Json], options: Sequence[Parameter]
) -> Iterator[dict[str, Json]]:
    for field in options:
        if field.name in PAGING and field.type == "int":
            yield from ({field.name: number} for number in range(1, PAGES + 1))
        else:
            yield from ({field.name: value} for value in picks(plan, state, field)[:VALUES])
    names = {field.name for field in options if field.type == "int"}
    for size, place in (("page_size", "page"), ("limit", "page"), ("limit", "offset")):
        if {size, place} <= names:
            yield from ({size: n, place: k} for n in range(1, PAGES) for k in range(PAGES + 1))

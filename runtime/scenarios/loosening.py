"""Which loosenings may stand: a model may free the wording of a text, and nothing else.

Keys, references, enumerations, dates, numbers and flags have right values: where a task leaves them
open, other executed solutions say so, and not a rule that somebody thought of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..records import EnvironmentPlan, Loosening
from .effects import Row


def tenable(
    plan: EnvironmentPlan,
    task: str,
    rows: Sequence[Row],
    proposed: Iterable[tuple[int, str, Loosening]],
) -> dict[int, Mapping[str, Loosening]]:
    """The proposed loosenings, as (row, field, rule), that may stand, by row and field.

    The value must be a free text by the plan, and its wording must not stand in the task.
    """
    texts = _free_texts(plan)
    places = {row.n: row for row in rows}
    kept: dict[int, Mapping[str, Loosening]] = {}
    for n, field, rule in proposed:
        row = places.get(n)
        if row is None or rule.kind != "text":
            continue
        value = row.new.get(field) if field and isinstance(row.new, dict) else row.new
        place = (row.path[0], field or row.path[-1])
        if place in texts and isinstance(value, str) and value.casefold() not in task.casefold():
            kept[n] = {**kept.get(n, {}), field: rule}
    return kept


def _free_texts(plan: EnvironmentPlan) -> set[tuple[str, str]]:
    """(collection, attribute) of the texts without keys, references and allowed values."""
    return {
        (entity.collection, attribute.name)
        for entity in plan.entities
        for attribute in entity.attributes
        if attribute.type == "str"
        and attribute.name != entity.key
        and not (attribute.values or attribute.references)
    }

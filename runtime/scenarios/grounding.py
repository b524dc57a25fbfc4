"""Grounding: an agent must be able to know every id that a reference solution writes with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import EnvironmentPlan
from ..state import Json, canonical
from .execution import Execution


def ungrounded(task: str, plan: EnvironmentPlan, run: Execution) -> list[str]:
    """Ids in changing calls that stand neither in the task nor in any earlier result."""
    changing = {operation.name for operation in plan.operations if operation.kind == "change"}
    known, found = task, []
    ids = {key for records in run.initial.values() if isinstance(records, dict) for key in records}
    for call, step in zip(run.plan, run.steps, strict=True):
        if call.tool in changing or step.changes:
            found += [
                f"call {call.n} ({call.tool}) uses the id {text!r}, which stands neither in the "
                "task nor in an earlier result: look it up first"
                for text in _texts(step.arguments)
                if text in ids
                and not re.search(rf"(?<!\w)(?<!\w-){re.escape(text)}(?!-?\w)", known)
            ]
        known += "\n" + canonical(step.result).decode()
    return found


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)

"""Wrong ways to act, made from a reference solution: to be executed and rejected."""

from __future__ import annotations

from ..records import PlannedCall
from ..state import Json
from .execution import Execution


def wrong_plans(reference: Execution) -> list[tuple[str, list[PlannedCall]]]:
    """Plans with one changing call left out, repeated at the end, or aimed at another record.

    They are made of resolved calls, so that nothing breaks off where a reference would.
    """
    calls = [
        PlannedCall(n=call.n, tool=step.tool, arguments=step.arguments)
        for call, step in zip(reference.plan, reference.steps, strict=True)
    ]
    made = []
    for i, step in enumerate(reference.steps):
        if not step.changes:
            continue
        name = f"call {calls[i].n} ({step.tool})"
        made.append((f"{name} left out", calls[:i] + calls[i + 1 :]))
        made.append((f"{name} made twice", [*calls, calls[i]]))
        for argument, value in step.arguments.items():
            for other in _others(reference.initial, value):
                aimed = calls[i].model_copy(
                    update={"arguments": {**step.arguments, argument: other}}
                )
                made.append(
                    (f"{name} with {argument}={other!r}", [*calls[:i], aimed, *calls[i + 1 :]])
                )
    return made


def _others(state: dict[str, Json], value: Json) -> list[str]:
    """Two other keys of the collection that an id belongs to."""
    for records in state.values():
        if isinstance(value, str) and isinstance(records, dict) and value in records:
            return [key for key in records if key != value][:2]
    return []

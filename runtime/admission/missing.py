"""What an examination could not look at, in words that say what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..records import EnvironmentPlan
from .admissions import ToolTally
from .applying import foreign
from .opening import Opening

SOME = 6
"""Names that are listed of many."""


def missing(
    plan: EnvironmentPlan,
    opening: Opening,
    tools: Sequence[ToolTally],
    errors: Iterable[str],
    *,
    derived: bool,
) -> Iterator[str]:
    """What nobody has looked at, the weightiest first; `errors` are those of calls that raised."""
    absent = re.compile(rf"'{opening.class_name}' object has no attribute '(\w+)'")
    if attributes := {found[1]: None for error in errors if (found := absent.search(error))}:
        yield (
            f"no attribute {listed([*attributes])}: neither the constructor nor the initial state "
            "sets it, and calls need it; give it in the initial state"
        )
    if derived:
        yield (
            "no plan: what tools must return, write and refuse, and the rules they keep, are "
            "unchecked; complete the derived plan (--json shows it) and give it with --plan"
        )
    else:
        yield from _silences(plan)
    if plan.rules:
        yield (
            f"no model: {_counted(len(plan.rules), 'rule')} were not tested, since the two test "
            "agents that propose and judge calls did not run"
        )
    if foreign(opening.profile):
        yield (
            f"it runs with the profile {opening.profile} only: exports and scenarios of ours hold "
            "native classes"
        )
    yield from _coverage(tools)


def _silences(plan: EnvironmentPlan) -> Iterator[str]:
    queries = [o.name for o in plan.operations if o.kind == "query" and not o.returns]
    changes = [o.name for o in plan.operations if o.kind == "change" and not o.writes]
    refusing = [o.name for o in plan.operations if o.parameters and not o.errors]
    for names, what in (
        (queries, "`returns`: what these queries answer is unchecked"),
        (changes, "`writes`: what these changes do is unchecked"),
        (refusing, "`errors`: what these operations refuse, and how they say so, is unchecked"),
    ):
        if names:
            yield f"the plan leaves out {what}: {listed(names)}"


def _coverage(tools: Sequence[ToolTally]) -> Iterator[str]:
    idle = [tally.tool for tally in tools if not tally.tried]
    barren = [tally.tool for tally in tools if tally.tried and not tally.succeeded]
    still = [t.tool for t in tools if t.kind == "change" and t.succeeded and not t.moved]
    if idle:
        yield f"no call was tried of {listed(idle)}"
    if barren:
        yield (
            f"no call succeeded of {listed(barren)}: let the initial state hold what they need, or "
            "a plan name the values they take, so that more than their refusals is seen"
        )
    if still:
        yield f"no call changed the state of {listed(still)}, which should be changes"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - SOME} more" if len(names) > SOME else ""
    return ", ".join(names[:SOME]) + more


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"

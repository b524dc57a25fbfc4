"""The gates of a class: each looks at a subject and yields what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import MappingProxyType

from ..errors import GeneratedCodeError
from ..records import Finding
from ..sandbox import Reply
from .effects import effects
from .faults import Fault, by_cause
from .filters import filters
from .isolation import shifts
from .lookups import lookups
from .paging import paging
from .promises import integrity, returns, writes
from .reading import fixed_days, memory
from .rebuilding import built_again, built_once
from .refusing import errors
from .schemas import tool_faults
from .strictness import types
from .subjects import Subject
from .wording import change_text, limited, shown

Gate = Callable[[Subject], Iterator[Finding]]


def loads(subject: Subject) -> Iterator[Finding]:
    """The source opens, holds the planned class, and the class can be built from the state."""
    planned = subject.plan.class_name
    if subject.broken:
        yield Finding(gate="loads", where=planned, message=subject.broken)
    elif subject.sealed.class_name != planned:
        message = f"the class is called {subject.sealed.class_name!r}; call it {planned!r}."
        yield Finding(gate="loads", where=planned, message=message)


def tools(subject: Subject) -> Iterator[Finding]:
    """The public methods are the plan's operations, fully described."""
    offered = {tool["name"]: tool for tool in subject.sealed.tools}
    for where, message in tool_faults(subject.plan, offered):
        yield Finding(gate="tools", where=where, message=message)


def state(subject: Subject) -> Iterator[Finding]:
    """The public attributes are the given state and nothing else is remembered."""
    faults = [*built_once(subject)] or [*memory(subject.tree, subject.plan)]
    faults += fixed_days(subject.tree, subject.plan)
    for where, message in faults or built_again(subject):
        yield Finding(gate="state", where=where, message=message)


def queries(subject: Subject) -> Iterator[Finding]:
    """A query leaves the state as it was."""
    reading = {operation.name for operation in subject.plan.operations if operation.kind == "query"}
    yield from by_cause(
        "queries",
        (
            (
                trial,
                str(sorted({change.path[:1] for change in trial.changes})),
                f"this query changed the state ({change_text(trial.changes)}); "
                "a query must leave every attribute as it was",
            )
            for trial in subject.observed
            if trial.probe.tool in reading and trial.moved
        ),
    )


def refusals(subject: Subject) -> Iterator[Finding]:
    """A refused call changes nothing but what the plan allows it to."""
    yield from by_cause("refusals", _writing_refusals(subject))


def _writing_refusals(subject: Subject) -> Iterator[Fault]:
    allowed = {o.name: o.refusal_effects for o in subject.plan.operations if o.kind == "change"}
    for trial in subject.observed:
        if not trial.refused or trial.probe.tool not in allowed:
            continue
        effects = allowed[trial.probe.tool]
        changes = [change for change in trial.changes if change.path[0] not in effects]
        if changes:
            said = shown(trial.reply.value.get("error"))
            yield (
                trial,
                said,
                f"it refused ({said}) and yet changed the state ({change_text(changes)}); "
                "check everything before the first write",
            )


def contract(subject: Subject) -> Iterator[Finding]:
    """An answer is success with data or a message, or a refusal with its reason."""
    answered = [trial for trial in subject.observed if trial.reply.status == "ok"]
    lacks = [(trial, _lack(trial.reply.value)) for trial in answered]
    yield from by_cause(
        "contract",
        (
            (trial, lack, f"it returned {shown(trial.reply.value)}: {lack}")
            for trial, lack in lacks
            if lack
        ),
    )


def _lack(value: object) -> str:
    """What an answer lacks by the contract; empty when it keeps it."""
    if not isinstance(value, dict):
        return "a dict with the key 'success' was expected"
    if not isinstance(value.get("success"), bool):
        return "'success' must be True or False"
    if value["success"]:
        return "" if {"data", "message"} & value.keys() else "a success needs 'data' or 'message'"
    error = value.get("error")
    return "" if isinstance(error, str) and error.strip() else "a refusal needs a non-empty 'error'"


_MEND_EXCEPTION = (
    "check the types and ids of the arguments first "
    'and return {"success": False, "error": …} for what does not fit'
)
_MEND_OTHER = (
    "bound every loop and every size by the state, refuse extreme arguments, "
    "and return and store plain JSON values only"
)


def total(subject: Subject) -> Iterator[Finding]:
    """No argument, however wrong, makes a method raise, hang or answer with something else."""
    yield from by_cause(
        "total",
        (
            (
                trial,
                _spot(trial.reply),
                f"it ended with {trial.reply.status}: {trial.reply.error}; "
                + (_MEND_EXCEPTION if trial.reply.status == "exception" else _MEND_OTHER),
            )
            for trial in subject.observed
            if trial.reply.status != "ok"
        ),
    )


def _spot(reply: Reply) -> str:
    """The kind and the line of an error, without the values that its text quotes."""
    kind, start = re.match(r"\w*", reply.error), reply.error.rfind("(line ")
    line = reply.error[start:] if start >= 0 else ""
    return f"{reply.status} {kind and kind[0]} {line}"


_ADVICE = {
    "beside another instance": (
        "instances share something: keep all state on self, in no class or module variable"
    ),
    "under another random seed": (
        "use no clock, no randomness and no uuid: take times and new ids from the state"
    ),
}


def isolation(subject: Subject) -> Iterator[Finding]:
    """What an instance does depends on its state and its calls alone."""
    for shift in shifts(subject):
        yield Finding(
            gate="isolation",
            where=shift.tool,
            message=f"{shift.call} came to {shift.before} alone and to {shift.after} "
            f"{shift.condition}; {_ADVICE[shift.condition]}.",
        )


REGISTRY = MappingProxyType[str, Gate](
    {
        "loads": loads,
        "tools": tools,
        "state": state,
        "queries": queries,
        "refusals": refusals,
        "contract": contract,
        "total": total,
        "isolation": isolation,
        "types": types,
        "integrity": integrity,
        "errors": errors,
        "returns": returns,
        "writes": writes,
        "effects": effects,
        "lookups": lookups,
        "filters": filters,
        "paging": paging,
    }
)
DOUBTS = frozenset({"errors", "effects", "lookups", "filters", "paging"})
"""Gates that go by names and habits: a good class may be at odds with them. What they still say
after a repair, a judge decides."""
GATES: tuple[str, ...] = tuple(REGISTRY)
"""The names of all gates, in the order in which their findings are reported."""


def examine(subject: Subject, gates: tuple[str, ...]) -> tuple[Finding, ...]:
    """The findings of the named gates, at most three for each gate and tool.

    A class that cannot be opened is looked at by `loads` alone.
    """
    ran = ("loads",) if subject.broken else GATES
    found = [f for gate in ran if gate in gates for f in _applied(gate, subject)]
    told: set[str] = set()
    found = [f for f in found if _GAVE_WAY not in f.message or _first(f.message, told)]
    return limited(found, lambda finding: (finding.gate, finding.where))


_GAVE_WAY = "the class gave way: "


def _first(message: str, told: set[str]) -> bool:
    """Whether a message is told for the first time: a class gives way to each gate alike."""
    new = message not in told
    told.add(message)
    return new


def _applied(gate: str, subject: Subject) -> list[Finding]:
    """A gate's findings; a class that gives way under it is the last of them."""
    found: list[Finding] = []
    try:
        found.extend(REGISTRY[gate](subject))
    except GeneratedCodeError as error:
        where = subject.plan.class_name
        found.append(Finding(gate=gate, where=where, message=f"{_GAVE_WAY}{error}"))
    return found

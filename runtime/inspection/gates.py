"""The gates of a class: each looks at a subject and yields what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType

from ..records import Finding
from ..state import Difference
from .isolation import shifts
from .rebuilding import built_again, built_once
from .schemas import tool_faults
from .subjects import Subject
from .trials import Trial
from .wording import call_text, change_text, limited, shown

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
    faults = [*built_once(subject)]
    for where, message in faults or built_again(subject):
        yield Finding(gate="state", where=where, message=message)


def queries(subject: Subject) -> Iterator[Finding]:
    """A query leaves the state as it was."""
    reading = {operation.name for operation in subject.plan.operations if operation.kind == "query"}
    for trial in subject.trials:
        if trial.probe.tool in reading and trial.moved:
            yield _of(
                "queries",
                trial,
                f"this query changed the state ({change_text(trial.changes)}); "
                "a query must leave every attribute as it was.",
            )


def refusals(subject: Subject) -> Iterator[Finding]:
    """A refused call changes nothing but what the plan allows it to."""
    changing = {o.name: o for o in subject.plan.operations if o.kind == "change"}
    for trial in subject.trials:
        operation = changing.get(trial.probe.tool)
        if operation is None or not trial.refused:
            continue
        changes = [c for c in trial.changes if not _allowed(c, operation.refusal_effects)]
        if changes:
            yield _of(
                "refusals",
                trial,
                f"it refused ({shown(trial.reply.value.get('error'))}) and yet changed the state "
                f"({change_text(changes)}); check everything before the first write.",
            )


def _allowed(change: Difference, effects: tuple[str, ...]) -> bool:
    return bool(change.path) and change.path[0] in effects


def contract(subject: Subject) -> Iterator[Finding]:
    """An answer is success with data or a message, or a refusal with its reason."""
    for trial in subject.trials:
        if trial.reply.status == "ok" and (lack := _lack(trial.reply.value)):
            yield _of("contract", trial, f"it returned {shown(trial.reply.value)}: {lack}.")


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


def total(subject: Subject) -> Iterator[Finding]:
    """No argument, however wrong, makes a method raise, hang or answer with something else."""
    failed = [trial for trial in subject.trials if trial.reply.status != "ok"]
    causes: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in failed:
        cause = (trial.probe.tool, trial.reply.status, trial.reply.error)
        causes.setdefault(cause, []).append(trial)
    for (_, status, error), same in causes.items():
        more = f" (as did {len(same) - 1} other calls)" if len(same) > 1 else ""
        yield _of(
            "total",
            same[0],
            f"it ended with {status}: {error}{more}; check the types and ids of the arguments "
            'first and return {"success": False, "error": …} for what does not fit.',
        )


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


def _of(gate: str, trial: Trial, message: str) -> Finding:
    call = call_text(trial.probe.tool, trial.probe.arguments)
    return Finding(gate=gate, where=trial.probe.tool, message=f"{call}: {message}")


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
    }
)
GATES: tuple[str, ...] = tuple(REGISTRY)
"""The names of all gates, in the order in which their findings are reported."""


def examine(subject: Subject, gates: tuple[str, ...]) -> tuple[Finding, ...]:
    """The findings of the named gates, at most three for each gate and tool.

    A class that cannot be opened is looked at by `loads` alone.
    """
    ran = ("loads",) if subject.broken else GATES
    found = [f for gate in ran if gate in gates for f in REGISTRY[gate](subject)]
    return limited(found, lambda finding: (finding.gate, finding.where))

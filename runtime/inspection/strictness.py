"""The gate of arguments: what does not fit the plan's parameters must be refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import Finding, Operation
from .faults import Fault, by_cause
from .misfits import Misfit, misfits
from .subjects import Subject
from .trials import Trial


def types(subject: Subject) -> Iterator[Finding]:
    """An argument of another type, outside its enumeration, or with an unknown id is refused."""
    yield from by_cause("types", _accepted(subject))


def _accepted(subject: Subject) -> Iterator[Fault]:
    planned = {o.name: o for o in subject.plan.operations if speaks(o)}
    known = _knowing(subject, planned)
    for trial in subject.observed:
        operation = planned.get(trial.probe.tool)
        if operation is None or not trial.succeeded:
            continue
        found = [*misfits(subject.plan, operation, trial.probe.arguments, trial.before)]
        if len(found) != 1:
            continue  # one at a time, so that a finding names the argument that matters
        (misfit,) = found
        if misfit.unknown and not _must_exist(operation, misfit, trial, known):
            continue
        remedy = "the unknown id" if misfit.unknown else "it with invalid_argument"
        yield trial, f"{misfit.field.name} {misfit.unknown}", f"it took {misfit}; refuse {remedy}"


def speaks(operation: Operation) -> bool:
    """Whether the plan says more of an operation than its parameters."""
    return bool(operation.returns or operation.writes)


def _knowing(subject: Subject, planned: dict[str, Operation]) -> set[tuple[str, str]]:
    """The tools and parameters that some successful call gave the key of a record."""
    return {
        (trial.probe.tool, field.name)
        for trial in subject.successes
        if trial.probe.tool in planned
        for field in planned[trial.probe.tool].parameters
        if field.references is not None and trial.probe.arguments.get(field.name)
    }


_ABSENT = re.compile(r"unknown|not_found|no_such|missing|nonexist|not_exist")


def _must_exist(
    operation: Operation, misfit: Misfit, trial: Trial, known: set[tuple[str, str]]
) -> bool:
    """Whether an unknown id must be refused: by a change, unless it makes the record of that key;
    by a query that plans errors and needs the id, unless it lists what it finds for it."""
    codes = [error.partition(":")[0] for error in operation.errors]
    refuses = any(_ABSENT.search(code) for code in codes)
    if operation.kind == "change":
        makes = misfit.field.references in operation.writes
        return not makes or (refuses and (operation.name, misfit.field.name) in known)
    if not misfit.field.required or not codes:
        return False
    if not operation.many or trial.reply.value.get("data"):
        return True
    referring = [field for field in operation.parameters if field.references is not None]
    return refuses and len(referring) == 1

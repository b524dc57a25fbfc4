"""The gate of errors: refusals give the planned codes, for the reasons that were planned."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import Entity, Finding, Operation
from ..state import Json, canonical
from .faults import Fault, by_cause
from .misfits import Misfit, misfits
from .plans import INVALID
from .probes import snake
from .reading import lost_errors
from .strictness import speaks
from .subjects import Subject
from .trials import Trial
from .wording import shown

_CODED = re.compile(r"\s*([a-z][a-z0-9_]*)\s*:")


def errors(subject: Subject) -> Iterator[Finding]:
    """A refusal begins with the code of a planned error, or with invalid_argument; each planned
    code can be given, and an unknown id is called what the plan calls it."""
    yield from by_cause("errors", _unplanned_refusals(subject))
    yield from by_cause("errors", _miscalled(subject))
    for operation in subject.plan.operations:
        if speaks(operation) and _codes(operation) is not None:
            for code in lost_errors(subject.tree, subject.plan, operation):
                message = (
                    f"nothing in its code gives the planned error {code!r}; "
                    "refuse with it as the plan says."
                )
                yield Finding(gate="errors", where=operation.name, message=message)


def _unplanned_refusals(subject: Subject) -> Iterator[Fault]:
    allowed = {o.name: _codes(o) for o in subject.plan.operations if speaks(o)}
    for trial in subject.observed:
        codes = allowed.get(trial.probe.tool)
        said = trial.reply.value.get("error") if trial.refused else None
        if codes is None or not isinstance(said, str) or not said.strip():
            continue
        begun = _CODED.match(said)
        if begun is None or begun[1] not in codes:
            yield (
                trial,
                begun[1] if begun else "",
                f"it refused with {shown(said)}; an error must begin with one of the codes "
                f"{', '.join(codes) or '(none is planned)'} and a colon",
            )


def _codes(operation: Operation) -> list[str] | None:
    """The codes that a refusal may begin with; None when the plan gives errors without codes, or
    none although ids may be unknown."""
    if not operation.errors and any(field.references for field in operation.parameters):
        return None
    found = [_CODED.match(error) for error in operation.errors]
    codes = [match[1] for match in found if match]
    if len(codes) < len(found):
        return None
    return [*codes, INVALID] if operation.parameters else codes


# ------------------------------------------------------------------ unknown ids


def _miscalled(subject: Subject) -> Iterator[Fault]:
    """Calls that fail only for an unknown id, refused with the code of something else."""
    planned = {o.name: o for o in subject.plan.operations if speaks(o) and _codes(o)}
    entities = {entity.name: entity for entity in subject.plan.entities}
    worked = {_fingerprint(trial, trial.probe.arguments) for trial in subject.successes}
    for trial in subject.observed:
        operation = planned.get(trial.probe.tool)
        if operation is None or not trial.refused:
            continue
        found = [*misfits(subject.plan, operation, trial.probe.arguments, trial.before)]
        if len(found) != 1 or not found[0].unknown:
            continue
        meant = _absence_codes(operation, entities[str(found[0].field.references)])
        begun = _CODED.match(str(trial.reply.value.get("error")))
        if not meant or begun is None or begun[1] in (*meant, INVALID):
            continue
        if begun[1] in (_codes(operation) or ()) and _otherwise_fine(
            subject, trial, found[0], worked
        ):
            yield (
                trial,
                begun[1],
                f"it refused {found[0]}, with the code {begun[1]}; {' or '.join(meant)} is planned",
            )


def _absence_codes(operation: Operation, entity: Entity) -> list[str]:
    """The planned codes whose name says that a record of the entity is not there."""
    name = snake(entity.name)
    said = re.compile(rf"(unknown|no_such|missing)_{name}|{name}_(not_found|unknown|missing)")
    codes = [error.partition(":")[0].strip() for error in operation.errors]
    return [code for code in codes if said.fullmatch(code)]


def _otherwise_fine(
    subject: Subject, trial: Trial, misfit: Misfit, worked: set[tuple[str, int, bytes]]
) -> bool:
    """Whether the same call succeeded in the same state with the key of some record."""
    entity = next(e for e in subject.plan.entities if e.name == misfit.field.references)
    keys = list(trial.before.get(entity.collection, ()))
    several = misfit.field.type == "list[str]"
    return any(
        _fingerprint(trial, trial.probe.arguments | {misfit.field.name: [key] if several else key})
        in worked
        for key in keys
    )


def _fingerprint(trial: Trial, arguments: dict[str, Json]) -> tuple[str, int, bytes]:
    return trial.probe.tool, id(trial.before), canonical(arguments)

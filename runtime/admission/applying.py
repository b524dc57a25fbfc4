"""Which gates apply to a candidate, and whose findings stand in its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..inspection.classes import tool_specs
from ..inspection.faults import quoted
from ..inspection.gates import examine
from ..inspection.strictness import speaks
from ..inspection.subjects import Subject
from ..inspection.trials import Trial
from ..records import EnvironmentPlan, Finding, Operation
from ..sandbox import Profile
from ..tools import Toolset
from .admissions import GateResult

UNPROMISED: Mapping[str, str] = MappingProxyType(
    {
        "contract": "no plan says what this class answers",
        "total": "a class without a plan may refuse by an exception, and is called only with "
        "arguments that fit its schemas",
    }
)
"""Gates whose findings are notes while no plan promises otherwise, with the reason."""
IMPORTED: Mapping[str, str] = MappingProxyType(
    {
        "state": "instances of imported classes keep private state, and go on by their calls",
        "isolation": "imported classes have a chance that derives from the seed",
    }
)
"""Gates whose findings are notes under the profiles for imported classes, with the reason."""


def _returning(operation: Operation) -> bool:
    return bool(operation.returns)


def _writing(operation: Operation) -> bool:
    return operation.kind == "change" and bool(operation.writes)


def _listing(operation: Operation) -> bool:
    return operation.kind == "query" and operation.many


_SILENT = "no operation says what it returns or writes"
_WANTS: Mapping[str, tuple[Callable[[Operation], bool], str]] = MappingProxyType(
    {
        "queries": (lambda operation: operation.kind == "query", "no operation is a query"),
        "types": (speaks, _SILENT),
        "integrity": (speaks, _SILENT),
        "errors": (speaks, _SILENT),
        "returns": (_returning, "no operation says what it returns"),
        "writes": (_writing, "no change says what it writes"),
        "effects": (_writing, "no change says what it writes"),
        "lookups": (_returning, "no operation says what it returns"),
        "filters": (_listing, "no query says that it lists records"),
        "paging": (_listing, "no query says that it lists records"),
    }
)
"""What a gate must find in one operation at least, and what is said where none has it."""


def apply_gate(gate: str, subject: Subject, *, derived: bool) -> GateResult:
    """What one gate of the inspection says of a subject.

    Raises:
        SandboxError: the sealed execution itself failed.
    """
    reason = "the class does not load" if subject.broken else _inapplicable(gate, subject.plan)
    if reason and gate != "loads":
        return GateResult(gate=gate, reason=reason)
    findings = examine(subject, (gate,))
    lenient = {**(UNPROMISED if derived else {}), **(IMPORTED if foreign(subject.profile) else {})}
    if gate not in lenient:
        return GateResult(gate=gate, findings=findings)
    counting = _counting(gate, findings, subject)
    notes = tuple(finding for finding in findings if finding not in counting)
    return GateResult(
        gate=gate, findings=counting, notes=notes, reason=lenient[gate] if notes else ""
    )


def foreign(profile: Profile) -> bool:
    """Whether a profile is one for imported classes."""
    return profile != "native"


def _inapplicable(gate: str, plan: EnvironmentPlan) -> str:
    if not plan.operations:
        return "the class has no tools"
    wanted, otherwise = _WANTS.get(gate, (lambda _: True, ""))
    return "" if any(map(wanted, plan.operations)) else otherwise


_BUGS = ("AttributeError", "NameError", "TypeError", "UnboundLocalError", "RecursionError")
"""Exceptions that nobody refuses a call by."""


def _counting(gate: str, findings: tuple[Finding, ...], subject: Subject) -> tuple[Finding, ...]:
    """Those findings of a lenient gate that count all the same."""
    if gate == "total":
        return _breakdowns(findings, subject)
    if gate == "isolation":
        return tuple(f for f in findings if "under another random seed" not in f.message)
    return ()


def _breakdowns(findings: tuple[Finding, ...], subject: Subject) -> tuple[Finding, ...]:
    """The findings whose call fits the tool's schema and yet hung, broke a limit or met a bug."""
    tools = Toolset(tool_specs(subject.sealed, subject.plan))

    def broke(trial: Trial) -> bool:
        if tools.objection(trial.probe.tool, trial.probe.arguments):
            return False
        return trial.reply.status != "exception" or trial.reply.error.startswith(_BUGS)

    calls = tuple(
        f"{quoted(trial)}: "
        for trial in subject.observed
        if trial.reply.status != "ok" and broke(trial)
    )
    return tuple(finding for finding in findings if finding.message.startswith(calls))

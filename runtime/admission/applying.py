"""Which gates apply to a candidate, and whose findings stand in its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..inspection.classes import tool_specs
from ..inspection.gates import examine
from ..inspection.subjects import Subject
from ..inspection.trials import Trial
from ..inspection.wording import call_text
from ..records import EnvironmentPlan, Finding, Operation
from ..sandbox import Profile
from ..tools import Toolset
from .admissions import GateResult

_GUESSED = "the types and references of a derived plan are read off the initial state"
UNPROMISED: Mapping[str, str] = MappingProxyType(
    {
        "contract": "no plan says what this class answers",
        "total": "a class without a plan may refuse by an exception, and is called only with "
        "arguments that fit its schemas",
        "types": "arguments are checked against the schema before an imported class is called",
        "integrity": _GUESSED,
        "lookups": _GUESSED,
        "filters": _GUESSED,
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


def _any(field: str) -> Callable[[Operation], bool]:
    return lambda operation: bool(getattr(operation, field))


_WANTS: Mapping[str, tuple[Callable[[Operation], bool], str]] = MappingProxyType(
    {
        "queries": (lambda operation: operation.kind == "query", "no operation is a query"),
        "errors": (_any("errors"), "no operation names the codes of its refusals"),
        "returns": (_any("returns"), "no operation says what it returns"),
        "writes": (_any("writes"), "no operation says what it writes"),
        "effects": (_any("writes"), "no operation says what it writes"),
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
        f"{call_text(trial.probe.tool, trial.probe.arguments)}: "
        for trial in subject.trials
        if trial.reply.status != "ok" and broke(trial)
    )
    return tuple(finding for finding in findings if finding.message.startswith(calls))

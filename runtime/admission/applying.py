"""Which gates apply to a candidate, and whose findings stand in its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..inspection.gates import examine
from ..inspection.subjects import Subject
from ..records import EnvironmentPlan, Finding, Operation
from .admissions import GateResult

_GUESSED = "the types and references of a derived plan are read off the initial state"
LENIENT: Mapping[str, str] = MappingProxyType(
    {
        "state": "only our own classes keep all their state in public attributes",
        "contract": "no plan says what this class answers",
        "total": "this class may refuse by an exception; it may neither hang nor break a limit",
        "types": "arguments are checked against the schema before an imported class is called",
        "integrity": _GUESSED,
        "lookups": _GUESSED,
        "filters": _GUESSED,
    }
)
"""Gates whose findings are notes while no plan promises otherwise, with the reason."""


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
    if not derived or gate not in LENIENT:
        return GateResult(gate=gate, findings=findings)
    counting = tuple(finding for finding in findings if _counts(gate, finding, subject))
    notes = tuple(finding for finding in findings if finding not in counting)
    return GateResult(
        gate=gate, findings=counting, notes=notes, reason=LENIENT[gate] if notes else ""
    )


def _inapplicable(gate: str, plan: EnvironmentPlan) -> str:
    if not plan.operations:
        return "the class has no tools"
    wanted, otherwise = _WANTS.get(gate, (lambda _: True, ""))
    return "" if any(map(wanted, plan.operations)) else otherwise


def _counts(gate: str, finding: Finding, subject: Subject) -> bool:
    """Whether a lenient gate's finding counts all the same: no class may hang or break a limit."""
    if gate != "total":
        return False
    ends = {t.reply.status for t in subject.trials if t.probe.tool == finding.where}
    return any(f"ended with {status}:" in finding.message for status in ends - {"ok", "exception"})

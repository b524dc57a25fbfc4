"""An admission for people: gates, tools, findings, notes, what is missing, the outcome."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from ..admission import Admission, GateResult
from ..records import Finding
from .blocks import Cell, bullets, section, table
from .wording import clean, counted, one_line

_NOTES = 3
"""Notes of a gate that are printed."""
_COUNTS = ("tried", "ok", "refused", "failed", "changed")


def admission_view(admission: Admission) -> RenderableType:
    """What came of a class, from what it is to the last line: admitted, or not and why."""
    name = admission.class_name or "no class"
    return Group(
        Text.assemble((clean(name), "bold"), f"  {clean(admission.origin)}"),
        bullets(_opening(admission)) or Text(),
        Text(),
        table(("gate", "verdict", "why"), [_row(gate) for gate in admission.gates],
              whole=("gate", "verdict")) or Text(),
        Text(),
        table(("tool", "kind", *_COUNTS), _tools(admission), whole=("tool", "kind"), right=_COUNTS)
        or Text(),
        section("Findings", bullets(_told(admission.objections))),
        section("Notes", bullets(_notes(admission.gates))),
        section("Missing", bullets(("–", text) for text in admission.missing)),
        Text(),
        _last_line(admission),
    )  # fmt: skip


def _opening(admission: Admission) -> list[tuple[str, str]]:
    """The profile with the reasons against stricter ones, and where the plan is from."""
    lines: list[tuple[str, str]] = [("profile", admission.profile or "none takes it")]
    reasons: dict[str, list[str]] = {}
    for profile, reason in admission.turned_down.items():
        reasons.setdefault(_shortened(reason), []).append(profile)
    lines += [(f"not {', '.join(profiles)}", reason) for reason, profiles in reasons.items()]
    if plan := admission.plan:
        queries = sum(operation.kind == "query" for operation in plan.operations)
        parts = [
            counted(len(plan.entities), "entity", "entities"),
            counted(queries, "query", "queries"),
            counted(len(plan.operations) - queries, "change"),
            counted(len(plan.rules), "rule"),
        ]
        lines.append(("plan", f"{'derived' if admission.derived else 'given'}: {', '.join(parts)}"))
    return lines


def _shortened(reason: str) -> str:
    """The first two faults of several, each in one line."""
    lines = [one_line(line, 160) for line in reason.splitlines() if line.strip()]
    more = f" (and {len(lines) - 3} more)" if len(lines) > 3 else ""
    return " ".join(lines[:3]) + more


def _row(gate: GateResult) -> list[Cell]:
    verdicts = {
        "passed": Text("passed", "green"),
        "findings": Text(counted(len(gate.findings), "finding"), "bold red"),
        "noted": Text(counted(len(gate.notes), "note"), "yellow"),
        "not applicable": Text("not applicable", "dim"),
    }
    return [gate.gate, verdicts[gate.standing], gate.reason]


def _tools(admission: Admission) -> list[list[Cell]]:
    return [
        [t.tool, t.kind, t.tried, t.succeeded, t.refused, t.failed, t.moved]
        for t in admission.tools
    ]


def _told(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(f.gate, f"{f.where}: {f.message}") for f in findings]


def _notes(gates: Iterable[GateResult]) -> list[tuple[str, str]]:
    lines = []
    for gate in gates:
        lines += _told(gate.notes[:_NOTES])
        if len(gate.notes) > _NOTES:
            lines.append((gate.gate, f"… and {len(gate.notes) - _NOTES} more; --json gives all"))
    return lines


def _last_line(admission: Admission) -> Text:
    if admission.admitted:
        return Text("admitted", "bold green")
    counts = [
        f"{counted(len(gate.findings), 'finding')} of {gate.gate}"
        for gate in admission.gates
        if gate.findings
    ]
    return Text(f"not admitted: {', '.join(counts)}", "bold red")

"""Execution validity: how far an output got through the gates that execute it.

Scores lie in [0, 1], higher is better, and are graded, so that an optimizer sees progress before
success. The feedback names faults and their places, for a model that reflects on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..runtime.records import Certificate, Finding, Inspection
from ..runtime.scenarios.certificate import ROWS

GATE_SHARE = 0.5
"""Share of the score that a class earns by passing the deterministic gates."""


class Validity(NamedTuple):
    """A score with its parts, each in [0, 1], and feedback in words."""

    score: float
    parts: Mapping[str, float]
    feedback: str


def plan_validity(findings: Sequence[Finding], planned: bool) -> Validity:
    """1 for a plan without findings; each finding halves what is left; 0 for no plan at all."""
    score = 0.5 ** len(findings) if planned or findings else 0.0
    return Validity(score, {"planned": float(planned)}, _words(map(str, findings)))


def class_validity(inspection: Inspection, rules: int) -> Validity:
    """How far a class got: gates, judged calls, tools exercised, rules tested.

    Args:
        inspection: what the gates and the two agents found.
        rules: business rules of the plan.
    """
    gates = 0.5 ** len({(finding.gate, finding.where) for finding in inspection.findings})
    judged = inspection.pass_rate is not None
    parts = {
        "gates": gates if judged or inspection.findings else 0.0,
        "judged": inspection.pass_rate or 0.0,
        "tools": float(judged and not inspection.untested_tools),
        "rules": min(1.0, inspection.rules_tested / rules) if rules else 1.0,
    }
    tested = 0.6 * parts["judged"] + 0.2 * parts["tools"] + 0.2 * parts["rules"]
    score = GATE_SHARE * parts["gates"] + (1 - GATE_SHARE) * tested
    failed = [
        f"{inspection.calls[j.call - 1].tool}: {j.reason}"
        for j in inspection.judgements
        if j.verdict == "fail"
    ]
    return Validity(score, parts, _words([*map(str, inspection.findings), *failed]))


def scenario_validity(certificate: Certificate | None, problems: Sequence[str] = ()) -> Validity:
    """The share of the certificate's demands that hold, each by its own share; 0 without one.

    Demands that were not reached, because the solution already failed, count as 0.
    """
    if certificate is None:
        return Validity(0.0, {}, _words(problems))
    parts = {
        row.demand: 1.0 if row.holds else (row.held / row.tried if row.tried else 0.0)
        for row in certificate.rows
    }
    stopped = len(parts) == 1 and not certificate.holds
    score = sum(parts.values()) / (len(ROWS) if stopped else len(parts) or 1)
    failures = [f"{r.demand}: {f}" for r in certificate.rows if not r.holds for f in r.failures]
    return Validity(score, parts, _words([*problems, *failures]))


def _words(faults: Sequence[str] | map[str]) -> str:
    return "\n".join(faults) or "No fault was found."

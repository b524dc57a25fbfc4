"""What an attempt at admission came to: gate by gate, tool by tool, and what is missing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..records import Environment, EnvironmentPlan, Finding, Part
from ..sandbox import Profile


class GateResult(Part):
    """What one gate says of the class."""

    gate: str
    findings: tuple[Finding, ...] = ()
    """What stands in the way of admission."""
    notes: tuple[Finding, ...] = ()
    """What the gate asks of our own classes, and does not hold against this one."""
    reason: str = ""
    """Why the gate does not apply, or why it gives notes; empty otherwise."""

    @property
    def standing(self) -> Literal["passed", "findings", "noted", "not applicable"]:
        if self.findings:
            return "findings"
        if self.notes:
            return "noted"
        return "not applicable" if self.reason else "passed"


class ToolTally(Part):
    """How the calls of one tool ended that were tried, alone and after others."""

    tool: str
    kind: Literal["query", "change"]
    tried: int = 0
    succeeded: int = 0
    """Answered without a refusal."""
    refused: int = 0
    failed: int = 0
    """Raised, broke a limit, or answered with what is no JSON."""
    moved: int = 0
    """Changed the state, however they ended."""


class Admission(Part):
    """Whether a class is admitted, why not, and what nobody has looked at."""

    class_name: str
    """Empty when the class does not open and nobody has named it."""
    origin: str = ""
    profile: Profile | None = None
    """The strictest profile that takes the class; None when none does."""
    turned_down: dict[Profile, str] = Field(default_factory=dict)
    """Why the profiles before it do not take the class."""
    derived: bool = False
    """Whether the plan was derived from the class, and so promises little."""
    plan: EnvironmentPlan | None = None
    gates: tuple[GateResult, ...] = ()
    tools: tuple[ToolTally, ...] = ()
    missing: tuple[str, ...] = ()
    """What was not looked at, why, and what to do about it."""
    environment: Environment | None = None
    """The admitted environment; None without a plan of its own, or when the class needs a profile
    for imported ones."""

    @property
    def probes(self) -> int:
        """Calls that were tried."""
        return sum(tally.tried for tally in self.tools)

    @property
    def objections(self) -> tuple[Finding, ...]:
        """What stands in the way."""
        return tuple(finding for gate in self.gates for finding in gate.findings)

    @property
    def admitted(self) -> bool:
        return bool(self.gates) and not self.objections

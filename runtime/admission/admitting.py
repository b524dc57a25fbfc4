"""Admission: a class from anywhere before the gates that synthesized classes pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

from ..inspection import GATES, check_plan, check_state
from ..inspection.classes import tool_specs
from ..inspection.faults import quoted
from ..inspection.subjects import Subject
from ..inspection.trials import Trial
from ..inspection.wording import change_text
from ..records import Environment, EnvironmentPlan, Finding, Operation
from ..sandbox import Pool
from ..state import Json
from .admissions import Admission, GateResult, ToolTally
from .applying import apply_gate, foreign
from .candidates import Candidate
from .deriving import Derivation, derive, observed
from .missing import missing
from .opening import PROFILES, open_up

ANY_SIZE = (1, 10_000)
"""How many operations a plan from elsewhere may have: that is up to its author."""


def admit(pool: Pool, candidate: Candidate, *, seed: int = 0) -> Admission:
    """Put a class through the gates; say what they found and what nobody has looked at.

    Deterministic: the same candidate gives the same admission. With a plan every gate of the
    inspection counts; with a derived one, those that ask what only our own classes promise
    (`applying.UNPROMISED`) give notes.

    Raises:
        SandboxError: the sealed execution itself failed.
    """
    return Examination(pool, candidate, seed).admission()


class Examination:
    """A candidate under examination."""

    def __init__(self, pool: Pool, candidate: Candidate, seed: int) -> None:
        self._pool, self._candidate, self._seed = pool, candidate, seed
        plan = candidate.plan
        self._named = candidate.class_name or (plan.class_name if plan else None)
        self._opening = open_up(pool, candidate.source, self._named, candidate.state)
        self._derivation: Derivation | None = None

    @property
    def _state(self) -> dict[str, Json]:
        return self._opening.state or {}

    def admission(self) -> Admission:
        """The outcome."""
        if not self._opening.opens:
            return self._admission((self._shut_out(),))
        plan = self._candidate.plan or self._derived()
        before = tuple(self._before(plan))
        if any(result.findings for result in before if result.gate == "plan"):
            reason = "the plan must be mended first"
            return self._admission((*before, *self._skipped(reason)), plan)
        subject = Subject(
            self._pool, plan, self._candidate.source, self._state, self._seed,
            self._candidate.calls, self._opening.profile,
        )  # fmt: skip
        with closing(subject):
            return self._examined(plan, before, subject)

    def _derived(self) -> EnvironmentPlan:
        source, opening = self._candidate.source, self._opening
        self._derivation = derive(
            self._pool, source, opening.class_name, self._state, opening.profile,
            self._candidate.outline, self._seed,
        )  # fmt: skip
        return self._derivation.plan

    def _widened(self, reason: str) -> bool:
        """Turns to the next profile that takes the class, if there is one."""
        opening, candidate = self._opening, self._candidate
        if opening.profile == PROFILES[-1]:
            return False
        known = {**opening.turned_down, opening.profile: reason}
        wider = open_up(self._pool, candidate.source, self._named, candidate.state, known)
        if wider.opens:
            self._opening = wider
        return wider.opens

    def _examined(
        self, plan: EnvironmentPlan, before: tuple[GateResult, ...], subject: Subject
    ) -> Admission:
        derived = self._derivation is not None
        applied = tuple(apply_gate(gate, subject, derived=derived) for gate in GATES)
        trials = observed(subject)
        if derived and (reason := _misfit(subject, applied, trials)) and self._widened(reason):
            return self.admission()
        tools = tuple(_tally(operation, trials) for operation in plan.operations)
        gates = (*before, *applied, _reach(plan, tools))
        environment = None
        if not derived and self._opening.profile == "native" and not any(g.findings for g in gates):
            environment = Environment(
                plan=plan,
                class_name=subject.sealed.class_name,
                source=self._candidate.source,
                tools=tool_specs(subject.sealed, plan),
            )
        errors = [trial.reply.error for trial in trials]
        lacks = tuple(missing(plan, self._opening, tools, errors, derived=derived))
        return self._admission(gates, plan, tools, lacks, environment)

    def _admission(
        self,
        gates: tuple[GateResult, ...],
        plan: EnvironmentPlan | None = None,
        tools: tuple[ToolTally, ...] = (),
        lacks: tuple[str, ...] = (),
        environment: Environment | None = None,
    ) -> Admission:
        opening = self._opening
        return Admission(
            class_name=opening.class_name or self._named or "",
            origin=self._candidate.origin,
            profile=opening.profile if opening.opens else None,
            turned_down=opening.turned_down,
            derived=self._derivation is not None,
            plan=plan,
            gates=gates,
            tools=tools,
            missing=lacks,
            environment=environment,
        )

    def _shut_out(self) -> GateResult:
        """The one result of a class that no profile takes: what the most lenient one says."""
        message = self._opening.turned_down[self._opening.profile]
        if self._candidate.state is None and "cannot be built" in message:
            message += "; no initial state was given: give one that the constructor can take"
        if self._named is None and "it has none" not in message and "define one class" in message:
            message += "; or name the class that is meant"
        where = self._opening.class_name or self._named or "the source"
        return GateResult(
            gate="loads", findings=(Finding(gate="loads", where=where, message=message),)
        )

    def _skipped(self, reason: str) -> Iterator[GateResult]:
        return (GateResult(gate=gate, reason=reason) for gate in GATES)

    def _before(self, plan: EnvironmentPlan) -> Iterator[GateResult]:
        """What is looked at before the class itself: the plan and the initial state."""
        if self._derivation is not None:
            yield GateResult(gate="plan", reason="it was derived from the class")
            yield _emptiness(plan.class_name, self._candidate.state, self._state)
            yield _kinds(self._derivation)
            return
        yield GateResult(gate="plan", findings=check_plan(plan, tools=ANY_SIZE, min_rules=0))
        yield GateResult(gate="start", findings=check_state(plan, self._state))


_SHARED = "which all instances share"


def _misfit(subject: Subject, applied: Iterable[GateResult], trials: Iterable[Trial]) -> str:
    """Why a profile does not suit a class that opened under it; empty when it does."""
    for trial in trials:
        status, error = trial.reply.status, trial.reply.error
        lost = status == "not json" and error.startswith("state")
        if trial.probe.kind == "fitting" and (lost or _SHARED in error):
            return f"{quoted(trial)} ended with {error}"
    if foreign(subject.profile):
        return ""
    remembering = (f for result in applied if result.gate == "state" for f in result.findings)
    return next((finding.message for finding in remembering), "")


def _emptiness(where: str, given: dict[str, Json] | None, state: dict[str, Json]) -> GateResult:
    """Whether there is something to try the tools on."""
    empty = [name for name, value in state.items() if value in ({}, []) and name[:1] != "_"]
    if not empty:
        return GateResult(gate="start")
    message = f"{', '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty at the start, "
    if given is not None:
        message += "so nothing was tried on what they could hold; give a fuller initial state."
        return GateResult(
            gate="start",
            notes=(Finding(gate="start", where=where, message=message),),
            reason="a state may well begin so",
        )
    message += (
        "since no initial state was given: most calls can only be refused, and most things stay "
        "untested; give a state with records in them."
    )
    return GateResult(gate="start", findings=(Finding(gate="start", where=where, message=message),))


def _kinds(derivation: Derivation) -> GateResult:
    """Whether what tools did fits their names."""
    notes = tuple(_surprise(trial) for trial in derivation.surprises)
    reason = "what a tool does decides, and not its name" if notes else ""
    return GateResult(gate="kinds", notes=notes, reason=reason)


def _surprise(trial: Trial) -> Finding:
    message = (
        f"its name says that it looks, and {quoted(trial)} changed the state "
        f"({change_text(trial.changes) or 'where it is private'}); mend it, if it should not."
    )
    return Finding(gate="kinds", where=trial.probe.tool, message=message)


def _tally(operation: Operation, every: list[Trial]) -> ToolTally:
    """How the trials of a tool ended."""
    trials = [trial for trial in every if trial.probe.tool == operation.name]
    answered = [trial for trial in trials if trial.reply.status == "ok"]
    refused = sum(trial.refused or _regrets(trial.reply.value) for trial in answered)
    return ToolTally(
        tool=operation.name,
        kind=operation.kind,
        tried=len(trials),
        succeeded=len(answered) - refused,
        refused=refused,
        failed=len(trials) - len(answered),
        moved=sum(trial.moved for trial in trials),
    )


def _regrets(value: Json) -> bool:
    """Whether an answer is a refusal in a form that is not ours: an error and no `success`."""
    return isinstance(value, dict) and bool(value.get("error")) and "success" not in value


def _reach(plan: EnvironmentPlan, tools: tuple[ToolTally, ...]) -> GateResult:
    """Whether anything succeeded at all: a class of which only refusals were seen is unseen."""
    if any(tally.succeeded for tally in tools):
        return GateResult(gate="reach")
    message = (
        "no call of any tool succeeded, so nothing but refusals was seen; give an initial state "
        "that the tools can work on."
    )
    if not tools:
        message = "the class has no public methods, and so no tools; give it some."
    finding = Finding(gate="reach", where=plan.class_name, message=message)
    return GateResult(gate="reach", findings=(finding,))

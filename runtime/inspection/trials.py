"""Trials: probes executed on a sealed class, and what each came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..errors import GeneratedCodeError
from ..records import EnvironmentPlan, Operation
from ..sandbox import Call, Reply, SealedClass
from ..state import Difference, Json, patch
from .pairs import paired_probes
from .probes import EXTREME, Probe, fitting_probes, hostile_probes
from .schemas import binding_fault

BROKEN = ("timeout", "killed")
"""How the reply of a call ends that hung or broke its worker."""


@dataclass(frozen=True)
class Trial:
    """What one probe came to."""

    probe: Probe
    reply: Reply
    moved: bool
    """Whether the state differs from the one before the call."""
    changes: tuple[Difference, ...]
    before: dict[str, Json]
    """The state that the call met; shared, so never written to."""
    lead: tuple[Probe, ...] = ()
    """The calls that led from the initial state to `before`."""

    @property
    def succeeded(self) -> bool:
        return _says(self.reply, True)

    @property
    def refused(self) -> bool:
        return _says(self.reply, False)

    @cached_property
    def after(self) -> dict[str, Json]:
        """The state after the call; it shares what did not change with `before`."""
        if not self.changes:
            return self.before
        state: dict[str, Json] = patch(self.before, self.changes)
        return state


def _says(reply: Reply, success: bool) -> bool:
    value = reply.value
    return reply.status == "ok" and isinstance(value, dict) and value.get("success") is success


def try_tool(
    sealed: SealedClass,
    plan: EnvironmentPlan,
    state: dict[str, Json],
    operation: Operation,
    seed: int,
) -> list[Trial]:
    """The tool's fitting probes, then hostile ones built on the best of those, and pairs.

    Calls whose argument names Python itself would refuse are left to the tools gate. A tool that
    hung or broke its worker is tried no further, so that one endless loop does not cost a time
    limit for each probe.
    """
    trials = run_trials(
        sealed, state, _bound(sealed, fitting_probes(plan, state, operation, seed)), seed
    )
    if not trials or any(trial.reply.status in BROKEN for trial in trials):
        return trials
    best = max(trials, key=lambda trial: (trial.succeeded, len(trial.probe.arguments)))
    pairs = paired_probes(
        plan, state, operation, [t.probe.arguments for t in trials if t.succeeded]
    )
    hostile = hostile_probes(operation, best.probe.arguments)
    trials += run_trials(sealed, state, _bound(sealed, [*hostile, *pairs]), seed)
    return trials + _twice(sealed, trials, seed)


def _twice(sealed: SealedClass, trials: Sequence[Trial], seed: int) -> list[Trial]:
    """Changes by an extreme number, made once more: sums may leave what JSON can hold."""
    again: list[Trial] = []
    for trial in trials:
        if trial.succeeded and trial.moved and EXTREME in trial.probe.arguments.values():
            lead = (*trial.lead, trial.probe)
            again += run_trials(sealed, trial.after, [trial.probe], seed, lead)
    return again


def try_harder(sealed: SealedClass, operation: Operation, reached: Trial, seed: int) -> list[Trial]:
    """Hostile probes built on a call that succeeds only in a state that other calls led to."""
    hostile = _bound(sealed, [*hostile_probes(operation, reached.probe.arguments)])
    trials = run_trials(sealed, reached.before, hostile, seed, reached.lead)
    return trials + _twice(sealed, trials, seed)


def _bound(sealed: SealedClass, probes: Sequence[Probe]) -> list[Probe]:
    """The probes whose argument names fit their method."""
    schemas = {tool["name"]: tool["parameters"] for tool in sealed.tools}
    return [p for p in probes if not binding_fault(schemas[p.tool], p.arguments)]


def run_trials(
    sealed: SealedClass,
    state: dict[str, Json],
    probes: Sequence[Probe],
    seed: int,
    lead: tuple[Probe, ...] = (),
) -> list[Trial]:
    """Each probe on a fresh instance of `state`; all live at the same time.

    Raises:
        GeneratedCodeError: the class cannot be built from the state.
    """
    instances = sealed.create([state] * len(probes), seed=seed)
    start = sealed.hash(instances[:1])  # all were built from the same
    calls = [Call(i, p.tool, p.arguments) for i, p in zip(instances, probes, strict=True)]
    replies = sealed.step(calls)
    try:
        ends = zip(instances, sealed.hash(instances), strict=True)
        moved = [instance for instance, end in ends if [end] != start]
        changes = dict(zip(moved, sealed.diff(moved), strict=True))
        sealed.drop(instances)
    except GeneratedCodeError:  # given up after too many kills, which the replies tell
        changes = {}
    return [
        Trial(probe, reply, i in changes, tuple(changes.get(i, ())), state, lead)
        for i, probe, reply in zip(instances, probes, replies, strict=True)
    ]

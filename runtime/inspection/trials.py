"""Trials: probes executed on a sealed class, each on an instance of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..records import EnvironmentPlan
from ..sandbox import Call, Reply, SealedClass
from ..state import Difference, Json
from .probes import Probe, fitting_probes, hostile_probes

BATCH = 256
"""Instances that live at the same time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one probe came to on a fresh instance of the state."""

    probe: Probe
    reply: Reply
    moved: bool
    """Whether the state hash differs from the one before the call."""
    changes: tuple[Difference, ...]

    @property
    def succeeded(self) -> bool:
        return _says(self.reply, True)

    @property
    def refused(self) -> bool:
        return _says(self.reply, False)


def _says(reply: Reply, success: bool) -> bool:
    value = reply.value
    return reply.status == "ok" and isinstance(value, dict) and value.get("success") is success


def try_class(
    sealed: SealedClass, plan: EnvironmentPlan, state: dict[str, Json], seed: int
) -> list[Trial]:
    """Every fitting probe of the plan's tools, then the hostile ones built on what succeeded.

    A tool that hung or killed its worker is tried no further, so that one endless loop does not
    cost a time limit for each probe.
    """
    offered = {tool["name"] for tool in sealed.tools}
    operations = [operation for operation in plan.operations if operation.name in offered]
    fitting = [probe for op in operations for probe in fitting_probes(plan, state, op, seed)]
    trials = run_trials(sealed, state, fitting, seed)
    hostile: list[Probe] = []
    for operation in operations:
        own = [trial for trial in trials if trial.probe.tool == operation.name]
        if own and not any(trial.reply.status in ("timeout", "killed") for trial in own):
            best = max(own, key=lambda trial: (trial.succeeded, len(trial.probe.arguments)))
            hostile += hostile_probes(operation, best.probe.arguments)
    return trials + run_trials(sealed, state, hostile, seed)


def run_trials(
    sealed: SealedClass, state: dict[str, Json], probes: Sequence[Probe], seed: int
) -> list[Trial]:
    """Each probe on a fresh instance of `state`, in batches."""
    trials: list[Trial] = []
    for start in range(0, len(probes), BATCH):
        trials += _batch(sealed, state, probes[start : start + BATCH], seed)
    return trials


def _batch(
    sealed: SealedClass, state: dict[str, Json], probes: Sequence[Probe], seed: int
) -> list[Trial]:
    instances = sealed.create([state] * len(probes), seed=seed)
    before = sealed.hash(instances)
    calls = [
        Call(instance, probe.tool, probe.arguments)
        for instance, probe in zip(instances, probes, strict=True)
    ]
    replies = sealed.step(calls)
    after = sealed.hash(instances)
    changes = sealed.diff(instances)
    sealed.drop(instances)
    return [
        Trial(probe, reply, old != new, tuple(changed))
        for probe, reply, old, new, changed in zip(
            probes, replies, before, after, changes, strict=True
        )
    ]

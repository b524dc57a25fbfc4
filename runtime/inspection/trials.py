"""Trials: probes executed on a sealed class, each on an instance of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import GeneratedCodeError
from ..records import EnvironmentPlan, Operation
from ..sandbox import Call, Reply, SealedClass
from ..state import Difference, Json
from .probes import Probe, fitting_probes, hostile_probes
from .schemas import binding_fault


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


def try_tool(
    sealed: SealedClass,
    plan: EnvironmentPlan,
    state: dict[str, Json],
    operation: Operation,
    seed: int,
) -> list[Trial]:
    """The tool's fitting probes, then hostile ones built on the best of those.

    Calls whose argument names Python itself would refuse are left to the tools gate. A tool that
    hung or broke its worker is tried no further, so that one endless loop does not cost a time
    limit for each probe.
    """
    schema = next(t["parameters"] for t in sealed.tools if t["name"] == operation.name)
    fitting = fitting_probes(plan, state, operation, seed)
    bound = [probe for probe in fitting if not binding_fault(schema, probe.arguments)]
    trials = run_trials(sealed, state, bound, seed)
    if not trials or any(trial.reply.status in ("timeout", "killed") for trial in trials):
        return trials
    best = max(trials, key=lambda trial: (trial.succeeded, len(trial.probe.arguments)))
    hostile = [*hostile_probes(operation, best.probe.arguments)]
    return trials + run_trials(
        sealed, state, [p for p in hostile if not binding_fault(schema, p.arguments)], seed
    )


def run_trials(
    sealed: SealedClass, state: dict[str, Json], probes: Sequence[Probe], seed: int
) -> list[Trial]:
    """Each probe on a fresh instance of `state`; all live at the same time.

    Raises:
        GeneratedCodeError: the class cannot be built from the state.
    """
    instances = sealed.create([state] * len(probes), seed=seed)
    before = sealed.hash(instances)
    calls = [Call(i, p.tool, p.arguments) for i, p in zip(instances, probes, strict=True)]
    replies = sealed.step(calls)
    try:
        after, changes = sealed.hash(instances), sealed.diff(instances)
        sealed.drop(instances)
    except GeneratedCodeError:  # given up after too many kills, which the replies tell
        after, changes = before, [[] for _ in instances]
    return [
        Trial(probe, reply, old != new, tuple(changed))
        for probe, reply, old, new, changed in zip(
            probes, replies, before, after, changes, strict=True
        )
    ]

"""Reference plans, run: many at once, in lockstep, each on a fresh instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import PlanError
from ..records import Call, Environment, PlannedCall, Status, Step
from ..sandbox import Call as SealedCall
from ..sandbox import Reply, SealedClass
from ..state import Difference, Json, Path, canonical, diff, digest
from ..tools import Toolset
from .references import resolve


@dataclass
class Execution:
    """What came of one plan: lists run parallel to the calls that were made."""

    initial: dict[str, Json]
    final: dict[str, Json]
    plan: list[PlannedCall] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    problem: str = ""
    """Why the plan broke off, or which call did not end as declared; empty when it held."""

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(Call(tool=step.tool, arguments=step.arguments) for step in self.steps)

    def differences(self, position: int) -> list[Difference]:
        return [Difference(*change) for change in self.steps[position].changes]  # type: ignore[arg-type]

    def touched(self) -> list[Path]:
        """Every path that a call wrote to, whether or not it was brought back."""
        return [change[0] for step in self.steps for change in step.changes]

    def hashes(self) -> tuple[str, ...]:
        return (digest(self.initial), *(step.state_hash for step in self.steps))


def run_plans(
    sealed: SealedClass,
    environment: Environment,
    state: dict[str, Json],
    plans: Sequence[Sequence[PlannedCall]],
    *,
    seed: int = 0,
    stop_early: bool = True,
) -> list[Execution]:
    """Runs each plan on its own fresh instance of the state.

    With `stop_early` a plan breaks off at the first call that cannot be resolved or does not end
    as declared, and its `problem` says so; otherwise such calls are passed over.
    """
    tools = Toolset(environment.tools)
    instances = sealed.create([state] * len(plans), seed=seed)
    runs = [Execution(state, state) for _ in plans]
    for position in range(max(map(len, plans), default=0)):
        due = [i for i, plan in enumerate(plans) if position < len(plan) and not runs[i].problem]
        ready = {i: _resolved(plans[i][position], runs[i], stop_early) for i in due}
        _advance(
            sealed, tools, instances, runs, {i: c for i, c in ready.items() if c}, plans, position
        )
        if stop_early:
            for i in due:
                runs[i].problem = runs[i].problem or _undeclared(runs[i])
    sealed.drop(instances)
    return runs


def _resolved(planned: PlannedCall, run: Execution, stop_early: bool) -> Call | None:
    results = {call.n: step.result for call, step in zip(run.plan, run.steps, strict=True)}
    new = {call.n: added_keys(run, place) for place, call in enumerate(run.plan)}
    try:
        return Call(tool=planned.tool, arguments=resolve(planned.arguments, results, new))
    except PlanError as error:
        if stop_early:
            run.problem = f"call {planned.n} ({planned.tool}): {error}"
        return None


def added_keys(run: Execution, position: int) -> dict[str, list[str]]:
    """The keys that a call added, by collection."""
    added: dict[str, list[str]] = {}
    for path, kind, _, _ in run.differences(position):
        if kind == "add" and len(path) == 2:
            added.setdefault(path[0], []).append(path[1])
    return added


def _advance(
    sealed: SealedClass,
    tools: Toolset,
    instances: Sequence[int],
    runs: list[Execution],
    ready: dict[int, Call],
    plans: Sequence[Sequence[PlannedCall]],
    position: int,
) -> None:
    objections = {i: tools.objection(call.tool, call.arguments) for i, call in ready.items()}
    sent = [i for i in ready if not objections[i]]
    replies = sealed.step(
        [SealedCall(instances[i], ready[i].tool, ready[i].arguments) for i in sent]
    )
    states = {
        i: snap.state
        for i, snap in zip(sent, sealed.snapshot([instances[i] for i in sent]), strict=True)
    }
    by_run = dict(zip(sent, replies, strict=True))
    for i, call in ready.items():
        after = states.get(i, runs[i].final)
        runs[i].steps.append(made_step(call, objections[i], by_run.get(i), runs[i].final, after))
        runs[i].plan.append(plans[i][position])
        runs[i].final = after


def made_step(
    call: Call, objection: str, reply: Reply | None, before: dict[str, Json], after: dict[str, Json]
) -> Step:
    """The record of one executed, or refused, call."""
    changes = tuple((d.path, d.kind, d.old, d.new) for d in diff(before, after))
    status, result = _outcome(objection, reply)
    return Step(
        tool=call.tool, arguments=_recordable(call.arguments), status=status, result=result,
        state_hash=digest(after), changes=changes,
    )  # fmt: skip


def _recordable(arguments: Json) -> Json:
    """The arguments, or a text of them where they are not JSON and so could not be stored."""
    try:
        canonical(arguments)
    except (TypeError, ValueError):
        return repr(arguments)
    return arguments


def _outcome(objection: str, reply: Reply | None) -> tuple[Status, Json]:
    if reply is None:
        return "invalid", {"success": False, "error": objection}
    if reply.status != "ok":
        return "error", {"success": False, "error": f"{reply.status}: {reply.error}"}
    refused = isinstance(reply.value, dict) and reply.value.get("success") is False
    return ("refused" if refused else "ok"), reply.value


def _undeclared(run: Execution) -> str:
    if run.problem or not run.steps:
        return run.problem
    planned, step = run.plan[-1], run.steps[-1]
    if step.status == planned.expect:
        return ""
    return (
        f"call {planned.n} ({planned.tool} with {step.arguments}) was declared {planned.expect!r} "
        f"but ended {step.status!r}: {step.result}"
    )

"""Test calls: executed one by one on fresh instances, and what they prove together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ..records import Environment, TestCall, ToolSpec
from ..sandbox import Call, Pool, Reply, SealedClass
from ..state import Difference, Json
from .schemas import binding_fault


@dataclass(frozen=True, slots=True)
class ExecutedCall:
    """A test call and what it came to on a fresh instance."""

    call: TestCall
    outcome: Literal["ok", "refused", "error"]
    """`error`: the call cannot be made, raised, broke a limit, or its answer is no answer."""
    result: Json
    """What the method returned; for an error that returned nothing, the error text."""
    changes: tuple[Difference, ...] = ()
    reached: Mapping[str, Json] = field(default_factory=dict, repr=False)
    """The state after the call; empty when it was not made."""

    @property
    def expected(self) -> bool:
        """Whether the outcome is the one that was expected before."""
        return self.outcome == self.call.expect


def run_calls(
    pool: Pool,
    environment: Environment,
    state: dict[str, Json],
    calls: Sequence[TestCall],
    *,
    seed: int = 0,
) -> list[ExecutedCall]:
    """Execute each test call on its own fresh instance of `state`; results in the given order.

    What a call's `before` lists is carried out first and is not part of its changes; when one of
    those calls does not succeed, the test call is an "error" and is not executed.

    Arguments reach the method unvalidated, so a call may test what a wrong type does. A call of an
    unknown tool, or without a required argument, is an "error" and is not executed.

    Raises:
        GeneratedCodeError: the environment's class does not load or refuses the state.
        SandboxError: the sealed execution itself failed.
    """
    tools = {tool.name: tool for tool in environment.tools}
    objections = [_objection(tools, call) for call in calls]
    runnable = [call for call, reason in zip(calls, objections, strict=True) if not reason]
    executed = iter(_execute(pool, environment, state, runnable, seed))
    return [
        ExecutedCall(call, "error", reason) if reason else next(executed)
        for call, reason in zip(calls, objections, strict=True)
    ]


def _objection(tools: dict[str, ToolSpec], call: TestCall) -> str:
    """Why a call cannot be made at all; empty when it can."""
    if call.tool not in tools:
        return f"there is no tool {call.tool!r}; the tools are {', '.join(tools)}"
    fault = binding_fault(tools[call.tool].parameters, call.arguments)
    return fault and f"{call.tool} {fault}"


def _execute(
    pool: Pool,
    environment: Environment,
    state: dict[str, Json],
    calls: Sequence[TestCall],
    seed: int,
) -> list[ExecutedCall]:
    sealed = pool.open(environment.source, environment.class_name, strict=True)
    try:
        instances = sealed.create([state] * len(calls), seed=seed)
        obstacles = [_prepared(sealed, i, call) for i, call in zip(instances, calls, strict=True)]
        ready = [
            (i, call) for i, call, why in zip(instances, calls, obstacles, strict=True) if not why
        ]
        replies = sealed.step([Call(i, call.tool, call.arguments) for i, call in ready])
        changes = sealed.diff([i for i, _ in ready])
        reached = [snapshot.state for snapshot in sealed.snapshot([i for i, _ in ready])]
    finally:
        sealed.close()
    made = zip(ready, replies, changes, reached, strict=True)
    executed = (_executed(call, reply, change, end) for (_, call), reply, change, end in made)
    return [
        ExecutedCall(call, "error", why) if why else next(executed)
        for call, why in zip(calls, obstacles, strict=True)
    ]


def _prepared(sealed: SealedClass, instance: int, call: TestCall) -> str:
    """Brings an instance to where a test call begins; why that failed, or an empty text."""
    for step in call.before:
        (reply,) = sealed.step([Call(instance, step.tool, step.arguments)])
        done = _executed(call, reply, (), {})
        if done.outcome != "ok":
            return f"the call before it, {step.tool}({step.arguments}), ended {done.outcome}"
    if call.before:
        sealed.restore(instance, sealed.snapshot([instance])[0])
    return ""


def _executed(
    call: TestCall, reply: Reply, changes: Iterable[Difference], reached: Mapping[str, Json]
) -> ExecutedCall:
    changed = tuple(changes)
    if reply.status != "ok":
        return ExecutedCall(call, "error", f"{reply.status}: {reply.error}", changed, reached)
    success = reply.value.get("success") if isinstance(reply.value, dict) else None
    if not isinstance(success, bool):
        return ExecutedCall(call, "error", reply.value, changed, reached)
    outcome: Literal["ok", "refused"] = "ok" if success else "refused"
    return ExecutedCall(call, outcome, reply.value, changed, reached)


class Gap(NamedTuple):
    """A call that is wanting: no tool and no rule may stay untested."""

    what: str
    """A tool, or the id of a rule."""
    outcome: Literal["ok", "refused"]
    rule: bool = False

    def __str__(self) -> str:
        if self.rule:
            how = "keeps it and succeeds" if self.outcome == "ok" else "violates it and is refused"
            return f"rule {self.what}: a call that {how}"
        return f"{self.what}: a call that {'succeeds' if self.outcome == 'ok' else 'is refused'}"


def gaps(environment: Environment, executed: Iterable[ExecutedCall]) -> tuple[Gap, ...]:
    """For each tool the want of a call that ended ok and, where the plan names errors, of one that
    was refused; for each rule the want of a call that kept it and of one that violated it.

    Whether an outcome was right is for the expectations and the judge to say.
    """
    done = list(executed)
    return (*_untried(environment, done), *_unproven(environment, done))


def _untried(environment: Environment, executed: Iterable[ExecutedCall]) -> list[Gap]:
    seen = {(one.call.tool, one.outcome) for one in executed}
    refusing = {operation.name for operation in environment.plan.operations if operation.errors}
    wanted = [Gap(tool.name, "ok") for tool in environment.tools]
    wanted += [Gap(tool.name, "refused") for tool in environment.tools if tool.name in refusing]
    return [gap for gap in wanted if (gap.what, gap.outcome) not in seen]


def _unproven(environment: Environment, executed: Iterable[ExecutedCall]) -> list[Gap]:
    owned = {operation.name: operation.rules for operation in environment.plan.operations}
    seen = {
        (one.call.rule, one.outcome)
        for one in executed
        if one.expected and one.call.rule in owned.get(one.call.tool, ())
    }
    outcomes: tuple[Literal["ok", "refused"], ...] = ("ok", "refused")
    wanted = [Gap(rule.id, end, rule=True) for rule in environment.plan.rules for end in outcomes]
    return [gap for gap in wanted if (gap.what, gap.outcome) not in seen]


def untested_tools(environment: Environment, executed: Iterable[ExecutedCall]) -> tuple[str, ...]:
    """The tools without a call that ended ok or, where the plan names errors, without a refusal."""
    return tuple(dict.fromkeys(gap.what for gap in _untried(environment, executed)))


def untested_rules(environment: Environment, executed: Iterable[ExecutedCall]) -> tuple[str, ...]:
    """The ids of the rules without a violating call that was refused, or without a legal one that
    passed, each as expected."""
    return tuple(dict.fromkeys(gap.what for gap in _unproven(environment, executed)))

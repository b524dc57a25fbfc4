"""Test calls: executed one by one on fresh instances, and what they prove together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    finally:
        sealed.close()
    made = zip(ready, replies, changes, strict=True)
    executed = (_executed(call, reply, change) for (_, call), reply, change in made)
    return [
        ExecutedCall(call, "error", why) if why else next(executed)
        for call, why in zip(calls, obstacles, strict=True)
    ]


def _prepared(sealed: SealedClass, instance: int, call: TestCall) -> str:
    """Brings an instance to where a test call begins; why that failed, or an empty text."""
    for step in call.before:
        (reply,) = sealed.step([Call(instance, step.tool, step.arguments)])
        done = _executed(call, reply, ())
        if done.outcome != "ok":
            return f"the call before it, {step.tool}({step.arguments}), ended {done.outcome}"
    if call.before:
        sealed.restore(instance, sealed.snapshot([instance])[0])
    return ""


def _executed(call: TestCall, reply: Reply, changes: Iterable[Difference]) -> ExecutedCall:
    if reply.status != "ok":
        return ExecutedCall(call, "error", f"{reply.status}: {reply.error}", tuple(changes))
    success = reply.value.get("success") if isinstance(reply.value, dict) else None
    if not isinstance(success, bool):
        return ExecutedCall(call, "error", reply.value, tuple(changes))
    return ExecutedCall(call, "ok" if success else "refused", reply.value, tuple(changes))


class Gap(NamedTuple):
    """A call that is wanting: no tool may stay untested."""

    tool: str
    outcome: Literal["ok", "refused"]

    def __str__(self) -> str:
        return f"{self.tool}: a call that {'succeeds' if self.outcome == 'ok' else 'is refused'}"


def gaps(environment: Environment, executed: Iterable[ExecutedCall]) -> tuple[Gap, ...]:
    """For each tool, in order, the want of a call that ended ok and, where the plan names errors,
    of one that was refused. Whether an outcome was right is for the judge to say."""
    seen = {(one.call.tool, one.outcome) for one in executed}
    refusing = {operation.name for operation in environment.plan.operations if operation.errors}
    wanted = [Gap(tool.name, "ok") for tool in environment.tools]
    wanted += [Gap(tool.name, "refused") for tool in environment.tools if tool.name in refusing]
    return tuple(gap for gap in wanted if (gap.tool, gap.outcome) not in seen)


def untested_tools(environment: Environment, executed: Iterable[ExecutedCall]) -> tuple[str, ...]:
    """The tools with a gap."""
    return tuple(dict.fromkeys(gap.tool for gap in gaps(environment, executed)))


def rules_tested(environment: Environment, executed: Iterable[ExecutedCall]) -> tuple[str, ...]:
    """The ids of the rules, in order, with a violating call that was refused and a legal one that
    passed, both as expected."""
    seen = {(one.call.rule, one.outcome) for one in executed if one.expected}
    return tuple(
        rule.id
        for rule in environment.plan.rules
        if (rule.id, "ok") in seen and (rule.id, "refused") in seen
    )

"""Test calls: executed one by one on fresh instances, and what they prove together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..records import Environment, TestCall, ToolSpec
from ..sandbox import Call, Pool, Reply
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
    sealed = pool.open(environment.source, class_name=environment.class_name)
    try:
        instances = sealed.create([state] * len(calls), seed=seed)
        replies = sealed.step(
            [Call(i, call.tool, call.arguments) for i, call in zip(instances, calls, strict=True)]
        )
        changes = sealed.diff(instances)
    finally:
        sealed.close()
    return [_executed(*row) for row in zip(calls, replies, changes, strict=True)]


def _executed(call: TestCall, reply: Reply, changes: Iterable[Difference]) -> ExecutedCall:
    if reply.status != "ok":
        return ExecutedCall(call, "error", f"{reply.status}: {reply.error}", tuple(changes))
    success = reply.value.get("success") if isinstance(reply.value, dict) else None
    if not isinstance(success, bool):
        return ExecutedCall(call, "error", reply.value, tuple(changes))
    return ExecutedCall(call, "ok" if success else "refused", reply.value, tuple(changes))


def untested_tools(environment: Environment, executed: Iterable[ExecutedCall]) -> tuple[str, ...]:
    """The tools, in order, that lack a call that ended ok or, where the plan names errors, one
    that was refused; only calls that ended as expected count."""
    seen = {(one.call.tool, one.outcome) for one in executed if one.expected}
    refusing = {operation.name for operation in environment.plan.operations if operation.errors}
    return tuple(
        tool.name
        for tool in environment.tools
        if (tool.name, "ok") not in seen
        or (tool.name in refusing and (tool.name, "refused") not in seen)
    )


def rules_tested(environment: Environment, executed: Iterable[ExecutedCall]) -> tuple[str, ...]:
    """The ids of the rules, in order, with a violating call that was refused and a legal one that
    passed, both as expected."""
    seen = {(one.call.rule, one.outcome) for one in executed if one.expected}
    return tuple(
        rule.id
        for rule in environment.plan.rules
        if (rule.id, "ok") in seen and (rule.id, "refused") in seen
    )

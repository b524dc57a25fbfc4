"""From an idea to a plan that holds together, and to an initial state of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import dspy
from pydantic import ValidationError

from ..runtime.errors import Repairable
from ..runtime.inspection import check_plan, check_state
from ..runtime.records import EnvironmentIdea, EnvironmentPlan, Finding, Part
from ..runtime.state import digest
from ..signatures import PlanEnvironment, RepairPlan, RepairState, WriteState
from .briefs import json_text, plan_text
from .step import Program, Step

P = TypeVar("P", bound=Part)

TOOLS = 15
"""About how many operations a plan has if nothing else is said."""
SHOWN_TASKS = 8
"""Tasks of an idea that the planner is shown."""


class Planner(Program):
    """Plans the entities, rules and operations of an idea, and mends what the checks find.

    Args:
        tools: about how many operations are wanted, 4 to 60; plans with 0.6 to 1.6 times as many
            are accepted.
        repairs: how often a faulty plan is sent back.

    Returns `plan` (`EnvironmentPlan` or None), `findings` of the last plan, `repairs`, `problem`.
    """

    def __init__(self, tools: int = TOOLS, repairs: int = 2) -> None:
        super().__init__()
        self.plan = Step(PlanEnvironment, "plan environment")
        self.repair = Step(RepairPlan, "repair plan")
        self.tools, self.repairs = tools, repairs

    async def aforward(self, *, idea: EnvironmentIdea) -> dspy.Prediction:
        findings: tuple[Finding, ...] = ()
        plan: EnvironmentPlan | None = None
        for attempt in range(self.repairs + 1):
            try:
                plan = await (self._mend(plan, findings, attempt) if plan else self._plan(idea))
            except (Repairable, ValidationError) as error:
                return dspy.Prediction(
                    plan=None, findings=findings, repairs=attempt, problem=str(error)
                )
            findings = check_plan(
                plan, tools=accepted(self.tools), min_rules=least_rules(self.tools)
            )
            if not findings:
                return dspy.Prediction(plan=plan, findings=(), repairs=attempt, problem="")
        return dspy.Prediction(
            plan=None, findings=findings, repairs=self.repairs, problem=_listed(findings)
        )

    async def _plan(self, idea: EnvironmentIdea) -> EnvironmentPlan:
        said = await self.plan.acall(
            summary=idea.summary,
            introduction=idea.introduction,
            tasks=[task.text for task in idea.tasks[:SHOWN_TASKS]],
            size=size(self.tools),
            # Not its tasks: which of them were merged into the idea depends on the others.
            key=[idea.summary, idea.introduction, self.tools],
        )
        return EnvironmentPlan(
            class_name=class_name(said.class_name),
            summary=idea.summary,
            introduction=idea.introduction,
            entities=tuple(said.entities),
            scalars=tuple(said.scalars),
            rules=tuple(said.rules),
            operations=tuple(said.operations),
        )

    async def _mend(
        self, plan: EnvironmentPlan, findings: Sequence[Finding], attempt: int
    ) -> EnvironmentPlan:
        said = await self.repair.acall(
            plan=plan_text(plan),
            problems=[str(finding) for finding in findings],
            key=[plan.id, attempt],
        )
        return patched(plan, said)


def class_name(text: str) -> str:
    """A name in PascalCase, made of the words of a text: a repair could not give another one."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    return "".join(word[0].upper() + word[1:] for word in words)


def patched(plan: EnvironmentPlan, said: dspy.Prediction) -> EnvironmentPlan:
    """The plan with the parts of a repair in the place of those of the same name or id; what the
    repair gives is never dropped."""
    dropped = set(said.drop)
    return plan.model_copy(
        update={
            "entities": _replaced(plan.entities, said.entities, "name", dropped),
            "scalars": _replaced(plan.scalars, said.scalars, "name", dropped),
            "rules": _replaced(plan.rules, said.rules, "id", dropped),
            "operations": _replaced(plan.operations, said.operations, "name", dropped),
        }
    )


def _replaced(old: Sequence[P], new: Sequence[P], name: str, dropped: set[str]) -> tuple[P, ...]:
    given = {getattr(part, name): part for part in new}
    parts = {getattr(part, name): part for part in old} | given
    return tuple(part for key, part in parts.items() if key in given or key not in dropped)


def size(tools: int) -> str:
    """How large a plan is asked for, in words; entities and rules grow with the operations."""
    rules, entities = least_rules(tools), max(2, tools // 5)
    return (
        f"about {tools} operations, {rules} to {rules + 3} rules, "
        f"{entities} to {entities + max(2, tools // 8)} entities"
    )


def accepted(tools: int) -> tuple[int, int]:
    """Fewest and most operations of a plan for which about `tools` were asked."""
    return round(0.6 * tools), round(1.6 * tools)


def least_rules(tools: int) -> int:
    """Fewest business rules of a plan with about `tools` operations."""
    return max(3, tools // 3)


class StateWriter(Program):
    """Writes an initial state that fits the plan, and mends what the checks find.

    Returns `state` (dict or None), `findings` of the last one, `repairs`, `problem`.
    """

    def __init__(self, records: str = "5 to 8", repairs: int = 2) -> None:
        super().__init__()
        self.write = Step(WriteState, "write state")
        self.repair = Step(RepairState, "repair state")
        self.records, self.repairs = records, repairs

    async def aforward(self, *, plan: EnvironmentPlan, variant: int = 0) -> dspy.Prediction:
        findings: tuple[Finding, ...] = ()
        for attempt in range(self.repairs + 1):
            try:
                if attempt == 0:
                    said = await self.write.acall(
                        plan=plan_text(plan),
                        records=self.records,
                        key=[plan.id, self.records],
                        rollout=variant,
                    )
                else:
                    said = await self.repair.acall(
                        plan=plan_text(plan),
                        broken=json_text(said.state),
                        problems=[str(finding) for finding in findings],
                        key=[plan.id, digest(said.state), attempt],
                    )
            except Repairable as error:
                return dspy.Prediction(
                    state=None, findings=findings, repairs=attempt, problem=str(error)
                )
            findings = check_state(plan, said.state)
            if not findings:
                return dspy.Prediction(state=said.state, findings=(), repairs=attempt, problem="")
        return dspy.Prediction(
            state=None, findings=findings, repairs=self.repairs, problem=_listed(findings)
        )


def _listed(findings: Sequence[Finding]) -> str:
    more = f" and {len(findings) - 3} more" if len(findings) > 3 else ""
    return "; ".join(str(finding) for finding in findings[:3]) + more

"""From an idea to a plan that holds together, and to an initial state of it."""

from __future__ import annotations

from collections.abc import Sequence

import dspy
from pydantic import ValidationError

from ..runtime.errors import Repairable
from ..runtime.inspection import check_plan, check_state
from ..runtime.records import EnvironmentIdea, EnvironmentPlan, Finding
from ..runtime.state import digest
from ..signatures import PlanEnvironment, RepairPlan, RepairState, WriteState
from .briefs import json_text, plan_text
from .step import Program, Step


class Planner(Program):
    """Plans the entities, rules and operations of an idea, and mends what the checks find.

    Args:
        tools: fewest and most operations.
        rules: fewest business rules.
        repairs: how often a faulty plan is sent back.

    Returns `plan` (`EnvironmentPlan` or None), `findings` of the last plan, `repairs`, `problem`.
    """

    def __init__(self, tools: tuple[int, int] = (10, 25), rules: int = 5, repairs: int = 2) -> None:
        super().__init__()
        self.plan = Step(PlanEnvironment, "plan environment")
        self.repair = Step(RepairPlan, "repair plan")
        self.tools, self.rules, self.repairs = tools, rules, repairs

    async def aforward(self, *, idea: EnvironmentIdea) -> dspy.Prediction:
        findings: tuple[Finding, ...] = ()
        plan: EnvironmentPlan | None = None
        for attempt in range(self.repairs + 1):
            try:
                said = await (self._mend(plan, findings, attempt) if plan else self._plan(idea))
                plan = _plan(idea, said)
            except (Repairable, ValidationError) as error:
                return dspy.Prediction(
                    plan=None, findings=findings, repairs=attempt, problem=str(error)
                )
            findings = check_plan(plan, tools=self.tools, min_rules=self.rules)
            if not findings:
                return dspy.Prediction(plan=plan, findings=(), repairs=attempt, problem="")
        return dspy.Prediction(
            plan=None, findings=findings, repairs=self.repairs, problem=_listed(findings)
        )

    async def _plan(self, idea: EnvironmentIdea) -> dspy.Prediction:
        low, high = self.tools
        return await self.plan.acall(
            summary=idea.summary,
            introduction=idea.introduction,
            tasks=[task.text for task in idea.tasks],
            size=f"{low} to {min(high, low + 5)} operations, "
            f"{self.rules} to {self.rules + 3} rules, 3 to 5 entities",
            # Not its tasks: which of them were merged into the idea depends on the others.
            key=[idea.summary, idea.introduction, self.tools, self.rules],
        )

    async def _mend(
        self, plan: EnvironmentPlan, findings: Sequence[Finding], attempt: int
    ) -> dspy.Prediction:
        return await self.repair.acall(
            plan=plan_text(plan),
            problems=[str(finding) for finding in findings],
            key=[plan.id, attempt],
        )


def _plan(idea: EnvironmentIdea, said: dspy.Prediction) -> EnvironmentPlan:
    return EnvironmentPlan(
        class_name=said.class_name.strip(),
        summary=idea.summary,
        introduction=idea.introduction,
        entities=tuple(said.entities),
        scalars=tuple(said.scalars),
        rules=tuple(said.rules),
        operations=tuple(said.operations),
    )


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

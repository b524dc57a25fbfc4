"""From a plan to the source of a class: in one call, in several for many operations."""

from __future__ import annotations

from collections.abc import Sequence

import dspy

from ..runtime.errors import Repairable
from ..runtime.records import EnvironmentPlan, Finding
from ..runtime.sources import joined, methods, tidied, whole
from ..signatures import PySource, RepairClass, WriteClass, WriteMethods
from .briefs import plan_text
from .step import Program, Step

PER_CALL = 25
"""Most operations that one call is to write."""
REPEATS = 2
"""Further calls for operations that an answer left out or that were cut off."""


class ClassWriter(Program):
    """Writes the class of a plan.

    An answer that is cut, or that leaves operations out, is continued from the last complete
    method.

    Args:
        per_call: most operations that one call is to write.

    Returns `source` (str or None) and `problem`.
    """

    def __init__(self, per_call: int = PER_CALL) -> None:
        super().__init__()
        self.write = Step(WriteClass, "write class")
        self.go_on = Step(WriteMethods, "write methods")
        self.per_call = per_call

    async def aforward(self, *, plan: EnvironmentPlan) -> dspy.Prediction:
        wanted = [operation.name for operation in plan.operations]
        calls = -(-len(wanted) // self.per_call) + REPEATS
        source = ""
        try:
            for number in range(calls):
                have = methods(source, plan.class_name)
                missing = [name for name in wanted if name not in have]
                if have and not missing:
                    break
                source = await self._written(plan, source, missing[: self.per_call], number)
        except Repairable as error:
            if not source:
                return dspy.Prediction(source=None, problem=str(error))
        return dspy.Prediction(source=source, problem="")

    async def _written(
        self, plan: EnvironmentPlan, source: str, names: Sequence[str], number: int
    ) -> str:
        have = methods(source, plan.class_name)
        if not have:
            said = await self.write.acall(
                plan=plan_text(plan),
                operations=list(names),
                key=[plan.id, *names],
                rollout=number,
            )
            return whole(said.source.code)
        said = await self.go_on.acall(
            plan=plan_text(plan),
            begun=PySource(code=source),
            operations=list(names),
            key=[plan.id, source, *names],
            rollout=number,
        )
        part = whole(said.source.code)
        made = joined(source, part, plan.class_name)
        return made if set(have) <= set(methods(made, plan.class_name)) else source


class ClassMender(Program):
    """Mends a class: the answer holds the changed methods, which take the place of the old ones.

    Returns `source`.

    Raises:
        AnswerError: no answer parsed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.repair = Step(RepairClass, "repair class")

    async def aforward(
        self, *, plan: EnvironmentPlan, source: str, findings: Sequence[Finding], attempt: int = 0
    ) -> dspy.Prediction:
        problems = [str(finding) for finding in findings]
        said = await self.repair.acall(
            plan=plan_text(plan),
            broken=PySource(code=source),
            problems=problems,
            key=[plan.id, source, problems, attempt],
        )
        made = joined(source, whole(said.source.code), plan.class_name)
        operations = [operation.name for operation in plan.operations]
        return dspy.Prediction(source=tidied(made, plan.class_name, operations))

"""From task texts to ideas of environments."""

from __future__ import annotations

import dspy

from ..runtime.errors import Repairable
from ..runtime.records import EnvironmentIdea, SourceTask
from ..signatures import InferIdea, JudgeTask
from .step import Program, Step


class TaskJudge(Program):
    """Decides whether a task needs a stateful domain environment.

    Returns `needs_environment` (bool), `reason`, `problem`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.judge = Step(JudgeTask, "judge task")

    async def aforward(self, *, task: SourceTask) -> dspy.Prediction:
        try:
            said = await self.judge.acall(task=task.text, key=task.text)
        except Repairable as error:
            return dspy.Prediction(needs_environment=False, reason="", problem=str(error))
        return dspy.Prediction(
            needs_environment=said.needs_environment, reason=said.reason, problem=""
        )


class IdeaMiner(Program):
    """Infers the environment behind a task.

    Returns `idea` (`EnvironmentIdea` or None) and `problem`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.infer = Step(InferIdea, "infer idea")

    async def aforward(self, *, task: SourceTask) -> dspy.Prediction:
        try:
            said = await self.infer.acall(task=task.text, key=task.text)
        except Repairable as error:
            return dspy.Prediction(idea=None, problem=str(error))
        idea = EnvironmentIdea(
            summary=" ".join(said.summary.split()),
            introduction=" ".join(said.introduction.split()),
            usefulness=_rating(said.usefulness),
            modelability=_rating(said.modelability),
            tasks=(task,),
        )
        return dspy.Prediction(idea=idea, problem="")


def _rating(value: int) -> int:
    return max(1, min(10, value))

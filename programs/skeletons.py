"""The first half of the synthesis: from task texts to admitted environments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import dspy

from ..runtime.ideas import merge_ideas
from ..runtime.journal import Journal
from ..runtime.records import (
    Environment,
    EnvironmentIdea,
    EnvironmentPlan,
    Inspection,
    SourceTask,
)
from ..runtime.sandbox import Pool
from ..runtime.state import Json
from .inspecting import CallProposer, ClassBuilder, ClassWriter
from .mining import IdeaMiner, TaskJudge
from .planning import Planner, StateWriter
from .step import Program
from .together import attended, together

Admitted = tuple[Environment, dict[str, Json], Inspection]
"""An environment, the initial state it was inspected in, and the inspection."""
Ready = Callable[[Environment, dict[str, Json], Inspection], Awaitable[None]]
"""What happens to an environment as soon as it is admitted."""


class Skeletons(Program):
    """Judges tasks, mines and merges ideas, plans, writes and inspects classes.

    Only the merging waits for all tasks; from there each idea goes its own way.

    Returns `environments`, a list of `Admitted`. What fell out, and why, is in
    the journal.
    """

    def __init__(self, pool: Pool, journal: Journal) -> None:
        super().__init__()
        self.task_judge = TaskJudge()
        self.idea_miner = IdeaMiner()
        self.planner = Planner()
        self.state_writer = StateWriter()
        self.class_writer = ClassWriter()
        self.tester = CallProposer()
        self.class_builder = ClassBuilder(pool)
        self._journal = journal

    async def aforward(
        self, *, tasks: Sequence[SourceTask], ready: Ready | None = None
    ) -> dspy.Prediction:
        mined = await together(self._mined(task) for task in tasks)
        kept, dropped = merge_ideas([idea for idea in mined if idea])
        for idea in kept:
            self._journal.keep("idea", idea.id, idea)
        for idea, reason in dropped:
            self._journal.drop("idea", idea.id, reason)
        built = await together(self._built(idea, ready) for idea in kept)
        return dspy.Prediction(environments=[admitted for admitted in built if admitted])

    async def _mined(self, task: SourceTask) -> EnvironmentIdea | None:
        return await attended(self._journal, "task", task.id, lambda: self._mine(task))

    async def _mine(self, task: SourceTask) -> EnvironmentIdea | None:
        said = await self.task_judge.acall(task=task)
        if not said.needs_environment:
            reason = said.problem or f"needs no environment: {said.reason}"
            self._journal.drop("task", task.id, reason)
            return None
        found = await self.idea_miner.acall(task=task)
        if found.idea is None:
            self._journal.drop("task", task.id, found.problem)
            return None
        self._journal.keep("task", task.id, task)
        idea: EnvironmentIdea = found.idea
        return idea

    async def _built(self, idea: EnvironmentIdea, ready: Ready | None) -> Admitted | None:
        admitted = await attended(self._journal, "class", idea.id, lambda: self._build(idea))
        if admitted and ready:
            await ready(*admitted)
        return admitted

    async def _build(self, idea: EnvironmentIdea) -> Admitted | None:
        planned = await self.planner.acall(idea=idea)
        if planned.plan is None:
            self._journal.drop("plan", idea.id, planned.problem)
            return None
        plan: EnvironmentPlan = planned.plan
        self._journal.keep("plan", idea.id, plan)
        written, prepared = await together(
            [self.class_writer.acall(plan=plan), self._prepared(plan)]
        )
        if prepared.state is None or written.source is None:
            self._journal.drop("class", idea.id, prepared.problem or written.problem)
            return None
        built = await self.class_builder.acall(
            plan=plan, state=prepared.state, source=written.source, calls=prepared.calls
        )
        if built.environment is None:
            self._journal.drop("class", idea.id, built.problem)
            return None
        self._journal.keep("class", idea.id, built.environment, ("inspection", built.inspection))
        return built.environment, prepared.state, built.inspection

    async def _prepared(self, plan: EnvironmentPlan) -> dspy.Prediction:
        """An initial state and test calls for it, while the class is being written."""
        written = await self.state_writer.acall(plan=plan)
        if written.state is None:
            problem = f"no initial state: {written.problem}"
            return dspy.Prediction(state=None, calls=(), problem=problem)
        proposed = await self.tester.acall(plan=plan, state=written.state)
        return dspy.Prediction(state=written.state, calls=proposed.calls, problem=proposed.problem)

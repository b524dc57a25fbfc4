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
from .inspecting import ClassBuilder
from .mining import TaskMiner
from .planning import TOOLS, Planner, StateWriter
from .step import Program
from .testing import Tester
from .together import attended, together
from .writing import ClassWriter

BATCH = 8
"""Tasks that the model sorts in one call."""

Admitted = tuple[Environment, dict[str, Json], Inspection]
"""An environment, the initial state it was inspected in, and the inspection."""
Ready = Callable[[Environment, dict[str, Json], Inspection], Awaitable[None]]
"""What happens to an environment as soon as it is admitted."""


class Skeletons(Program):
    """Mines tasks, merges ideas, plans, writes and inspects classes.

    Only the merging waits for all tasks; from there each idea goes its own way.

    Args:
        pool: sealed workers.
        journal: where results and losses are written.
        tools: about how many operations an environment has.
        batch: tasks that the model sorts in one call.

    Returns `environments`, a list of `Admitted`. What fell out, and why, is in
    the journal.
    """

    def __init__(
        self, pool: Pool, journal: Journal, *, tools: int = TOOLS, batch: int = BATCH
    ) -> None:
        super().__init__()
        self.task_miner = TaskMiner()
        self.planner = Planner(tools)
        self.state_writer = StateWriter()
        self.class_writer = ClassWriter()
        self.tester = Tester()
        self.class_builder = ClassBuilder(pool)
        self._journal, self.batch = journal, batch

    async def aforward(
        self, *, tasks: Sequence[SourceTask], ready: Ready | None = None
    ) -> dspy.Prediction:
        batches = [tasks[start : start + self.batch] for start in range(0, len(tasks), self.batch)]
        mined = await together(self._mined(batch) for batch in batches)
        kept, dropped = merge_ideas([idea for ideas in mined for idea in ideas])
        for idea in kept:
            self._journal.keep("idea", idea.id, idea)
        for idea, reason in dropped:
            self._journal.drop("idea", idea.id, reason)
        built = await together(self._built(idea, ready) for idea in kept)
        return dspy.Prediction(environments=[admitted for admitted in built if admitted])

    async def _mined(self, tasks: Sequence[SourceTask]) -> list[EnvironmentIdea]:
        names = [task.id for task in tasks]
        found = await attended(self._journal, "task", names, lambda: self._mine(tasks))
        return found or []

    async def _mine(self, tasks: Sequence[SourceTask]) -> list[EnvironmentIdea]:
        said = await self.task_miner.acall(tasks=tasks)
        for task in tasks:
            if task.id in said.turned_away:
                self._journal.drop("task", task.id, _away(said.turned_away[task.id], said.problem))
            else:
                self._journal.keep("task", task.id, task)
        ideas: list[EnvironmentIdea] = said.ideas
        return ideas

    async def _built(self, idea: EnvironmentIdea, ready: Ready | None) -> Admitted | None:
        admitted = await attended(self._journal, "class", [idea.id], lambda: self._build(idea))
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


def _away(reason: str, problem: str) -> str:
    return problem if problem and reason == problem else f"needs no environment: {reason}"

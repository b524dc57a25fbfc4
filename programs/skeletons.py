"""The first half of the synthesis: from task texts to admitted environments."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import dspy

from ..runtime.decontamination import Decontaminator
from ..runtime.embedding import TFIDF, Embedder, tfidf
from ..runtime.errors import ConfigurationError
from ..runtime.ideas import IdeaSettings, merge_ideas, select_ideas
from ..runtime.inspection import planned_environment
from ..runtime.journal import Journal, Stage
from ..runtime.records import (
    Environment,
    EnvironmentIdea,
    EnvironmentPlan,
    Inspection,
    SourceTask,
)
from ..runtime.sandbox import Pool
from ..runtime.sifting import Sifting, sift
from ..runtime.state import Json
from .inspecting import ClassBuilder
from .mining import TaskMiner
from .planning import TOOLS, Planner, StateWriter
from .step import Program
from .testing import Examiner
from .together import attended, together
from .writing import ClassWriter

Admitted = tuple[Environment, dict[str, Json], Inspection]
"""An environment, the initial state it was inspected in, and the inspection."""
Ready = Callable[[Environment, dict[str, Json], Inspection], Awaitable[None]]
"""What happens to an environment as soon as it is admitted."""


@dataclass(frozen=True)
class SkeletonSettings:
    """What is made into environments, and how large they are."""

    tools: int = TOOLS
    """About how many operations an environment has, 4 to 60; upstream EnvScaler's have 18.6 on
    average."""
    environments: int | None = None
    """Most environments to make: of more ideas those that cover the domains best; None makes all
    that deserve it."""
    batch: int = 8
    """Tasks that the model sorts in one call."""
    sifting: Sifting = field(default_factory=Sifting)
    ideas: IdeaSettings = field(default_factory=IdeaSettings)
    embedder: str = TFIDF
    """What tells near-duplicate ideas: `tfidf`, or a hosted model."""
    decontaminate: bool = True
    """Whether what is too near to BFCL, tau-bench or ACEBench is turned away."""

    def __post_init__(self) -> None:
        for name, low, high in (("tools", 4, 60), ("batch", 1, 64), ("environments", 1, None)):
            value = getattr(self, name)
            if value is not None and (value < low or (high and value > high)):
                most = f" to {high}" if high else " or more"
                raise ConfigurationError(f"{name} is {value}: give {low}{most}")


class Skeletons(Program):
    """Sifts and mines tasks, merges ideas, plans, writes and inspects classes.

    Only the merging waits for all tasks; from there each idea goes its own way.

    Args:
        pool: sealed workers.
        journal: where results and losses are written.
        settings: what is made, and how large.
        embedder: tells near-duplicate ideas.

    Returns `environments`, a list of `Admitted`. What fell out, and why, is in
    the journal.
    """

    def __init__(
        self,
        pool: Pool,
        journal: Journal,
        settings: SkeletonSettings = SkeletonSettings(),
        embedder: Embedder = tfidf,
    ) -> None:
        super().__init__()
        self.task_miner = TaskMiner()
        self.planner = Planner(settings.tools)
        self.state_writer = StateWriter()
        self.class_writer = ClassWriter()
        self.examiner = Examiner()
        self.class_builder = ClassBuilder(pool)
        self._journal, self._settings, self._embedder = journal, settings, embedder
        self._benchmarks = Decontaminator.load() if settings.decontaminate else None

    async def aforward(
        self, *, tasks: Sequence[SourceTask], ready: Ready | None = None
    ) -> dspy.Prediction:
        left, size = self._sifted(tasks), self._settings.batch
        batches = [left[start : start + size] for start in range(0, len(left), size)]
        # Loads what the merging needs while the model is waited for; blank texts are not sent.
        warmed = asyncio.create_task(asyncio.to_thread(self._embedder, [""]))
        mined = await together(self._mined(batch) for batch in batches)
        await warmed
        ideas = await asyncio.to_thread(self._chosen, [idea for found in mined for idea in found])
        built = await together(self._built(idea, ready) for idea in ideas)
        return dspy.Prediction(environments=[admitted for admitted in built if admitted])

    def _sifted(self, tasks: Sequence[SourceTask]) -> list[SourceTask]:
        """The tasks that are worth a question to the model."""
        sifted = sift(tasks, self._settings.sifting)
        for task, reason in sifted.dropped:
            self._journal.drop("task", task.id, reason)
        return [task for task in sifted.kept if not self._refused("task", task.id, task)]

    def _chosen(self, mined: Sequence[EnvironmentIdea]) -> list[EnvironmentIdea]:
        """The ideas to make environments of: good, each domain once, not too many."""
        kept, dropped = merge_ideas(mined, self._settings.ideas, self._embedder)
        kept = [idea for idea in kept if not self._refused("idea", idea.id, idea)]
        if self._settings.environments is not None:
            kept, spare = select_ideas(kept, self._settings.environments, self._embedder)
            dropped += spare
        for idea in kept:
            self._journal.keep("idea", idea.id, idea)
        for idea, reason in dropped:
            self._journal.drop("idea", idea.id, reason)
        return kept

    def _refused(
        self, stage: Stage, item: str, record: SourceTask | EnvironmentIdea | Environment
    ) -> bool:
        """Whether a record is too near to a benchmark; it is then dropped."""
        reason = self._benchmarks.refusal(record) if self._benchmarks else ""
        if reason:
            self._journal.drop(stage, item, reason)
        return bool(reason)

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
        if self._refused("plan", idea.id, planned_environment(plan)):
            return None
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
        proposed = await self.examiner.acall(plan=plan, state=written.state)
        return dspy.Prediction(state=written.state, calls=proposed.calls, problem=proposed.problem)


def _away(reason: str, problem: str) -> str:
    return problem if problem and reason == problem else f"needs no environment: {reason}"

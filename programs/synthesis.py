"""The whole synthesis: task texts in, certified scenarios and trajectories out."""

from __future__ import annotations

from collections.abc import Sequence

import dspy

from ..runtime.checks import Grader
from ..runtime.embedding import Embedder, tfidf
from ..runtime.journal import Journal
from ..runtime.records import Environment, Inspection, SourceTask
from ..runtime.sandbox import Pool
from ..runtime.state import Json
from .scenarios import Scenarios
from .skeletons import Skeletons, SkeletonSettings
from .step import Program


class Synthesis(Program):
    """Composes `Skeletons` and `Scenarios`: an environment flows on as soon as it is ready.

    Returns `journal`, which holds everything that was kept, dropped or left unfinished.
    """

    def __init__(
        self,
        pool: Pool,
        grader: Grader,
        journal: Journal,
        *,
        skeletons: SkeletonSettings = SkeletonSettings(),  # noqa: B008 (frozen)
        embedder: Embedder = tfidf,
        scenarios: int = 3,
        rollouts: int = 0,
    ) -> None:
        super().__init__()
        self.skeletons = Skeletons(pool, journal, skeletons, embedder)
        self.scenarios = Scenarios(pool, grader, journal, scenarios, rollouts)
        self._journal = journal

    async def aforward(
        self, *, tasks: Sequence[SourceTask], label: str = "agent"
    ) -> dspy.Prediction:
        async def ready(
            environment: Environment, state: dict[str, Json], inspection: Inspection
        ) -> None:
            await self.scenarios.acall(
                environment=environment, state=state, calls=inspection.calls, label=label
            )

        await self.skeletons.acall(tasks=tasks, ready=ready)
        return dspy.Prediction(journal=self._journal)

"""From task texts to ideas of environments."""

from __future__ import annotations

from collections.abc import Sequence

import dspy

from ..runtime.errors import Repairable
from ..runtime.records import EnvironmentIdea, SourceTask
from ..signatures import FoundIdea, MineTasks
from .step import Program, Step

ATTEMPTS = 2
"""How often the model is asked about a task that its answer passes over."""


class TaskMiner(Program):
    """Sorts a batch of tasks: which need an environment, and which one?

    Returns `ideas` (list of `EnvironmentIdea`, one for each system of record), `turned_away` (dict
    from the id of every other task to the reason) and `problem`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mine = Step(MineTasks, "mine tasks")

    async def aforward(self, *, tasks: Sequence[SourceTask]) -> dspy.Prediction:
        ideas: list[EnvironmentIdea] = []
        turned_away: dict[str, str] = {}
        left, problem = list(tasks), ""
        for attempt in range(ATTEMPTS):
            try:
                said = await self._mine(left, attempt)
            except Repairable as error:
                problem = str(error)
                break
            ideas += _ideas(said.ideas, left)
            for turned in said.no_environment:
                if 1 <= turned.task <= len(left):
                    turned_away[left[turned.task - 1].id] = turned.reason
            placed = {task.id for idea in ideas for task in idea.tasks} | turned_away.keys()
            left = [task for task in left if task.id not in placed]
            if not left:
                break
        lost = dict.fromkeys((task.id for task in left), problem or "the model passed it over")
        return dspy.Prediction(ideas=ideas, turned_away=turned_away | lost, problem=problem)

    async def _mine(self, tasks: Sequence[SourceTask], attempt: int) -> dspy.Prediction:
        return await self.mine.acall(
            tasks=[f"{number}. {task.text}" for number, task in enumerate(tasks, 1)],
            key=[task.text for task in tasks],
            rollout=attempt,
        )


def _ideas(found: Sequence[FoundIdea], tasks: Sequence[SourceTask]) -> list[EnvironmentIdea]:
    """The ideas with the tasks that their numbers mean; a task belongs to the first that has it."""
    ideas: list[EnvironmentIdea] = []
    taken: set[int] = set()
    for idea in found:
        mine = {n for n in idea.tasks if 1 <= n <= len(tasks)} - taken
        taken |= mine
        if mine:
            ideas.append(
                EnvironmentIdea(
                    summary=" ".join(idea.summary.split()),
                    introduction=" ".join(idea.introduction.split()),
                    usefulness=idea.usefulness,
                    modelability=idea.modelability,
                    tasks=tuple(tasks[n - 1] for n in sorted(mine)),
                )
            )
    return ideas

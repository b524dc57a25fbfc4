"""An agent that carries out a scenario turn by turn."""

from __future__ import annotations

import asyncio

import dspy

from ..runtime.checks import Grader
from ..runtime.episodes import Episode
from ..runtime.errors import Repairable
from ..runtime.records import Ending, Environment, Scenario
from ..runtime.sandbox import Pool
from ..runtime.state import Json, digest
from ..runtime.tools import SUBMIT, signature_line
from ..signatures import Act
from .briefs import rule_lines, step_line
from .proposing import tool_lines
from .step import Program
from .step import Step as ModelStep


class Agent(Program):
    """Acts in a scenario until it submits, gives up or runs out of turns.

    Returns `trajectory` and `problem`. The reward is computed however the episode ends.
    """

    def __init__(self, pool: Pool, grader: Grader, turns: int = 20) -> None:
        super().__init__()
        self.act = ModelStep(Act, "act")
        self._pool, self._grader, self.turns = pool, grader, turns

    async def aforward(
        self, *, environment: Environment, scenario: Scenario, label: str, rollout: int = 0
    ) -> dspy.Prediction:
        episode = await asyncio.to_thread(Episode, self._pool, environment, scenario)
        try:
            ended, problem = await self._play(episode, rollout)
            trajectory = await asyncio.to_thread(episode.trajectory, label, ended, self._grader)
        finally:
            await asyncio.to_thread(episode.close)
        return dspy.Prediction(trajectory=trajectory, problem=problem)

    async def _play(self, episode: Episode, rollout: int) -> tuple[Ending, str]:
        for _ in range(self.turns):
            try:
                said = await self._ask(episode, rollout)
            except Repairable as error:
                return "model failed", str(error)
            await asyncio.to_thread(episode.turn, said.thought, list(said.calls))
            if episode.submitted or not said.calls:
                return ("submitted" if episode.submitted else "stopped"), ""
        return "turn limit", ""

    async def _ask(self, episode: Episode, rollout: int) -> dspy.Prediction:
        environment, scenario = episode.environment, episode.scenario
        made: Json = [[step.tool, step.arguments] for step in episode.steps]
        return await self.act.acall(
            introduction=environment.plan.introduction,
            rules=rule_lines(environment.plan.rules),
            tools=[*tool_lines(environment), signature_line(SUBMIT)],
            task=scenario.task,
            transcript=[step_line(n, step) for n, step in enumerate(episode.steps, 1)],
            key=[environment.source, digest(scenario.initial_state), scenario.task, made],
            rollout=rollout,
        )

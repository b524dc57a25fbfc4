"""The second half of the synthesis: from an environment to certified scenarios and trajectories."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import dspy

from ..runtime.checks import Grader
from ..runtime.episodes import reference_trajectory
from ..runtime.journal import Journal
from ..runtime.records import Environment, Scenario, TestCall
from ..runtime.sandbox import Pool
from ..runtime.state import Json
from .acting import Agent
from .proposing import ScenarioWriter
from .step import Program
from .together import attended, together


class Scenarios(Program):
    """Writes scenarios for an environment and lets agents act in them.

    Args:
        pool: sealed workers.
        grader: scores end states.
        journal: where results and losses are written.
        count: scenarios to try.
        rollouts: episodes of the agent in each certified scenario.

    Returns `scenarios`, the certified ones.
    """

    def __init__(
        self, pool: Pool, grader: Grader, journal: Journal, count: int = 3, rollouts: int = 0
    ) -> None:
        super().__init__()
        self.writer = ScenarioWriter(pool, grader)
        self.agent = Agent(pool, grader)
        self._pool, self._grader, self._journal = pool, grader, journal
        self.count, self.rollouts = count, rollouts

    async def aforward(
        self,
        *,
        environment: Environment,
        state: dict[str, Json],
        calls: Sequence[TestCall] = (),
        label: str = "agent",
    ) -> dspy.Prediction:
        made = await together(
            self._made(environment, state, calls, index, label) for index in range(self.count)
        )
        return dspy.Prediction(scenarios=[scenario for scenario in made if scenario])

    async def _made(
        self,
        environment: Environment,
        state: dict[str, Json],
        calls: Sequence[TestCall],
        index: int,
        label: str,
    ) -> Scenario | None:
        item = f"{environment.id}/{index}"
        scenario = await attended(
            self._journal,
            "scenario",
            [item],
            lambda: self._write(environment, state, calls, index, item),
        )
        if scenario:
            await together(
                attended(
                    self._journal, "trajectory", [f"{scenario.id}/{rollout}"],
                    lambda rollout=rollout: self._act(environment, scenario, label, rollout),  # type: ignore[misc]
                )
                for rollout in range(self.rollouts)
            )  # fmt: skip
        return scenario

    async def _write(
        self,
        environment: Environment,
        state: dict[str, Json],
        calls: Sequence[TestCall],
        index: int,
        item: str,
    ) -> Scenario | None:
        made = await self.writer.acall(
            environment=environment, state=state, calls=calls, index=index
        )
        if made.scenario is None:
            self._journal.drop("scenario", item, made.problem)
            return None
        scenario: Scenario = made.scenario
        self._journal.keep(
            "scenario", item, scenario,
            ("certificate", made.certificate), ("difficulty", made.difficulty),
        )  # fmt: skip
        trajectory = await asyncio.to_thread(
            reference_trajectory, self._pool, self._grader, environment, scenario
        )
        self._journal.keep("trajectory", f"{scenario.id}/reference", trajectory)
        return scenario

    async def _act(
        self, environment: Environment, scenario: Scenario, label: str, rollout: int
    ) -> None:
        played = await self.agent.acall(
            environment=environment, scenario=scenario, label=label, rollout=rollout
        )
        self._journal.keep("trajectory", f"{scenario.id}/{rollout}", played.trajectory)

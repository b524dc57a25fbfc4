"""How hard a scenario is, read off its reference solution."""

from __future__ import annotations

from ..records import Difficulty, Scenario
from .execution import Execution


def difficulty(scenario: Scenario, run: Execution) -> Difficulty:
    """The structural difficulty of a scenario, from the run of its first reference solution."""
    return Difficulty(
        scenario=scenario.id,
        calls=len(run.steps),
        tools=len({step.tool for step in run.steps}),
        writes=sum(bool(step.changes) for step in run.steps),
        goals=len(scenario.checks.goals),
        refusals=sum(step.status == "refused" for step in run.steps),
        outcomes=len(scenario.checks.outcomes),
    )

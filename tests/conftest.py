"""A parcel depot for the tests of scenarios, checks and episodes: plan, state, class, workers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.checks import Grader
from envscaler.runtime.records import Environment, EnvironmentPlan, PlannedCall, ToolSpec
from envscaler.runtime.sandbox import Pool, SealedClass
from envscaler.runtime.scenarios.execution import Execution, run_plans

DEPOT: dict[str, Any] = json.loads((Path(__file__).parent / "depot.json").read_text())

Planned = Callable[..., list[PlannedCall]]
Execute = Callable[[list[PlannedCall]], Execution]


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


@pytest.fixture(scope="session")
def grader(pool: Pool) -> Grader:
    return Grader(pool)


@pytest.fixture(scope="session")
def depot_state() -> dict[str, Any]:
    """Shared by the tests, so none may write to it."""
    state: dict[str, Any] = DEPOT["state"]
    return state


@pytest.fixture(scope="session")
def sealed_depot(pool: Pool) -> SealedClass:
    return pool.open((Path(__file__).parent / "depot_env.txt").read_text())


@pytest.fixture(scope="session")
def depot(sealed_depot: SealedClass) -> Environment:
    return Environment(
        plan=EnvironmentPlan.model_validate(DEPOT["plan"]),
        class_name="DepotEnv",
        source=(Path(__file__).parent / "depot_env.txt").read_text(),
        tools=tuple(ToolSpec.model_validate(tool) for tool in sealed_depot.tools),
    )


@pytest.fixture(scope="session")
def planned() -> Planned:
    """Numbers calls given as (tool, arguments) or (tool, arguments, "refused") from 1."""

    def number(*calls: tuple[Any, ...]) -> list[PlannedCall]:
        return [
            PlannedCall(n=n, tool=tool, arguments=arguments, expect=(*expect, "ok")[0])
            for n, (tool, arguments, *expect) in enumerate(calls, 1)
        ]

    return number


@pytest.fixture(scope="session")
def execute(sealed_depot: SealedClass, depot: Environment, depot_state: dict[str, Any]) -> Execute:
    """Runs one plan in the depot."""

    def run(plan: list[PlannedCall]) -> Execution:
        return run_plans(sealed_depot, depot, depot_state, [plan])[0]

    return run

"""A small benchmark of a lighthouse, with five tasks and one set of tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from envscaler.runtime.decontamination import Decontaminator
from envscaler.runtime.decontamination.signatures import Benchmark, item, tool_set
from envscaler.runtime.records import Environment, EnvironmentPlan, ToolSpec

TASKS = (
    "Light the lamp of the northern tower at dusk and write the hour into the keeper's book.",
    "A ship asks for the depth of the channel; answer with the last sounding, unless it is old.",
    "Order twelve barrels of oil from the harbour, but only if fewer than three are left below.",
    "Relieve the keeper of the eastern rock on Monday, weather allowing, and tell the harbour so.",
    "Close the channel for the night after the third report of fog and warn the two ferries.",
)

Tooled = Callable[[Sequence[ToolSpec]], Environment]


def tool(name: str, told: str, **parameters: str) -> ToolSpec:
    """A tool whose parameters are given with their JSON types."""
    properties: dict[str, Any] = {key: {"type": kind} for key, kind in parameters.items()}
    return ToolSpec(
        name=name, description=told, parameters={"type": "object", "properties": properties}
    )


LIGHTHOUSE = (
    tool("light_lamp", "Lights the lamp of a tower at the hour that is given.",
         tower_id="string", hour="integer"),
    tool("record_sounding", "Writes a depth of the channel into the book of soundings.",
         channel_id="string", depth="number", keeper="string"),
    tool("order_oil", "Orders barrels of oil from the harbour master for the store below.",
         barrels="integer", harbour="string"),
    tool("relieve_keeper", "Sends another keeper to a rock on a day without a storm.",
         rock_id="string", relief="string", weekday="string"),
    tool("get_status", "Says how the tower is."),
)  # fmt: skip


@pytest.fixture(scope="session")
def tasks() -> tuple[str, ...]:
    return TASKS


@pytest.fixture(scope="session")
def lighthouse() -> tuple[ToolSpec, ...]:
    return LIGHTHOUSE


@pytest.fixture(scope="session")
def known() -> Decontaminator:
    items = tuple(item(f"task {n}", [text]) for n, text in enumerate(TASKS))
    return Decontaminator(
        [Benchmark("Lighthouse", "made up", items, (tool_set("tower", LIGHTHOUSE),))]
    )


@pytest.fixture(scope="session")
def tooled() -> Tooled:
    """An environment with these tools and nothing else."""

    def made(tools: Sequence[ToolSpec]) -> Environment:
        plan = EnvironmentPlan(
            class_name="Env", summary="", introduction="", entities=(), rules=(), operations=()
        )
        return Environment(plan=plan, class_name="Env", source="", tools=tuple(tools))

    return made

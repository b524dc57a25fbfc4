"""Agents: turns, observations and endings."""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.programs import Agent, ScenarioWriter
from envscaler.runtime.checks import Grader
from envscaler.runtime.records import Environment, Scenario
from envscaler.runtime.sandbox import Pool

TASK = "Take Eli off duty, and write 'ring twice' on Ben's parcel P2."
PLAN: list[dict[str, Any]] = [
    {"n": 1, "tool": "list_drivers", "arguments": {}},
    {
        "n": 2, "tool": "set_duty",
        "arguments": {"driver_id": "$1.data[name=Eli].driver_id", "on_duty": False},
    },
    {"n": 3, "tool": "write_note", "arguments": {"parcel_id": "P2", "note": "ring twice"}},
]  # fmt: skip
EFFECTS = {
    "problems": [],
    "goals": [{"text": "Eli is off duty.", "rows": [1]}, {"text": "Noted.", "rows": [2]}],
    "loose": [],
    "choices": [],
    "ordered": [],
}
SUBMIT = {"thought": "Done.", "calls": [{"tool": "submit", "arguments": {"answer": None}}]}
DUTY = {"tool": "set_duty", "arguments": {"driver_id": "D2", "on_duty": False}}
NOTE = {"tool": "write_note", "arguments": {"parcel_id": "P2", "note": "ring twice"}}


@pytest.fixture
def scenario(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, depot_state: Any
) -> Scenario:
    with answering({"task": TASK, "solution": PLAN}, EFFECTS):
        made = ScenarioWriter(pool, grader)(environment=depot, state=depot_state)
    assert made.certificate.holds
    scenario: Scenario = made.scenario
    return scenario


def play(pool: Pool, grader: Grader, depot: Environment, scenario: Scenario, **more: int) -> Any:
    agent = Agent(pool, grader, **more)
    return agent(environment=depot, scenario=scenario, label="tester").trajectory


def test_an_agent_that_does_the_task_and_submits_earns_all(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, scenario: Scenario
) -> None:
    turns = [{"thought": "Both.", "calls": [DUTY, NOTE]}, SUBMIT]
    with answering(*turns) as lm:
        made = play(pool, grader, depot, scenario)
    assert (made.score.reward, made.ended, made.agent) == (1.0, "submitted", "tester")
    assert [step.tool for step in made.steps] == ["set_duty", "write_note"]
    assert "write_note" in lm.history[1]["messages"][-1]["content"].split("transcript ## ]]")[1]


def test_an_agent_that_does_half_earns_half(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, scenario: Scenario
) -> None:
    with answering({"thought": "", "calls": [NOTE]}, SUBMIT):
        made = play(pool, grader, depot, scenario)
    assert made.score.reward == 0.5


def test_a_call_that_cannot_be_made_is_an_observation(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, scenario: Scenario
) -> None:
    wrong = [{"tool": "fly", "arguments": {}}, {"tool": "set_duty", "arguments": {"driver_id": 2}}]
    with answering({"thought": "", "calls": wrong}, {"thought": "", "calls": [DUTY, NOTE]}, SUBMIT):
        made = play(pool, grader, depot, scenario)
    assert [step.status for step in made.steps[:2]] == ["invalid", "invalid"]
    assert made.score.reward == 1.0


def test_an_agent_without_calls_has_stopped_and_is_scored(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, scenario: Scenario
) -> None:
    with answering({"thought": "I am done.", "calls": []}):
        made = play(pool, grader, depot, scenario)
    assert (made.score.reward, made.ended) == (0.0, "stopped")


def test_an_agent_runs_out_of_turns_and_is_scored(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, scenario: Scenario
) -> None:
    with answering({"thought": "", "calls": [DUTY]}, {"thought": "", "calls": [DUTY]}):
        made = play(pool, grader, depot, scenario, turns=2)
    assert (made.score.reward, made.ended) == (0.5, "turn limit")


def test_an_agent_whose_answers_do_not_parse_is_scored_as_far_as_it_came(
    answering: Any, pool: Pool, grader: Grader, depot: Environment, scenario: Scenario
) -> None:
    with answering({"thought": "", "calls": [NOTE]}, {"thought": "?"}, {"thought": "?"}):
        made = play(pool, grader, depot, scenario)
    assert (made.score.reward, made.ended) == (0.5, "model failed")

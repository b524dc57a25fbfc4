"""Episodes: whatever an agent calls becomes an observation, and the reward is of the end state."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from envscaler.runtime.checks import Grader
from envscaler.runtime.episodes import Episode, reference_trajectory, system_prompt
from envscaler.runtime.records import (
    Call,
    Environment,
    PlannedCall,
    Scenario,
    Solution,
    ToolSpec,
    Trajectory,
)
from envscaler.runtime.sandbox import Limits, Pool
from envscaler.runtime.scenarios.effects import Grouping, build_checks
from envscaler.runtime.scenarios.execution import Execution
from envscaler.runtime.state import Difference, digest, patch

PLAN: list[tuple[str, dict[str, Any]]] = [
    ("find_parcels", {"recipient": "Ben"}),
    ("write_note", {"parcel_id": "$1.data[0].parcel_id", "note": "ring"}),
    ("open_tour", {"driver_id": "D1", "day": "2024-05-12"}),
]
NOTE = Call(tool="write_note", arguments={"parcel_id": "P2", "note": "ring"})
TOUR = Call(tool="open_tour", arguments={"driver_id": "D1", "day": "2024-05-12"})


def submit(**arguments: Any) -> Call:
    return Call(tool="submit", arguments=arguments)


@pytest.fixture(scope="module")
def scenario(
    depot: Environment,
    execute: Callable[[list[PlannedCall]], Execution],
    planned: Callable[..., list[PlannedCall]],
) -> Scenario:
    """A note on P2, a tour for D1, and an answer."""
    plan = planned(*PLAN)
    run = execute(plan)
    goals = (("A tour is planned.", (1, 3)), ("The note is written.", (2,)))
    checks = build_checks(depot.plan, run, Grouping(goals=goals, loose={}))
    answered = {"goals": (*checks.goals, "The agent says how heavy."), "answer": 4}
    return Scenario(
        environment=depot.id,
        initial_state=run.initial,
        task="Plan a tour with D1 on 2024-05-12; write 'ring' on Ben's parcel. How heavy is it?",
        solutions=(Solution(plan=tuple(plan), calls=run.calls),),
        checks=checks.model_copy(update=answered),
    )


@pytest.fixture
def episode(pool: Pool, depot: Environment, scenario: Scenario) -> Any:
    with Episode(pool, depot, scenario) as episode:
        yield episode


def test_the_first_messages_tell_the_rules_and_the_task(
    episode: Episode, depot: Environment, scenario: Scenario
) -> None:
    system, user = episode.messages
    assert (system["role"], user) == ("system", {"role": "user", "content": scenario.task})
    assert system["content"] == system_prompt(depot)
    assert "- Drivers off duty get no tours." in system["content"]
    assert not any(goal in system["content"] for goal in scenario.checks.goals)


@pytest.mark.parametrize(
    ("call", "status", "words"),
    [
        (Call(tool="find_parcels", arguments={"recipient": "Ben"}), "ok", '"P2"'),
        (Call(tool="drop_stop", arguments={"stop_id": "S9"}), "refused", "There is no stop"),
        (Call(tool="fly", arguments={}), "invalid", "there is no tool 'fly'"),
        (Call(tool="_refuse", arguments={"error": "x"}), "invalid", "there is no tool"),
        (Call(tool="__init__", arguments={"init_config": {}}), "invalid", "there is no tool"),
        (Call(tool="set_duty", arguments={"driver_id": "D1"}), "invalid", "on_duty"),
        (Call(tool="set_duty", arguments={"driver_id": 1, "on_duty": 1}), "invalid", "driver_id"),
        (
            Call(tool="write_note", arguments={"parcel_id": "P2", "note": "\ud800"}),
            "invalid",
            "not JSON",
        ),
        (Call(tool="split_weight", arguments={"parcel_id": "P2", "parts": 0}), "error", "Division"),
        (Call(tool="split_weight", arguments={"parcel_id": "P9", "parts": 1}), "error", "KeyError"),
    ],
)
def test_a_call_that_goes_wrong_is_an_observation(
    episode: Episode, scenario: Scenario, grader: Grader, call: Call, status: str, words: str
) -> None:
    (step,) = episode.turn("thinking", [call])
    assert (step.status, step.changes) == (status, ())
    assert step.state_hash == digest(scenario.initial_state)
    assert words in episode.messages[-1]["content"]
    assert json.loads(episode.messages[-1]["content"]) == step.result
    (again,) = episode.turn("", [NOTE])
    assert again.status == "ok"
    assert episode.trajectory("a", "stopped", grader).id


def test_steps_record_what_they_changed(episode: Episode, scenario: Scenario) -> None:
    steps = episode.turn("", [NOTE, Call(tool="list_drivers"), TOUR])
    state: Any = scenario.initial_state
    for step in steps:
        state = patch(state, [Difference(*change) for change in step.changes])  # type: ignore[arg-type]
        assert digest(state) == step.state_hash
    assert state == episode.state
    assert [bool(step.changes) for step in steps] == [True, False, True]


def test_messages_pair_every_tool_call_with_its_result(episode: Episode) -> None:
    episode.turn("First.", [NOTE, Call(tool="fly")])
    episode.turn("Only words.", [])
    episode.turn("", [TOUR, submit(answer=4), NOTE])
    episode.turn("", [NOTE, submit()])
    asked: list[str] = []
    answered: list[str] = []
    for message in episode.messages[2:]:
        if message["role"] == "assistant":
            assert asked == answered
            calls = message.get("tool_calls", [])
            asked += [call["id"] for call in calls]
            assert all(isinstance(json.loads(c["function"]["arguments"]), dict) for c in calls)
            assert all(call["type"] == "function" for call in calls)
        else:
            assert message["role"] == "tool"
            answered.append(message["tool_call_id"])
    assert asked == answered
    assert len(set(asked)) == len(asked) == 7
    assert "tool_calls" not in episode.messages[5]


def test_nothing_is_run_after_submit(episode: Episode, grader: Grader) -> None:
    steps = episode.turn("", [TOUR, submit(answer=4), NOTE])
    assert [step.tool for step in steps] == ["open_tour"]
    assert episode.submitted
    assert "submitted" in episode.messages[-1]["content"]
    assert episode.turn("", [NOTE, submit(answer=5)]) == []
    assert episode.answer == 4
    assert episode.score(grader).goals == (True, False, True)


@pytest.mark.parametrize(
    ("calls", "reward", "goals"),
    [
        ([NOTE, TOUR, submit(answer=4)], 1, (True, True, True)),
        ([TOUR, NOTE, submit(answer=4.0)], 1, (True, True, True)),
        ([TOUR, NOTE, submit()], 2 / 3, (True, True, False)),
        ([TOUR, NOTE, submit(answer="4")], 2 / 3, (True, True, False)),
        ([submit(answer=4)], 1 / 3, (False, False, True)),
        ([submit()], 0, (False, False, False)),
        ([NOTE, TOUR, TOUR, submit(answer=4)], 0, None),
        ([], 0, (False, False, False)),
    ],
)
def test_the_reward_is_that_of_the_end_state_and_the_answer(
    episode: Episode, grader: Grader, calls: list[Call], reward: float, goals: Any
) -> None:
    for call in calls:
        episode.turn("", [call])
    score = episode.score(grader)
    assert score.reward == pytest.approx(reward)
    assert goals is None or score.goals == goals


def test_two_episodes_do_not_see_each_other(
    pool: Pool, depot: Environment, scenario: Scenario, episode: Episode
) -> None:
    with Episode(pool, depot, scenario) as other:
        episode.turn("", [NOTE])
        assert other.turn("", [Call(tool="find_parcels")])[0].result["data"][1]["note"] == ""
    assert scenario.initial_state["parcels"]["P2"]["note"] == ""


def test_the_reference_trajectory_scores_1(
    pool: Pool, grader: Grader, depot: Environment, scenario: Scenario
) -> None:
    trajectory = reference_trajectory(pool, grader, depot, scenario)
    assert trajectory.score.reward == 1
    assert (trajectory.ended, trajectory.agent, trajectory.answer) == ("submitted", "reference", 4)
    assert [step.tool for step in trajectory.steps] == [tool for tool, _ in PLAN]
    assert trajectory.scenario == scenario.id
    again = Trajectory.model_validate_json(trajectory.model_dump_json())
    assert again.id == trajectory.id
    assert reference_trajectory(pool, grader, depot, scenario).id == trajectory.id


def test_the_reward_recomputes_from_the_record_alone(
    pool: Pool, grader: Grader, depot: Environment, scenario: Scenario, episode: Episode
) -> None:
    episode.turn("", [NOTE, Call(tool="fly"), submit(answer=4)])
    trajectory = episode.trajectory("a", "submitted", grader)
    state: Any = scenario.initial_state
    for step in trajectory.steps:
        state = patch(state, [Difference(*change) for change in step.changes])  # type: ignore[arg-type]
    case = (scenario.initial_state, state, trajectory.answer)
    assert grader.scores(scenario.checks, [case])[0] == trajectory.score


def test_a_class_that_keeps_killing_its_worker_gives_observations_to_the_end(
    depot: Environment, scenario: Scenario
) -> None:
    spin = [
        "    def spin(self) -> dict:",
        '        """Never end."""',
        "        return sum(range(10**13))",
    ]
    source = "\n".join([depot.source.rstrip(), "", *spin, ""])
    with Pool(Limits(hard_seconds=0.3)) as pool, pool.open(source) as sealed:
        tools = tuple(ToolSpec.model_validate(tool) for tool in sealed.tools)
        hostile = depot.model_copy(update={"source": source, "tools": tools})
        with Episode(pool, hostile, scenario) as episode:
            steps = [episode.turn("", [Call(tool="spin")])[0] for _ in range(4)]
            steps += episode.turn("", [NOTE])
            assert [step.status for step in steps] == ["error"] * 5
            assert episode.state == scenario.initial_state
            assert episode.score(Grader(pool)).reward == 0.0

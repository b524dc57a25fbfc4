"""Mining: a batch of tasks is sorted in one call; what the answer passes over is asked again."""

from __future__ import annotations

from typing import Any

from envscaler.programs import TaskMiner
from envscaler.runtime.records import SourceTask

TASKS = tuple(SourceTask(text=f"Task number {n}") for n in range(1, 5))


def idea(*tasks: int, summary: str = "A library", **more: Any) -> dict[str, Any]:
    fields = {"introduction": "Lends  books.", "usefulness": 8, "modelability": 9}
    return {"tasks": list(tasks), "summary": summary, **fields, **more}


def answer(ideas: list[dict[str, Any]], *away: int) -> dict[str, Any]:
    return {"ideas": ideas, "no_environment": [{"task": n, "reason": "a poem"} for n in away]}


def test_one_call_sorts_a_batch(answering: Any) -> None:
    with answering(answer([idea(1, 3), idea(2, summary="A museum")], 4)) as lm:
        said = TaskMiner()(tasks=TASKS)
    assert len(lm.history) == 1
    assert [i.tasks for i in said.ideas] == [(TASKS[0], TASKS[2]), (TASKS[1],)]
    assert said.ideas[0].introduction == "Lends books."
    assert said.turned_away == {TASKS[3].id: "a poem"}


def test_tasks_that_an_answer_passes_over_are_asked_about_again(answering: Any) -> None:
    with answering(answer([idea(1)], 2), answer([idea(2)], 1)) as lm:
        said = TaskMiner()(tasks=TASKS)
    assert "1. Task number 3" in lm.history[1]["messages"][-1]["content"]
    assert said.turned_away == {TASKS[1].id: "a poem", TASKS[2].id: "a poem"}
    assert [i.tasks for i in said.ideas] == [(TASKS[0],), (TASKS[3],)]


def test_a_task_that_is_passed_over_twice_is_turned_away_as_such(answering: Any) -> None:
    with answering(answer([idea(1)], 2, 3), answer([])):
        said = TaskMiner()(tasks=TASKS)
    assert said.turned_away[TASKS[3].id] == "the model passed it over"


def test_numbers_of_no_task_and_tasks_in_two_ideas_do_no_harm(answering: Any) -> None:
    with answering(answer([idea(1, 9, 0), idea(1, 2, summary="B"), idea(7)], 3, 4, 99)):
        said = TaskMiner()(tasks=TASKS)
    assert [i.tasks for i in said.ideas] == [(TASKS[0],), (TASKS[1],)]


def test_an_answer_that_does_not_parse_turns_all_away_with_the_reason(answering: Any) -> None:
    with answering({"ideas": "none"}, {"ideas": "none"}):
        said = TaskMiner()(tasks=TASKS)
    assert said.ideas == []
    assert all("does not parse" in reason for reason in said.turned_away.values())
    assert said.turned_away.keys() == {task.id for task in TASKS}

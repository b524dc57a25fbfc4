"""Compiling: a deterministic model that errs until its instruction says a certain word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy.lm15 import Message, Request, Response, TextPart, Usage

from envscaler.metrics import task_metric
from envscaler.optimizers import compile_program, load_program, save_program
from envscaler.programs import TaskMiner
from envscaler.runtime.errors import ConfigurationError, DataError
from envscaler.runtime.records import SourceTask

CURE = "heed the marigold"
IDEA = {"tasks": [1], "summary": "s", "introduction": "i", "usefulness": 8, "modelability": 8}


class Forgetful:
    """Says that every task needs an environment, unless its instruction holds the cure.

    Asked to improve an instruction it proposes the cure, as far as the feedback shows a fault.
    """

    def complete(self, request: Request) -> Response:
        system = request.system if isinstance(request.system, str) else ""
        user = request.messages[-1].text or ""
        if "no_environment" in system and "new_instruction" not in system:
            needs = "poem" not in user or CURE not in system
            away = [] if needs else [{"task": 1, "reason": "because"}]
            text = (
                f"[[ ## no_environment ## ]]\n{json.dumps(away)}\n\n"
                f"[[ ## ideas ## ]]\n{json.dumps([IDEA] if needs else [])}\n\n"
                "[[ ## completed ## ]]"
            )
        else:
            fault = "does not need an environment" in user
            text = json.dumps({"new_instruction": f"Judge. {CURE if fault else ''}"})
        return Response(
            id=None,
            model=request.model,
            message=Message.assistant([TextPart(text)]),
            finish_reason="stop",
            usage=Usage(input_tokens=1, output_tokens=1),
        )


class AsyncForgetful(Forgetful):
    async def complete(self, request: Request) -> Response:
        return Forgetful.complete(self, request)


@pytest.fixture
def model() -> Any:
    return dspy.LM("sim/forgetful", engine=Forgetful(), async_engine=AsyncForgetful(), cache=False)


def examples(count: int) -> list[dspy.Example]:
    return [
        dspy.Example(
            tasks=(SourceTask(text=f"{'Write a poem on' if n % 2 else 'Book'} table {n}"),),
            needs_environment=(n % 2 == 0,),
        ).with_inputs("tasks")
        for n in range(count)
    ]


def score(program: dspy.Module, devset: list[dspy.Example]) -> float:
    evaluate = dspy.Evaluate(devset=devset, metric=task_metric, num_threads=1)
    result: float = evaluate(program).score
    return result


def test_gepa_learns_from_the_feedback_of_the_metric(model: Any, tmp_path: Path) -> None:
    data = examples(12)
    with dspy.context(lm=model):
        compiled = compile_program(
            TaskMiner(), task_metric, data[:6], data[6:], max_metric_calls=40
        )
        assert score(TaskMiner(), data[6:]) == 50.0
        assert score(compiled, data[6:]) == 100.0
        save_program(compiled, tmp_path / "judge.json")
        again = load_program(TaskMiner(), tmp_path / "judge.json")
        assert score(again, data[6:]) == 100.0


def test_bootstrap_keeps_only_demonstrations_that_the_metric_passes(model: Any) -> None:
    data = examples(6)
    with dspy.context(lm=model):
        compiled = compile_program(TaskMiner(), task_metric, data, [], optimizer="bootstrap")
    demos = compiled.named_predictors()[0][1].demos
    assert demos
    assert all("Book" in demo["tasks"][0] for demo in demos)


def test_compiling_on_recorded_answers_is_refused() -> None:
    with (
        dspy.context(lm=dspy.LM("replay", engine=Forgetful())),
        pytest.raises(ConfigurationError, match="answers anew"),
    ):
        compile_program(TaskMiner(), task_metric, examples(2), examples(2))


@pytest.mark.parametrize("text", ['{"x": 1}', "[1]", '{"program": "Planner", "state": {}}', "{"])
def test_a_file_that_is_no_such_program_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(DataError, match=r"other\.json cannot be loaded into TaskMiner"):
        load_program(TaskMiner(), tmp_path / "other.json")

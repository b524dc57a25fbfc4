"""Steps: what they ask, how often, and what they make of bad answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import dspy
import pytest
from dspy.utils import DummyLM
from hypothesis import given
from hypothesis import strategies as st

from envscaler.programs import Step
from envscaler.programs.step import complete, plain
from envscaler.runtime.errors import AnswerError
from envscaler.runtime.records import SourceTask
from envscaler.signatures import Act, PySource, SourceAdapter, WriteClass


class JudgeTask(dspy.Signature):  # type: ignore[misc]
    """Say whether the task needs an environment."""

    task: str = dspy.InputField()
    reason: str = dspy.OutputField()
    needs_environment: bool = dspy.OutputField()


GOOD = {"reason": "Bookings are kept.", "needs_environment": "True"}


@pytest.fixture
def adapter() -> Iterator[dspy.ChatAdapter]:
    chat = dspy.ChatAdapter(use_json_adapter_fallback=False)
    with dspy.context(adapter=chat):
        yield chat


def lm(adapter: dspy.ChatAdapter, *answers: dict[str, str]) -> DummyLM:
    return DummyLM(list(answers), adapter=adapter)


def test_an_answer_that_parses_is_asked_for_once(adapter: dspy.ChatAdapter) -> None:
    model = lm(adapter, GOOD)
    with dspy.context(lm=model):
        said = Step(JudgeTask, "judge task")(task="Book a table")
    assert said.needs_environment is True
    assert len(model.history) == 1


def test_an_answer_that_does_not_parse_is_asked_for_once_more(adapter: dspy.ChatAdapter) -> None:
    model = lm(adapter, {"reason": "only half of it"}, GOOD)
    with dspy.context(lm=model):
        said = Step(JudgeTask, "judge task")(task="Book a table", key="a")
    assert said.reason == GOOD["reason"]
    assert len(model.history) == 2


def test_two_answers_that_do_not_parse_are_an_answer_error(adapter: dspy.ChatAdapter) -> None:
    model = lm(adapter, {"reason": "half"}, {"reason": "half again"}, GOOD)
    with (
        dspy.context(lm=model),
        pytest.raises(AnswerError, match="step 'judge task' does not parse"),
    ):
        asyncio.run(Step(JudgeTask, "judge task").acall(task="Book a table"))
    assert len(model.history) == 2


def test_the_default_adapter_makes_no_hidden_second_call() -> None:
    chat = dspy.ChatAdapter(use_json_adapter_fallback=False)
    model = lm(chat, {"reason": "half"}, {"reason": "half again"}, GOOD)
    with dspy.context(lm=model), pytest.raises(AnswerError):
        Step(JudgeTask, "judge task")(task="Book a table")
    assert len(model.history) == 2


def test_a_coroutine_is_completed_where_a_loop_is_running_already() -> None:
    async def inner() -> int:
        await asyncio.sleep(0)
        return 7

    async def outer() -> int:
        return complete(inner())

    assert asyncio.run(outer()) == 7


def test_an_error_inside_a_completed_coroutine_is_raised_as_itself() -> None:
    async def inner() -> int:
        raise KeyError("gone")

    async def outer() -> int:
        return complete(inner())

    with pytest.raises(KeyError, match="gone"):
        asyncio.run(outer())


def test_records_in_inputs_become_plain_json() -> None:
    given_inputs = {"tasks": [SourceTask(text="a")], "pair": (1, "x")}
    assert plain(given_inputs) == {"tasks": [{"text": "a", "origin": ""}], "pair": [1, "x"]}


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "```python\nx = 1\n```",
        "```\nx = 1\n```\n",
        "\n\nx = 1\n\n",
        "```python\nx = 1",
    ],
)
def test_only_the_outermost_fence_is_taken_off(text: str) -> None:
    assert PySource(code=text).code == "x = 1\n"


def test_a_fence_inside_a_docstring_stays() -> None:
    inner = 'class A:\n    """Like this:\n\n    ```\n    A()\n    ```\n    """'
    assert PySource(code=f"```python\n{inner}\n```").code == inner + "\n"


@given(st.text())
def test_source_survives_being_read_twice(text: str) -> None:
    once = PySource(code=text.replace("```", "")).code
    assert PySource(code=once).code == once


@pytest.mark.parametrize(
    "source",
    [
        'LIMITS = {"a": 1}\n\n\nclass A:\n    """Say \'hi\'."""\n\n    x = [1, 2]\n',
        '"""A module."""\n\nimport math\n',
        'CODES = {"code": "x"}\n',
    ],
)
def test_source_comes_through_the_adapter_unchanged(source: str) -> None:
    completion = f"[[ ## source ## ]]\n{source}\n[[ ## completed ## ]]"
    assert SourceAdapter().parse(WriteClass, completion)["source"].code == source


def test_source_without_its_heading_does_not_parse() -> None:
    with pytest.raises(dspy.AdapterParseError):
        SourceAdapter().parse(WriteClass, "class A: pass")


def test_an_answer_that_cannot_be_written_down_is_asked_for_again(
    adapter: dspy.ChatAdapter,
) -> None:
    half = {"thought": "", "calls": '[{"tool": "submit", "arguments": {"answer": "\\ud83d"}}]'}
    whole = {"thought": "", "calls": '[{"tool": "submit", "arguments": {"answer": "x"}}]'}
    inputs = dict.fromkeys(("introduction", "task"), "x")
    lists: dict[str, list[str]] = {"rules": [], "tools": [], "transcript": []}
    model = lm(adapter, half, whole)
    with dspy.context(lm=model):
        said = Step(Act, "act")(**inputs, **lists)
    assert said.calls[0].arguments == {"answer": "x"}
    assert len(model.history) == 2

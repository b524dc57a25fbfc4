"""Models that give prepared answers, and the hand-written library to ask them about."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy.utils import DummyLM

from envscaler.runtime.records import EnvironmentIdea, EnvironmentPlan, SourceTask
from envscaler.signatures import SourceAdapter

LIBRARY: dict[str, Any] = json.loads((Path(__file__).parents[1] / "library.json").read_text())

Answering = Callable[..., AbstractContextManager[DummyLM]]


@pytest.fixture(scope="session")
def answering() -> Answering:
    """`with answering({"field": value}, …) as lm`: a model that gives these answers in turn."""

    class Answers:
        def __init__(self, *answers: dict[str, Any]) -> None:
            texts = [{name: text(value) for name, value in answer.items()} for answer in answers]
            self.lm = DummyLM(texts, adapter=SourceAdapter())
            self.context = dspy.context(lm=self.lm)

        def __enter__(self) -> DummyLM:
            self.context.__enter__()
            return self.lm

        def __exit__(self, *error: Any) -> None:
            self.context.__exit__(*error)

    def text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    return Answers


@pytest.fixture(scope="session")
def library() -> EnvironmentPlan:
    return EnvironmentPlan.model_validate(LIBRARY["plan"])


@pytest.fixture(scope="session")
def library_state() -> dict[str, Any]:
    """Shared by the tests, so none may write to it."""
    state: dict[str, Any] = LIBRARY["state"]
    return state


@pytest.fixture(scope="session")
def library_source() -> str:
    return (Path(__file__).parents[1] / "library_env.txt").read_text()


@pytest.fixture(scope="session")
def idea() -> EnvironmentIdea:
    return EnvironmentIdea(
        summary=LIBRARY["plan"]["summary"],
        introduction=LIBRARY["plan"]["introduction"],
        usefulness=8,
        modelability=9,
        tasks=(SourceTask(text="Lend The Lighthouse to Ada."),),
    )


@pytest.fixture(scope="session")
def plan_answer() -> dict[str, Any]:
    """The library's plan as a model would answer it."""
    fields = ("class_name", "entities", "scalars", "rules", "operations")
    return {field: LIBRARY["plan"][field] for field in fields}

"""A small run in a real store: six tasks, two ideas, one environment, a certified scenario."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from envscaler.runtime.journal import Journal
from envscaler.runtime.models import Entry, Ledger
from envscaler.runtime.records import (
    Call,
    Certificate,
    Checks,
    Environment,
    EnvironmentIdea,
    EnvironmentPlan,
    Evidence,
    Inspection,
    Judgement,
    Scenario,
    Score,
    Solution,
    SourceTask,
    TestCall,
    Trajectory,
)
from envscaler.runtime.store import RunStore

SETTINGS = {"tasks": "7 tasks (0123abcd)", "model": "m", "scenarios": 3, "rollouts": 1}
HOSTILE = "<script>alert('x')</script> & <img src=x onerror=y> $\\frac{a}$ \x1b[31m\u202e\x00"


class Story:
    """What happens in the run. Of seven tasks one is never settled.

    Tasks 0 to 2 make the idea that is built, task 3 the one whose plan fails; task 4 has a weak
    idea, task 5 needs no environment. Of three scenarios one is certified, one rejected and one
    begun; the certified one has the reference's episode and one that is under way.
    """

    def __init__(self, word: str = "shop") -> None:
        self.tasks = [SourceTask(text=f"{word} {n}") for n in range(7)]
        self.good, self.bad = self._idea(word, (0, 1, 2)), self._idea("bad", (3,))
        rule = {"id": "R1", "text": "No."}
        self.plan = EnvironmentPlan.model_validate(
            {
                "class_name": f"{word.title()}Env", "summary": word, "introduction": word,
                "entities": [], "operations": [], "rules": [rule],
            }
        )  # fmt: skip
        self.environment = Environment(
            plan=self.plan, class_name=self.plan.class_name, source="class A: pass", tools=()
        )
        self.inspection = Inspection(
            environment=self.environment.id, grader="1", probes=40, repairs=2, pass_rate=0.75,
            calls=tuple(TestCall(tool="t", expect="ok") for _ in range(4)), rules_tested=1,
            judgements=tuple(
                Judgement(call=n, verdict=v)
                for n, v in enumerate(("pass", "pass", "warning", "fail"), 1)
            ),
        )  # fmt: skip
        self.scenario = Scenario(
            environment=self.environment.id, initial_state={}, task=word,
            solutions=(Solution(plan=(), calls=(Call(tool="t"),)),),
            checks=Checks(goals=(), outcomes=()),
        )  # fmt: skip

    def _idea(self, word: str, tasks: Sequence[int]) -> EnvironmentIdea:
        return EnvironmentIdea(
            summary=word, introduction=word, usefulness=9, modelability=9,
            tasks=tuple(self.tasks[n] for n in tasks),
        )  # fmt: skip

    @property
    def owners(self) -> list[str]:
        """Whatever rows of the ledger are booked on."""
        return [
            *(task.id for task in self.tasks), self.good.id, self.bad.id,
            *(f"{self.environment.id}/{n}" for n in range(3)), f"{self.scenario.id}/0",
            "something-else",
        ]  # fmt: skip

    def tell(self, journal: Journal) -> None:
        for task in self.tasks[:5]:
            journal.keep("task", task.id, task)
        journal.drop("task", self.tasks[5].id, "needs no environment: a poem")
        journal.keep("idea", self.good.id, self.good)
        journal.keep("idea", self.bad.id, self.bad)
        for n in (1, 2):
            journal.drop("idea", f"idea_{n:016}", f"near-duplicate of {self.good.summary!r}")
        journal.drop("idea", f"idea_{4:016}", "rated too low: usefulness 3, modelability 9 of 7")
        journal.keep("plan", self.good.id, self.plan)
        journal.drop("plan", self.bad.id, "[references] Thing: no such entity")
        said = ("inspection", self.inspection)
        journal.keep("class", self.good.id, self.environment, said)
        self._play(journal)

    def _play(self, journal: Journal) -> None:
        rows = (
            Evidence(demand="solvable", holds=True, tried=2, held=2),
            Evidence(demand="sharp", holds=False, tried=10, held=9),
        )
        proof = Certificate(scenario=self.scenario.id, grader="1", rows=rows, state_hashes=())
        first, second = (f"{self.environment.id}/{n}" for n in range(2))
        journal.keep("scenario", first, self.scenario, ("certificate", proof))
        journal.drop("scenario", second, "the solution has 1 calls; it needs 2 to 9")
        played = Trajectory(
            scenario=self.scenario.id, agent="reference", messages=(), steps=(),
            score=Score(reward=1.0), ended="submitted",
        )  # fmt: skip
        journal.keep("trajectory", f"{self.scenario.id}/reference", played)


def booked(owner: str, step: str = "step", number: int = 0, **more: object) -> Entry:
    """A row of one answered question: 10 prompt and 5 completion tokens, a quarter dollar."""
    row = {"how": "asked", "prompt_tokens": 10, "completion_tokens": 5, "cost_usd": 0.25}
    return Entry(step, f"{owner} {number}", owner, "m", **{"seconds": 2.0, **row, **more})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def story() -> Story:
    return Story()


@pytest.fixture(scope="session")
def row() -> Callable[..., Entry]:
    return booked


@pytest.fixture(scope="session")
def hostile() -> str:
    """What a model might write to harm whoever looks at it."""
    return HOSTILE


Write = Callable[..., Path]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a run of a story and ledger rows, by default one for each owner."""

    def write(story: Story, rows: Sequence[Entry] | None = None) -> Path:
        folder = tmp_path_factory.mktemp("runs") / "run"
        with RunStore.open(folder, SETTINGS) as store:
            story.tell(Journal(store))
            ledger = Ledger(store)
            for entry in rows if rows is not None else map(booked, story.owners):
                ledger.book(entry)
        return folder

    return write


@pytest.fixture(scope="session")
def reopened() -> Callable[[Path], RunStore]:
    """Opens the store of a written run again."""
    return lambda folder: RunStore.open(folder, SETTINGS)


@pytest.fixture(scope="session")
def envscaler() -> Callable[..., tuple[int, str, str]]:
    """Runs the command, where need be after a line of Python: exit code, stdout, stderr."""

    def run(*arguments: str, first: str = "") -> tuple[int, str, str]:
        program = f"{first}\nfrom envscaler.runtime.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "80"},
        )
        return done.returncode, done.stdout, done.stderr

    return run

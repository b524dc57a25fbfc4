"""A small environment with scenarios and trajectories, as text: none of its code is run here."""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.runtime.formats import Export
from envscaler.runtime.records import (
    Attribute,
    BusinessRule,
    Call,
    Certificate,
    Change,
    Checks,
    Difficulty,
    Entity,
    Environment,
    EnvironmentPlan,
    Evidence,
    Inspection,
    Loosening,
    Operation,
    Outcome,
    Parameter,
    PlannedCall,
    Provenance,
    Scenario,
    Score,
    Solution,
    Step,
    ToolSpec,
    Trajectory,
    UserProfile,
)

SOURCE = '''"""A shelf."""

DAYS = 7


class ShelfEnv:
    """Books of a shelf, and who has them."""

    def __init__(self, init_config: dict):
        self.books: dict[str, dict] = init_config["books"]
        self.today = init_config["today"]

    def find_books(self, title: str) -> dict:
        """Books with this title."""
        found = [book for book in self.books.values() if book["title"] == title]
        return {"success": True, "data": found}

    def lend(self, book_id: str, reader: str) -> dict:
        """Lend a book.
Text without indentation.
        """
        book = self.books.get(book_id)
        if not self._free(book):
            return {"success": False, "error": "not free"}
        book["reader"] = reader
        return {"success": True, "message": self.today}

    def drop(self, book_id: str) -> dict:
        """Take a book off the shelf."""
        return {"success": True, "data": self.books.pop(book_id)}

    def _free(self, book: dict | None) -> bool:
        return book is not None and book["reader"] is None
'''

STATE = {
    "books": {
        "b2": {"id": "b2", "title": "Ünïcode \u2028 \x00", "reader": None},
        "b1": {"id": "b1", "title": "Tides", "reader": None, "price": 1.0, "copies": 2**70},
    },
    "today": "2030-01-31",
}


def _operation(name: str, kind: Any, *parameters: str) -> Operation:
    return Operation(
        name=name,
        kind=kind,
        description=f"{name}.",
        parameters=tuple(Parameter(name=parameter, type="str") for parameter in parameters),
        rules=("R1",) if kind == "change" else (),
    )


def _tool(operation: Operation) -> ToolSpec:
    names = [parameter.name for parameter in operation.parameters]
    return ToolSpec(
        name=operation.name,
        description=operation.description,
        parameters={
            "type": "object",
            "properties": {
                name: {"type": "string", "description": f"The {name}."} for name in names
            },
            "required": names,
            "additionalProperties": False,
        },
    )


@pytest.fixture
def environment() -> Environment:
    operations = (
        _operation("find_books", "query", "title"),
        _operation("lend", "change", "book_id", "reader"),
        _operation("drop", "change", "book_id"),
    )
    plan = EnvironmentPlan(
        class_name="ShelfEnv",
        summary="A shelf of books",
        introduction="Books are lent to readers | and come back.",
        entities=(
            Entity(
                name="Book",
                collection="books",
                key="id",
                attributes=(
                    Attribute(name="id", type="str"),
                    Attribute(name="title", type="str"),
                    Attribute(name="reader", type="str", optional=True),
                ),
                description="A book.",
            ),
        ),
        scalars=(Attribute(name="today", type="date", description="The current date."),),
        rules=(BusinessRule(id="R1", text="A lent book cannot be lent."),),
        operations=operations,
    )
    tools = tuple(map(_tool, operations))
    return Environment(plan=plan, class_name="ShelfEnv", source=SOURCE, tools=tools)


@pytest.fixture
def scenario(environment: Environment) -> Scenario:
    calls = (
        Call(tool="find_books", arguments={"title": "Tides"}),
        Call(tool="lend", arguments={"book_id": "b1", "reader": "Ada"}),
    )
    plan = (
        PlannedCall(n=1, tool="find_books", arguments={"title": "Tides"}),
        PlannedCall(n=2, tool="lend", arguments={"book_id": "$1.data[0].id", "reader": "Ada"}),
    )
    change = Change(
        path=("books", "b1", "reader"),
        kind="set",
        value="Ada",
        goal=0,
        loose={"": Loosening(kind="one_of", values=("Ada", "ada"))},
    )
    return Scenario(
        environment=environment.id,
        initial_state=STATE,
        task="Lend Tides to Ada.",
        solutions=(Solution(plan=plan, calls=calls),),
        checks=Checks(
            goals=("Ada has Tides.",), outcomes=(Outcome(changes=(change,), calls=calls),)
        ),
    )


@pytest.fixture
def question(scenario: Scenario) -> Scenario:
    """A conversational scenario that asks for an answer."""
    return Scenario(
        environment=scenario.environment,
        initial_state=STATE,
        task="Who has Tides?",
        user=UserProfile(knows="The title.", wants="The reader."),
        solutions=(*scenario.solutions, Solution(plan=(), calls=())),
        checks=Checks(goals=("The answer is right.",), outcomes=(), answer={"reader": None}),
    )


@pytest.fixture
def trajectory(scenario: Scenario) -> Trajectory:
    step = Step(
        tool="lend",
        arguments={"book_id": "b1", "reader": "Ada"},
        status="ok",
        result={"success": True, "message": "2030-01-31"},
        state_hash="0" * 64,
        changes=((("books", "b1", "reader"), "set", None, "Ada"),),
    )
    return Trajectory(
        scenario=scenario.id,
        agent="replay",
        messages=({"role": "user", "content": "Lend Tides to Ada."}, {"role": "assistant"}),
        steps=(step,),
        answer=[1, 1.0, None, {"b": 1, "a": 2}],
        score=Score(reward=1.0, goals=(True,)),
        ended="submitted",
    )


@pytest.fixture
def export(
    environment: Environment, scenario: Scenario, question: Scenario, trajectory: Trajectory
) -> Export:
    masked = Trajectory(
        scenario=scenario.id,
        agent="replay",
        messages=trajectory.messages,
        steps=(),
        score=Score(error="a check crashed"),
        ended="stopped",
    )
    sharp = Evidence(demand="sharp: strict paths", holds=True, tried=20, held=19, failures=("one",))
    return Export(
        environments=(environment,),
        scenarios=(scenario, question),
        trajectories=(trajectory, masked),
        inspections=(Inspection(environment=environment.id, grader="i1", admitted=True),),
        certificates=(
            Certificate(scenario=scenario.id, grader="g1", rows=(sharp,), state_hashes=("0",)),
        ),
        difficulties=(
            Difficulty(
                scenario=scenario.id, calls=2, tools=2, writes=1, goals=1, refusals=0, outcomes=1
            ),
        ),
        provenance=(
            Provenance(record=environment.plan.id, program="p0", model="some/model", calls=1),
            Provenance(record=environment.id, program="p1", model="some/model", calls=2),
            Provenance(record=scenario.id, program="p1", model="other|model", calls=3),
        ),
    )

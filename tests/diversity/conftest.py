"""Environments that are known to be alike or not: planned ones, imported ones, renamed copies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.bundled import recording_path
from envscaler.runtime.records import (
    Environment,
    EnvironmentPlan,
    Operation,
    Parameter,
    ToolSpec,
)

TESTS = Path(__file__).parent.parent
SECTION = re.compile(r"\[\[ ## (\w+) ## \]\]\n(.*?)(?=\n\[\[ ## |\Z)", re.DOTALL)
PARTS = ("entities", "scalars", "rules", "operations")

UPSTREAM = """
from typing import Dict, List, Literal, Optional, TypedDict
from dataclasses import dataclass


class MemberInfo(TypedDict):
    member_id: str
    email: "str"
    level: Literal["basic", "gold"]
    joined: Optional[str]
    points: int | None
    tags: List[str]
    visits: List[Dict[str, str]]


@dataclass
class Class_:
    starts: datetime.datetime
    seats: int = 10


class Helper:
    pass


class GymEnv:
    def __init__(self):
        # Members by id.
        self.members: Dict[str, MemberInfo] = {}
        self.classes: Dict[str, "Class_"] = {}
        self.current_time: str = ""
        self.waiting = {}
        self._log: list = []

    def find_member(self, email: str) -> dict:
        return {"success": True, "data": None}

    def book(self, member_id: str, hours: int) -> dict:
        return {"success": True, "message": "booked"}
"""

Renamed = Callable[..., Environment]


def environment(plan: EnvironmentPlan, source: str = "") -> Environment:
    return Environment(plan=plan, class_name=plan.class_name, source=source, tools=())


@pytest.fixture(scope="session")
def recorded() -> list[Environment]:
    """The planned environments of the bundled recording: one for each of its domains."""
    made = []
    for line in recording_path().read_text("utf-8").splitlines():
        answer = json.loads(line)
        if answer["step"] != "plan environment":
            continue
        said = dict(SECTION.findall(answer["completion"]))
        parts = {name: json.loads(said[name]) for name in PARTS}
        name = said["class_name"].strip()
        plan = {"class_name": name, "summary": name, "introduction": "", **parts}
        made.append(environment(EnvironmentPlan.model_validate(plan)))
    return made


@pytest.fixture(scope="session")
def library() -> Environment:
    kept = json.loads((TESTS / "library.json").read_text())
    source = (TESTS / "library_env.txt").read_text()
    return environment(EnvironmentPlan.model_validate(kept["plan"]), source)


@pytest.fixture(scope="session")
def imported() -> Environment:
    """As upstream's files are read: rules and tools, no entities, and a source that has them."""
    email = Parameter(name="email", type="str")
    member, hours = Parameter(name="member_id", type="str"), Parameter(name="hours", type="int")
    plan = EnvironmentPlan(
        class_name="GymEnv",
        summary="",
        introduction="",
        entities=(),
        rules=(),
        operations=(
            Operation(name="find_member", kind="query", description="", parameters=(email,)),
            Operation(name="book", kind="change", description="", parameters=(member, hours)),
        ),
    )
    tools = [ToolSpec(name=o.name, description="", parameters={}) for o in plan.operations]
    return Environment(plan=plan, class_name="GymEnv", source=UPSTREAM, tools=tuple(tools))


@pytest.fixture(scope="session")
def renamed() -> Renamed:
    """A copy of an environment in which every name is another one, the same everywhere."""

    def rename(given: Environment, stem: str = "zz") -> Environment:
        names: dict[str, str] = {}

        def new(name: str) -> str:
            letters = "".join(chr(ord("a") + int(digit)) for digit in str(len(names) + 100))
            return names.setdefault(name, stem + letters)

        def fields(found: list[dict[str, Any]]) -> None:
            for field in found:
                field["name"] = new(field["name"])
                field["values"] = [new(value) for value in field["values"]]
                field["references"] = field["references"] and new(field["references"])

        plan = given.plan.model_dump(mode="json")
        plan["class_name"] = new(plan["class_name"])
        for entity in plan["entities"]:
            for part in ("name", "collection", "key"):
                entity[part] = new(entity[part])
            fields(entity["attributes"])
        fields(plan["scalars"])
        for operation in plan["operations"]:
            operation["name"] = new(operation["name"])
            operation["returns"] = [new(key) for key in operation["returns"]]
            fields(operation["parameters"])
        return environment(EnvironmentPlan.model_validate(plan))

    return rename

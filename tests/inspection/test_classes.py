from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from envscaler.runtime.errors import ConfigurationError
from envscaler.runtime.inspection import GATES, inspect_class
from envscaler.runtime.records import EnvironmentPlan
from envscaler.runtime.sandbox import Pool


@dataclass(frozen=True)
class Plant:
    """A fault put into the library: texts of its source exchanged, its plan edited."""

    gate: str
    where: str
    message: str
    texts: dict[str, str] = field(default_factory=dict)
    edit: Callable[[dict[str, Any]], object] = lambda plan: None
    also: tuple[str, ...] = ()
    """Gates that find what follows from the fault."""


def planted(plant: Plant, plan: EnvironmentPlan, source: str) -> tuple[EnvironmentPlan, str]:
    for old, new in plant.texts.items():
        assert old in source
        source = source.replace(old, new)
    fields = plan.model_dump(mode="json")
    plant.edit(fields)
    return EnvironmentPlan.model_validate(fields), source


def test_a_good_class_becomes_an_environment(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    report = inspect_class(pool, plan, source, state)
    assert [str(finding) for finding in report.findings] == []
    assert report.environment is not None
    assert report.environment.tools == report.tools
    assert {tool.name for tool in report.tools} == {o.name for o in plan.operations}
    assert report.class_name == "LibraryEnv"
    assert report.probes > 200


PLANTS: dict[str, Plant] = {
    "the class has another name": Plant(
        "loads",
        "LibraryEnv",
        "the class is called 'LendingEnv'",
        {"class LibraryEnv": "class LendingEnv"},
    ),
    "the source does not parse": Plant(
        "loads", "LibraryEnv", "line 39", {"        found = []\n": "        found = [\n"}
    ),
    "the source breaks the policy": Plant(
        "loads", "LibraryEnv", "os", {"class LibraryEnv": "import os\n\nclass LibraryEnv"}
    ),
    "the constructor wants a key that is not there": Plant(
        "loads", "LibraryEnv", "shelves", {'init_config["loans"]': 'init_config["shelves"]'}
    ),
    "a helper is public": Plant(
        "tools", "refuse", "no operation of the plan", {"_refuse": "refuse"}
    ),
    "an operation is missing": Plant(
        "tools",
        "count_books",
        "no such public method",
        edit=lambda p: p["operations"].append(
            {"name": "count_books", "kind": "query", "description": "Count the books."}
        ),
    ),
    "a parameter is called otherwise": Plant(
        "tools",
        "return_book",
        "the plan's are (loan)",
        edit=lambda p: p["operations"][5]["parameters"][0].update(name="loan"),
    ),
    "a required parameter has a default": Plant(
        "tools",
        "lend_book",
        "the plan requires it",
        {
            'member_id: str) -> dict:\n        """Lend': (
                'member_id: str = "") -> dict:\n        """Lend'
            )
        },
    ),
    "an optional parameter is required": Plant(
        "tools",
        "search_books",
        "give it a default",
        {"genre: str = None, max_pages: int = None": "genre: str, max_pages: int = None"},
    ),
    "a parameter has another type": Plant(
        "tools",
        "search_books",
        "the plan's is int (integer)",
        {"max_pages: int = None": "max_pages: str = None"},
    ),
    "a parameter has no type": Plant(
        "tools", "return_book", "has no type", {"loan_id: str)": "loan_id)"}
    ),
    "a list has other items": Plant(
        "tools", "tag_book", "items of its parameter tags", {"list[str]": "list[int]"}
    ),
    "a parameter has no description": Plant(
        "tools", "tag_book", "tags has no description", {"            tags: The new tags.\n": ""}
    ),
    "a tool has no description": Plant(
        "tools",
        "return_book",
        "it has no description",
        {"Take a lent book back.\n\n        Args": "Args"},
    ),
    "an attribute is not in the state": Plant(
        "state",
        "currency",
        "which init_config lacks",
        {"        self.today =": "        self.currency = 'EUR'\n        self.today ="},
    ),
    "the state has a key that is not kept": Plant(
        "state",
        "next_loan",
        "no such public attribute",
        {"self.next_loan": "self._next_loan"},
        also=("effects",),
    ),
    "the constructor changes the state": Plant(
        "state",
        "next_loan",
        "next_loan: 3 → 4",
        {'init_config["next_loan"]': 'init_config["next_loan"] + 1'},
    ),
    "a private counter is remembered": Plant(
        "state",
        "lend_book",
        "keep nothing outside",
        {
            "        self.today =": "        self._lent = 0\n        self.today =",
            '        loan_id = f"L{': (
                '        self._lent += 1\n        loan_id = f"L{self._lent}-{'
            ),
        },
    ),
    "a query counts its calls": Plant(
        "queries",
        "get_book",
        "this query changed the state (next_loan: 3 → 4)",
        {
            '        return {"success": True, "data": dict(book)}\n\n    def search': (
                '        self.next_loan += 1\n        return {"success": True, "data": dict(book)}'
                "\n\n    def search"
            )
        },
    ),
    "a refusal comes after the first write": Plant(
        "refusals",
        "lend_book",
        "books.B1.copies: 2 → 1",
        {
            '        if member["status"] == "blocked"': (
                '        book["copies"] -= 1\n        if member["status"] == "blocked"'
            ),
            '        self.next_loan += 1\n        book["copies"] -= 1\n': (
                "        self.next_loan += 1\n"
            ),
        },
    ),
    "an answer has no data": Plant(
        "contract",
        "get_member",
        "needs 'data' or 'message'",
        {'"data": dict(member)': '"member": dict(member)'},
    ),
    "an answer is a bare list": Plant(
        "contract",
        "search_books",
        "a dict with the key 'success'",
        {'data": found}\n\n    def get_member': 'data": found}["data"]\n\n    def get_member'},
    ),
    "a refusal has no reason": Plant(
        "contract", "lend_book", "non-empty 'error'", {'f"{code}: {why}"': '""'}
    ),
    "an unhashable id raises": Plant(
        "total", "get_book", "TypeError", {" if isinstance(key, str) else None": ""}
    ),
    "a wrong item of a list raises": Plant(
        "total",
        "tag_book",
        '"tags":[null]',
        {
            " or not all(isinstance(tag, str) for tag in tags)": "",
            "list(tags)": '",".join(tags).split(",")',
        },
    ),
    "an unknown id raises": Plant(
        "total",
        "return_book",
        "KeyError",
        {
            "loan = self._record(self.loans, loan_id)\n        if loan is None": (
                "loan = self.loans[str(loan_id)]\n        if loan is None"
            )
        },
    ),
    "instances share a counter": Plant(
        "isolation",
        "lend_book",
        "instances share something",
        {
            "class LibraryEnv": "from json import JSONEncoder\n\n\nclass LibraryEnv",
            '        loan_id = f"L{': (
                "        shared = JSONEncoder.encode\n"
                '        shared.loans = getattr(shared, "loans", 0) + 1\n'
                '        loan_id = f"L{shared.loans}-{'
            ),
        },
    ),
    "an endless loop": Plant(
        "total",
        "search_books",
        "timeout",
        {
            "        found = []\n": (
                "        found = []\n        while max_pages == 0:\n            pass\n"
            )
        },
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found_by_its_gate_and_by_no_other(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any], name: str
) -> None:
    plant = PLANTS[name]
    changed, text = planted(plant, plan, source)
    found = inspect_class(pool, changed, text, state)
    assert {finding.gate for finding in found.findings} == {plant.gate, *plant.also}, found.findings
    assert any(
        finding.where == plant.where and plant.message in finding.message
        for finding in found.findings
    ), found.findings
    assert found.environment is None


@pytest.mark.parametrize("name", ["a query counts its calls", "an unhashable id raises"])
def test_a_gate_that_is_switched_off_finds_nothing(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any], name: str
) -> None:
    plant = PLANTS[name]
    changed, text = planted(plant, plan, source)
    others = [gate for gate in GATES if gate != plant.gate]
    assert inspect_class(pool, changed, text, state, gates=others).findings == ()


def test_a_refusal_may_change_what_the_plan_allows(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    def allow(fields: dict[str, Any]) -> None:
        fields["operations"][4]["refusal_effects"] = ["next_loan"]

    counting = {
        '            return self._refuse("no_copy", "No copy is left.")': (
            "            self.next_loan += 1\n"
            '            return self._refuse("no_copy", "No copy is left.")'
        )
    }
    changed, text = planted(Plant("refusals", "", "", counting, allow), plan, source)
    assert inspect_class(pool, changed, text, state).findings == ()
    assert {f.gate for f in inspect_class(pool, plan, text, state).findings} == {"refusals"}


def test_calls_that_fail_alike_are_told_once_and_counted(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    text = source.replace('"data": found', '"found": found')
    findings = inspect_class(pool, plan, text, state).findings
    assert [(f.gate, f.where) for f in findings] == [
        ("contract", "search_books"),
        ("contract", "list_loans"),
    ]
    assert findings[1].message.startswith('list_loans({"member_id":"M1"}): it returned {"found":')
    assert re.search(r"needs 'data' or 'message' \(\d+ other calls", findings[1].message)


def test_a_gate_says_at_most_three_things_of_a_tool(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    def drop(fields: dict[str, Any]) -> None:
        fields["operations"][1]["parameters"] = [
            {"name": name, "type": "int"} for name in ("genre", "max_pages", "a", "b")
        ]

    changed, text = planted(Plant("tools", "", "", edit=drop), plan, source)
    findings = inspect_class(pool, changed, text, state, gates=["tools"]).findings
    assert len(findings) == 3
    assert findings[-1].message.endswith("(1 more like this)")


def test_a_class_that_kills_its_workers_is_reported_not_raised(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    """The C loop cannot be interrupted, so that the worker is killed, and given up in the end."""
    endless = Plant(
        "total",
        "get_member",
        "killed",
        {
            '"data": dict(member)}\n\n    def list_loans': (
                '"data": sum(range(10**12))}\n\n    def list_loans'
            )
        },
    )
    _, text = planted(endless, plan, source)
    findings = inspect_class(pool, plan, text, state).findings
    assert {(finding.gate, finding.where) for finding in findings} == {("total", "get_member")}
    assert "killed" in findings[0].message


def test_an_inspection_says_the_same_twice(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    text = source.replace(" if isinstance(key, str) else None", "")
    assert inspect_class(pool, plan, text, state) == inspect_class(pool, plan, text, state)


def test_an_unknown_gate_is_named(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match=r"'manners'.*loads, tools"):
        inspect_class(pool, plan, source, state, gates=["manners"])


def test_tools_say_what_only_the_plan_knows_of_their_parameters(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    found = inspect_class(pool, plan, source, state, gates=["loads"]).environment
    assert found is not None
    tools = {tool.name: tool.parameters["properties"] for tool in found.tools}
    assert tools["set_member_status"]["status"]["enum"] == ["active", "blocked"]
    assert tools["search_books"]["genre"]["enum"] == ["novel", "poetry", "science", None]
    assert "enum" not in tools["get_book"]["book_id"]

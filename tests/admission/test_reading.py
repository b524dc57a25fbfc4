from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.admission import Candidate, admit, read_candidates
from envscaler.runtime.errors import ConfigurationError, DataError
from envscaler.runtime.records import EnvironmentPlan, Operation
from envscaler.runtime.sandbox import Pool

SHELF = '''
class Shelf:
    def __init__(self):
        self.books = {}

    def list_books(self):
        """Return all books."""
        return {"success": True, "data": sorted(self.books)}
'''
ENTRY: dict[str, Any] = {
    "env_id": "env_1",
    "environment_summary": "A shelf.",
    "environment_introduction": "A shelf with books.",
    "constraints_rules": ["No book stands there twice."],
    "operation_list": [{"operation_name": "list_books", "operation_type": "query"}],
    "env_class_name": "Shelf",
    "env_class_code": SHELF,
    "tools": [
        {"name": "list_books", "parameters": {"type": "object"}},
        {"name": "lend", "parameters": {"type": "object"}},
    ],
}
SCENARIO = {
    "env_id": "env_1",
    "env_class_name": "Shelf",
    "init_config": {"books": {"B1": {"title": "Tides"}}},
    "task": "Look.",
}

Written = Callable[[str, Any], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a file: text as it is, anything else as JSON."""

    def write(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_a_source_is_one_candidate(written: Written) -> None:
    state, plan = written("state.json", {"books": {}}), {"class_name": "Shelf", "entities": []}
    plan |= {"summary": "", "introduction": "", "rules": [], "operations": []}
    (found,) = read_candidates(
        written("shelf.py", SHELF), state=state, plan=written("plan.json", {"plan": plan})
    )
    assert (found.source, found.state, found.class_name) == (SHELF, {"books": {}}, None)
    assert found.plan is not None and found.plan.class_name == "Shelf"


def test_upstreams_environments_get_the_states_of_the_scenarios_beside_them(
    written: Written,
) -> None:
    other = {**ENTRY, "env_id": "env_2", "env_class_name": "Other"}
    path = written("env_metadata.json", [ENTRY, other])
    assert [candidate.state for candidate in read_candidates(path)] == [None, None]
    written("env_scenario.json", [SCENARIO])
    first, second = read_candidates(path)
    assert (first.state, second.state) == (SCENARIO["init_config"], None)
    assert first.outline is not None and first.plan is None
    assert [c.class_name for c in read_candidates(path, class_name="Other")] == ["Other"]


def test_what_upstreams_file_promises_is_looked_at(pool: Pool, written: Written) -> None:
    written("env_scenario.json", [SCENARIO])
    (candidate,) = read_candidates(written("env_metadata.json", {"env_1": ENTRY}))
    admission = admit(pool, candidate)
    assert admission.plan is not None
    assert admission.plan.summary == "A shelf."
    assert [rule.text for rule in admission.plan.rules] == ["No book stands there twice."]
    assert [(f.gate, f.where) for f in admission.objections] == [("tools", "lend")]
    assert any(text.startswith("no model: 1 rule") for text in admission.missing)


def test_a_query_of_upstreams_file_must_be_one(pool: Pool) -> None:
    writing = SHELF.replace("        return", '        self.books["new"] = {}\n        return')
    outline = EnvironmentPlan(
        class_name="Shelf", summary="", introduction="", entities=(), rules=(),
        operations=(Operation(name="list_books", kind="query", description=""),),
    )  # fmt: skip
    admission = admit(pool, Candidate(writing, state={"books": {}}, outline=outline))
    assert {finding.gate for finding in admission.objections} == {"queries"}


@pytest.mark.parametrize(
    ("files", "options", "error", "said"),
    [
        ({}, {}, DataError, "a.py cannot be read: No such file"),
        ({"a.py": "\udcff"}, {}, DataError, "a.py is no UTF-8 text"),
        ({"a.py": SHELF}, {"class_name": "Book"}, ConfigurationError, "it has Shelf"),
        ({"a.py": SHELF, "b": "{"}, {"state": "b"}, DataError, "b is not JSON"),
        ({"a.py": SHELF, "b": [1]}, {"state": "b"}, DataError, "b holds no initial state"),
        ({"a.py": SHELF, "b": {"rules": 1}}, {"plan": "b"}, DataError, "b is no plan: it is no"),
        ({"a.py": SHELF}, {"plan": "b"}, DataError, "b cannot be read"),
    ],
)
def test_a_bad_file_is_one_clear_message(
    tmp_path: Path, files: dict[str, Any], options: dict[str, str], error: type, said: str
) -> None:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    given: dict[str, Any] = {
        name: value if name == "class_name" else tmp_path / value for name, value in options.items()
    }
    with pytest.raises(error, match=said):
        read_candidates(tmp_path / "a.py", **given)

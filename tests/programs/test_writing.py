"""Writing a class: in one call or in groups, gone on with where cut, mended in parts."""

from __future__ import annotations

import ast
from typing import Any

from envscaler.programs import ClassMender, ClassWriter
from envscaler.runtime.records import EnvironmentPlan, Finding
from envscaler.runtime.sources import methods

FINDING = Finding(gate="total", where="get_book", message="it raised")


def only(source: str, class_name: str, *names: str) -> str:
    """The class with only these methods in it."""
    tree = ast.parse(source)
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    kept: list[ast.stmt] = [
        m for m in found.body if isinstance(m, ast.FunctionDef) and m.name in names
    ]
    found.name, found.body = class_name, [*kept]
    return ast.unparse(found)


def test_a_class_is_written_in_one_call(
    answering: Any, library: EnvironmentPlan, library_source: str
) -> None:
    with answering({"source": library_source}) as lm:
        made = ClassWriter()(plan=library)
    assert made.source == library_source
    assert len(lm.history) == 1


def test_a_large_class_is_written_in_groups_of_operations(
    answering: Any, library: EnvironmentPlan, library_source: str
) -> None:
    names = [operation.name for operation in library.operations]
    first = only(library_source, "LibraryEnv", "__init__", "_refuse", "_record", *names[:5])
    rest = only(library_source, "LibraryEnv", *names[5:])
    with answering({"source": first}, {"source": rest}) as lm:
        made = ClassWriter(per_call=5)(plan=library)
    assert set(methods(made.source)) == set(methods(library_source))
    asked = lm.history[1]["messages"][-1]["content"].split("operations ## ]]")[1]
    assert names[5] in asked and names[4] not in asked


def test_an_answer_that_was_cut_is_gone_on_with(
    answering: Any, library: EnvironmentPlan, library_source: str
) -> None:
    cut = library_source[: library_source.index("def return_book") + 200]
    rest = only(library_source, "LibraryEnv", "return_book", "set_member_status", "tag_book")
    with answering({"source": cut}, {"source": rest}):
        made = ClassWriter()(plan=library)
    assert set(methods(made.source)) == set(methods(library_source))
    ast.parse(made.source)


def test_what_stays_missing_is_left_to_the_gates(
    answering: Any, library: EnvironmentPlan, library_source: str
) -> None:
    part = only(library_source, "LibraryEnv", "__init__", "get_book")
    with answering({"source": part}, {"source": "class LibraryEnv: pass"}, {"source": "sorry"}):
        made = ClassWriter()(plan=library)
    assert methods(made.source) == ("__init__", "get_book")


def test_a_writer_without_an_answer_has_a_problem(answering: Any, library: EnvironmentPlan) -> None:
    with answering({}, {}):
        made = ClassWriter()(plan=library)
    assert made.source is None and "does not parse" in made.problem


def test_mending_replaces_the_methods_that_the_answer_holds(
    answering: Any, library: EnvironmentPlan, library_source: str
) -> None:
    patch = "class LibraryEnv:\n    def get_book(self, book_id: str) -> dict:\n        return {}\n"
    with answering({"source": patch}) as lm:
        made = ClassMender()(plan=library, source=library_source, findings=[FINDING])
    assert methods(made.source) == methods(library_source)
    assert "def get_book(self, book_id: str) -> dict:\n        return {}" in made.source
    assert "it raised" in lm.history[0]["messages"][-1]["content"]

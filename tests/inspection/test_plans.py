from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from envscaler.runtime.inspection import check_plan
from envscaler.runtime.inspection.graph import discoverable
from envscaler.runtime.records import EnvironmentPlan, Finding

Edit = Callable[[dict[str, Any]], object]


def test_a_plan_that_holds_together_has_no_findings(plan: EnvironmentPlan) -> None:
    assert check_plan(plan, tools=(8, 8), min_rules=3) == ()


def test_too_few_operations_and_rules_are_counted_by_default(plan: EnvironmentPlan) -> None:
    assert [(f.where, f.message) for f in check_plan(plan)] == [
        ("operations", "the plan has 8; between 10 and 25 are expected."),
        ("rules", "the plan has 3; at least 5 are expected."),
    ]


def edited(plan: EnvironmentPlan, edit: Edit) -> tuple[Finding, ...]:
    fields = plan.model_dump(mode="json")
    edit(fields)
    return check_plan(EnvironmentPlan.model_validate(fields), tools=(1, 25), min_rules=0)


FAULTS: dict[str, tuple[Edit, str, str]] = {
    "a class name in snake_case": (
        lambda p: p.update(class_name="library_env"),
        "class_name",
        "PascalCase",
    ),
    "an operation named like a keyword": (
        lambda p: p["operations"][0].update(name="import"),
        "operation import",
        "no public snake_case",
    ),
    "a private operation": (
        lambda p: p["operations"][0].update(name="_get_book"),
        "operation _get_book",
        "no public snake_case",
    ),
    "a parameter with a space": (
        lambda p: p["operations"][0]["parameters"][0].update(name="book id"),
        "operation get_book",
        "'book id' is no public",
    ),
    "two entities in one collection": (
        lambda p: p["entities"][1].update(collection="books"),
        "state",
        "'books' stands there 2 times",
    ),
    "an attribute twice": (
        lambda p: p["entities"][0]["attributes"].append({"name": "title", "type": "str"}),
        "entity Book",
        "'title' stands there 2 times",
    ),
    "an operation twice": (
        lambda p: p["operations"].append(p["operations"][0]),
        "operations",
        "'get_book' stands there 2 times",
    ),
    "a rule twice": (
        lambda p: p["rules"].append(p["rules"][0]),
        "rules",
        "'R1' stands there 2 times",
    ),
    "an operation named like a collection": (
        lambda p: p["operations"][1].update(name="books"),
        "operation books",
        "would hide the method",
    ),
    "a key that is no attribute": (
        lambda p: p["entities"][0].update(key="isbn"),
        "entity Book",
        "none of its attributes",
    ),
    "a key that is a number": (
        lambda p: p["entities"][0]["attributes"][0].update(type="int"),
        "entity Book",
        "of type int",
    ),
    "a key that may be left out": (
        lambda p: p["entities"][0]["attributes"][0].update(optional=True),
        "entity Book",
        "optional attribute",
    ),
    "a reference to nothing": (
        lambda p: p["entities"][2]["attributes"][1].update(references="Author"),
        "Loan.book_id",
        "'Author', which is no entity",
    ),
    "a reference held by a number": (
        lambda p: p["entities"][2]["attributes"][1].update(type="int"),
        "Loan.book_id",
        "with type int",
    ),
    "an enumeration of numbers": (
        lambda p: p["operations"][1]["parameters"][1].update(values=["100", "200"]),
        "search_books(max_pages)",
        "only str takes an enumeration",
    ),
    "an operation that keeps an unknown rule": (
        lambda p: p["operations"][0].update(rules=["R9"]),
        "operation get_book",
        "'R9', which the plan does not have",
    ),
    "a rule that nothing keeps": (
        lambda p: p["rules"].append({"id": "R4", "text": "Loans end after fourteen days."}),
        "rule R4",
        "no operation has to keep it",
    ),
    "a refusal effect on nothing": (
        lambda p: p["operations"][4].update(refusal_effects=["attempts"]),
        "operation lend_book",
        "'attempts' is no state attribute",
    ),
    "an entity that no query mentions": (
        lambda p: p["entities"].append(
            {
                "name": "Invoice",
                "collection": "invoices",
                "key": "invoice_id",
                "attributes": [{"name": "invoice_id", "type": "str"}],
            }
        ),
        "entity Invoice",
        "its records cannot be found",
    ),
    "a parameter that references nothing": (
        lambda p: p["operations"][0]["parameters"][0].update(references="Tome"),
        "get_book(book_id)",
        "'Tome', which is no entity",
    ),
    "a rule that depends on no fact of the state": (
        lambda p: p["rules"][0].update(depends=["Book.shelf"]),
        "rule R1",
        "no Entity.attribute and no scalar",
    ),
    "a rule whose fact no query returns": (
        lambda p: p["rules"][0].update(depends=["next_loan"]),
        "rule R1",
        "which no query returns",
    ),
    "a rule whose facts never change": (
        lambda p: p["rules"][0].update(depends=["Book.title"]),
        "rule R1",
        "no operation writes any of Book.title",
    ),
    "a write of nothing in the plan": (
        lambda p: p["operations"][4]["writes"].append("Book.shelf"),
        "operation lend_book",
        "'Book.shelf'",
    ),
    "a change that writes nothing": (
        lambda p: p["operations"][4].update(writes=[]),
        "operation lend_book",
        "writes nothing",
    ),
    "a query that writes": (
        lambda p: p["operations"][0].update(writes=["Book.title"]),
        "operation get_book",
        "must write nothing",
    ),
    "a query that returns nothing": (
        lambda p: p["operations"][0].update(returns=[]),
        "operation get_book",
        "returns nothing",
    ),
    "a returned key that is neither a name nor an entity": (
        lambda p: p["operations"][0].update(returns=["Tome"]),
        "operation get_book",
        "no snake_case key and no entity",
    ),
    "an attribute that no query returns": (
        lambda p: (
            p["entities"][0]["attributes"].append({"name": "shelf_price", "type": "int"})
            or p["operations"][0].update(returns=["title"])
            or p["operations"][1].update(returns=["book_id", "title"])
        ),
        "entity Book",
        "shelf_price",
    ),
    "an operation on what cannot be found": (
        lambda p: p["operations"][3].update(returns=["due_on", "returned_on"]),
        "entity Loan",
        "needed by return_book",
    ),
    "an error without a code": (
        lambda p: p["operations"][0].update(errors=["there is no such book"]),
        "operation get_book",
        "no `code: clause`",
    ),
    "an error code twice": (
        lambda p: p["operations"][0].update(errors=["unknown_book: a", "unknown_book: b"]),
        "operation get_book",
        "'unknown_book' stands there 2 times",
    ),
    "the error code that is understood": (
        lambda p: p["operations"][0].update(errors=["invalid_argument: wrong type"]),
        "operation get_book",
        "leave it out",
    ),
    "no change at all": (
        lambda p: p.update(operations=p["operations"][:4], rules=[]),
        "operations",
        "none is a change",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_of_a_plan_is_found(plan: EnvironmentPlan, name: str) -> None:
    edit, where, message = FAULTS[name]
    findings = edited(plan, edit)
    assert any(f.where == where and message in f.message for f in findings), findings


def test_records_are_found_through_the_references_of_others(plan: EnvironmentPlan) -> None:
    """A book's loans lead to its borrower, though no query lists members."""
    looked_up = plan.operations[2].parameters[0].model_copy(update={"references": "Member"})
    operations = list(plan.operations)
    operations[2] = operations[2].model_copy(update={"parameters": (looked_up,)})
    hidden = plan.model_copy(update={"operations": tuple(operations)})
    assert "Member" not in discoverable(hidden)
    by_book = (
        operations[3].parameters[0].model_copy(update={"name": "book_id", "references": "Book"})
    )
    operations[3] = operations[3].model_copy(update={"parameters": (by_book,)})
    assert "Member" in discoverable(plan.model_copy(update={"operations": tuple(operations)}))


def test_no_operation_may_take_the_name_of_the_built_in_tool(plan: EnvironmentPlan) -> None:
    first = plan.operations[0].model_copy(update={"name": "submit"})
    taken = plan.model_copy(update={"operations": (first, *plan.operations[1:])})
    (found,) = check_plan(taken, tools=(1, 25), min_rules=1)
    assert "built-in tool" in found.message

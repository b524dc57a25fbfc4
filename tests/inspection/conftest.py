"""A small lending library, written by hand: the plan, a state and the class that keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.records import EnvironmentPlan
from envscaler.runtime.sandbox import Pool

LIBRARY: dict[str, Any] = {
    "class_name": "LibraryEnv",
    "summary": "A small lending library.",
    "introduction": "Members borrow books for fourteen days.",
    "entities": [
        {
            "name": "Book",
            "collection": "books",
            "key": "book_id",
            "attributes": [
                {"name": "book_id", "type": "str"},
                {"name": "title", "type": "str"},
                {"name": "genre", "type": "str", "values": ["novel", "poetry", "science"]},
                {"name": "pages", "type": "int"},
                {"name": "price", "type": "float"},
                {"name": "copies", "type": "int"},
                {"name": "tags", "type": "list[str]"},
            ],
        },
        {
            "name": "Member",
            "collection": "members",
            "key": "member_id",
            "attributes": [
                {"name": "member_id", "type": "str"},
                {"name": "name", "type": "str"},
                {"name": "status", "type": "str", "values": ["active", "blocked"]},
                {"name": "favourites", "type": "list[str]", "references": "Book"},
            ],
        },
        {
            "name": "Loan",
            "collection": "loans",
            "key": "loan_id",
            "attributes": [
                {"name": "loan_id", "type": "str"},
                {"name": "book_id", "type": "str", "references": "Book"},
                {"name": "member_id", "type": "str", "references": "Member"},
                {"name": "lent_on", "type": "date"},
                {"name": "returned_on", "type": "date", "optional": True},
            ],
        },
    ],
    "scalars": [{"name": "today", "type": "date"}, {"name": "next_loan", "type": "int"}],
    "rules": [
        {"id": "R1", "text": "A book without copies is not lent."},
        {"id": "R2", "text": "A blocked member borrows nothing."},
        {"id": "R3", "text": "A book comes back once."},
    ],
    "operations": [
        {
            "name": "get_book",
            "kind": "query",
            "description": "Return one book.",
            "parameters": [{"name": "book_id", "type": "str"}],
            "errors": ["the book does not exist"],
        },
        {
            "name": "search_books",
            "kind": "query",
            "description": "Return the books of a genre or of a length.",
            "parameters": [
                {
                    "name": "genre",
                    "type": "str",
                    "values": ["novel", "poetry", "science"],
                    "required": False,
                },
                {"name": "max_pages", "type": "int", "required": False},
            ],
        },
        {
            "name": "get_member",
            "kind": "query",
            "description": "Return one member.",
            "parameters": [{"name": "member_id", "type": "str"}],
            "errors": ["the member does not exist"],
        },
        {
            "name": "list_loans",
            "kind": "query",
            "description": "Return the loans of a member.",
            "parameters": [{"name": "member_id", "type": "str"}],
            "errors": ["the member does not exist"],
        },
        {
            "name": "lend_book",
            "kind": "change",
            "description": "Lend a book to a member for fourteen days.",
            "parameters": [
                {"name": "book_id", "type": "str"},
                {"name": "member_id", "type": "str"},
            ],
            "errors": ["no copy is left", "the member is blocked"],
            "rules": ["R1", "R2"],
        },
        {
            "name": "return_book",
            "kind": "change",
            "description": "Take a lent book back.",
            "parameters": [{"name": "loan_id", "type": "str"}],
            "errors": ["the book is back already"],
            "rules": ["R3"],
        },
        {
            "name": "set_member_status",
            "kind": "change",
            "description": "Block a member or make them active again.",
            "parameters": [
                {"name": "member_id", "type": "str"},
                {"name": "status", "type": "str", "values": ["active", "blocked"]},
            ],
            "errors": ["the member does not exist"],
        },
        {
            "name": "tag_book",
            "kind": "change",
            "description": "Replace the tags of a book.",
            "parameters": [
                {"name": "book_id", "type": "str"},
                {"name": "tags", "type": "list[str]"},
            ],
            "errors": ["the book does not exist"],
        },
    ],
}

STATE: dict[str, Any] = {
    "books": {
        "B1": {
            "book_id": "B1",
            "title": "The Lighthouse",
            "genre": "novel",
            "pages": 310,
            "price": 12.5,
            "copies": 2,
            "tags": ["sea"],
        },
        "B2": {
            "book_id": "B2",
            "title": "Small Verses",
            "genre": "poetry",
            "pages": 80,
            "price": 9,
            "copies": 0,
            "tags": [],
        },
    },
    "members": {
        "M1": {"member_id": "M1", "name": "Ada", "status": "active", "favourites": ["B1"]},
        "M2": {"member_id": "M2", "name": "Ben", "status": "blocked", "favourites": []},
    },
    "loans": {
        "L1": {
            "loan_id": "L1",
            "book_id": "B2",
            "member_id": "M1",
            "lent_on": "2024-05-02",
            "returned_on": None,
        },
        "L2": {
            "loan_id": "L2",
            "book_id": "B1",
            "member_id": "M2",
            "lent_on": "2024-04-01",
            "returned_on": "2024-04-09",
        },
    },
    "today": "2024-05-10",
    "next_loan": 3,
}


@pytest.fixture(scope="session")
def plan() -> EnvironmentPlan:
    return EnvironmentPlan.model_validate(LIBRARY)


@pytest.fixture(scope="session")
def state() -> dict[str, Any]:
    """Shared by the tests, so none may write to it."""
    return STATE


@pytest.fixture(scope="session")
def source() -> str:
    return (Path(__file__).parent / "library_env.txt").read_text()


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.close()

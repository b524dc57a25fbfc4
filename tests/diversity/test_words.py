"""Names taken apart."""

from __future__ import annotations

import pytest

from envscaler.runtime.diversity.words import singular, words


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("returned_books", ["returned", "book"]),
        ("ReturnedBooks", ["returned", "book"]),
        ("returnedBook", ["returned", "book"]),
        ("HTTPServer2", ["http", "server", "2"]),
        ("member_id", ["member"]),
        ("Größe_in_cm", ["größe", "cm"]),
        ("the id of a record", []),
        ("", []),
    ],
)
def test_names_in_any_spelling_give_the_same_words(name: str, parts: list[str]) -> None:
    assert words(name) == parts


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("policies", "policy"),
        ("boxes", "box"),
        ("classes", "class"),
        ("batches", "batch"),
        ("houses", "house"),
        ("fees", "fee"),
        ("status", "status"),
        ("class", "class"),
        ("analysis", "analysis"),
        ("gas", "gas"),
    ],
)
def test_plurals_become_singular(plural: str, one: str) -> None:
    assert singular(plural) == one

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from envscaler.runtime.benchmarks.defects import KINDS, Defect, Specimen, plant

SHELF = '''
import copy


class LibraryEnv:
    def __init__(self, init_config: dict):
        self.books = copy.deepcopy(init_config["books"])
        self.members = copy.deepcopy(init_config["members"])
        self.loans = copy.deepcopy(init_config["loans"])
        self.today = init_config["today"]
        self.next_loan = init_config["next_loan"]

    def _worst(self, member_id: str) -> int:
        """The most pages of a member's books, doubled."""
        pages = [self.books[l["book_id"]]["pages"] for l in self.loans.values()]
        return max(pages, default=0) * 2

    def _standing(self, member_id: str, book_id: str):
        # Grüße: a comment whose bytes are more than its characters
        if self._worst(member_id) > 900 and book_id in self.books:
            return f"too_long: {member_id} reads too much"
        return None

    def search_books(self, genre: str = None, max_pages: int = None) -> dict:
        """Return the books, by title."""
        found = []
        for book in self.books.values():
            if genre is not None and book["genre"] != genre:
                continue
            found.append(copy.deepcopy(book))
        found.sort(key=lambda book: book["title"])
        return {"success": True, "data": found[:max_pages]}

    def lend_book(self, book_id: str, member_id: str) -> dict:
        problem = self._standing(member_id, book_id)
        if problem:
            return {"success": False, "error": problem}
        lent = {"loan_id": "L", "book_id": book_id, "member_id": member_id}
        self.loans["L"] = lent
        return {"success": True, "data": {"loan_id": "L"}}

    def tag_book(self, book_id: str, tags: list[str] = None) -> dict:
        if tags is not None:
            self.books[book_id]["tags"] = list(tags)
        try:
            pages = int(tags[0])
        except ValueError:
            return {"success": False, "error": "invalid_argument: no number"}
        self.books[book_id] = {"book_id": book_id, "tags": [], "pages": pages}
        return {"success": True, "data": {"book_id": book_id}}
'''


def planted(one: Specimen, seed: int = 0, source: str | None = None) -> Iterator[Defect]:
    return plant(source or one.source, "LibraryEnv", one.plan, seed=seed)


@pytest.fixture(scope="module")
def defects(library: Specimen) -> list[Defect]:
    plan = library.plan.model_copy(
        update={
            "operations": tuple(
                o.model_copy(update={"description": "Return the books, by title."})
                if o.name == "search_books"
                else o
                for o in library.plan.operations
            )
        }
    )
    shelf = Specimen(plan, SHELF, library.state)
    return [*planted(library), *planted(shelf)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_planted_and_is_python(defects: list[Defect], kind: str) -> None:
    mine = [defect for defect in defects if defect.kind == kind]
    assert mine
    for defect in mine:
        ast.parse(defect.source)
        assert defect.description and ", line " in defect.where


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("rule dropped", 'if book["copies"] < 1:', "pass"),
        ("rule inverted", 'if book["copies"] < 1:', 'if not (book["copies"] < 1):'),
        ("border moved", 'if book["copies"] < 1:', 'if book["copies"] <= 1:'),
        ("limit off by one", 'if book["copies"] < 1:', 'if book["copies"] < 2:'),
        ("wrong case", '["status"] == "blocked"', "[\"status\"] == 'active'"),
        ("lost update", 'book["copies"] -= 1', "pass"),
        ("wrong update", 'book["copies"] -= 1', 'book["copies"] += 1'),
        ("counter not advanced", "self.next_loan += 1", "pass"),
        ("filter inverted", 'book["pages"] > max_pages', 'book["pages"] <= max_pages'),
        ("wrong error", '"no_copy", "No', '"member_blocked", "No'),
        ("time misused", '"lent_on": self.today', "\"lent_on\": '2024-01-01'"),
    ],
)
def test_a_defect_changes_one_place_and_nothing_else(
    library: Specimen, defects: list[Defect], kind: str, old: str, new: str
) -> None:
    before, _, after = library.source.partition(old)
    wanted = [d.source for d in defects if d.kind == kind and new in d.source]
    assert any(source.startswith(before) and source.count(new) for source in wanted)
    assert any(source.endswith(after[-200:]) for source in wanted)


def test_a_write_is_moved_before_a_check(library: Specimen, defects: list[Defect]) -> None:
    moved = [d.source for d in defects if d.kind == "half-write"]
    write, check = 'loan["returned_on"] = self.today', 'if loan["returned_on"] is not None:'
    assert library.source.index(check) < library.source.index(write)
    assert any(source.index(write) < source.index(check) for source in moved if write in source)


def test_the_seed_decides_the_order_and_nothing_else(library: Specimen) -> None:
    once, again, other = (list(planted(library, seed)) for seed in (1, 1, 2))
    assert once == again != other
    assert {d.source for d in once} == {d.source for d in other}
    assert [d.kind for d in once] == [d.kind for d in other]


def test_text_beyond_ascii_stays_as_it_is(defects: list[Defect]) -> None:
    borders = [d for d in defects if d.kind == "border moved" and "Grüße" in d.source]
    assert [d.source.replace(">= 900", "> 900") for d in borders] == [SHELF]


def test_a_source_without_the_class_is_refused(library: Specimen) -> None:
    with pytest.raises(ValueError, match=r"no class 'LibraryEnv'; it has Other"):
        next(planted(library, source="class Other:\n    pass\n"))

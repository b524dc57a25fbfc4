from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from envscaler.runtime.benchmarks.defects import (
    KINDS,
    Conduct,
    Defect,
    Examined,
    Inspect,
    Specimen,
    differs,
    in_pool,
    measure,
)
from envscaler.runtime.benchmarks.defects.scripts import State
from envscaler.runtime.errors import GeneratedCodeError
from envscaler.runtime.records import EnvironmentPlan, Finding, TestCall
from envscaler.runtime.sandbox import Pool


def spoilt(one: Specimen, old: str, new: str, kind: str = "rule dropped") -> Defect:
    assert old in one.source
    return Defect(kind, "here", "by hand", one.source.replace(old, new))


@pytest.fixture(scope="module")
def conduct(pool: Pool, library: Specimen) -> Conduct:
    return Conduct(pool, library.source, library.plan, [library.state])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('book["copies"] < 1', 'book["copies"] <= 1'),
        ('member["status"] == "blocked"', "False"),
        ('        book["copies"] -= 1\n', ""),
        ("self.next_loan += 1", "self.next_loan += 2"),
        ("found.append(dict(book))", 'found.append({**book, "pages": 1})'),
        ("if book is None:\n            return", "if False:\n            return"),
        ("self.today = ", "self._hidden = 1\n        self.today = "),
        ("class LibraryEnv:", "import os\n\n\nclass LibraryEnv:"),
    ],
)
def test_what_shows_in_replies_or_states_differs(
    conduct: Conduct, library: Specimen, old: str, new: str
) -> None:
    shows = "_hidden" not in new  # a private attribute that nothing reads does not show
    assert conduct.differs(spoilt(library, old, new)) is shows


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('book["copies"] < 1', 'book["copies"] <= 0'),
        ("No copy is left.", "Sorry, none left."),
        ('"no_copy"', '"member_blocked"'),
        ("def get_book", "def get_book(("),
    ],
)
def test_what_cannot_be_told_apart_or_is_no_python_does_not_differ(
    conduct: Conduct, library: Specimen, old: str, new: str
) -> None:
    assert not conduct.differs(spoilt(library, old, new))


def test_the_code_of_a_refusal_counts_where_it_is_the_defect(
    conduct: Conduct, library: Specimen
) -> None:
    assert conduct.differs(spoilt(library, '"no_copy"', '"member_blocked"', "wrong error"))
    assert not conduct.differs(spoilt(library, "No copy is left.", "None left.", "wrong error"))


def test_what_instances_share_shows(conduct: Conduct, library: Specimen) -> None:
    old = "        self.today = "
    new = "        self.books.setdefault('B9', SEEN)\n        self.today = "
    source = library.source.replace(old, new).replace("class Lib", "SEEN = {'n': 1}\n\n\nclass Lib")
    assert conduct.differs(Defect("alias between instances", "here", "by hand", source))


def test_one_defect_can_be_looked_at_alone(pool: Pool, library: Specimen) -> None:
    defect = spoilt(library, 'book["copies"] -= 1', 'book["copies"] -= 2')
    assert differs(pool, library.source, defect, library.plan, [library.state])


def test_a_good_class_that_does_not_load_is_an_error(pool: Pool, library: Specimen) -> None:
    with pytest.raises(GeneratedCodeError):
        Conduct(pool, "class LibraryEnv:\n    x = (", library.plan, [library.state])


# ------------------------------------------------------------------ measuring

FEW = {name: KINDS[name] for name in ("query writes", "lost update", "condition confused")}


def looking_for(text: str, seen: list[str]) -> Inspect:
    """An inspection that finds a class at fault where a text is missing from its source."""

    def inspect(
        plan: EnvironmentPlan, source: str, state: State, calls: Sequence[TestCall]
    ) -> list[Finding]:
        seen.append(source)
        lacks = text not in source
        return [Finding(gate="words", where="the class", message="no")] if lacks else []

    return inspect


def test_the_table_counts_what_was_found_by_kind_and_gate(pool: Pool, library: Specimen) -> None:
    seen: list[str] = []
    told: list[Examined] = []
    inspect = looking_for('book["copies"] -= 1', seen)
    table = measure(pool, [library], 9, 0, kinds=FEW, inspect=inspect, on_examined=told.append)
    assert seen == [library.source, *(one.defect.source for one in table.examined)]
    assert list(table.examined) == told
    assert table.kinds == [*FEW] and not table.alarms
    lost = [one for one in table.examined if one.defect.kind == "lost update"]
    planted, found, gates = table.row("lost update")
    assert (planted, found, gates) == (len(lost), 1, {"words": 1})
    assert table.row("condition confused")[0] == 0
    assert table.rate == pytest.approx(1 / len(table.examined))
    assert len(table.missed) == len(table.examined) - 1


def test_a_false_alarm_is_told_and_finds_no_defect(pool: Pool, library: Specimen) -> None:
    inspect = looking_for("words that no class has", [])
    table = measure(pool, [library], 1, 0, kinds=FEW, inspect=inspect)
    assert [finding.gate for finding in table.alarms["LibraryEnv"]] == ["words"]
    assert table.examined and table.rate == 0


def test_mutants_that_change_nothing_are_counted_and_left_out(
    pool: Pool, library: Specimen
) -> None:
    source = library.source.replace("self.today\n", "self.today\n        self.next_loan += 0\n")
    kinds = {"counter not advanced": KINDS["counter not advanced"]}
    table = measure(
        pool, [replace(library, source=source)], 9, 0, kinds=kinds, inspect=looking_for("", [])
    )
    assert (len(table.examined), table.unseen) == (1, {"counter not advanced": 1})


def test_our_inspection_finds_a_query_that_writes_and_passes_the_good_class(
    pool: Pool, library: Specimen
) -> None:
    kinds = {"query writes": KINDS["query writes"]}
    table = measure(pool, [library], 2, 0, kinds=kinds)
    assert not table.alarms
    assert [set(one.gates) & {"queries"} for one in table.examined] == [{"queries"}] * 2
    document = table.document()
    assert (document["defects"], document["found"], document["missed"]) == (2, 2, [])


def test_settled_test_calls_find_what_the_gates_cannot(pool: Pool, library: Specimen) -> None:
    (book, copies) = next(
        (b, r["copies"]) for b, r in library.state["books"].items() if r["copies"]
    )
    member = next(m for m, r in library.state["members"].items() if r["status"] == "active")
    call = TestCall(
        tool="lend_book",
        arguments={"book_id": book, "member_id": member},
        expect="ok",
        changes={f"books.{book}.copies": copies - 1},
        frame=("loans.L3", "next_loan"),
    )
    inspect = in_pool(pool)
    wrong = library.source.replace('book["copies"] -= 1', 'book["copies"] = book["pages"]')
    assert wrong != library.source
    assert not inspect(library.plan, library.source, library.state, [call])
    assert [f.gate for f in inspect(library.plan, wrong, library.state, [call])] == ["test"]

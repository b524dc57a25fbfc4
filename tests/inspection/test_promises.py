"""What a plan promises of arguments, states, errors, data and writes, and classes that break it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from envscaler.runtime.inspection import inspect_class
from envscaler.runtime.records import Call, EnvironmentPlan, TestCall
from envscaler.runtime.sandbox import Pool


@dataclass(frozen=True)
class Plant:
    """A fault put into the library: texts of its source exchanged, its plan edited."""

    gate: str
    where: str
    message: str
    texts: dict[str, str] = field(default_factory=dict)
    edit: Callable[[dict[str, Any]], object] = lambda plan: None


def planted(plant: Plant, plan: EnvironmentPlan, source: str) -> tuple[EnvironmentPlan, str]:
    for old, new in plant.texts.items():
        assert old in source
        source = source.replace(old, new)
    fields = plan.model_dump(mode="json")
    plant.edit(fields)
    return EnvironmentPlan.model_validate(fields), source


def operation(plan: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(o for o in plan["operations"] if o["name"] == name)
    return found


PLANTS: dict[str, Plant] = {
    "a flag passes for a number": Plant(
        "types",
        "search_books",
        "it took true for max_pages, where the plan has a int; refuse it with invalid_argument",
        {"isinstance(max_pages, bool) or ": ""},
    ),
    "any word passes for an enumeration": Plant(
        "types",
        "search_books",
        "none of novel, poetry, science",
        {'genre not in ("novel", "poetry", "science")': "not isinstance(genre, str)"},
    ),
    "a list of anything is taken": Plant(
        "types",
        "tag_book",
        "it took [null] for tags, where the plan has a required list[str]",
        {" or not all(isinstance(tag, str) for tag in tags)": ""},
    ),
    "a change passes over an unknown id": Plant(
        "types",
        "tag_book",
        "which is no Book's key; refuse the unknown id",
        {
            "        if book is None:\n            return "
            'self._refuse("unknown_book", f"There is no book {book_id!r}.")\n'
            "        if not isinstance(tags": (
                "        if not isinstance(book_id, str):\n"
                '            return self._refuse("invalid_argument", "book_id must be a string.")\n'
                "        if book is None:\n"
                '            _ = "unknown_book"\n            book = dict(self.books["B1"])\n'
                "        if not isinstance(tags"
            ),
        },
    ),
    "a listing passes over an unknown id": Plant(
        "types",
        "list_loans",
        "which is no Member's key",
        {
            "        if self._record(self.members, member_id) is None:\n            return "
            'self._refuse("unknown_member", f"There is no member {member_id!r}.")\n'
            "        found": (
                "        if not isinstance(member_id, str):\n"
                '            return self._refuse("unknown_member", "no id")\n'
                "        found"
            ),
        },
    ),
    "a new record holds no date": Plant(
        "integrity",
        "lend_book",
        'loans.L3.lent_on: "2024-05" was given, an ISO 8601 date',
        {'"lent_on": self.today,': '"lent_on": self.today[:7],'},
    ),
    "a new record refers to nothing": Plant(
        "integrity",
        "lend_book",
        "was given, a key of 'members' was expected",
        {'"member_id": member_id,\n            "lent': '"member_id": "M0",\n            "lent'},
    ),
    "a new record has another key than it says": Plant(
        "integrity",
        "lend_book",
        "the record's key",
        {'"loan_id": loan_id,': '"loan_id": loan_id.lower(),'},
    ),
    "a refusal has no code": Plant(
        "errors",
        "lend_book",
        'it refused with "No copy is left."; an error must begin with one of the codes',
        {
            'self._refuse("no_copy", "No copy is left.")': (
                '{"success": False, "error": "No copy is left."}'
            )
        },
    ),
    "a refusal has a code of another tool": Plant(
        "errors", "return_book", "unknown_loan, already_back", {'"already_back"': '"no_copy"'}
    ),
    "a planned error is never given": Plant(
        "errors",
        "lend_book",
        "nothing in its code gives the planned error 'member_blocked'",
        {
            '        if member["status"] == "blocked":\n'
            '            return self._refuse("member_blocked", "The member is blocked.")\n': ""
        },
    ),
    "an unknown member is called a blocked one": Plant(
        "errors",
        "lend_book",
        "with the code member_blocked; unknown_member is planned",
        {
            '        if member is None:\n            return self._refuse("unknown_member", '
            'f"There is no member {member_id!r}.")\n        if book': (
                '        if member is None:\n            member = {"status": "blocked"}\n'
                '            if book["copies"] > 99:\n'
                '                return self._refuse("unknown_member", "There is no member.")\n'
                "        if book"
            )
        },
    ),
    "a key is missing from the data": Plant(
        "returns",
        "lend_book",
        "loan_id is planned and missing",
        {
            '"data": dict(self.loans[loan_id])': (
                '"data": {k: v for k, v in self.loans[loan_id].items() if k != "loan_id"}'
            )
        },
    ),
    "a key more is in the data": Plant(
        "returns",
        "search_books",
        "shelf is not planned",
        {"found.append(dict(book))": "found.append({**book, 'shelf': 1})"},
    ),
    "an object stands for a list": Plant(
        "returns",
        "list_loans",
        "a list was planned",
        {'"data": found}\n\n    def lend_book': ('"data": {"loans": found}}\n\n    def lend_book')},
    ),
    "no data at all": Plant(
        "returns",
        "return_book",
        "it must be an object",
        {'"data": dict(loan)}\n\n    def set': '"message": "The book is back."}\n\n    def set'},
    ),
    "a change writes what is not its own": Plant(
        "writes",
        "tag_book",
        "it changed Book.price (books.B1.price: 12.5 → 13.5)",
        {'        book["tags"] =': '        book["price"] += 1\n        book["tags"] ='},
    ),
    "a change removes records": Plant(
        "writes",
        "return_book",
        "it changed Loan (loans.L2",
        {
            '        loan["returned_on"] = self.today\n': (
                '        loan["returned_on"] = self.today\n        self.loans.pop("L2", None)\n'
            )
        },
    ),
    "a change writes to the first record": Plant(
        "writes",
        "tag_book",
        "it left the Book that book_id names as it was and changed another",
        {
            '        book["tags"] = list(tags)\n': (
                '        book = self.books["B1"]\n        book["tags"] = list(tags)\n'
            )
        },
    ),
    "a planned write is forgotten": Plant(
        "effects",
        "return_book",
        "never changed Book.copies, which the plan has it write: the method stores nothing",
        {'        self.books[loan["book_id"]]["copies"] += 1\n': ""},
    ),
    "a planned write is lost in a copy": Plant(
        "effects",
        "lend_book",
        "the new value is lost",
        {
            '        book["copies"] -= 1\n': (
                '        book = dict(book)\n        book["copies"] -= 1\n'
            )
        },
    ),
    "an argument is not stored": Plant(
        "effects",
        "set_member_status",
        "not even where the argument status differed",
        {
            '        member["status"] = status\n': (
                '        member = dict(member)\n        member["status"] = status\n'
            ),
            '"data": dict(member)}\n\n    def tag': (
                '"data": dict(self.members[member_id])}\n\n    def tag'
            ),
        },
    ),
    "a change is remembered on the side": Plant(
        "state",
        "tag_book",
        "it writes self._tagged, which is no part of the state",
        {
            "        self.today =": "        self._tagged = []\n        self.today =",
            '        book["tags"] =': (
                '        self._tagged.append(book_id)\n        book["tags"] ='
            ),
        },
    ),
    "a day stands in the code": Plant(
        "state",
        "lend_book",
        "it has the day '2024-05-11' written into its code",
        {'"lent_on": self.today': '"lent_on": "2024-05-11"'},
    ),
    "another record is found": Plant(
        "lookups",
        "get_book",
        "it answered with the record",
        {
            '"data": dict(book)}\n\n    def search': (
                '"data": dict(self.books["B1"])}\n\n    def search'
            )
        },
    ),
    "a record is denied": Plant(
        "lookups",
        "get_book",
        "the state holds that record",
        {
            '        if book is None:\n            return self._refuse("unknown_book", '
            'f"There is no book {book_id!r}.")\n        return': (
                '        if book is None or book_id == "B2":\n            return self._refuse('
                '"unknown_book", f"There is no book {book_id!r}.")\n        return'
            )
        },
    ),
    "a stored value is changed on the way out": Plant(
        "lookups",
        "get_book",
        "it answered with price 13, and the state holds 12.5",
        {
            '"data": dict(book)}\n\n    def search': (
                '"data": {**book, "price": round(book["price"] + 0.1)}}\n\n    def search'
            )
        },
    ),
    "a change answers with what was before": Plant(
        "lookups",
        "return_book",
        "it answered with returned_on null",
        {
            '        loan["returned_on"] = self.today\n': (
                '        old = dict(loan)\n        loan["returned_on"] = self.today\n'
            ),
            '"data": dict(loan)}\n\n    def set': '"data": old}\n\n    def set',
        },
    ),
    "the items of a list are made up": Plant(
        "lookups",
        "list_loans",
        "lent_on",
        {
            "[dict(loan) for loan in self.loans.values() if": (
                '[{**loan, "lent_on": self.today} for loan in self.loans.values() if'
            )
        },
    ),
    "a filter is ignored": Plant(
        "filters",
        "search_books",
        'it holds book_id "B2" with genre "poetry", which genre "novel" leaves out',
        {'if genre is not None and book["genre"] != genre:': "if genre is None and not book:"},
    ),
    "a required filter is ignored": Plant(
        "filters",
        "list_loans",
        'which member_id "M1" leaves out',
        {'if loan["member_id"] == member_id]': 'if loan["member_id"] or member_id]'},
    ),
    "a filter keeps out what it asks for": Plant(
        "filters",
        "search_books",
        'it lacks book_id "B2" with genre "poetry"',
        {'book["genre"] != genre:': '(book["genre"] != genre or not book["copies"]):'},
    ),
    "a bound leaves itself out": Plant(
        "filters", "search_books", "with pages", {'book["pages"] > max': 'book["pages"] >= max'}
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_broken_promise_is_found_by_its_gate_and_by_no_other(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any], name: str
) -> None:
    plant = PLANTS[name]
    changed, text = planted(plant, plan, source)
    found = inspect_class(pool, changed, text, state).findings
    assert {finding.gate for finding in found} == {plant.gate}, found
    assert any(f.where == plant.where and plant.message in f.message for f in found), found


def silent(fields: dict[str, Any]) -> None:
    for operation in fields["operations"]:
        operation.update(returns=[], writes=[])


PROMISES = ("types", "integrity", "errors", "returns", "writes", "effects")


def test_a_plan_that_promises_nothing_asks_for_nothing(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    """A fault of each kind, each in a tool of its own where it can be."""
    names = ["a list of anything is taken", "a new record holds no date", "a refusal has no code"]
    names += ["a key more is in the data", "a planned write is forgotten"]
    fields = plan.model_dump(mode="json")
    for name in names:
        source = planted(PLANTS[name], plan, source)[1]
    found = inspect_class(pool, plan, source, state, gates=PROMISES).findings
    assert {finding.gate for finding in found} == set(PROMISES) - {"writes"}
    silent(fields)
    bare = EnvironmentPlan.model_validate(fields)
    assert inspect_class(pool, bare, source, state, gates=PROMISES).findings == ()


# ------------------------------------------------------------------ pages

PAGED = {
    "max_pages: int = None) -> dict:": (
        "max_pages: int = None, limit: int = None, offset: int = None) -> dict:"
    ),
    "            max_pages: Most": (
        "            limit: Most books to list.\n"
        "            offset: Books to leave out first.\n"
        "            max_pages: Most"
    ),
    "        found = []\n": (
        "        for number in (limit, offset):\n"
        "            if number is not None and type(number) is not int:\n"
        '                return self._refuse("invalid_argument", "no number")\n'
        "            if number is not None and not 0 <= number < 1000:\n"
        '                return self._refuse("invalid_argument", "out of range")\n'
        "        start, end = offset or 0, None if limit is None else (offset or 0) + limit\n"
        "        found = []\n"
    ),
    '"data": found}\n\n    def get_member': '"data": found[start:end]}\n\n    def get_member',
}


def pages(fields: dict[str, Any]) -> None:
    operation(fields, "search_books")["parameters"] += [
        {"name": name, "type": "int", "required": False} for name in ("limit", "offset")
    ]


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        ("start:end", None),
        (":end", "belong here"),
        ("start:", "at most were asked for"),
        ("-end if end else start:", "belong here"),
        ("start + 1:end", "belong here"),
        ("start:end - 1 if end else None", "belong here"),
    ],
)
def test_pages_that_do_not_make_up_the_whole_are_found(
    pool: Pool,
    plan: EnvironmentPlan,
    source: str,
    state: dict[str, Any],
    piece: str,
    message: str | None,
) -> None:
    texts = dict(PAGED)
    for old, new in PAGED.items():
        texts[old] = new.replace("found[start:end]", f"found[{piece}]")
    changed, text = planted(Plant("paging", "", "", texts, pages), plan, source)
    found = inspect_class(pool, changed, text, state).findings
    if message is None:
        assert found == ()
        return
    assert {(f.gate, f.where) for f in found} <= {
        ("paging", "search_books"),
        ("filters", "search_books"),
    }
    assert any(f.gate == "paging" and message in f.message for f in found), found


# ------------------------------------------------------------------ what only other calls reach

SESAME = {
    '        book["tags"] = list(tags)\n': (
        '        if tags == ["open", "sesame"]:\n            book["price"] = "free"\n'
        '        book["tags"] = list(tags)\n'
    )
}


def test_test_calls_reach_what_probes_do_not(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    _, text = planted(Plant("integrity", "", "", SESAME), plan, source)
    assert inspect_class(pool, plan, text, state).findings == ()
    call = TestCall(
        before=(Call(tool="set_member_status", arguments={"member_id": "M2", "status": "active"}),),
        tool="tag_book",
        arguments={"book_id": "B1", "tags": ["open", "sesame"]},
        expect="ok",
    )
    findings = inspect_class(pool, plan, text, state, calls=[call]).findings
    assert {f.gate for f in findings} == {"integrity", "writes"}
    assert "price" in findings[0].message


def test_a_test_call_that_cannot_be_made_is_left_out(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    calls = [
        TestCall(tool="burn_book", expect="ok"),
        TestCall(tool="get_book", expect="ok"),
        TestCall(tool="get_book", arguments={"book_id": "B1", "x": 1}, expect="ok"),
    ]
    bare = inspect_class(pool, plan, source, state)
    assert inspect_class(pool, plan, source, state, calls=calls) == bare


def test_two_records_that_share_a_list_are_found(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    """Each loan is right by itself; only a call after two of them shows that they are tied."""

    def stamps(fields: dict[str, Any]) -> None:
        loan = next(e for e in fields["entities"] if e["name"] == "Loan")
        loan["attributes"].append({"name": "stamps", "type": "list[str]"})
        operation(fields, "return_book")["writes"].append("Loan.stamps")

    tied = {
        '            "returned_on": None,\n': (
            '            "returned_on": None,\n            "stamps": next(\n'
            '                (one["stamps"] for one in self.loans.values()\n'
            '                 if one["member_id"] == member_id), []),\n'
        ),
        '        loan["returned_on"] = self.today\n': (
            '        loan["returned_on"] = self.today\n        loan["stamps"].append("back")\n'
        ),
    }
    changed, text = planted(Plant("state", "", "", tied, stamps), plan, source)
    loans = {key: {**loan, "stamps": []} for key, loan in state["loans"].items()}
    findings = inspect_class(pool, changed, text, {**state, "loans": loans}).findings
    assert {f.gate for f in findings} == {"state"}
    assert "share a list or dict" in findings[0].message


def test_a_collection_may_become_empty(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    removing = {
        '        loan["returned_on"] = self.today\n': (
            '        loan["returned_on"] = self.today\n        self.loans.clear()\n'
        )
    }

    def allow(fields: dict[str, Any]) -> None:
        operation(fields, "return_book")["writes"] = ["Loan", "Book.copies"]

    changed, text = planted(Plant("", "", "", removing, allow), plan, source)
    assert inspect_class(pool, changed, text, state).findings == ()


def test_tools_that_need_other_calls_first_are_tried_with_hostile_values_too(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    """Nothing is lent at first, so that only a walk can bring a book back."""
    loans = {"L2": state["loans"]["L2"]}
    texts = {
        "        loan = self._record(self.loans, loan_id)\n        if loan is None:": (
            "        if loan_id == 0 and self.next_loan > 3:\n"
            '            loan_id = "L3"\n'
            "        loan = self._record(self.loans, loan_id)\n        if loan is None:"
        )
    }
    _, text = planted(Plant("types", "", "", texts), plan, source)
    findings = inspect_class(pool, plan, text, {**state, "loans": loans}).findings
    assert {(f.gate, f.where) for f in findings} == {("types", "return_book")}
    assert "after " in findings[0].message


def test_items_of_another_type_than_planned_end_no_inspection(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> None:
    text = source.replace("append(dict(book))", "append({**book, 'pages': str(book['pages'])})")
    assert text != source
    found = inspect_class(pool, plan, text, state).findings
    assert {finding.gate for finding in found} == {"lookups"}

"""What two readers of a plan agree on, and whether an executed call comes to it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.inspection import ExecutedCall, agreed, lack, run_calls, settled, unmet
from envscaler.runtime.inspection.classes import inspect_class
from envscaler.runtime.inspection.expectations import common, flat, holds, place, same
from envscaler.runtime.records import Environment, EnvironmentPlan, Expectation, TestCall
from envscaler.runtime.sandbox import Pool

LEND = TestCall(
    tool="lend_book",
    arguments={"book_id": "B1", "member_id": "M1"},
    expect="ok",
    changes={"loans.L3": {"book_id": "B1", "member_id": "M1"}, "next_loan": 4},
    data={"loan_id": "L3"},
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(values)
def test_every_value_holds_what_it_is(value: Any) -> None:
    assert same(value, value) and holds(value, value)


@given(st.lists(values, max_size=4), st.randoms())
def test_the_order_of_a_list_does_not_matter(items: list[Any], random: Any) -> None:
    mixed = list(items)
    random.shuffle(mixed)
    assert holds(items, mixed)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_a_missing_or_an_extra_item_is_seen(items: list[int]) -> None:
    assert not holds(items, items[1:])
    assert not holds(items[1:], items)


@given(values, values)
def test_what_two_values_agree_on_holds_of_both(one: Any, other: Any) -> None:
    both = common(one, other)
    if both is not None:
        assert holds(both, one) and holds(both, other)


def test_whole_numbers_are_exact_and_none_is_too_large_to_compare() -> None:
    assert not same(5_000_000_000, 5_000_000_001)
    assert same(10**400, 10**400) and not same(10**400, 1.5) and not same(0.5, 10**400)


def test_the_clause_of_an_error_is_no_part_of_its_code() -> None:
    call = TestCall(tool="lend_book", expect="refused", error="no_copy: No copy is left.")
    assert agreed(call, Expectation(expect="refused", error="no_copy")).error == "no_copy"


def test_truth_is_no_number_and_two_is_two_point_nought() -> None:
    assert same(2, 2.0) and same(0.1 + 0.2, 0.3)
    assert not same(True, 1) and not same(0, False) and not same("1", 1)


def test_paths_are_dotted_and_belong_to_a_record() -> None:
    state = {"loans": {"L1": {"days": {"from": 1}, "notes": []}}, "today": "d"}
    assert flat(state) == {"loans.L1.days.from": 1, "loans.L1.notes": [], "today": "d"}
    assert place("loans.L1.days.from") == "loans.L1" and place("today") == "today"


def test_readers_who_agree_demand_all_of_it() -> None:
    second = Expectation(expect="ok", changes=LEND.changes, data={"loan_id": "L3", "x": 1})
    made = agreed(LEND, second)
    assert made.expect == "ok" and made.data == {"loan_id": "L3"}
    assert made.changes == {
        "loans.L3.book_id": "B1", "loans.L3.member_id": "M1", "next_loan": 4,
    }  # fmt: skip
    assert made.frame == ()


def test_where_readers_name_different_changes_the_record_is_left_open() -> None:
    second = Expectation(expect="ok", changes={"next_loan": 4, "books.B1.copies": 1})
    made = agreed(LEND, second)
    assert made.changes == {"next_loan": 4}
    assert made.frame == ("books.B1", "loans.L3")
    assert made.data is None


def test_an_order_is_demanded_only_where_both_give_the_same() -> None:
    call = TestCall(tool="search_books", expect="ok", data=[{"book_id": "B1"}, {"book_id": "B2"}])
    assert agreed(call, Expectation(expect="ok", data=call.data)).ordered
    assert not agreed(call, Expectation(expect="ok", data=call.data[::-1])).ordered


@pytest.mark.parametrize("second", [None, Expectation(expect="refused")])
def test_without_a_second_reader_of_the_same_mind_nothing_is_demanded(second: Any) -> None:
    made = agreed(LEND, second)
    assert (made.expect, made.changes, made.data) == ("open", {}, None)
    assert (made.tool, made.arguments) == (LEND.tool, LEND.arguments)


def test_error_codes_count_only_when_both_give_the_same() -> None:
    call = TestCall(tool="t", expect="refused", error="no_copy")
    assert agreed(call, Expectation(expect="refused", error="no_copy")).error == "no_copy"
    assert agreed(call, Expectation(expect="refused", error="unknown_book")).error == ""


def test_calls_are_settled_by_their_numbers() -> None:
    first, second = settled([LEND, LEND], {2: Expectation(expect="ok")})
    assert (first.expect, second.expect) == ("open", "ok")


@pytest.fixture(scope="module")
def environment(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> Environment:
    report = inspect_class(pool, plan, source, state)
    assert report.environment is not None
    return report.environment


def run(
    pool: Pool, environment: Environment, state: dict[str, Any], call: TestCall
) -> ExecutedCall:
    (executed,) = run_calls(pool, environment, state, [call])
    return executed


def changed(call: TestCall, **fields: Any) -> TestCall:
    return call.model_copy(update=fields)


def test_a_new_record_may_be_expected_without_its_attributes(
    pool: Pool, environment: Environment, state: dict[str, Any]
) -> None:
    frame = ("books.B1", "next_loan")
    there = changed(LEND, changes={f"loans.L{state['next_loan']}": {}}, frame=frame, data=None)
    assert lack(run(pool, environment, state, there)) == ""
    nowhere = changed(there, changes={"loans.L99": {}}, frame=("loans.L3", *frame))
    assert "loans.L99 must be" in lack(run(pool, environment, state, nowhere))


def test_a_call_that_does_as_expected_lacks_nothing(
    pool: Pool, environment: Environment, state: dict[str, Any]
) -> None:
    loan = f"L{state['next_loan']}"
    number = state["next_loan"] + 1
    call = changed(
        LEND,
        changes={f"loans.{loan}.member_id": "M1", "next_loan": number},
        frame=("books.B1",),
        data={"loan_id": loan},
    )
    assert lack(run(pool, environment, state, call)) == ""


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"expect": "refused", "error": "no_copy"}, "refused with no_copy was expected, it was ok"),
        ({"changes": {"next_loan": 99}, "frame": ("books.B1", "loans.L3")}, "next_loan must be 99"),
        ({"changes": {"books.B1": None}, "frame": ("next_loan",)}, "a record that is still there"),
        ({"changes": {"today": "2024-05-31"}}, "nothing else was to change"),
        ({"changes": {"loans.L77.x": 1}}, "is (absent)"),
        ({"changes": {}, "data": {"loan_id": "L99"}}, "data must hold"),
    ],
)
def test_each_way_to_miss_an_expectation_is_named(
    pool: Pool, environment: Environment, state: dict[str, Any], fields: Any, message: str
) -> None:
    executed = run(pool, environment, state, changed(LEND, **fields))
    assert message in lack(executed)
    (finding,) = unmet([executed])
    assert finding.where == "lend_book" and "lend_book(" in finding.message


def test_a_refusal_for_another_reason_is_no_proof_of_a_rule(
    pool: Pool, environment: Environment, state: dict[str, Any]
) -> None:
    call = TestCall(
        tool="lend_book",
        arguments={"book_id": "no-such-id", "member_id": "M1"},
        expect="refused",
        error="no_copy",
        rule="R1",
    )
    assert "to be refused with the code 'no_copy'" in lack(run(pool, environment, state, call))


def test_a_list_in_another_order_is_seen_where_the_order_counts(
    pool: Pool, environment: Environment, state: dict[str, Any]
) -> None:
    ids = [{"book_id": key} for key in state["books"]]
    call = TestCall(tool="search_books", expect="ok", data=ids[::-1])
    assert lack(run(pool, environment, state, call)) == ""
    assert "the order must be" in lack(run(pool, environment, state, changed(call, ordered=True)))


def test_an_open_call_can_do_no_wrong(
    pool: Pool, environment: Environment, state: dict[str, Any]
) -> None:
    assert lack(run(pool, environment, state, agreed(LEND, None))) == ""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.runtime.inspection import (
    ExecutedCall,
    gaps,
    inspect_class,
    run_calls,
    untested_rules,
    untested_tools,
)
from envscaler.runtime.records import Call, Environment, EnvironmentPlan, TestCall
from envscaler.runtime.sandbox import Pool
from envscaler.runtime.state import Difference

LEND = TestCall(
    tool="lend_book", arguments={"book_id": "B1", "member_id": "M1"}, expect="ok", rule="R1"
)
EMPTY = TestCall(
    tool="lend_book", arguments={"book_id": "B2", "member_id": "M1"}, expect="refused", rule="R1"
)
BLOCKED = TestCall(
    tool="lend_book", arguments={"book_id": "B1", "member_id": "M2"}, expect="refused", rule="R2"
)


@pytest.fixture(scope="module")
def environment(
    pool: Pool, plan: EnvironmentPlan, source: str, state: dict[str, Any]
) -> Environment:
    found = inspect_class(pool, plan, source, state, gates=["loads"]).environment
    assert found is not None
    return found


def test_each_call_meets_a_fresh_instance(
    pool: Pool, environment: Environment, state: dict[str, Any]
) -> None:
    first, again, refused = run_calls(pool, environment, state, [LEND, LEND, EMPTY])
    assert (first.outcome, again.outcome, refused.outcome) == ("ok", "ok", "refused")
    assert first.result["data"]["loan_id"] == again.result["data"]["loan_id"] == "L3"
    assert refused.result == {"success": False, "error": "no_copy: No copy is left."}
    assert refused.changes == ()
    assert first.changes == (
        Difference(("books", "B1", "copies"), "set", 2, 1),
        Difference(("loans", "L3"), "add", None, first.result["data"]),
        Difference(("next_loan",), "set", 3, 4),
    )


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (TestCall(tool="burn_book", expect="refused"), "there is no tool 'burn_book'"),
        (TestCall(tool="get_book", expect="refused"), "get_book needs the arguments book_id"),
        (
            TestCall(tool="get_book", arguments={"book_id": "B1", "x": 1}, expect="refused"),
            "get_book takes no x",
        ),
    ],
)
def test_a_call_that_cannot_be_made_is_an_error_among_the_others(
    pool: Pool, environment: Environment, state: dict[str, Any], call: TestCall, reason: str
) -> None:
    before, broken, after = run_calls(pool, environment, state, [LEND, call, EMPTY])
    assert broken.outcome == "error"
    assert reason in broken.result
    assert not broken.expected
    assert (before.expected, after.expected) == (True, True)


def test_an_exception_is_an_error_with_its_text(
    pool: Pool, environment: Environment, state: dict[str, Any]
) -> None:
    source = environment.source.replace(" if isinstance(key, str) else None", "")
    fragile = environment.model_copy(update={"source": source})
    call = TestCall(tool="get_book", arguments={"book_id": ["B1"]}, expect="refused")
    (executed,) = run_calls(pool, fragile, state, [call])
    assert executed.outcome == "error"
    assert "TypeError" in executed.result


def executed(call: TestCall, outcome: Any) -> ExecutedCall:
    return ExecutedCall(call, outcome, {})


def test_a_rule_is_tested_by_a_legal_and_a_violating_call(environment: Environment) -> None:
    both = [executed(LEND, "ok"), executed(EMPTY, "refused")]
    assert untested_rules(environment, both) == ("R2", "R3")
    assert untested_rules(environment, [*both, executed(BLOCKED, "refused")]) == ("R2", "R3")
    assert "R1" in untested_rules(environment, [executed(LEND, "ok"), executed(EMPTY, "ok")])
    assert "R1" in untested_rules(environment, [executed(LEND, "ok"), executed(EMPTY, "error")])


def test_a_tool_is_tested_when_it_passed_and_refused_as_expected(
    environment: Environment,
) -> None:
    assert len(untested_tools(environment, [])) == 8
    lent = [executed(LEND, "ok")]
    assert "lend_book" in untested_tools(environment, lent)
    assert "lend_book" not in untested_tools(environment, [*lent, executed(EMPTY, "refused")])


def test_a_tool_without_errors_needs_no_refusal(environment: Environment) -> None:
    search = TestCall(tool="search_books", expect="ok")
    assert "search_books" not in untested_tools(environment, [executed(search, "ok")])


def test_what_comes_before_a_call_is_no_part_of_its_changes(
    pool: Pool, environment: Environment, state: dict[str, Any]
) -> None:
    lend = Call(tool="lend_book", arguments={"book_id": "B1", "member_id": "M1"})
    back = TestCall(tool="return_book", arguments={"loan_id": "L3"}, expect="ok", before=(lend,))
    (done,) = run_calls(pool, environment, state, [back])
    assert done.outcome == "ok"
    assert [change.path for change in done.changes] == [
        ("books", "B1", "copies"),
        ("loans", "L3", "returned_on"),
    ]


def test_a_call_is_not_executed_when_one_before_it_is_refused(
    pool: Pool, environment: Environment, state: dict[str, Any]
) -> None:
    lend = Call(tool="lend_book", arguments={"book_id": "B2", "member_id": "M1"})
    back = TestCall(tool="return_book", arguments={"loan_id": "L1"}, expect="ok", before=(lend,))
    (done,) = run_calls(pool, environment, state, [back])
    assert done.outcome == "error"
    assert "the call before it, lend_book" in done.result
    assert done.changes == ()


def test_gaps_say_which_call_is_wanting(environment: Environment) -> None:
    found = gaps(environment, [executed(LEND, "ok")])
    assert "lend_book: a call that is refused" in map(str, found)
    assert "return_book: a call that succeeds" in map(str, found)
    assert "rule R1: a call that violates it and is refused" in map(str, found)
    assert "rule R1: a call that keeps it and succeeds" not in map(str, found)


def test_only_a_tool_that_has_to_keep_a_rule_proves_it(environment: Environment) -> None:
    legal = LEND.model_copy(update={"tool": "get_book"})
    violating = EMPTY.model_copy(update={"tool": "get_book"})
    both = [executed(legal, "ok"), executed(violating, "refused")]
    assert "R1" in untested_rules(environment, both)

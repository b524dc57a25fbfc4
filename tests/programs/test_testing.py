"""The test agents: two readers work out outcomes, a judge reviews what happened."""

from __future__ import annotations

from typing import Any

from envscaler.programs import Examiner
from envscaler.programs.testing import executed_line
from envscaler.runtime.inspection import ExecutedCall
from envscaler.runtime.records import EnvironmentPlan, TestCall

LEND = {
    "tool": "lend_book",
    "arguments": {"book_id": "B1", "member_id": "M1"},
    "expect": "ok",
    "changes": {"next_loan": 4},
}


def test_only_what_both_readers_say_is_demanded(
    answering: Any, library: EnvironmentPlan, library_state: Any
) -> None:
    second = [
        {"call": 1, "expect": "ok", "changes": {"next_loan": 4, "books.B1.copies": 1}},
        {"call": 2, "expect": "refused"},
    ]
    with answering({"calls": [LEND, LEND]}, {"outcomes": second}) as lm:
        said = Examiner()(plan=library, state=library_state)
    assert [call.expect for call in said.calls] == ["ok", "open"]
    assert said.calls[0].changes == {"next_loan": 4}
    assert said.calls[0].frame == ("books.B1",)
    asked = lm.history[1]["messages"][-1]["content"].split("calls ## ]]")[1]
    assert '1. lend_book({"book_id":"B1","member_id":"M1"})\n2. ' in asked
    assert "expect" not in asked.split("Respond")[0]


def test_without_a_second_reader_all_calls_are_open(
    answering: Any, library: EnvironmentPlan, library_state: Any
) -> None:
    with answering({"calls": [LEND]}, {}, {}):
        said = Examiner()(plan=library, state=library_state)
    assert [call.expect for call in said.calls] == ["open"]
    assert "does not parse" in said.problem


def test_a_proposer_without_an_answer_has_a_problem(
    answering: Any, library: EnvironmentPlan, library_state: Any
) -> None:
    with answering({"calls": "three"}, {"calls": "four"}):
        said = Examiner()(plan=library, state=library_state)
    assert said.calls == () and "does not parse" in said.problem


def test_the_judge_sees_at_length_what_the_testers_did_not_foresee() -> None:
    long = {"success": True, "data": "x" * 1000}
    met = ExecutedCall(TestCall(tool="t", expect="ok", rule="R1"), "ok", long)
    odd = ExecutedCall(TestCall(tool="t", expect="refused"), "ok", long)
    unsure = ExecutedCall(TestCall(tool="t", expect="open"), "ok", long)
    assert "[R1]: ok, as both testers expected" in executed_line(met)
    assert "not as both testers expected: refused was expected" in executed_line(odd)
    assert "did not agree" in executed_line(unsure)
    assert len(executed_line(met)) < 500 < 1000 < len(executed_line(odd))

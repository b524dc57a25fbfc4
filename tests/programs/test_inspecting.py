"""Class building: gates first, then two agents, repair from located findings, full re-test."""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.programs import ClassBuilder
from envscaler.runtime.records import EnvironmentPlan, TestCall
from envscaler.runtime.sandbox import Pool

OK, REFUSED = "ok", "refused"
CALLS = [
    ("get_book", {"book_id": "B1"}, OK, None),
    ("get_book", {"book_id": "B9"}, REFUSED, None),
    ("search_books", {"genre": "novel"}, OK, None),
    ("get_member", {"member_id": "M1"}, OK, None),
    ("get_member", {"member_id": "M9"}, REFUSED, None),
    ("list_loans", {"member_id": "M1"}, OK, None),
    ("list_loans", {"member_id": "M9"}, REFUSED, None),
    ("lend_book", {"book_id": "B1", "member_id": "M1"}, OK, "R1"),
    ("lend_book", {"book_id": "B2", "member_id": "M1"}, REFUSED, "R1"),
    ("lend_book", {"book_id": "B1", "member_id": "M1"}, OK, "R2"),
    ("lend_book", {"book_id": "B1", "member_id": "M2"}, REFUSED, "R2"),
    ("return_book", {"loan_id": "L1"}, OK, "R3"),
    ("return_book", {"loan_id": "L2"}, REFUSED, "R3"),
    ("set_member_status", {"member_id": "M2", "status": "active"}, OK, None),
    ("set_member_status", {"member_id": "M9", "status": "active"}, REFUSED, None),
    ("tag_book", {"book_id": "B1", "tags": ["sea", "old"]}, OK, None),
    ("tag_book", {"book_id": "B9", "tags": []}, REFUSED, None),
]


@pytest.fixture
def calls() -> tuple[TestCall, ...]:
    return tuple(
        TestCall(tool=tool, arguments=arguments, expect=expect, rule=rule)
        for tool, arguments, expect, rule in CALLS
    )


def verdicts(*failed: int, reviewed: int = len(CALLS)) -> dict[str, Any]:
    """The judge's answer: every call passes but these."""
    judgements = [{"call": n, "verdict": "fail", "reason": "the copy is lost"} for n in failed]
    return {"reviewed": reviewed, "judgements": judgements}


def proposed(*calls: TestCall) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answers of two readers who agree."""
    keep = {"tool", "arguments", "expect", "rule"}
    outcomes = [{"call": n, "expect": call.expect} for n, call in enumerate(calls, 1)]
    return {"calls": [call.model_dump(include=keep) for call in calls]}, {"outcomes": outcomes}


def build(
    pool: Pool,
    plan: EnvironmentPlan,
    state: dict[str, Any],
    source: str,
    calls: Any,
    **settings: int,
) -> Any:
    return ClassBuilder(pool, **settings)(plan=plan, state=state, source=source, calls=calls)


def test_a_good_class_is_admitted_with_one_judgement(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    with answering(verdicts()) as lm:
        made = build(pool, library, library_state, library_source, calls)
    assert made.environment.source == library_source
    assert made.inspection.admitted
    assert made.inspection.environment == made.environment.id
    assert (made.inspection.pass_rate, made.inspection.rules_tested) == (1.0, 3)
    assert len(lm.history) == 1


def test_a_class_that_fails_the_gates_is_repaired_before_any_agent_is_asked(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    broken = library_source.replace('return {"success": True, "data": found}', "return found", 1)
    with answering({"source": library_source}, verdicts()) as lm:
        made = build(pool, library, library_state, broken, calls)
    assert made.inspection.admitted
    assert made.sources == [broken, library_source]
    assert "search_books" in lm.history[0]["messages"][-1]["content"].split("problems ## ]]")[1]


def test_calls_that_the_judge_fails_go_to_the_repair_and_all_is_tested_again(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    mended = library_source.replace("A small lending library:", "A mended library:")
    with answering(verdicts(8), {"source": mended}, verdicts()) as lm:
        made = build(pool, library, library_state, library_source, calls)
    assert made.environment.source == mended
    assert made.inspection.repairs == 1
    assert "the copy is lost" in lm.history[1]["messages"][-1]["content"]


def test_a_class_under_the_threshold_is_given_up(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    with answering(verdicts(1, 2, 3)):
        made = build(pool, library, library_state, library_source, calls, repairs=0)
    assert made.environment is None
    assert "pass rate 0.82 of 0.85 wanted" in made.problem


def test_a_judge_that_passes_over_calls_admits_nothing(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    with answering(verdicts(reviewed=5)):
        made = build(pool, library, library_state, library_source, calls, repairs=0)
    assert made.environment is None


def test_tools_left_untested_are_asked_for_again_and_else_admit_nothing(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    with answering(*proposed(calls[-1]), verdicts()) as lm:
        made = build(pool, library, library_state, library_source, calls[:-1], repairs=0)
    assert made.inspection.admitted
    assert "tag_book" in lm.history[0]["messages"][-1]["content"].split("missing ## ]]")[1]
    with answering(*proposed(), *proposed(), verdicts(reviewed=len(calls) - 1)):
        made = build(pool, library, library_state, library_source, calls[:-1], repairs=0)
    assert made.environment is None
    assert "tools left untested: tag_book" in made.problem


def test_a_class_of_garbage_is_given_up_after_the_set_number_of_repairs(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, calls: Any
) -> None:
    with answering({"source": "class A(:"}, {"source": "import os"}) as lm:
        made = build(pool, library, library_state, "not python", calls, repairs=2)
    assert made.environment is None
    assert len(made.sources) == 3
    assert len(lm.history) == 2
    assert "import os" in made.problem or "os" in made.problem


def test_a_class_that_does_not_do_what_the_readers_say_is_repaired_before_a_judge_is_asked(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    lost = library_source.replace('book["copies"] -= 1', "pass")
    assert lost != library_source
    expecting = calls[7].model_copy(update={"changes": {"books.B1.copies": 1}})
    calls = (*calls[:7], expecting, *calls[8:])
    with answering({"source": library_source}, verdicts()) as lm:
        made = build(pool, library, library_state, lost, calls)
    assert made.inspection.admitted and made.inspection.repairs == 1
    asked = lm.history[0]["messages"][-1]["content"].split("problems ## ]]")[1]
    assert "books.B1.copies must be 1 afterwards" in asked


@pytest.mark.parametrize("failed", [(), (4,)], ids=["the judge lets it pass", "the judge agrees"])
def test_on_a_disagreement_that_a_repair_leaves_the_judge_decides(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any, failed: tuple[int, ...],
) -> None:  # fmt: skip
    wrong = calls[3].model_copy(update={"data": {"name": "Nobody"}})
    calls = (*calls[:3], wrong, *calls[4:])
    with answering({"source": library_source}, verdicts(*failed)):
        made = build(pool, library, library_state, library_source, calls, repairs=1)
    assert (made.environment is not None) == (not failed)
    assert made.inspection.overruled == ((4,) if not failed else ())


def test_an_admitted_version_is_not_lost_when_its_repair_makes_it_worse(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    with answering(verdicts(8), {"source": "class LibraryEnv(:"}):
        made = build(pool, library, library_state, library_source, calls, repairs=1)
    assert made.environment.source == library_source
    assert made.inspection.admitted and made.inspection.repairs == 0
    assert len(made.sources) == 2


def test_a_rule_without_a_violating_call_is_asked_for_and_else_admits_nothing(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    fewer = tuple(call for call in calls if (call.rule, call.expect) != ("R3", REFUSED))
    rest = proposed(calls[12].model_copy(update={"rule": None}))
    with answering(*rest, *proposed(), verdicts()) as lm:
        made = build(pool, library, library_state, library_source, fewer, repairs=0)
    assert "rule R3: a call that violates it" in lm.history[0]["messages"][-1]["content"]
    assert made.environment is None
    assert "rules left unproven: R3" in made.problem


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (verdicts(reviewed=10**9), "says that it judged 1000000000"),
        (verdicts(0), "speaks of [0]"),
        (verdicts(len(CALLS) + 1), f"speaks of [{len(CALLS) + 1}]"),
    ],
)
def test_a_judge_whose_numbers_are_not_those_shown_is_asked_again_and_else_admits_nothing(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any, answer: Any, problem: str,
) -> None:  # fmt: skip
    with answering(answer, verdicts()):
        made = build(pool, library, library_state, library_source, calls)
    assert made.inspection.admitted
    with answering(answer, answer):
        made = build(pool, library, library_state, library_source, calls)
    assert made.environment is None
    assert problem in made.problem


def test_a_fail_counts_though_the_same_call_is_passed_or_doubted_too(
    answering: Any, pool: Pool, library: EnvironmentPlan, library_state: Any, library_source: str,
    calls: Any,
) -> None:  # fmt: skip
    answer = verdicts(1, 2, 3)
    answer["judgements"] += [{"call": n, "verdict": "warning", "reason": "odd"} for n in (1, 2, 3)]
    with answering(answer):
        made = build(pool, library, library_state, library_source, calls, repairs=0)
    assert made.environment is None

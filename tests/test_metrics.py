"""Execution validity: graded, in [0, 1], and with words for every fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.metrics.validity import class_validity, plan_validity, scenario_validity
from envscaler.runtime.records import (
    Certificate,
    Evidence,
    Finding,
    Inspection,
    Judgement,
    TestCall,
)


def finding(n: int) -> Finding:
    return Finding(gate="parse", where=f"tool {n}", message="is missing")


def inspection(**fields: Any) -> Inspection:
    passed = {"pass_rate": 1.0, "rules_tested": 2, "environment": "env_1", "grader": "g"}
    return Inspection.model_validate({**passed, **fields})


def certificate(*rows: tuple[bool, int, int]) -> Certificate:
    evidence = tuple(
        Evidence(demand=f"d{n}", holds=holds, tried=tried, held=held, failures=("f",) * (not holds))
        for n, (holds, tried, held) in enumerate(rows)
    )
    return Certificate(scenario="scn_1", grader="g", rows=evidence, state_hashes=())


@pytest.mark.parametrize(
    ("findings", "planned", "score"),
    [(0, True, 1), (1, True, 0.5), (3, False, 0.125), (0, False, 0)],
)
def test_each_fault_of_a_plan_halves_its_score(findings: int, planned: bool, score: float) -> None:
    judged = plan_validity([finding(n) for n in range(findings)], planned)
    assert judged.score == score
    assert judged.feedback.count("is missing") == findings


def test_an_admitted_class_scores_1() -> None:
    judged = class_validity(inspection(), rules=2)
    assert (judged.score, judged.feedback) == (1, "No fault was found.")
    assert class_validity(inspection(rules_tested=0), rules=0).score == 1


@pytest.mark.parametrize(
    "worse",
    [
        {"findings": (finding(1),)},
        {"pass_rate": 0.9},
        {"untested_tools": ("fly",)},
        {"rules_tested": 1},
        {"pass_rate": None},
    ],
)
def test_every_shortfall_of_a_class_costs_something(worse: dict[str, Any]) -> None:
    assert 0 <= class_validity(inspection(**worse), rules=2).score < 1


def test_faults_of_one_place_count_once_and_are_all_told() -> None:
    twice = (finding(1), Finding(gate="parse", where="tool 1", message="is odd"))
    judged = class_validity(inspection(findings=twice), rules=2)
    assert judged.score == class_validity(inspection(findings=twice[:1]), rules=2).score
    assert "[parse] tool 1: is odd" in judged.feedback


def test_failed_calls_are_told_by_their_tool() -> None:
    calls = (TestCall(tool="lend", expect="ok"), TestCall(tool="fly", expect="refused"))
    judgements = (
        Judgement(call=1, verdict="pass", reason="fine"),
        Judgement(call=2, verdict="fail", reason="it flew"),
    )
    judged = class_validity(inspection(calls=calls, judgements=judgements, pass_rate=0.5), rules=2)
    assert judged.feedback == "fly: it flew"


@pytest.mark.parametrize(
    ("rows", "score"),
    [
        (((True, 2, 2), (True, 0, 0)), 1),
        (((True, 2, 2), (False, 4, 3)), 0.875),
        (((False, 0, 0),), 0),
        (((False, 2, 0), (True, 1, 1)), 0.5),
        ((), 0),
    ],
)
def test_a_certificate_scores_by_the_share_that_holds(rows: Any, score: float) -> None:
    judged = scenario_validity(certificate(*rows))
    assert judged.score == score
    assert judged.feedback.count(": f") == sum(not holds for holds, _, _ in rows)


def test_without_a_certificate_the_problems_are_told() -> None:
    judged = scenario_validity(None, ["the task is unclear"])
    assert (judged.score, judged.feedback) == (0, "the task is unclear")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 5)), max_size=5))
def test_the_score_is_1_exactly_when_the_certificate_holds(rows: Any) -> None:
    real = [
        (holds, tried, tried if holds else max(0, min(held, tried - 1)))
        for holds, tried, held in rows
    ]
    proof = certificate(*real)
    judged = scenario_validity(proof)
    assert 0 <= judged.score <= 1
    assert (judged.score == 1) == proof.holds

"""The simulated model: what it says is right, bad as often as it should be, and always the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from envscaler.programs import Skeletons
from envscaler.programs.step import Step
from envscaler.runtime.benchmarks.synthesis.answers import ANSWERS
from envscaler.runtime.benchmarks.synthesis.domains import HAND_MADE, Domain, domains, tasks
from envscaler.runtime.benchmarks.synthesis.jobs import Evidence, Job, ideal
from envscaler.runtime.benchmarks.synthesis.model import SimulatedModel
from envscaler.runtime.benchmarks.synthesis.rows import QUICK, steps
from envscaler.runtime.benchmarks.synthesis.sending import Noted, Traffic
from envscaler.runtime.cli.synthesis_run import run
from envscaler.runtime.inspection import check_plan, check_state, gaps, inspect_class, run_calls
from envscaler.runtime.inspection.expectations import unmet
from envscaler.runtime.journal import Journal
from envscaler.runtime.models.answers import Entry
from envscaler.runtime.records import EnvironmentPlan, TestCall
from envscaler.runtime.sandbox import Pool
from envscaler.runtime.sifting import sift
from envscaler.signatures import MineTasks, SourceAdapter

TASK = "Give the bicycle Fado to the rider Lumi."
PROMPT: str = SourceAdapter().format(MineTasks, [], {"tasks": [f"1. {TASK}"]})[-1]["content"]


def plan_of(domain: Domain) -> EnvironmentPlan:
    words = {"summary": domain.summary, "introduction": domain.introduction}
    return EnvironmentPlan.model_validate({**words, **domain.plan})


@pytest.mark.parametrize("domain", domains(16), ids=lambda domain: domain.thing)
def test_the_plan_and_the_state_of_every_domain_pass_their_gates(domain: Domain) -> None:
    plan = plan_of(domain)
    assert check_plan(plan, tools=(9, 24), min_rules=5) == ()
    assert check_state(plan, domain.state) == ()


def test_the_class_passes_its_gate_and_does_what_its_test_calls_expect() -> None:
    domain = HAND_MADE[0]
    with Pool() as pool:
        report = inspect_class(pool, plan_of(domain), domain.source, domain.state)
        assert report.findings == ()
        assert report.environment is not None
        calls = [TestCall.model_validate(call) for call in domain.calls]
        executed = run_calls(pool, report.environment, domain.state, calls)
    assert unmet(executed) == ()
    assert gaps(report.environment, executed) == ()


def test_every_step_of_the_skeletons_is_answered(tmp_path: Path) -> None:
    with Pool() as pool:
        found = Skeletons(pool, Journal()).named_predictors()
    names = {step.name for _, step in found if isinstance(step, Step)}
    assert names == set(ANSWERS)


def test_the_tasks_differ_enough_to_be_kept() -> None:
    given = tasks(200, domains(12))
    assert len(sift(given).kept) >= 190


def test_a_fifth_of_the_answers_is_bad_and_the_same_seed_gives_the_same_answer() -> None:
    model, good = SimulatedModel(HAND_MADE), SimulatedModel(HAND_MADE, defective=0)
    right = good.answer("mine tasks", PROMPT, "")
    answers = [model.answer("mine tasks", PROMPT, f"{n}") for n in range(1000)]
    again = SimulatedModel(HAND_MADE)
    assert answers == [again.answer("mine tasks", PROMPT, f"{n}") for n in range(1000)]
    assert 150 <= sum(answer != right for answer in answers) <= 250
    assert {finish for _, finish in answers} == {"stop", "length"}


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(LookupError, match="does not know the step 'sing'"):
        SimulatedModel(HAND_MADE).answer("sing", PROMPT, "")


def asked(step: str, owner: str) -> Entry:
    return Entry(step, "k", owner, "m", "asked")


def test_the_ideal_is_bounded_by_rounds_and_by_chains_on_both_sides_of_the_merging() -> None:
    mining = [asked("mine tasks", f"t{n}") for n in range(5)]
    assert ideal(mining, 2.0, 4) == 4.0  # two rounds
    assert ideal([*mining, asked("mine tasks", "t0"), asked("mine tasks", "t0")], 2.0, 9) == 6.0
    chain = ["plan environment", "write class", "write state", "propose test calls",
             "predict outcomes", "judge outcomes"]  # fmt: skip
    building = [asked(step, "idea") for step in chain]
    assert ideal([*mining, *building], 1.0, 4) == 2.0 + 5.0  # the class is written beside


def test_a_log_tells_what_was_sent_and_when_nothing_was_in_flight() -> None:
    lines = [Noted("sent", 1, "s", "a"), Noted("answered", 2, "s", "a"), Noted("sent", 4, "s", "a"),
             Noted("sent", 5, "s", "b"), Noted("answered", 6, "s", "a")]  # fmt: skip
    traffic = Traffic(lines)
    assert traffic.requests == 3
    assert traffic.sent == {"a": 2, "b": 1}
    assert traffic.idle() == 2


def test_an_answer_that_was_stored_and_is_asked_for_again_is_paid_twice() -> None:
    before = Evidence((asked("s", ""),), Traffic([Noted("sent", 1, "s", "k")]))
    again = Traffic([Noted("sent", 1, "s", "k"), Noted("sent", 2, "s", "k")])
    assert before.paid_twice(before) == 0
    assert before.paid_twice(Evidence((), again)) == 1


def test_a_run_of_its_own_process_tells_its_pace(tmp_path: Path) -> None:
    readings = list(steps(QUICK, run, tmp_path))
    assert [reading.failure for reading in readings] == [""] * 3
    assert readings[0].value is not None and 0 < readings[0].value <= 1
    job = Job("steps", tmp_path / "steps-0.2", 96, 2, 0.2, 16)
    assert Evidence.of(job).lost() == 0

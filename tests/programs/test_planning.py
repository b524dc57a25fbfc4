"""Plans and states: kept when the checks pass, sent back with the findings, then given up."""

from __future__ import annotations

from typing import Any

import dspy
import pytest

from envscaler.programs import Planner, StateWriter
from envscaler.programs.planning import accepted, least_rules, patched, size
from envscaler.runtime.records import BusinessRule, EnvironmentIdea, EnvironmentPlan


def planner(repairs: int = 2) -> Planner:
    return Planner(tools=9, repairs=repairs)


def without_owner(plan_answer: dict[str, Any]) -> dict[str, Any]:
    operations = [{**o, "rules": []} for o in plan_answer["operations"]]
    return {**plan_answer, "operations": operations}


def patch(parts: dict[str, Any], *drop: str) -> dict[str, Any]:
    """A repair's answer: the parts that take the place of the old ones."""
    names = ("entities", "scalars", "rules", "operations")
    return {name: parts.get(name, []) for name in names} | {"drop": list(drop)}


def test_a_sound_plan_is_kept_at_once(
    answering: Any, idea: EnvironmentIdea, plan_answer: dict[str, Any], library: EnvironmentPlan
) -> None:
    with answering(plan_answer) as lm:
        made = planner()(idea=idea)
    assert made.plan == library
    assert (made.repairs, made.problem, len(lm.history)) == (0, "", 1)


def test_a_faulty_plan_is_mended_from_its_findings(
    answering: Any, idea: EnvironmentIdea, plan_answer: dict[str, Any], library: EnvironmentPlan
) -> None:
    with answering(without_owner(plan_answer), patch(plan_answer)) as lm:
        made = planner()(idea=idea)
    assert made.plan == library
    assert made.repairs == 1
    assert "R1" in lm.history[1]["messages"][-1]["content"].split("[[ ## problems ## ]]")[1]


def test_a_plan_that_stays_faulty_is_given_up_with_its_reasons(
    answering: Any, idea: EnvironmentIdea, plan_answer: dict[str, Any]
) -> None:
    with answering(without_owner(plan_answer), patch({})):
        made = planner(repairs=1)(idea=idea)
    assert made.plan is None
    assert "R1" in made.problem


def test_an_unreadable_plan_is_a_problem_and_no_exception(
    answering: Any, idea: EnvironmentIdea
) -> None:
    with answering({"class_name": "A"}, {"class_name": "B"}):
        made = planner()(idea=idea)
    assert made.plan is None
    assert "does not parse" in made.problem


def test_a_state_with_a_dangling_reference_is_mended(
    answering: Any, library: EnvironmentPlan, library_state: dict[str, Any]
) -> None:
    loans = {"L1": {**library_state["loans"]["L1"], "book_id": "B9"}}
    with answering({"state": {**library_state, "loans": loans}}, {"state": library_state}) as lm:
        made = StateWriter()(plan=library)
    assert made.state == library_state
    assert made.repairs == 1
    assert "B9" in lm.history[1]["messages"][-1]["content"].split("[[ ## problems ## ]]")[1]


def test_a_state_that_stays_wrong_is_given_up(
    answering: Any, library: EnvironmentPlan, library_state: dict[str, Any]
) -> None:
    wrong = {"state": {**library_state, "today": "tomorrow"}}
    with answering(wrong, wrong):
        made = StateWriter(repairs=1)(plan=library)
    assert made.state is None
    assert "today" in made.problem


def test_a_repair_replaces_adds_and_drops_parts_and_leaves_the_rest(
    library: EnvironmentPlan,
) -> None:
    rule = BusinessRule(id="R1", text="another text")
    extra = library.operations[0].model_copy(update={"name": "count_books"})
    said = dspy.Prediction(
        entities=[], scalars=[], rules=[rule], operations=[extra], drop=["tag_book"]
    )
    made = patched(library, said)
    assert made.rules[0] == rule and made.rules[1:] == library.rules[1:]
    names = [operation.name for operation in library.operations if operation.name != "tag_book"]
    assert [operation.name for operation in made.operations] == [*names, "count_books"]
    assert made.entities == library.entities


@pytest.mark.parametrize("tools", [8, 15, 25, 40])
def test_a_plan_of_the_size_that_is_asked_for_is_accepted(tools: int) -> None:
    fewest, most = accepted(tools)
    assert fewest <= tools <= most
    assert str(tools) in size(tools)
    assert f"{least_rules(tools)} to" in size(tools)


@pytest.mark.parametrize("said", ["library env", "Library_Env", "class LibraryEnv(object):"])
def test_a_class_name_is_made_one_since_no_repair_could(
    answering: Any, idea: EnvironmentIdea, plan_answer: dict[str, Any], said: str
) -> None:
    with answering({**plan_answer, "class_name": said}):
        made = planner()(idea=idea)
    assert made.problem == "" and made.plan is not None


def test_what_a_repair_gives_is_not_dropped(library: EnvironmentPlan) -> None:
    (rule, *_) = library.rules
    said = dspy.Prediction(
        entities=[], scalars=[], operations=[], rules=[rule], drop=[rule.id, library.rules[1].id]
    )
    assert [r.id for r in patched(library, said).rules] == ["R1", "R3"]

"""Records: an id is the hash of the defining fields, on every machine and after every copy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from envscaler.runtime.records import (
    Call,
    Certificate,
    Change,
    Checks,
    Environment,
    EnvironmentIdea,
    EnvironmentPlan,
    Evidence,
    Outcome,
    PlannedCall,
    Record,
    Scenario,
    Score,
    Solution,
    SourceTask,
    Step,
    Trajectory,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab$", max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.text("abc", min_size=1, max_size=3), json_values, max_size=3)


def scenario_of(state: dict[str, Any], value: Any) -> Scenario:
    call = Call(tool="t", arguments=state)
    change = Change(path=("a", "b"), kind="set", value=value, goal=0)
    return Scenario(
        environment="env_1",
        initial_state=state,
        task="Do it.",
        solutions=(Solution(plan=(PlannedCall(n=1, tool="t", arguments=state),), calls=(call,)),),
        checks=Checks(goals=("g",), outcomes=(Outcome(changes=(change,), calls=(call,)),)),
    )


def trajectory_of(result: Any) -> Trajectory:
    step = Step(
        tool="t",
        arguments={},
        status="ok",
        result=result,
        state_hash="0",
        changes=((("a", "b"), "set", None, result),),
    )
    return Trajectory(
        scenario="scn_1",
        agent="a",
        messages=({"role": "user", "content": result},),
        steps=(step,),
        score=Score(reward=0.5, goals=(True, False)),
        ended="submitted",
    )


@given(objects, json_values)
def test_ids_and_fields_survive_json(state: dict[str, Any], value: Any) -> None:
    for record in (scenario_of(state, value), trajectory_of(value)):
        again = type(record).model_validate_json(record.model_dump_json())
        assert again.id == record.id
        assert again.model_dump_json() == record.model_dump_json()


RECORDS: list[Record] = [
    SourceTask(text="Return my book.", origin="a.txt:1"),
    EnvironmentIdea(summary="s", introduction="i", usefulness=7, modelability=8, tasks=()),
    EnvironmentPlan(
        class_name="C", summary="s", introduction="i", entities=(), rules=(), operations=()
    ),
    scenario_of({"a": 1}, 2),
    trajectory_of(3),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_an_id_is_its_prefix_and_16_digits(record: Record) -> None:
    prefix, _, digits = record.id.partition("_")
    assert prefix == record.prefix
    assert len(digits) == 16
    assert set(digits) <= set("0123456789abcdef")


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_reading_an_id_does_not_change_a_record(record: Record) -> None:
    dumped = type(record).model_validate_json(record.model_dump_json())
    assert record.id == dumped.id
    assert "id" not in record.model_dump(mode="json")
    assert type(record).model_validate(record.model_dump()) == dumped


def test_a_copy_with_other_fields_has_an_id_of_its_own() -> None:
    task = SourceTask(text="Return my book.")
    old = task.id
    other = task.model_copy(update={"text": "Renew my book."})
    assert other.id == SourceTask(text="Renew my book.").id != old
    assert task.id == old
    assert task.model_copy().id == old
    assert task.model_copy(deep=True).id == old


@pytest.mark.parametrize(
    "update",
    [
        {"task": "Undo it."},
        {"environment": "env_2"},
        {"initial_state": {"a": 2}},
        {"solutions": ()},
    ],
)
def test_every_defining_field_counts(update: dict[str, Any]) -> None:
    scenario = scenario_of({"a": 1}, 2)
    assert scenario.model_copy(update=update).id != scenario.id


def test_what_is_no_field_does_not_count(depot: Environment) -> None:
    fields = depot.model_dump(mode="json")
    noted = Environment.model_validate({**fields, "id": "env_other", "seen": "today"})
    assert noted.id == depot.id


def test_the_order_of_keys_does_not_count() -> None:
    assert scenario_of({"a": 1, "b": 2}, 0).id == scenario_of({"b": 2, "a": 1}, 0).id


def test_records_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        SourceTask(text="t").text = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "build",
    [
        lambda: SourceTask(text=""),
        lambda: RECORDS[1].model_validate({**RECORDS[1].model_dump(), "usefulness": 11}),
        lambda: PlannedCall(n=0, tool="t"),
        lambda: Score(reward=1.5),
        lambda: Change(path=("a",), kind="set", goal=-1),
    ],
)
def test_values_out_of_range_are_refused(build: Any) -> None:
    with pytest.raises(ValidationError):
        build()


@pytest.mark.parametrize(("rows", "holds"), [((), False), ((True,), True), ((True, False), False)])
def test_a_certificate_holds_when_it_has_rows_and_all_hold(rows: Any, holds: bool) -> None:
    evidence = tuple(Evidence(demand="d", holds=held) for held in rows)
    assert Certificate(scenario="s", grader="g", rows=evidence, state_hashes=()).holds == holds

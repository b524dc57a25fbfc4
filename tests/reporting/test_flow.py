from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.reporting.flow import Flow, flows
from envscaler.runtime.store import StoredOutcome

STAGES = ["task", "idea", "plan", "class", "scenario", "trajectory", "a new stage"]
ITEMS = st.sampled_from(["task_1", "idea_1", "env_1", "env_1/0", "env_1/1", "scn_1/0", "scn_2/0"])
REASONS = st.sampled_from(["", "too vague", "near-duplicate of 'x'", "near-duplicate of 'y'"])


def settled(stage: str, item: str, record: str | None = None, reason: str = "") -> StoredOutcome:
    return StoredOutcome(stage, item, "kept" if record else "rejected", record, reason, ())


OUTCOMES = st.builds(
    settled, st.sampled_from(STAGES), ITEMS, st.sampled_from([None, "env_1", "scn_1"]), REASONS
)


@given(
    st.lists(OUTCOMES, max_size=20, unique_by=lambda o: (o.stage, o.item)),
    st.fixed_dictionaries(
        {},
        optional={
            "tasks": st.sampled_from(["0 tasks (x)", "7 tasks (x)", "many", 3]),
            "scenarios": st.integers(0, 4),
            "rollouts": st.integers(0, 2),
        },
    ),
)
def test_what_came_in_is_what_was_kept_rejected_and_left(
    outcomes: list[StoredOutcome], settings: dict[str, object]
) -> None:
    found = flows(outcomes, settings)
    for flow in found:
        mine = [o for o in outcomes if o.stage == flow.stage]
        assert flow.came == flow.kept + flow.rejected + flow.unfinished
        assert flow.unfinished >= 0 and all(loss.count > 0 for loss in flow.losses)
        assert flow.kept == sum(o.status == "kept" for o in mine)
        assert flow.rejected == sum(o.status == "rejected" for o in mine)
    assert {o.stage for o in outcomes} <= {flow.stage for flow in found}


def test_reasons_of_one_kind_are_counted_together_the_most_frequent_first() -> None:
    reasons = ["too vague: no place", "too vague: no time", "needs no environment: a poem"]
    outcomes = [settled("task", f"task_{n}", None, reason) for n, reason in enumerate(reasons)]
    (flow, *_) = flows(outcomes, {})
    assert [(loss.reason, loss.count) for loss in flow.losses] == [
        ("too vague", 2),
        ("needs no environment", 1),
    ]


def test_tasks_that_were_given_and_not_settled_are_unfinished() -> None:
    (flow, *_) = flows([settled("task", "task_1", "task_1")], {"tasks": "24 tasks (1c48d912)"})
    assert flow == Flow("task", came=24, kept=1, unfinished=23)


def test_a_run_that_has_not_begun_has_all_its_tasks_before_it() -> None:
    found = {flow.stage: (flow.came, flow.unfinished) for flow in flows([], {"tasks": "2 tasks"})}
    assert found.pop("task") == (2, 2)
    assert set(found.values()) == {(0, 0)}


def test_a_stage_that_is_to_come_gets_all_that_the_one_before_kept() -> None:
    outcomes = [settled("task", f"task_{n}", f"task_{n}") for n in range(3)]
    assert flows(outcomes, {})[1] == Flow("idea", came=3, kept=0, unfinished=3)


def test_a_stage_that_regroups_its_items_says_itself_how_many_there_are() -> None:
    outcomes = [settled("task", f"task_{n}", f"task_{n}") for n in range(9)]
    outcomes += [settled("idea", f"idea_{n}", f"idea_{n}") for n in range(2)]
    assert flows(outcomes, {})[1] == Flow("idea", came=2, kept=2)


def test_scenarios_and_episodes_are_expected_as_often_as_the_settings_say() -> None:
    outcomes = [settled("class", f"idea_{n}", f"env_{n}") for n in range(2)]
    outcomes += [settled("scenario", f"env_0/{n}", f"scn_{n}") for n in range(3)]
    outcomes += [settled("trajectory", "scn_0/reference", "traj_0")]
    found = {f.stage: f for f in flows(outcomes, {"scenarios": 4, "rollouts": 2})}
    assert found["scenario"] == Flow("scenario", came=8, kept=3, unfinished=5)
    assert found["trajectory"] == Flow("trajectory", came=9, kept=1, unfinished=8)


def test_a_stage_that_the_run_passed_over_is_left_out() -> None:
    outcomes = [settled("task", "task_1", "task_1"), settled("class", "idea_1", "env_1")]
    assert [flow.stage for flow in flows(outcomes, {})] == [
        "task", "class", "scenario", "trajectory",
    ]  # fmt: skip

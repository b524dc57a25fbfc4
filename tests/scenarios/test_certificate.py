"""The gates bite: each row of the certificate refuses a fault that no other row refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from envscaler.runtime.checks import Grader
from envscaler.runtime.checks.rendering import matcher_source
from envscaler.runtime.records import (
    Call,
    Change,
    Environment,
    Loosening,
    Outcome,
    PlannedCall,
    Scenario,
    Solution,
)
from envscaler.runtime.sandbox import Pool, SealedClass
from envscaler.runtime.scenarios.certificate import ROWS, Trial, certify
from envscaler.runtime.state import Difference, patch

Build = Callable[..., Scenario]
Try = Callable[[Scenario], Trial]


def refusing(trial: Trial) -> list[str]:
    """The rows that do not hold."""
    return [name for name in ROWS if not certify(trial, [name]).holds]


def with_checks(scenario: Scenario, **fields: Any) -> Scenario:
    return scenario.model_copy(update={"checks": scenario.checks.model_copy(update=fields)})


def with_changes(scenario: Scenario, *more: Change) -> Scenario:
    """The first outcome owns further places."""
    first, *rest = scenario.checks.outcomes
    wider = first.model_copy(update={"changes": (*first.changes, *more)})
    return with_checks(scenario, outcomes=(wider, *rest))


# ------------------------------------------------------------------ one fault for each row


def ungrounded_id(build: Build) -> Scenario:
    return build(task="Eli takes over the tour; Fay gets one on 2024-05-12; note 'ring twice'.")


def goal_without_change(build: Build) -> Scenario:
    scenario = build()
    return with_checks(scenario, goals=(*scenario.checks.goals, "The sun shines."))


def guard_broken_before(build: Build) -> Scenario:
    state = build().initial_state
    gone = Difference(("tours", "T1", "driver_id"), "set", None, "D9")
    return build(state=patch(state, [gone]))


def scope_over_a_record(build: Build) -> Scenario:
    return with_changes(build(), Change(path=("drivers", "D1"), kind="keep", goal=0))


def scope_over_a_field(build: Build) -> Scenario:
    return with_changes(build(), Change(path=("parcels", "P3", "weight"), kind="keep", goal=1))


def scope_over_a_collection(build: Build) -> Scenario:
    return with_changes(build(), Change(path=("stops",), kind="keep", goal=0))


def two_ways(build: Build) -> Scenario:
    """Either of Ada's parcels may bear the note."""
    plan = list(build().solutions[0].plan)
    other = {"parcel_id": "$2.data[0].parcel_id", "note": "ring twice"}
    return build([*plan[:4], plan[4].model_copy(update={"arguments": other}), plan[5]])


def scope_of_a_second_outcome(build: Build) -> Scenario:
    scenario = two_ways(build)
    first, second = scenario.checks.outcomes
    wide = Change(path=("drivers", "D1"), kind="keep", goal=0)
    second = second.model_copy(update={"changes": (*second.changes, wide)})
    return with_checks(scenario, outcomes=(first, second))


def rule_that_takes_the_old_value(build: Build) -> Scenario:
    """The note is written twice, so no single wrong action leaves the old one behind."""
    made: list[tuple[str, dict[str, Any]]] = [
        ("find_parcels", {"recipient": "Ada"}),
        ("write_note", {"parcel_id": "$1.data[note=fragile].parcel_id", "note": "hm"}),
        ("write_note", {"parcel_id": "$1.data[note=fragile].parcel_id", "note": "ring twice"}),
        ("assign_driver", {"tour_id": "T1", "driver_id": "D2"}),
    ]
    plan = [PlannedCall(n=n, tool=tool, arguments=a) for n, (tool, a) in enumerate(made, 1)]
    rule = Loosening(kind="one_of", values=("fragile", "ring twice"))
    return build(
        plan=plan,
        goals={"All of it.": ("",)},
        loose={"parcels.P3.note:": rule},
        task="Note 'ring twice' on Ada's fragile parcel; D2 takes over tour T1.",
    )


def rule_that_takes_none(build: Build) -> Scenario:
    rule = Loosening(kind="one_of", values=("ring twice", None))
    return build(loose={"parcels.P3.note:": rule})


def rules_that_take_any_driver(build: Build) -> Scenario:
    anyone = Loosening(kind="one_of", values=("D1", "D2", "D3"))
    other = Loosening(kind="one_of", values=("D2", "D3"))
    return build(loose={"tours.T2:driver_id": anyone, "tours.T1.driver_id:": other})


def outcome_that_nothing_reaches(build: Build) -> Scenario:
    scenario = build()
    (first,) = scenario.checks.outcomes
    changes = tuple(
        c.model_copy(update={"value": "ring once"}) if c.path[0] == "parcels" else c
        for c in first.changes
    )
    return with_checks(scenario, outcomes=(first, Outcome(changes=changes, calls=first.calls)))


def outcome_without_calls(build: Build) -> Scenario:
    scenario = build()
    (first,) = scenario.checks.outcomes
    changes = tuple(
        c.model_copy(update={"path": ("tours", "T1", "note"), "value": "x"})
        if c.path[:2] == ("tours", "T1")
        else c
        for c in first.changes
    )
    return with_checks(scenario, outcomes=(first, Outcome(changes=changes, calls=())))


def claim_that_pays(build: Build) -> Scenario:
    scenario = build()
    goals = (*scenario.checks.goals, "The agent says that it is done.")
    return with_checks(scenario, goals=goals, answer="Task completed")


def part_that_pays_in_full(build: Build) -> Scenario:
    plan = build().solutions[0].plan
    return build(plan[:-1], goals={"All of it.": ("",)})


FAULTS: list[tuple[str, Callable[[Build], Scenario]]] = [
    ("solvable", ungrounded_id),
    ("not free", goal_without_change),
    ("guarded", guard_broken_before),
    ("frame", scope_over_a_record),
    ("frame", scope_over_a_field),
    ("frame", scope_over_a_collection),
    ("frame", scope_of_a_second_outcome),
    ("sharp", rule_that_takes_the_old_value),
    ("loosened", rule_that_takes_none),
    ("actions", rules_that_take_any_driver),
    ("tolerant", outcome_that_nothing_reaches),
    ("tolerant", outcome_without_calls),
    ("honest", claim_that_pays),
    ("honest", part_that_pays_in_full),
]


def one_way(build: Build) -> Scenario:
    return build()


def with_a_free_text(build: Build) -> Scenario:
    return build(loose={"parcels.P3.note:": Loosening(kind="text", values=("ring",))})


def with_equal_new_records(build: Build) -> Scenario:
    plan = list(build().solutions[0].plan)
    again = [plan[3].model_copy(update={"n": n}) for n in (7, 8)]
    stop = PlannedCall(
        n=9, tool="add_stop",
        arguments={"tour_id": "$8.new.tours", "parcel_id": "$2.data[0].parcel_id"},
    )  # fmt: skip
    return build(plan=[*plan, *again, stop])


@pytest.mark.parametrize("sound", [one_way, two_ways, with_a_free_text, with_equal_new_records])
def test_a_sound_scenario_is_certified(
    sound: Callable[[Build], Scenario], build: Build, try_: Try
) -> None:
    certificate = certify(try_(sound(build)))
    assert certificate.holds, [row for row in certificate.rows if not row.holds]
    assert len(certificate.rows) == len(ROWS)


def test_a_certificate_names_the_states_of_the_first_solution(build: Build, try_: Try) -> None:
    trial = try_(build())
    certificate = certify(trial)
    assert certificate.state_hashes == trial.reference.hashes()
    assert len(certificate.state_hashes) == 1 + len(trial.reference.steps)
    assert certificate.scenario == trial.scenario.id


@pytest.mark.parametrize(("row", "fault"), FAULTS, ids=[f"{r}-{f.__name__}" for r, f in FAULTS])
def test_only_its_row_refuses_a_fault(
    row: str, fault: Callable[[Build], Scenario], build: Build, try_: Try
) -> None:
    trial = try_(fault(build))
    assert certify(trial, [name for name in ROWS if name != row]).holds
    refused = certify(trial)
    assert not refused.holds
    assert all(evidence.failures for evidence in refused.rows if not evidence.holds)


def test_only_the_last_row_refuses_a_check_with_a_memory(
    build: Build, depot: Environment, sealed_depot: SealedClass, pool: Pool
) -> None:
    source = matcher_source() + (
        "\n\nfrom json import JSONEncoder\n\n\n"
        "def impure(specification, initial, final, answer):\n"
        "    seen = JSONEncoder.encode\n"
        '    seen.count = getattr(seen, "count", 0) + 1\n'
        "    verdict = grade(specification, initial, final, answer)\n"
        '    return {**verdict, "error": str(seen.count)} if verdict["reward"] == 1 else verdict\n'
    )

    class Impure(Grader):
        def __init__(self) -> None:
            self._checks = pool.open_checks(source, "impure")

    assert refusing(Trial(depot, build(), sealed_depot, Impure())) == ["pure"]


def test_every_row_has_a_fault_of_its_own() -> None:
    assert {row for row, _ in FAULTS} | {"pure"} == set(ROWS)


# ------------------------------------------------------------------ scenarios past examination


def failing_solution(build: Build) -> Scenario:
    scenario = build()
    plan = list(scenario.solutions[0].plan)
    plan[2] = plan[2].model_copy(update={"arguments": {"driver_id": "D9", "on_duty": True}})
    calls = scenario.solutions[0].calls
    return scenario.model_copy(update={"solutions": (Solution(plan=tuple(plan), calls=calls),)})


def path_that_does_not_exist(build: Build) -> Scenario:
    return with_changes(build(), Change(path=("cellar", "x", "y"), kind="set", value=1, goal=0))


def goal_true_from_the_start(build: Build) -> Scenario:
    return with_changes(
        build(goals={"All of it.": ("",)}),
        Change(path=("drivers", "D1", "name"), kind="set", value="Dana", goal=1),
    )


def broken_rule(build: Build) -> Scenario:
    return build(loose={"parcels.P3.note:": Loosening(kind="between", values=("a",))})


def rule_of_unlike_bounds(build: Build) -> Scenario:
    return build(loose={"next_tour:": Loosening(kind="between", values=(None, "3"))})


def no_solution(build: Build) -> Scenario:
    return build().model_copy(update={"solutions": ()})


def no_outcome(build: Build) -> Scenario:
    return with_checks(build(), outcomes=())


@pytest.mark.parametrize(
    "fault",
    [
        failing_solution,
        path_that_does_not_exist,
        goal_true_from_the_start,
        broken_rule,
        rule_of_unlike_bounds,
        no_solution,
        no_outcome,
    ],
)
def test_a_scenario_that_cannot_be_examined_is_refused_and_not_an_exception(
    fault: Callable[[Build], Scenario], build: Build, try_: Try
) -> None:
    certificate = certify(try_(fault(build)))
    assert not certificate.holds
    assert not certificate.rows[0].holds or fault is goal_true_from_the_start


def test_a_part_that_is_equal_to_the_whole_may_pay_in_full(
    build: Build, try_: Try, errand: list[PlannedCall]
) -> None:
    calls = [
        PlannedCall(
            n=n, tool="write_note", arguments={"parcel_id": "$2.data[0].parcel_id", "note": note}
        )
        for n, note in ((7, "hm"), (8, ""))
    ]
    assert certify(try_(build(plan=[*errand, *calls]))).holds


# ------------------------------------------------------------------ answers


def question(build: Build, planned: Callable[..., list[PlannedCall]], answer: Any) -> Scenario:
    plan = planned(
        ("list_drivers", {}), ("open_tour", {"driver_id": "D3", "day": "2024-05-12"}, "refused")
    )
    scenario = build(plan=plan, goals={}, task="Plan a tour for D3, Fay, on 2024-05-12 if you can.")
    return with_checks(scenario, goals=("The agent gives the reason.",), answer=answer)


@pytest.mark.parametrize("answer", ["off duty", 7, 2.5, False, 0, ["D1", "D2"], {"D1": True}])
def test_a_task_whose_right_outcome_is_only_an_answer_can_be_certified(
    build: Build, try_: Try, planned: Callable[..., list[PlannedCall]], answer: Any
) -> None:
    certificate = certify(try_(question(build, planned, answer)))
    assert certificate.holds, [row for row in certificate.rows if not row.holds]


def test_an_answer_beside_changes_is_a_goal_of_its_own(build: Build, try_: Try) -> None:
    scenario = build()
    goals = (*scenario.checks.goals, "The agent tells the day.")
    trial = try_(with_checks(scenario, goals=goals, answer="Sunday, 12 May"))
    assert certify(trial).holds
    right, wrong = (
        trial.scores([trial.reference.final], answer)[0].reward
        for answer in ("  sunday, 12  MAY ", None)
    )
    assert (right, wrong) == (1.0, 0.75)


def test_calls_are_kept_apart_from_what_the_outcome_claims(build: Build, try_: Try) -> None:
    scenario = build()
    (first,) = scenario.checks.outcomes
    calls = (*first.calls, Call(tool="set_duty", arguments={"driver_id": "D1", "on_duty": False}))
    trial = try_(with_checks(scenario, outcomes=(first, first.model_copy(update={"calls": calls}))))
    assert refusing(trial) == ["tolerant"]

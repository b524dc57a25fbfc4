from __future__ import annotations

from typing import Literal

import pytest

from envscaler.runtime.cli.tally import Tally, grouped, kind
from envscaler.runtime.journal import Settled, Stage

Status = Literal["kept", "rejected", "unfinished"]


def counted(tally: Tally, stage: Stage, status: Status, times: int = 1, reason: str = "") -> None:
    for number in range(times):
        tally.add(Settled(stage, f"{stage} {number}", status, reason, None))


def test_the_time_left_is_unknown_until_enough_is_done() -> None:
    tally = Tally(tasks=4, scenarios=2, episodes=2)
    counted(tally, "task", "kept", 3)
    assert tally.seconds_left(1e9) is None
    counted(tally, "task", "rejected")
    counted(tally, "idea", "kept", 2)
    assert tally.seconds_left(1e9) is None


def test_the_time_left_shrinks_to_nothing() -> None:
    tally = Tally(tasks=1, scenarios=2, episodes=2)
    counted(tally, "task", "kept")
    now = 1.0 + (tally._mined_at or 0)
    counted(tally, "idea", "kept", 2)
    counted(tally, "plan", "rejected")
    counted(tally, "class", "kept")
    # One idea fell out; two scenarios with two episodes each are still to come: 2 of 8.
    assert tally.seconds_left(now) == pytest.approx(3.0)
    counted(tally, "scenario", "rejected")
    counted(tally, "scenario", "kept")
    assert tally.seconds_left(now) == pytest.approx(0.5)
    counted(tally, "trajectory", "kept", 2)
    assert tally.seconds_left(now) == 0


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("needs no environment: it is a poem", "needs no environment"),
        ("[refusals] lend: it refused 'x' and yet changed", "gate: refusals"),
        ("the answer of step 'write class' is odd: …", "the answer of step … is odd"),
        ("pass rate 0.71 of 0.85 wanted, untested: a", "pass rate N of N wanted, untested"),
        ("as env_0123456789abcdef; and more", "as …"),
        ("", "no reason given"),
    ],
)
def test_reasons_of_a_kind_are_one(reason: str, expected: str) -> None:
    assert kind(reason) == expected


def test_losses_are_grouped_by_stage_and_the_most_first() -> None:
    tally = Tally(tasks=9, scenarios=1, episodes=1)
    counted(tally, "plan", "rejected", 1, "odd: 1")
    counted(tally, "task", "rejected", 1, "rare: 1")
    counted(tally, "task", "rejected", 2, "common: 2")
    counted(tally, "task", "unfinished", 5, "no answer")
    assert grouped(tally.lost) == [("task", "common", 2), ("task", "rare", 1), ("plan", "odd", 1)]

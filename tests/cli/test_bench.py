from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.benchmarks import QUICK, ROWS, Reading, Scale, Target, measure
from envscaler.runtime.benchmarks.readings import Pair, difference, ratio, speedup
from envscaler.runtime.benchmarks.upstream import CopyingEpisode
from envscaler.runtime.benchmarks.workloads import DOMAINS, SHOP, Domain

Run = Callable[..., tuple[int, str, str]]


def test_a_quick_run_takes_every_row_and_writes_its_figures(envscaler: Run, tmp_path: Path) -> None:
    code, out, err = envscaler("bench", "runtime", "--quick", "--json", "told.json")
    assert (code, err) == (0, ""), out
    told = json.loads((tmp_path / "told.json").read_text())
    readings = told["readings"]
    assert list(dict.fromkeys(reading["row"] for reading in readings)) == list(ROWS)
    for reading in readings:
        assert reading["value"] is not None and reading["sealed"] > 0, reading
        assert (reading["held"] is None) == (reading["target"] is None)
        assert reading["low"] <= reading["value"] <= reading["high"]
    assert all(f"\n{name} " in out for name in ROWS)
    assert "targets held" in out.splitlines()[-1]


def test_rows_are_chosen_by_name(envscaler: Run, tmp_path: Path) -> None:
    arguments = ("--quick", "--only", "snapshot, spawn", "--json", "told.json")
    code, _, err = envscaler("bench", "runtime", *arguments)
    assert (code, err) == (0, "")
    told = json.loads((tmp_path / "told.json").read_text())
    assert {reading["row"] for reading in told["readings"]} == {"snapshot", "spawn"}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--only", "speed"], "speed"),
        (["--only", ""], "batched"),
        (["--json", "nowhere/told.json"], "nowhere/told.json"),
        (["--json", "."], "."),
    ],
)
def test_bad_input_is_one_line_before_anything_is_measured(
    envscaler: Run, arguments: list[str], word: str
) -> None:
    code, out, err = envscaler("bench", "runtime", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and len(err.splitlines()) == 1
    assert word in err


def test_a_row_that_fails_is_told_and_costs_no_other() -> None:
    def broken(_: Scale) -> Iterator[Reading]:
        yield Reading("broken", "what was taken before", 1.0)
        raise OSError("no more memory")

    def sound(_: Scale) -> Iterator[Reading]:
        yield Reading("sound", "all", 2.0)

    first, fault, last = measure(QUICK, {"broken": broken, "sound": sound})
    assert (first.value, last.value) == (1.0, 2.0)
    assert (fault.row, fault.failure) == ("broken", "OSError: no more memory")


@pytest.mark.parametrize(
    ("target", "value", "held"),
    [
        (Target(2.0), 2.0, True),
        (Target(2.0), 2.01, False),
        (Target(20.0, at_least=True), 20.0, True),
        (Target(20.0, at_least=True), 19.9, False),
        (None, 1.0, None),
        (Target(2.0), None, None),
    ],
)
def test_a_target_holds_up_to_its_limit(
    target: Target | None, value: float | None, held: bool | None
) -> None:
    assert Reading("row", "case", value, target=target).held is held


def test_figures_compare_the_sides_round_by_round() -> None:
    rounds = [Pair(1.0, 2.0), Pair(10.0, 30.0), Pair(2.0, 8.0)]
    assert ratio("row", "case", rounds, "us").value == 3.0
    assert difference("row", "case", rounds, "us").value == 6.0
    assert speedup("row", "case", rounds, "us").value == pytest.approx(1 / 3)
    assert ratio("row", "case", rounds, "us").plain == 2.0


@pytest.mark.parametrize("domain", [*DOMAINS, SHOP], ids=lambda domain: domain.name)
def test_first_states_and_calls_come_from_their_seeds_alone(domain: Domain) -> None:
    first, *others = domain.states(20)
    assert first == domain.states(20)[0] and first not in others
    for kind in domain.tools:
        calls = domain.requests(kind, 20, 5, seed=3)
        assert calls == domain.requests(kind, 20, 5, seed=3)
        thing: Any = domain.made(domain.states(20)[0])
        for call in calls:
            assert getattr(thing, call.tool)(**call.arguments)["success"]


def test_upstreams_method_finds_what_a_call_changed() -> None:
    episode = CopyingEpisode(SHOP.made(SHOP.states(20)[0]))
    [look] = SHOP.requests("look", 20, 1)
    [update] = SHOP.requests("update", 20, 1)
    customer, product = update.arguments.values()
    assert episode.step(look.tool, look.arguments)[1] == {}
    _, found = episode.step(update.tool, update.arguments)
    assert found["products"][product] == {"sold": {"old": 0, "new": 1}}
    assert found["customers"][customer].keys() == {"owes"}

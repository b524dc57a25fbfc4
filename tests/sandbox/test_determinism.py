from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.errors import GeneratedCodeError
from envscaler.runtime.sandbox import Call, Limits, Pool, SealedClass

SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "upstream-form"

DESK = """
import random, time, uuid, secrets
from datetime import datetime, date, timedelta
import datetime as dt

class Desk:
    def __init__(self):
        self.tickets = {}
        self.opened = datetime.now().isoformat()
        self.root = str(uuid.uuid4())

    def open_ticket(self, title: str):
        key = str(uuid.uuid4())
        self.tickets[key] = {
            "title": title, "code": random.randint(0, 10**9), "token": secrets.token_hex(4),
            "at": time.time(), "due": (datetime.now() + timedelta(days=1)).strftime("%Y-%m-%d"),
            "tags": list({"red", "green", "blue", title}), "roll": random.Random().random(),
        }
        return key

    def suggest_key(self):
        return [str(uuid.uuid4()), random.random()]

    def calendar(self):
        time.sleep(1000)
        now = datetime.utcnow()
        return [isinstance(now, date), isinstance(now.date(), date), now.date() == date.today(),
                isinstance(dt.datetime(2020, 1, 1), datetime), time.time() == now.timestamp(),
                time.strftime("%Y-%m-%d") == now.strftime("%Y-%m-%d"), str(now - timedelta(1))]
"""


@pytest.fixture
def desk(pool: Pool) -> Iterator[SealedClass]:
    with pool.open(DESK, profile="imported") as desk:
        yield desk


def titles(instance: int, count: int) -> list[Call]:
    return [Call(instance, "open_ticket", {"title": f"title {n}"}) for n in range(count)]


def test_equal_seeds_give_equal_states_in_every_process(pool: Pool, desk: SealedClass) -> None:
    def outcome(sealed: SealedClass, seed: int) -> list[str]:
        [one] = sealed.create([{"tickets": {}}], seed=seed)
        sealed.step(titles(one, 5))
        return sealed.hash([one])

    first = outcome(desk, 1)
    assert outcome(desk, 1) == first
    assert outcome(desk, 2) != first
    with Pool(Limits()) as other, other.open(DESK, profile="imported") as elsewhere:
        assert outcome(elsewhere, 1) == first


def test_one_more_look_up_renames_nothing(desk: SealedClass) -> None:
    ada, bob = desk.create([{}, {}])
    look = Call(bob, "suggest_key", {})
    replies = desk.step([look, look, *titles(ada, 1), *titles(bob, 1), look])
    assert replies[0] == replies[1]
    assert replies[2] == replies[3]
    assert replies[4] != replies[0]
    assert desk.hash([ada]) == desk.hash([bob])


def test_new_keys_differ_from_each_other_and_from_the_constructor_s(desk: SealedClass) -> None:
    [one] = desk.create([{}])
    keys = [reply.value for reply in desk.step(titles(one, 50))]
    [snapshot] = desk.snapshot([one])
    assert len({*keys, snapshot.state["root"]}) == 51


def test_the_clock_stands_still_and_dates_keep_their_kinds(desk: SealedClass) -> None:
    [one] = desk.create([{}])
    [reply] = desk.step([Call(one, "calendar", {})])
    assert reply.value == [True] * 6 + ["2024-12-31 12:00:00"]


def test_the_initial_state_replaces_what_the_constructor_made(desk: SealedClass) -> None:
    [one] = desk.create([{"tickets": {"t": {}}, "extra": 1}])
    [snapshot] = desk.snapshot([one])
    assert (snapshot.state["tickets"], snapshot.state["extra"]) == ({"t": {}}, 1)


def test_a_restored_instance_goes_on_as_the_first_did(desk: SealedClass) -> None:
    ada, bob = desk.create([{}, {"extra": 1}], seed=7)
    desk.step(titles(ada, 3))
    [snapshot] = desk.snapshot([ada])
    desk.restore(bob, snapshot)
    assert desk.step(titles(ada, 3)) == desk.step(titles(bob, 3))
    assert desk.snapshot([ada]) == desk.snapshot([bob])


@pytest.mark.parametrize("count", [3, 40, 70])
def test_a_rebuilt_worker_holds_the_same_instances(
    pool: Pool, desk: SealedClass, count: int
) -> None:
    hang = DESK + "\n    def hang(self):\n        return sum(range(10**12))\n"
    with pool.open(hang, profile="imported") as dying:
        for sealed in (desk, dying):
            instances = sealed.create([{"n": n} for n in range(3)], seed=5)
            for part in range(2):
                for instance in instances:
                    sealed.step(titles(instance, count))
                if sealed is dying and part == 0:
                    [reply] = sealed.step([Call(instances[1], "hang", {})])
                    assert reply.status == "killed"
        assert dying.hash(instances) == desk.hash(instances)
        assert dying.diff(instances) == desk.diff(instances)


def test_calls_of_a_batch_before_a_kill_are_not_lost(shop: SealedClass) -> None:
    [ada] = shop.create([{"stock": {}}])
    add = Call(ada, "add", {"item": "pen"})
    replies = shop.step([*[add] * 300, Call(ada, "crash", {}), *[add] * 300])
    assert [reply.status for reply in replies] == ["ok"] * 300 + ["killed"] + ["ok"] * 300
    assert replies[-1].value["data"] == ["pen", 600]


def test_our_own_classes_have_no_clock(pool: Pool) -> None:
    with pytest.raises(GeneratedCodeError) as caught:
        pool.open(DESK)
    text = str(caught.value)
    for module in ("random", "time", "uuid", "secrets"):
        assert f"the module `{module}` may not be imported" in text
    assert "`datetime.now` is not available; the current time is part of the state" in text


@pytest.fixture(scope="module")
def upstream() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if not SAMPLE.exists():
        pytest.skip("the upstream sample is not beside this repository")
    metadata = json.loads((SAMPLE / "env_metadata.json").read_text())
    return metadata, json.loads((SAMPLE / "env_scenario.json").read_text())


def test_upstream_scenarios_run_and_are_solved_by_their_reference(
    pool: Pool, upstream: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    metadata, scenarios = upstream
    for scenario in scenarios:
        environment = metadata.get(scenario["env_id"]) or next(iter(metadata.values()))
        with pool.open(environment["env_class_code"], profile="imported") as sealed:
            assert sealed.class_name == scenario["env_class_name"]
            listed = [tool["function"]["name"] for tool in environment["tools"]]
            assert [tool["name"] for tool in sealed.tools] == listed
            [one] = sealed.create([scenario["init_config"]])
            solution = scenario["reference_solution"]
            replies = sealed.step([Call(one, c["name"], c["arguments"]) for c in solution])
            assert all(reply.value["success"] for reply in replies)
            [final] = sealed.snapshot([one])
        for check in scenario["checklist_with_func"]:
            with pool.open_checks(check["check_func"], "check_func") as checks:
                [verdict] = checks.evaluate([(final.state,)])
            assert verdict.value is True, check["check_item"]

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envscaler.runtime.sandbox import Call, Pool
from envscaler.runtime.state import digest

few = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
picks = st.lists(st.integers(0, 999), min_size=2, max_size=30)


@pytest.mark.parametrize("side", ["crowd", "strict"])
def test_a_batch_equals_the_same_calls_one_by_one(stage: Any, side: str) -> None:
    sealed = stage.side(side)

    @few
    @given(picks)
    def equals(picks: list[int]) -> None:
        requests = stage.requests(picks)
        one, other = sealed.create([stage.state] * 2)
        batch = sealed.step([Call(one, *request) for request in requests])
        assert batch == [sealed.step([Call(other, *request)])[0] for request in requests]
        assert batch == list(map(stage.twin().call, requests))
        assert len(set(sealed.hash([one, other]))) == 1

    equals()


def test_instances_do_not_feel_each_other(stage: Any) -> None:
    sealed = stage.side("crowd")

    @few
    @given(st.lists(picks, min_size=3, max_size=5), st.randoms(use_true_random=False))
    def alone_or_not(lives: list[list[int]], chance: Random) -> None:
        instances = sealed.create([stage.state] * len(lives))
        left = {n: stage.requests(life) for n, life in zip(instances, lives, strict=True)}
        twins = {instance: stage.twin() for instance in instances}
        order = [instance for instance, life in left.items() for _ in life]
        chance.shuffle(order)
        calls = [Call(instance, *left[instance].pop(0)) for instance in order]
        replies = sealed.step(calls)
        for instance, twin in twins.items():
            mine = [call[1:] for call in calls if call.instance == instance]
            got = [r for call, r in zip(calls, replies, strict=True) if call.instance == instance]
            assert got == [twin.call(request) for request in mine]
            assert sealed.hash([instance]) == [digest(twin.snapshot.state)]

    alone_or_not()


@pytest.mark.parametrize("how", ["kill", "rest"])
def test_a_long_life_is_taken_up_again(stage: Any, how: str) -> None:
    sealed = stage.side("crowd")
    twin, requests = stage.twin(), stage.requests(Random(1).choices(range(999), k=180))
    [one] = sealed.create([stage.state])
    for start in range(0, 180, 45):
        part = requests[start : start + 45]
        assert sealed.step([Call(one, *request) for request in part]) == list(map(twin.call, part))
        stage.kill("crowd", start) if how == "kill" else sealed.rest(0)
        [snapshot] = sealed.snapshot([one])
        assert snapshot.text == twin.snapshot.text


ODD = """
import enum
from collections import Counter, OrderedDict, defaultdict

class Status(str, enum.Enum):
    OPEN = "open"

class Odd:
    def __init__(self, init_config):
        self.orders = init_config["orders"]
        self.kept = None
    def rest(self): return None
    def alias(self): self.kept = self.orders["O1"]
    def use_alias(self):
        self.kept["mark"] = len(self.kept)
        return self.orders
    def twice(self): self.kept = [[]] * 2
    def use_twice(self):
        self.kept[0].append(1)
        return self.kept
    def default(self): self.kept = defaultdict(int)
    def use_default(self):
        self.kept["a"] += 1
        return self.kept["a"]
    def counter(self): self.kept = Counter("abba")
    def use_counter(self): return self.kept.most_common(1)[0][0] + str(self.kept["z"])
    def ordered(self): self.kept = OrderedDict(a=1, b=2)
    def use_ordered(self):
        self.kept.move_to_end("a")
        return list(self.kept)
    def status(self): self.kept = {"is": Status.OPEN}
    def use_status(self): return self.kept["is"].name
    def pair(self): self.kept = (1, 2)
    def use_pair(self):
        self.kept += (3,)
        return self.kept
    def truth(self): self.kept = [True, 1, 1.0, -0.0, 10**18, 1e22, 5e-324]
    def use_truth(self): return [repr(value) for value in self.kept]
    def private(self): self._count = 1
    def use_private(self):
        self._count += 1
        return self._count
"""
HABITS = "alias twice default counter ordered status pair truth private"


@pytest.mark.parametrize("habit", HABITS.split())
@pytest.mark.parametrize("calls_between", [0, 200])
def test_what_a_state_is_made_of_survives_too(pool: Pool, habit: str, calls_between: int) -> None:
    with pool.open(ODD, "Odd") as sealed:
        calm, killed, restored, branched = sealed.create([{"orders": {"O1": {}}}] * 4)
        for instance in (calm, killed):
            sealed.step([Call(instance, habit, {})])
        sealed.step([Call(killed, "rest", {})] * calls_between)
        sealed.restore(restored, sealed.snapshot([killed])[0])
        [branched] = sealed.branch(killed)
        expected = sealed.step([Call(calm, f"use_{habit}", {})] * 3)
        sealed.rest(0)
        for instance in (killed, restored, branched):
            assert sealed.step([Call(instance, f"use_{habit}", {})] * 3) == expected
        assert len(set(sealed.hash([calm, killed, restored, branched]))) == 1

"""Whatever happens to workers, batches and neighbours, an instance is what its calls make of it."""

from __future__ import annotations

import threading
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from envscaler.runtime.sandbox import Call, SealedClass, Snapshot

sides = st.sampled_from(["crowd", "strict"])
numbers = st.integers(0, 999)
"""Which of those that are there, counted round and round."""


class Turmoil(RuleBasedStateMachine):
    """Two disturbed classes and what is done to their instances; each instance has a twin.

    One has three workers, the other one worker in another pool, and is looked at strictly.
    """

    snapshots: Bundle[Any] = Bundle("snapshots")

    def __init__(self, stage: Any) -> None:
        super().__init__()
        self.stage = stage
        self.open = {name: stage.side(name) for name in ("crowd", "strict")}
        self.twins: dict[str, dict[int, Any]] = {"crowd": {}, "strict": {}}

    @initialize(seed=st.integers(0, 3))
    def begin(self, seed: int) -> None:
        for side, sealed in self.open.items():
            for instance in sealed.create([self.stage.state] * 3, seed=seed):
                self.twins[side][instance] = self.stage.twin(seed)

    def chosen(self, side: str, number: int) -> tuple[SealedClass, int, Any]:
        instances = list(self.twins[side])
        instance = instances[number % len(instances)]
        return self.open[side], instance, self.twins[side][instance]

    @rule(side=sides, picks=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=25))
    def step(self, side: str, picks: list[tuple[int, int]]) -> None:
        wanted, calls = [], []
        for number, pick in picks:
            _, instance, twin = self.chosen(side, number)
            [request] = self.stage.requests([pick])
            wanted.append(twin.call(request))
            calls.append(Call(instance, *request))
        assert self.open[side].step(calls) == wanted

    @rule(side=sides, picks=st.lists(numbers, min_size=1, max_size=8), number=numbers)
    def step_while_a_worker_dies(self, side: str, picks: list[int], number: int) -> None:
        death = threading.Timer(number / 1e5, self.stage.kill, (side, number))
        death.start()
        for _ in range(2):
            self.step(side, [(n * pick, pick + n) for pick in picks for n in range(4)])
        death.join()

    @rule(side=sides, number=numbers)
    def kill(self, side: str, number: int) -> None:
        self.stage.kill(side, number)

    @rule(side=sides)
    def rest(self, side: str) -> None:
        self.open[side].rest(0)

    @rule(target=snapshots, side=sides, number=numbers)
    def take(self, side: str, number: int) -> tuple[Snapshot, Any]:
        sealed, instance, twin = self.chosen(side, number)
        [snapshot] = sealed.snapshot([instance])
        assert (snapshot.text, snapshot.seed) == (twin.snapshot.text, twin.seed)
        return snapshot, self.stage.twin(twin.seed, twin.past)

    @rule(taken=snapshots, side=sides, number=numbers)
    def restore(self, taken: tuple[Snapshot, Any], side: str, number: int) -> None:
        snapshot, twin = taken
        sealed, instance, _ = self.chosen(side, number)
        sealed.restore(instance, snapshot)
        self.twins[side][instance] = self.stage.twin(twin.seed, twin.past, len(twin.past))

    @rule(taken=snapshots, side=sides)
    def go_on_elsewhere(self, taken: tuple[Snapshot, Any], side: str) -> None:
        snapshot, twin = taken
        [instance] = self.open[side].create([snapshot])
        self.twins[side][instance] = self.stage.twin(twin.seed, twin.past, len(twin.past))

    @rule(side=sides, number=numbers)
    def branch(self, side: str, number: int) -> None:
        sealed, instance, twin = self.chosen(side, number)
        for new in sealed.branch(instance, 2):
            self.twins[side][new] = self.stage.twin(twin.seed, twin.past, twin.origin)

    @rule(side=sides, number=numbers)
    def reset(self, side: str, number: int) -> None:
        sealed, instance, twin = self.chosen(side, number)
        sealed.reset([instance])
        past = twin.past[: twin.origin]
        self.twins[side][instance] = self.stage.twin(twin.seed, past, twin.origin)

    @rule(side=sides, number=numbers)
    def drop(self, side: str, number: int) -> None:
        sealed, instance, _ = self.chosen(side, number)
        if len(self.twins[side]) > 1:
            sealed.drop([instance])
            del self.twins[side][instance]

    @rule(side=sides)
    def compare(self, side: str) -> None:
        sealed, instances = self.open[side], list(self.twins[side])
        texts = [snapshot.text for snapshot in sealed.snapshot(instances)]
        found = zip(texts, sealed.hash(instances), sealed.diff(instances), strict=True)
        assert list(found) == [twin.look() for twin in self.twins[side].values()]

    def teardown(self) -> None:
        for side, sealed in self.open.items():
            if self.twins[side]:
                self.compare(side)
            sealed.drop(self.twins[side])


def test_whatever_happens_an_instance_is_what_its_calls_make_of_it(stage: Any) -> None:
    run_state_machine_as_test(
        lambda: Turmoil(stage),  # type: ignore[arg-type]
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.reuse, Phase.generate],  # to shrink takes minutes here
        ),
    )

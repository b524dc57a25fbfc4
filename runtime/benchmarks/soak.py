"""A soak: many instances, very many calls, and workers that are killed all the time.

Each instance has a model, a plain object in this process that gets the same calls. Whatever
happens to workers, replies and state hashes must be those of the models, memory must level off,
and no process and no descriptor may stay behind.
"""

from __future__ import annotations

import inspect
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import deepcopy
from random import Random

import orjson

from ..errors import EnvscalerError
from ..sandbox import Call, Pool, Reply, SealedClass
from ..state import Json, digest
from .environments import savings
from .environments.savings import Savings
from .processes import descendants, resident_bytes
from .soak_report import Reading, Report

_BATCH = 1000
"""Calls of a round, at most a quarter of all."""
_READINGS = 50
"""How often memory, processes and descriptors are looked at."""
_COMPARED = 100
"""Instances whose hash is compared in each round; in the end all are."""

FAILING = {"pay_in_halves": "exception", "audit": "not json", "rob_the_bank": "refused"}
"""Calls that have to fail, and then leave their instance as it was."""
_OWNERS = ("Ada", "Ben", "Cleo", "née Ödön")
_FIRST: Json = {
    "accounts": {f"A{n}": {"owner": _OWNERS[n], "balance": n, "entries": []} for n in range(3)},
    "next_account": 3,
}


class Model:
    """What an instance should be."""

    def __init__(self, first: bytes) -> None:
        self.first = first
        """What a reset goes back to."""
        self.reset()

    def reset(self) -> None:
        self.thing = Savings(orjson.loads(self.first))

    @property
    def text(self) -> bytes:
        return orjson.dumps(vars(self.thing))

    @property
    def hash(self) -> str:
        return digest(vars(self.thing))

    def call(self, call: Call) -> tuple[str, bytes]:
        """The status and text of the reply that a call should have."""
        if call.tool in FAILING:
            return FAILING[call.tool], b"null"
        return "ok", orjson.dumps(getattr(self.thing, call.tool)(**call.arguments))


class _Lost(Exception):
    """An instance is not what its model is."""


class _Soak:
    """The instances, their models, and what is done to both."""

    def __init__(self, sealed: SealedClass, report: Report, chance: Random) -> None:
        self.sealed = sealed
        self.report = report
        self.chance = chance
        self.models: dict[int, Model] = {}
        self.living: list[int] = []
        self.create(report.instances)

    def create(self, count: int) -> None:
        text = orjson.dumps(_FIRST)
        for instance in self.sealed.create([text] * count):
            self._add(instance, Model(text))
        self.report.events["created"] += count

    def branch(self, count: int) -> None:
        for parent in self.chosen(count):
            for instance in self.sealed.branch(parent, 2):
                self._add(instance, deepcopy(self.models[parent]))
        self.report.events["branched"] += 2 * count

    def drop(self, count: int) -> None:
        gone = set(self.chance.sample(self.living, count))
        self.sealed.drop(gone)
        self.living = [instance for instance in self.living if instance not in gone]
        for instance in gone:
            del self.models[instance]
        self.report.events["dropped"] += count

    def restore(self, count: int) -> None:
        """Bring some instances to where others are."""
        sources, targets = self.chosen(count), self.chosen(count)
        texts = [self.models[source].text for source in sources]
        snapshots = self.sealed.snapshot(sources)
        for target, snapshot, text in zip(targets, snapshots, texts, strict=True):
            self.sealed.restore(target, snapshot)
            self.models[target] = Model(text)
        self.report.events["restored"] += count

    def reset(self, count: int) -> None:
        chosen = self.chosen(count)
        self.sealed.reset(chosen)
        for instance in chosen:
            self.models[instance].reset()
        self.report.events["reset"] += count

    def step(self, count: int) -> None:
        calls = [self._call(instance) for instance in self.chosen(count)]
        for call, reply in zip(calls, self.sealed.step(calls), strict=True):
            self.report.statuses[reply.status] += 1
            self._compare(call, reply)
        self.report.calls += count

    def compare(self, instances: Sequence[int]) -> None:
        """Raises `_Lost` where the hash of an instance is not its model's."""
        for instance, found in zip(instances, self.sealed.hash(instances), strict=True):
            if found != self.models[instance].hash:
                [snapshot] = self.sealed.snapshot([instance])
                wanted = self.models[instance].text
                raise _Lost(f"instance {instance} is {snapshot.text!r}, but should be {wanted!r}")
        self.report.hashes += len(instances)

    def chosen(self, count: int) -> list[int]:
        """Some of the living, a few of them much more often than the others."""
        return [
            self.living[int(len(self.living) * self.chance.random() ** 3)] for _ in range(count)
        ]

    def _add(self, instance: int, model: Model) -> None:
        self.living.append(instance)
        self.models[instance] = model

    def _call(self, instance: int) -> Call:
        kind, chance = self.chance.random(), self.chance
        number = max(0, self.models[instance].thing.next_account - chance.randrange(8))
        account: dict[str, Json] = {"account": f"A{number}", "amount": chance.randrange(1000)}
        if kind < 0.6:
            return Call(instance, "pay_in", account)
        if kind < 0.75:
            return Call(instance, "open_account", {"owner": chance.choice(_OWNERS)})
        if kind < 0.98:
            return Call(instance, "list_accounts", {})
        tool = chance.choice(list(FAILING))
        return Call(instance, tool, account if tool == "pay_in_halves" else {})

    def _compare(self, call: Call, reply: Reply) -> None:
        if (reply.status, reply.text) != (wanted := self.models[call.instance].call(call)):
            raise _Lost(f"{call} ended {reply}, but should have ended {wanted}")


class _Killer:
    """Ends workers at moments that nobody expects."""

    def __init__(self, report: Report, chance: Random, zygote: int) -> None:
        self._report = report
        self._chance = chance
        self._zygote = zygote
        self._timers: list[threading.Timer] = []

    def arm(self, count: int, seconds: float) -> None:
        """Kill so many workers, each somewhen in the next seconds."""
        for _ in range(count):
            delay, number = self._chance.uniform(0, seconds), self._chance.randrange(1000)
            self._timers.append(threading.Timer(delay, self._kill, (number,)))
            self._timers[-1].start()

    def wait(self) -> None:
        """Until all have been killed."""
        while self._timers:
            self._timers.pop().join()

    def _kill(self, number: int) -> None:
        workers = descendants(self._zygote)
        with suppress(ProcessLookupError):  # the host was faster to end it
            os.kill(workers[number % len(workers)], signal.SIGKILL)
            self._report.events["killed"] += 1


def soak(
    instances: int,
    calls: int,
    kills: int,
    seed: int = 0,
    on_reading: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Run a soak to its end, or to the first thing that is lost.

    Args:
        instances: how many live at any time.
        calls: how many are made, in batches.
        kills: how often a worker is killed at a random moment.
        seed: decides everything but those moments.
        on_reading: called now and then with what is known so far.

    Raises:
        SandboxError: nothing can be run sealed here.
    """
    before, descriptors = set(descendants(os.getpid())), _descriptors()
    report = Report(instances)
    start = time.monotonic()
    with Pool() as pool, pool.open(inspect.getsource(savings)) as sealed:
        zygote = next(pid for pid in descendants(os.getpid()) if pid not in before)
        crowd = _Soak(sealed, report, Random(seed))
        report.readings.append(_reading(0, zygote))
        try:
            _run(crowd, calls, kills, zygote, on_reading)
        except (_Lost, EnvscalerError) as lost:
            report.fault = str(lost)
    report.seconds = time.monotonic() - start
    report.left = {
        "processes": len(set(descendants(os.getpid())) - before),
        "descriptors": _descriptors() - descriptors,
    }
    return report


def _run(
    soak: _Soak, calls: int, kills: int, zygote: int, on_reading: Callable[[Report], None]
) -> None:
    report, batch = soak.report, min(_BATCH, max(1, calls // 4))
    rounds = -(-calls // batch)
    deaths = Counter(soak.chance.randrange(rounds) for _ in range(kills))
    killer = _Killer(report, Random(soak.chance.random()), zygote)
    churn = max(1, report.instances * batch // (250 * _BATCH))
    took = 0.0
    for number in range(rounds):
        start = time.monotonic()
        killer.arm(deaths[number], took)
        try:
            _round(soak, churn, min(batch, calls - report.calls))
        finally:
            took = time.monotonic() - start
            killer.wait()
        if not number % max(1, rounds // _READINGS):
            report.readings.append(_reading(report.calls, zygote))
            on_reading(report)
    soak.compare(soak.living)


def _round(soak: _Soak, churn: int, calls: int) -> None:
    soak.drop(4 * churn)
    soak.create(2 * churn)
    soak.branch(churn)
    soak.restore(churn)
    soak.reset(churn)
    soak.step(calls)
    soak.compare(soak.chosen(_COMPARED))


def _reading(calls: int, zygote: int) -> Reading:
    workers = [zygote, *descendants(zygote)]
    sizes: Iterable[int] = map(resident_bytes, workers)
    host = resident_bytes(os.getpid())
    return Reading(calls, host, sum(sizes), len(workers), _descriptors())


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))

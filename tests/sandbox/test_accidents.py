"""What befalls the host and its workers from outside: signals, kills, forks, limits, rubbish."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from envscaler.runtime.errors import SandboxError
from envscaler.runtime.sandbox import Call, Limits, Pool, SealedClass

COUNTER = """
MISSING = object()

class Counter:
    def __init__(self, init_config: dict):
        self.n = init_config["n"]
        self._last = MISSING

    def add(self) -> dict:
        self.n += 1
        return {"n": self.n, "fresh": self._last is MISSING}

    def work(self) -> dict:
        self.n += 1
        return {"n": self.n, "sum": sum(range(300_000))}
"""


@pytest.fixture
def counter(pool: Pool) -> Iterator[SealedClass]:
    with pool.open(COUNTER) as counter:
        yield counter


def numbers(counter: SealedClass, instances: list[int], tool: str = "add") -> list[int]:
    return [reply.value["n"] for reply in counter.step(Call(i, tool, {}) for i in instances)]


def workers(counter: SealedClass) -> list[int]:
    return [lane.worker.pid for lane in counter._lanes if lane.worker is not None]


def test_an_interrupted_batch_leaves_nothing_for_the_next(counter: SealedClass) -> None:
    instances = counter.create([{"n": 0}] * 200)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            counter.step(Call(instance, "work", {}) for _ in range(50) for instance in instances)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    known = [snapshot.state["n"] for snapshot in counter.snapshot(instances)]
    assert numbers(counter, instances) == [n + 1 for n in known]


def test_workers_that_are_killed_while_they_wait_cost_nothing(
    pool: Pool, counter: SealedClass
) -> None:
    instances = counter.create([{"n": 0}] * 3)
    for count in range(1, 9):
        spare = pool._spare
        for pid in [*workers(counter), *([] if spare is None else [spare.pid])]:
            os.kill(pid, signal.SIGKILL)
        assert numbers(counter, instances) == [count] * 3


def test_what_is_known_by_its_identity_stays_so_however_long_it_lives(counter: SealedClass) -> None:
    [one] = counter.create([{"n": 0}])
    for _ in range(3):
        assert numbers(counter, [one] * 256)
    for pid in workers(counter):
        os.kill(pid, signal.SIGKILL)
    [reply] = counter.step([Call(one, "add", {})])
    assert reply.value == {"n": 769, "fresh": True}


def test_a_pool_closes_while_a_forked_child_lives() -> None:
    with Pool() as pool, pool.open(COUNTER) as counter:
        [one] = counter.create([{"n": 0}])
        child = os.fork()
        if child == 0:
            try:
                counter.step([Call(one, "add", {})])
            except SandboxError:
                time.sleep(20)
            os._exit(1)
        assert numbers(counter, [one]) == [1]
        start = time.monotonic()
    assert time.monotonic() - start < 10
    assert os.waitpid(child, os.WNOHANG) == (0, 0), "the child could use what it inherited"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_pool_that_nobody_closes_leaves_no_process_behind() -> None:
    pool = Pool()
    counter = pool.open(COUNTER)
    [pid] = workers(counter)
    zygote = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    del pool, counter
    gc.collect()
    end = time.monotonic() + 30
    while Path(f"/proc/{zygote}").exists() or Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, "zygote or worker outlived its pool"
        time.sleep(0.02)


def test_calling_in_from_the_same_thread_is_refused_and_disturbs_nothing(
    counter: SealedClass,
) -> None:
    instances = counter.create([{"n": 0}] * 100)
    refused: list[str] = []

    def call_in(*_: object) -> None:
        try:
            counter.step([Call(instances[0], "add", {})])
        except SandboxError as error:
            refused.append(str(error))

    before = signal.signal(signal.SIGALRM, call_in)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        replies = counter.step(Call(i, "work", {}) for _ in range(5) for i in instances)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert [reply.value["n"] for reply in replies] == [n for n in range(1, 6) for _ in instances]
    assert refused == ["this source is at work already, further up in the same thread"]


def test_arguments_longer_than_an_order_are_refused(shop: SealedClass) -> None:
    [one] = shop.create([{"stock": {}}])
    long, short = shop.step(
        [Call(one, "add", {"item": "x" * (3 << 20)}), Call(one, "add", {"item": "x"})]
    )
    assert (long.status, short.status) == ("refused", "ok")
    assert "at most 2097152" in long.error


LIMITED = """
import resource, sys
from envscaler.runtime.errors import SandboxError
from envscaler.runtime.sandbox import Call, Pool
source = "class A:\\n def __init__(self, c): self.n = 0\\n def a(self): return 1\\n"
resource.setrlimit(getattr(resource, sys.argv[1]), (int(sys.argv[2]),) * 2)
opened = []
with Pool() as pool:
    try:
        for _ in range(int(sys.argv[3])):
            opened.append(pool.open(source))
    except SandboxError as error:
        print("refused:", error)
    [one] = opened[0].create([{}])
    print(opened[0].step([Call(one, "a", {})])[0].value)
"""


@pytest.mark.parametrize(
    ("limit", "value", "sources", "said"),
    [("RLIMIT_NOFILE", 30, 40, "refused: no further worker"), ("RLIMIT_AS", 6 << 30, 2, "1")],
)
def test_limits_of_the_host_are_told_and_harm_nothing_that_is_open(
    limit: str, value: int, sources: int, said: str
) -> None:
    command = [sys.executable, "-c", LIMITED, limit, str(value), str(sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(said)
    assert done.stdout.endswith("1\n")


def test_many_that_grow_do_not_take_each_other_s_room() -> None:
    source = (
        "class Hoard:\n    def __init__(self, c): self.rows = []\n"
        "    def grow(self):\n        self.rows = ['x' * 20 + str(n) for n in range(60_000)]\n"
        "        return len(self.rows)\n"
    )
    limits = Limits(memory_bytes=128 << 20, soft_seconds=1.0, hard_seconds=4.0)
    with Pool(limits, workers=1) as pool, pool.open(source) as hoard:
        instances = hoard.create([{}] * 60)
        replies = hoard.step([Call(instance, "grow", {}) for instance in instances])
        assert {reply.status for reply in replies} == {"ok"}
        assert {reply.status for reply in hoard.step([Call(i, "grow", {}) for i in instances])} == {
            "ok"
        }

"""An outside witness: the ground truth of BFCL's 800 multi-turn tasks, replayed sealed.

Each task is also driven directly, by plain calls on BFCL's objects in a process of its own where
nothing is patched; both have to say and to leave behind the same.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from envscaler.runtime.sandbox import Call, Pool, SealedClass
from envscaler.runtime.sandbox.protocol import PackageObject

WITNESS = pytest.importorskip(
    "bfcl_eval", reason="needs `pip install --no-deps bfcl-eval mpmath==1.3.0`"
)
pytest.importorskip("mpmath", reason="needs `pip install mpmath==1.3.0`")

DATA = Path(WITNESS.__file__).parent / "data"
CATEGORIES = ("base", "miss_func", "miss_param", "long_context")
CLASSES = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TwitterAPI": "posting_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "VehicleControlAPI": "vehicle_control",
}
TARGETS = {
    name: f"bfcl_eval.eval_checker.multi_turn_eval.func_source_code.{module}:{name}"
    for name, module in CLASSES.items()
}

DIRECT = """
import copy, importlib, json, multiprocessing, sys
from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker import _compare_instances
from envscaler.runtime.sandbox.values.projection import attributes, project
from envscaler.runtime.state import digest

def objects(task):
    made = {}
    for name in task["state"]:
        module, _, attribute = task["targets"][name].partition(":")
        made[name] = getattr(importlib.import_module(module), attribute)()
        if hasattr(made[name], "_load_scenario"):
            state = copy.deepcopy(task["state"][name])
            made[name]._load_scenario(state, long_context=task["long"])
    return made

def tools(made):
    return {name: getattr(thing, name) for thing in made.values() for name in dir(thing)}

def call(methods, text):
    result = eval(text, methods)
    try:
        return json.loads(json.dumps(result))
    except TypeError:
        return project(result)

def witness(task):
    made, other = objects(task), objects(task)
    methods, others = tools(made), tools(other)
    said, digests = [], []
    for turn in task["turns"]:
        said.append([call(methods, text) for text in turn])
        digests.append(digest(attributes(made)))
    for text in [text for turn in task["turns"] for text in turn][:-1]:
        call(others, text)
    return {
        "said": said, "digests": digests, "state": attributes(made),
        "told": not all(_compare_instances(other[name], made[name])[0] for name in made),
    }

if __name__ == "__main__":
    for name in TARGETS:
        importlib.import_module(TARGETS[name].partition(":")[0])
    tasks = json.load(sys.stdin)
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        json.dump(pool.map(witness, tasks, chunksize=1), sys.stdout)
"""


class Task(NamedTuple):
    """One multi-turn task with its ground truth."""

    name: str
    state: dict[str, Any]
    turns: list[list[str]]

    @property
    def last(self) -> int:
        """The last turn in which something is called."""
        return max(turn for turn, calls in enumerate(self.turns) if calls)


class Replay(NamedTuple):
    """What one task said and left behind."""

    said: list[list[Any]]
    digests: list[str]
    state: dict[str, Any]
    told: bool
    """Whether the state is another one without the last call."""


def read_tasks(category: str) -> list[Task]:
    file = f"BFCL_v4_multi_turn_{category}.json"
    given = map(json.loads, (DATA / file).read_text().splitlines())
    truths = map(json.loads, (DATA / "possible_answer" / file).read_text().splitlines())
    tasks = []
    for task, truth in zip(given, truths, strict=True):
        assert task["id"] == truth["id"]
        config = {**task["initial_config"], "MathAPI": {}}  # stateless: BFCL never loads it
        state = {name: config.get(name, {}) for name in task["involved_classes"]}
        tasks.append(Task(task["id"], state, truth["ground_truth"]))
    return tasks


@pytest.fixture(scope="module", params=CATEGORIES)
def category(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def tasks(category: str) -> list[Task]:
    return read_tasks(category)


@pytest.fixture(scope="module")
def direct(
    category: str, tasks: list[Task], tmp_path_factory: pytest.TempPathFactory
) -> list[Replay]:
    """Plain calls on BFCL's objects, without anything of this runtime but the projection."""
    long = category == "long_context"
    asked = [{"state": t.state, "turns": t.turns, "long": long, "targets": TARGETS} for t in tasks]
    child = subprocess.run(
        [sys.executable, "-c", f"TARGETS = {TARGETS!r}\n{DIRECT}"],
        input=json.dumps(asked),
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "BFCL_PROJECT_ROOT": str(tmp_path_factory.mktemp("bfcl")),
            "TZ": "UTC",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [Replay(**witnessed) for witnessed in json.loads(child.stdout)]


@pytest.fixture(scope="module")
def sealed(category: str, pool: Pool) -> Iterator[SealedClass]:
    options = {"long_context": category == "long_context"}
    objects = {
        name: PackageObject(target)
        if name == "MathAPI"
        else PackageObject(target, "_load_scenario", options)
        for name, target in TARGETS.items()
    }
    with pool.open_package(objects) as sealed:
        yield sealed


def parsed(sealed: SealedClass, instance: int, text: str) -> Call:
    """A ground-truth call; positional arguments go by the order of the tool's parameters."""
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    [tool] = [tool for tool in sealed.tools if tool["name"] == node.func.id]
    names = list(tool["parameters"]["properties"])
    arguments = dict(zip(names, map(ast.literal_eval, node.args), strict=False))
    arguments |= {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
    return Call(instance, node.func.id, arguments)


@pytest.fixture(scope="module")
def replayed(sealed: SealedClass, tasks: list[Task]) -> list[Replay]:
    """All tasks of the category side by side, turn by turn."""
    instances = sealed.create([task.state for task in tasks])
    replays = [Replay([], [], {}, False) for _ in tasks]
    controls: dict[int, int] = {}
    for turn in range(max(len(task.turns) for task in tasks)):
        present = [n for n, task in enumerate(tasks) if turn < len(task.turns)]
        ending = [n for n in present if turn == tasks[n].last]
        for n in present:
            replays[n].said.append([])
        for last in (False, True):
            if last:
                controls |= {n: sealed.branch(instances[n])[0] for n in ending}
            said = {
                n: tasks[n].turns[turn][-1:]
                if last
                else tasks[n].turns[turn][: -1 if n in ending else None]
                for n in (ending if last else present)
            }
            calls = [(n, parsed(sealed, instances[n], text)) for n in said for text in said[n]]
            replies = sealed.step(call for _, call in calls)
            for (n, call), reply in zip(calls, replies, strict=True):
                assert reply.status == "ok", (tasks[n].name, call, reply.error)
                replays[n].said[turn].append(reply.value)
        for n, digest in zip(present, sealed.hash(instances[n] for n in present), strict=True):
            replays[n].digests.append(digest)
    states = [snapshot.state for snapshot in sealed.snapshot(instances)]
    without = sealed.hash(controls[n] for n in range(len(tasks)))
    return [
        replay._replace(state=state, told=replay.digests[-1] != digest)
        for replay, state, digest in zip(replays, states, without, strict=True)
    ]


def test_all_tasks_and_calls_are_there(category: str, tasks: list[Task]) -> None:
    calls = {"base": 1142, "miss_func": 1140, "miss_param": 1140, "long_context": 1203}
    assert len(tasks) == 200
    assert sum(len(turn) for task in tasks for turn in task.turns) == calls[category]


def test_states_are_the_same_after_every_turn(
    tasks: list[Task], direct: list[Replay], replayed: list[Replay]
) -> None:
    for task, left, right in zip(tasks, direct, replayed, strict=True):
        assert right.state == left.state, task.name
        assert right.digests == left.digests, task.name


def test_observations_are_the_same(
    tasks: list[Task], direct: list[Replay], replayed: list[Replay]
) -> None:
    for task, left, right in zip(tasks, direct, replayed, strict=True):
        assert right.said == left.said, task.name
        assert json.dumps(right.said) == json.dumps(left.said), f"{task.name}: the order of keys"


def test_a_dropped_last_call_is_told_apart_wherever_bfcl_does(
    tasks: list[Task], direct: list[Replay], replayed: list[Replay]
) -> None:
    told = {task.name for task, left in zip(tasks, direct, strict=True) if left.told}
    assert {task.name for task, right in zip(tasks, replayed, strict=True) if right.told} == told
    assert len(told) == 126

"""Classes of installed packages: imported unedited, with virtual clock and chance."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.errors import ConfigurationError
from envscaler.runtime.sandbox import Call, Limits, Pool, SealedClass
from envscaler.runtime.sandbox.protocol import PackageObject

DESK = '''
"""A desk that looks at the clock and throws dice."""

import os, random, secrets, time, uuid
import datetime as dates
from datetime import date, datetime, timedelta
from random import randint

from .plain import Plain

STARTED = time.time()
NOTHING = object()
CARDS = {"visa": {"balance": 100}}
DIE = random.SystemRandom()


class Later(datetime):
    pass


class Desk(Plain):
    """Keeps notes."""

    def __init__(self):
        self.notes = {}
        self._dice = random.Random(7)
        self._own = random.Random()

    def fill(self, state, extra=()):
        """Take a state in."""
        self.cards = dict(CARDS)
        self.first = NOTHING
        self.notes.update(state, **dict(extra))

    def note(self, text):
        key = str(uuid.uuid4())
        self.notes[key] = {"text": text, "at": datetime.now().isoformat()}
        return key

    def draw(self):
        return [
            random.random(), randint(0, 10**9), uuid.uuid4().hex, secrets.token_hex(4),
            os.urandom(4).hex(), DIE.randint(0, 10**9), random.Random().random(),
            self._own.random(), random.sample(range(100), 3),
        ]

    def seeded(self):
        return [self._dice.random(), random.Random("x").random()]

    def clock(self):
        now = datetime.now()
        return [
            time.time() == STARTED == time.time_ns() / 10**9 == now.timestamp(),
            str(now), str(date.today()), time.strftime("%H:%M"), time.localtime().tm_hour,
            dates.datetime.now(dates.timezone.utc).isoformat(), time.monotonic() == time.time(),
            str(datetime.fromtimestamp(0)), time.sleep(10), time.ctime(0),
            repr(now + timedelta(1)), type(now) is datetime is dates.datetime,
            isinstance(datetime.min, datetime) and isinstance(now, date),
            isinstance(now, Later), isinstance(Later.now(), Later),
            str(datetime.strptime("2020-02-01", "%Y-%m-%d").date()),
        ]

    def pay(self, amount):
        self.cards["visa"]["balance"] -= amount
        return {"balance": self.cards["visa"]["balance"], "first": self.first is NOTHING}

    def results(self, kind):
        return {
            "text": "plain", "nan": float("nan"), "tuple": (1, 2), "set": {"tags": {2, 1}},
            "object": [self], "key": {1: 2}, "generator": (n for n in ()),
        }[kind]

    def send(self, text):
        return f"desk: {text}"

    @classmethod
    def kind(cls):
        return cls.__name__

    @staticmethod
    def twice(number):
        return 2 * number

    def spoil(self):
        self.notes["spoilt"] = self._own.random()
        raise ValueError("no more")

    def hang(self):
        return sum(range(10**12))

    def peek(self, path):
        return open(path).read()

    def _secret(self):
        return "hidden"
'''
PLAIN = '''
"""Something to inherit from, and a second object."""

from string import Formatter


class Plain(Formatter):
    def send(self, text):
        return f"plain: {text}"

    def greet(self):
        return "hello"
'''
SHELF = '''
"""Keeps everything where all instances would see it."""

from . import counter

COUNT = 0
LOG = []


class Shelf:
    SEEN = []

    def add(self, text):
        global COUNT
        COUNT += 1
        LOG.append(text)
        self.SEEN.append(text)
        return [COUNT, LOG, self.SEEN, counter.following()]
'''
COUNTER = """
LAST = 0


def following():
    global LAST
    LAST += 1
    return LAST
"""
HEAD = """
import json, sys
from envscaler.runtime.errors import ConfigurationError
from envscaler.runtime.sandbox.inside.package import imported
from envscaler.runtime.sandbox.protocol import PackageObject
from envscaler.runtime.sandbox.language.virtual import Chance
chance = Chance()
def subject(**objects):
    return imported({name: PackageObject(*source) for name, source in objects.items()}, chance)
def call(thing, tool, *, writes=0, seed=1, **arguments):
    chance.begin(seed, writes)
    return desk.tool(thing, tool)(**arguments)
"""
DESK_SUBJECT = """
desk = subject(
    Desk=["shopkit.desk:Desk", "fill", {"extra": {"x": 1}}], Plain=["shopkit.plain:Plain"]
)
"""

TOOLS = ("draw", "note", "Plain__greet", "draw", "clock", "Desk__greet", "draw")

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package shopkit."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "shopkit").mkdir()
    texts = {"desk": DESK, "plain": PLAIN, "shelf": SHELF, "counter": COUNTER}
    texts |= {"broken": "1 / 0", "needy": "import not_installed"}
    for name, text in {"__init__": "", **texts}.items():
        (folder / "shopkit" / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def run(package: Path) -> Run:
    """Runs statements in a process of their own; the value of `shown`."""

    def run(*statements: str, head: str = DESK_SUBJECT) -> Any:
        lines = [HEAD, head, *statements, "print(json.dumps(shown))"]
        paths = os.pathsep.join([str(package), *sys.path])
        child = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0", "TZ": "Asia/Tokyo"},
            capture_output=True,
            text=True,
        )
        assert child.returncode == 0, child.stderr
        return json.loads(child.stdout)

    return run


def test_the_same_seed_gives_the_same_chance_in_every_process(run: Run) -> None:
    script = """
thing = desk.construct({"Desk": {}}, SEED)
shown = [call(thing, "draw", seed=SEED) for _ in range(2)]
shown += [call(thing, "note", text="a", seed=SEED, writes=1), desk.state(thing, private=True)]
"""
    first = run(script.replace("SEED", "3"))
    assert run(script.replace("SEED", "3")) == first
    other = run(script.replace("SEED", "4"))
    assert all(left != right for left, right in zip(first, other, strict=True))


def test_chance_follows_the_state_changes_and_not_the_calls(run: Run) -> None:
    [first, again, later] = run(
        'thing = desk.construct({"Desk": {}}, 1)',
        'shown = [call(thing, "draw", writes=writes) for writes in (0, 0, 1)]',
    )
    own = 7  # the object's own unseeded generator goes on
    assert [a == b for a, b in zip(first, again, strict=True)] == [n != own for n in range(9)]
    assert not any(a == b for a, b in zip(first, later, strict=True))


def test_generators_with_a_seed_stay_what_they_are(run: Run) -> None:
    assert run('shown = call(desk.construct({"Desk": {}}, 1), "seeded")') == [
        random.Random(7).random(),
        random.Random("x").random(),
    ]


def test_the_clock_stands_still_in_utc_and_dates_keep_their_kinds(run: Run) -> None:
    assert run('shown = call(desk.construct({"Desk": {}}, 1), "clock")') == [
        True,
        "2025-01-01 12:00:00",
        "2025-01-01",
        "12:00",
        12,
        "2025-01-01T12:00:00+00:00",
        True,
        "1970-01-01 00:00:00",
        None,
        "Thu Jan  1 00:00:00 1970",
        "datetime.datetime(2025, 1, 2, 12, 0)",
        True,
        True,
        False,
        True,
        "2020-02-01",
    ]


def test_virtual_dates_and_generators_can_be_copied_and_pickled(run: Run) -> None:
    assert (
        run("""
import copy, pickle, random, datetime
things = [datetime.datetime.now(), datetime.date.today(), random.Random(3), random.Random]
shown = []
for thing in things:
    for other in (copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
        same = other.getstate() == thing.getstate() if thing is things[2] else other == thing
        shown.append(same and type(other) is type(thing))
""")
        == [True] * 8
    )


def test_the_keys_of_a_state_choose_the_objects(run: Run) -> None:
    assert run(
        'both = desk.construct({"Plain": {"colour": "red"}, "Desk": {"a": 1}}, 1)',
        'shown = [desk.state(both), list(desk.construct({"Plain": {}}, 1)), desk.construct({}, 1)]',
    ) == [
        {
            "Desk": {
                "cards": {"visa": {"balance": 100}},
                "first": {"$type": "builtins.object"},
                "notes": {"a": 1, "x": 1},
            },
            "Plain": {"colour": "red"},
        },
        ["Plain"],
        {},
    ]


def test_states_that_cannot_be_taken_say_why(run: Run) -> None:
    [unknown, scalar] = run("""
shown = []
for state in ({"Desc": {}, "Plain": {}}, {"Plain": 3}):
    try: desk.construct(state, 1)
    except ValueError as error: shown.append(str(error))
""")
    assert unknown == "the state names objects that do not exist: ['Desc']; use Desk, Plain"
    assert scalar == "the state of 'Plain' must be an object of attributes, not 3"


def test_instances_share_no_container_of_their_modules(run: Run) -> None:
    assert run("""
one, two = desk.construct({"Desk": {}}, 1), desk.construct({"Desk": {}}, 1)
shown = [call(one, "pay", amount=30), call(two, "pay", amount=1)]
""") == [{"balance": 70, "first": True}, {"balance": 99, "first": True}]


def test_calls_leave_nothing_behind_in_modules_and_classes(run: Run) -> None:
    script = """
one, two = (desk.construct({"Shelf": {}}, 1) for _ in range(2))
shown = [call(thing, "add", text="a") for thing in (one, one, two)]
"""
    shelf = 'desk = subject(Shelf=["shopkit.shelf:Shelf"])'
    assert run(script, head=shelf) == [[1, ["a"], ["a"], 1]] * 3


def test_tools_are_the_public_methods_of_the_package_s_own_classes(run: Run) -> None:
    [tools, answers, described] = run("""
both, one = desk.construct({"Desk": {}, "Plain": {}}, 1), desk.construct({"Plain": {}}, 1)
names = ["send", "Desk__send", "Plain__send", "greet", "Plain__kind", "kind", "_secret", "parse"]
answers = []
for thing in (both, one):
    for name in names:
        tool = desk.tool(thing, name)
        answers.append(tool and (tool(text="x") if "send" in name else tool()))
shown = [desk.tools, answers, [tool["name"] for tool in desk.describe()]]
""")
    assert set(tools) == {
        *"Desk__send Desk__greet fill note draw seeded clock pay results kind twice".split(),
        *"spoil hang peek Plain__send Plain__greet".split(),
    }
    assert tools == described
    both = [None, "desk: x", "plain: x", None, None, "Desk", None, None]
    assert answers == [*both, "plain: x", None, "plain: x", "hello", None, None, None, None]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("text", "plain"),
        ("nan", {"$float": "nan"}),
        ("tuple", [1, 2]),
        ("set", {"tags": {"$set": [1, 2]}}),
        ("object", [{"$type": "desk.Desk", "notes": {}}]),
        ("key", {"$:1": 2}),
        ("generator", {"$type": "builtins.generator"}),
    ],
)
def test_results_that_are_not_json_are_projected(run: Run, kind: str, expected: object) -> None:
    source = 'desk = subject(Desk=["shopkit.desk:Desk"])'
    line = f'shown = call(desk.construct({{"Desk": {{}}}}, 1), "results", kind={kind!r})'
    assert run(line, head=source) == expected


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (
            ["shopkit.desk"],
            "the object 'A' comes from 'shopkit.desk'; expected `package.module:Class`",
        ),
        (["not_installed:A"], "ModuleNotFoundError: No module named 'not_installed'; install its"),
        (["shopkit.needy:A"], "No module named 'not_installed'"),
        (
            ["shopkit.broken:A"],
            "'shopkit.broken:A', the class of the object 'A', cannot be imported: Zero",
        ),
        (["shopkit.desk:Desc"], "has no attribute 'Desc'"),
        (["shopkit.desk:CARDS"], "'shopkit.desk:CARDS' is no class but a dict"),
        (["shopkit.desk:Desk", "feed"], "'shopkit.desk:Desk' has no method 'feed' to load a state"),
    ],
)
def test_what_cannot_be_imported_is_named(run: Run, source: list[str], complaint: str) -> None:
    assert complaint in run(
        f"try: subject(A={source!r})\nexcept ConfigurationError as error: shown = str(error)",
        head="",
    )


# ------------------------------------------------------------------ sealed

OBJECTS = {
    "Desk": PackageObject("shopkit.desk:Desk", "fill", {"extra": {"x": 1}}),
    "Plain": PackageObject("shopkit.plain:Plain"),
}
Open = Callable[..., SealedClass]


@pytest.fixture
def opened(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the package's classes in a pool of their own."""
    monkeypatch.syspath_prepend(package)
    with contextlib.ExitStack() as pools:

        def opened(objects: dict[str, PackageObject] = OBJECTS, *, workers: int = 1) -> SealedClass:
            limits = Limits(soft_seconds=0.2, hard_seconds=1.0)
            return pools.enter_context(Pool(limits, workers=workers)).open_package(objects)

        yield opened


def test_instances_are_the_same_in_every_pool(opened: Open) -> None:
    one, two = opened(), opened(workers=2)
    states: list[dict[str, Any]] = [{"Desk": {"n": n}, "Plain": {}} for n in range(40)]
    for sealed in (one, two):
        sealed.create(states, seed=5)
    calls = [
        Call(n, tool, {"text": "a"} if tool == "note" else {}) for n in range(40) for tool in TOOLS
    ]
    replies = one.step(calls)
    backwards = two.step(sorted(calls, key=lambda call: -call.instance))
    assert [reply.status for reply in replies] == ["ok"] * len(calls)
    by_instance = [
        backwards[start : start + len(TOOLS)] for start in range(0, len(calls), len(TOOLS))
    ]
    assert replies == [reply for part in reversed(by_instance) for reply in part]
    assert one.hash(range(40)) == two.hash(range(40))
    assert len(set(one.hash(range(40)))) == 40


def test_snapshots_and_branches_go_on_with_private_state(opened: Open) -> None:
    one, two = opened(), opened()
    [first] = one.create([{"Desk": {}}], seed=3)
    one.step([Call(first, "draw", {}), Call(first, "note", {"text": "a"})])
    [copy] = two.create(one.snapshot([first]))
    [branch] = one.branch(first)
    draws = [
        sealed.step([Call(n, "draw", {})])
        for sealed, n in ((one, first), (one, branch), (two, copy))
    ]
    assert draws[0] == draws[1] == draws[2]
    assert one.diff([first]) == one.diff([branch]) != [[]]


def test_a_failed_call_leaves_no_trace(opened: Open) -> None:
    sealed = opened()
    [spoilt, other] = sealed.create([{"Desk": {}}, {"Desk": {}}])
    [reply] = sealed.step([Call(spoilt, "spoil", {})])
    assert (reply.status, "no more" in reply.error) == ("exception", True)
    [mine], [theirs] = (sealed.step([Call(n, "draw", {})]) for n in (spoilt, other))
    assert mine == theirs
    assert sealed.diff([spoilt]) == [[]]


def test_instances_outlive_their_worker(opened: Open) -> None:
    sealed = opened()
    instances = sealed.create([{"Desk": {}}, {"Desk": {}}], seed=2)
    sealed.step([Call(n, "note", {"text": "a"}) for n in instances])
    before = sealed.hash(instances)
    [reply] = sealed.step([Call(instances[0], "hang", {})])
    assert reply.status in ("timeout", "killed")
    assert sealed.hash(instances) == before


def test_imported_code_is_sealed(opened: Open) -> None:
    sealed = opened()
    [desk] = sealed.create([{"Desk": {}}])
    replies = sealed.step(
        [
            Call(desk, "peek", {"path": __file__}),
            Call(desk, "_secret", {}),
            Call(desk, "Plain__greet", {}),
            Call(desk, "Desk__greet", {}),
        ]
    )
    assert [reply.status for reply in replies] == ["exception", "refused", "refused", "ok"]
    assert "PermissionError" in replies[0].error


def test_tools_are_described_from_the_package_s_source(opened: Open) -> None:
    [tool] = [tool for tool in opened().tools if tool["name"] == "pay"]
    assert tool["parameters"]["required"] == ["amount"]


def test_a_package_that_is_missing_is_named(opened: Open) -> None:
    with pytest.raises(ConfigurationError, match="'not_installed:A', the class of the object 'A'"):
        opened({"A": PackageObject("not_installed:A")})

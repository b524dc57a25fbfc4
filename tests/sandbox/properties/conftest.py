"""Classes with calls that make sense on them, each opened in several ways; and instances' twins."""

from __future__ import annotations

import json
import os
import re
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from envscaler.runtime.bundled import recording_path
from envscaler.runtime.sandbox import Call, Limits, Pool, Reply, SealedClass, Snapshot
from envscaler.runtime.sandbox.protocol import Profile
from envscaler.runtime.state import Difference, diff, digest

TESTS = Path(__file__).parents[2]
Request = tuple[str, dict[str, Any]]
"""A call before it is known whose it is."""


class Scene(NamedTuple):
    """A class, a state to begin with, and calls that may make sense there."""

    source: str
    state: dict[str, Any]
    requests: Sequence[Request] = ()
    profile: Profile = "native"
    strict: bool = True
    """Whether a strict look finds nothing to object to."""

    def open(self, pool: Pool, *, strict: bool = False) -> SealedClass:
        return pool.open(self.source, profile=self.profile, strict=strict and self.strict)


# ------------------------------------------------------------------ scenes

HIRE = {
    "tools": {f"T{n}": {"tool_id": f"T{n}", "kind": "drill", "free": n < 3} for n in range(4)},
    "members": {f"M{n}": {"member_id": f"M{n}", "fee": 5 * n} for n in range(3)},
    "hires": {},
    "today": "2024-05-10",
    "next_hire": 1,
}
DESK = '''
import random, time, uuid
from datetime import datetime

class Desk:
    """Tickets, with all that makes a class hard to repeat."""

    def __init__(self):
        self.tickets = {}
        self._dice = random.Random()
        self._seen = set()
        self._asked = 0

    def open_ticket(self, title: str):
        key = str(uuid.uuid4())
        self.tickets[key] = {"title": title, "at": time.time(), "number": len(self.tickets) + 1}
        self._seen.add(title)
        return [key, datetime.now().isoformat(), random.sample(range(99), 3)]

    def roll(self, sides: int):
        return self._dice.randrange(sides), random.randrange(sides)

    def close_ticket(self, number: int):
        if number < 0:
            self.tickets.clear()
        found = [key for key, ticket in self.tickets.items() if ticket["number"] == number]
        return self.tickets.pop(found[0])["title"] + random.choice("abc")

    def ask(self):
        self._asked += 1
        return [self._asked, sorted(self._seen), list(self._seen)]
'''
EASY_DESK = DESK.replace("self._dice = random.Random()", "pass").replace("self._dice", "random")
"""Upstream's checks see what is private too, so it must be something that can be written down."""
DESK_REQUESTS: list[Request] = [
    *[("open_ticket", {"title": title}) for title in ("red", "green", "blue", "née")],
    *[("close_ticket", {"number": number}) for number in (-1, 1, 2, 3)],
    *[("roll", {"sides": sides}) for sides in (0, 6, 10**6)],
    ("ask", {}),
]
SHARING = '''
SEEN = {}

class Shared:
    """Keeps on the module what should be its own."""

    def __init__(self):
        self.kept = []

    def see(self, title: str):
        SEEN[title] = SEEN.get(title, 0) + 1
        self.kept.append(SEEN[title])
        return dict(SEEN)

    def look(self, title: str):
        return SEEN[title]
'''
SHARING_REQUESTS: list[Request] = [
    (tool, {"title": title}) for tool in ("see", "look") for title in ("red", "green")
]


def recorded() -> Iterator[tuple[str, Scene]]:
    """The bundled environments: their classes and states stand in the bundled recording."""
    texts: dict[str, list[str]] = defaultdict(list)
    for line in recording_path().read_text("utf-8").splitlines():
        answer = json.loads(line)
        texts[answer["step"]].append(answer["completion"])
    states = [json.JSONDecoder().raw_decode(t[t.index("{") :])[0] for t in texts["write state"]]
    for text in texts["write class"]:
        _, source, _ = re.split(r"```(?:python)?\n", text)
        [state] = [state for state in states if all(f'"{key}"' in source for key in state)]
        yield re.findall(r"^class (\w+)", source, re.MULTILINE)[-1], Scene(source, state)


def kept(name: str) -> Scene:
    source = (TESTS / f"{name}_env.txt").read_text()
    return Scene(source, json.loads((TESTS / f"{name}.json").read_text())["state"])


SCENES = {
    **dict(recorded()),
    "LibraryEnv": kept("library"),
    "DepotEnv": kept("depot"),
    "HireEnv": Scene((TESTS / "cli" / "hire_env.txt").read_text(), HIRE),
    "imported": Scene(DESK, {}, DESK_REQUESTS, "imported"),
    "upstream": Scene(EASY_DESK, {}, DESK_REQUESTS, "upstream"),
    "sharing": Scene(SHARING, {}, SHARING_REQUESTS, "imported", strict=False),
}


# ------------------------------------------------------------------ calls

JUNK = [None, True, -1, 0, 2.5, 10**18, "", "née\n", "x" * 300, [], {}, [None], {"a": [1]}]


def named(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The simple values of a state, each with the name it goes by."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield name, key
            yield from named(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from named(item, name.removesuffix("s"))
    else:
        yield name, value


def argument(name: str, schema: dict[str, Any], known: dict[str, list[Any]], chance: Random) -> Any:
    """Most often a value that goes by this name in the state, or by a part of it."""
    if chance.random() < 0.1:
        return chance.choice(JUNK)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if schema.get("type") == "array":
        item = name.removesuffix("s")
        return [argument(item, schema["items"], known, chance) for _ in range(chance.randrange(3))]
    parts = [values for key, values in known.items() if key and (key in name or name in key)]
    return chance.choice(known.get(name) or chance.choice(parts or [JUNK]))


def invented(sealed: SealedClass, state: Any, chance: Random) -> list[Request]:
    """Calls of all tools with arguments out of a state."""
    known: dict[str, list[Any]] = defaultdict(list)
    for name, value in named(state):
        known[name].append(value)
    made: list[Request] = [("no_such_tool", {}), ("__init__", {"init_config": {}})]
    for tool in sealed.tools * 8:
        wanted = {
            name: argument(name, schema, known, chance)
            for name, schema in tool["parameters"]["properties"].items()
            if name in tool["parameters"].get("required", ()) or chance.random() < 0.4
        }
        made.append((tool["name"], wanted))
    return made


# ------------------------------------------------------------------ stages


class Stage:
    """A scene opened three times: in peace, among three workers, and strictly in another pool."""

    def __init__(self, scene: Scene, quiet: Pool, crowded: Pool, narrow: Pool) -> None:
        self.state = scene.state
        self.quiet = scene.open(quiet)
        self._scene = scene
        self._pools = {"crowd": crowded, "strict": narrow}
        self._sides: dict[str, SealedClass] = {}
        self._kills: Counter[str] = Counter()
        self._requests = scene.requests or self._inventions(Random(scene.source))

    def _inventions(self, chance: Random) -> list[Request]:
        """Calls with what is in the state at first, and with what such calls bring about."""
        first = invented(self.quiet, self.state, chance)
        [one] = self.quiet.create([self.state])
        self.quiet.step([Call(one, *request) for request in first])
        [snapshot] = self.quiet.snapshot([one])
        return first + invented(self.quiet, snapshot.state, chance)

    def side(self, name: str) -> SealedClass:
        """The "crowd" or the "strict" one, opened anew if many of its workers have been killed:
        a source whose workers die all the time is given up."""
        if name not in self._sides or self._kills[name] > 2:
            if name in self._sides:
                self._sides[name].close()
            self._sides[name] = self._scene.open(self._pools[name], strict=name == "strict")
            self._kills[name] = 0
            if name == "crowd":  # so many instances that all three workers have some
                self._sides[name].create([self.state] * 130)
        return self._sides[name]

    def requests(self, picks: Iterable[int]) -> list[Request]:
        """The calls with these numbers, counted round and round."""
        return [self._requests[pick % len(self._requests)] for pick in picks]

    def kill(self, name: str, number: int) -> None:
        """End one of the living workers of a side, if it has not lost too many."""
        workers = [lane.worker for lane in self._sides[name]._lanes if lane.worker is not None]
        if workers and self._kills[name] < 5:
            self._kills[name] += 1
            os.kill(workers[number % len(workers)].pid, signal.SIGKILL)

    def twin(self, seed: int = 0, past: Iterable[Request] = (), origin: int = 0) -> Twin:
        """A fresh twin that has had these calls; a reset takes it back to `origin` of them."""
        return Twin(self, seed, past, origin)


class Twin:
    """What an instance should be: all that ever happened to it, done call by call in peace."""

    def __init__(self, stage: Stage, seed: int, past: Iterable[Request], origin: int) -> None:
        self._stage = stage
        self.seed = seed
        self.origin = origin
        self.past: list[Request] = []
        [self._instance] = stage.quiet.create([stage.state], seed=seed)
        for number, request in enumerate([*past, None]):
            if number == origin:
                self._first = self.snapshot
            if request is not None:
                self.call(request)

    @property
    def snapshot(self) -> Snapshot:
        return self._stage.quiet.snapshot([self._instance])[0]

    def call(self, request: Request) -> Reply:
        self.past.append(request)
        return self._stage.quiet.step([Call(self._instance, *request)])[0]

    def look(self) -> tuple[bytes, str, list[Difference]]:
        """State, digest, and the differences to what it started from."""
        snapshot = self.snapshot
        changes = list(diff(self._first.state, snapshot.state))
        return snapshot.text, digest(snapshot.state), changes


@pytest.fixture(scope="session")
def stages() -> Iterator[Callable[[str], Stage]]:
    limits = Limits(hard_seconds=30.0)
    with (
        Pool(limits, workers=1) as quiet,
        Pool(limits, workers=3) as crowded,
        Pool(limits, workers=1) as narrow,
    ):
        yield cache(lambda name: Stage(SCENES[name], quiet, crowded, narrow))


@pytest.fixture(params=SCENES)
def stage(stages: Callable[[str], Stage], request: pytest.FixtureRequest) -> Stage:
    """Each class in turn."""
    return stages(request.param)

"""Sources that leak, lie, or are hostile before they run: what no table of single calls holds."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import NamedTuple

import pytest

from envscaler.runtime.errors import DataError, GeneratedCodeError
from envscaler.runtime.sandbox import Call, Pool, SealedClass
from envscaler.runtime.sandbox.inside import seal
from envscaler.runtime.sandbox.protocol import Profile

CLASS = """
class Env:
    def __init__(self, init_config):
        self.n = init_config["n"]
    def put(self, n):
        self.n = n
        return n
    def attack(self):
        self.n = -1
"""


class Leak(NamedTuple):
    name: str
    module: str
    """What stands before the class."""
    write: str
    """What one instance does."""
    read: str
    """What another must not notice."""

    def source(self) -> str:
        return (
            f"def _born(one): pass\n{self.module}\n"
            "class Env:\n"
            "    kept = []\n"
            "    def __init__(self, start):\n"
            "        self.n = start['n']\n"
            "        _born(self)\n"
            "    @classmethod\n"
            "    def _own(kind): return kind\n"
            f"    def attack(self):\n        {self.write}\n"
            f"    def peek(self): return {self.read}\n"
        )


BOX = "class _Box: x = 0\n"
CLOSURE = "def _make():\n  kept = [0]\n  return lambda n: kept.append(n) or kept\nKEPT = _make()\n"
SLY = "class _Sly(dict):\n  def __eq__(self, x): return True\n  def __ne__(self, x): return False\n"
LEAKS = [
    Leak("an attribute of its class", "", "Env.x = 1", "getattr(Env, 'x', 0)"),
    Leak("an attribute set", "", "setattr(type(self), 'x', 1)", "getattr(self, 'x', 0)"),
    Leak("an attribute of its type", "", "kind = type(self); kind.x = 1", "getattr(Env, 'x', 0)"),
    Leak("a method", "", "k = self._own(); k._own = classmethod(dict)", "self._own() is Env"),
    Leak("a global", "X = 0", "global X; X = 1", "X"),
    Leak("a default", "def _grow(x=[]): return x", "_grow().append(1)", "_grow()"),
    Leak("a made default", "def _by(x=dict.fromkeys('x')): return x", "_by().clear()", "_by()"),
    Leak("a container of the class", "", "self.kept.append(1)", "self.kept"),
    Leak("a container of the module", "KEPT = []", "KEPT.append(1)", "KEPT"),
    Leak("an equal value", "KEPT = {'x': 0}", "KEPT['x'] = False", "KEPT"),
    Leak("a container that lies", f"{SLY}KEPT = _Sly()", "KEPT['x'] = 1", "KEPT"),
    Leak("a list in a tuple", "KEPT = ([],)", "KEPT[0].append(1)", "KEPT"),
    Leak("an object", f"{BOX}KEPT = _Box()", "KEPT.x = 1", "KEPT.x"),
    Leak("a function", "def _note(): pass", "_note.x = 1", "getattr(_note, 'x', 0)"),
    Leak("a generator", "KEPT = (n for n in range(9))", "next(KEPT)", "next(KEPT)"),
    Leak("a closure", CLOSURE, "KEPT(1)", "len(KEPT(0))"),
    Leak("itself", "KEPT = [0]", "KEPT[0] = self.attack; raise ValueError", "KEPT == [0]"),
    Leak(
        "its neighbours",
        CLOSURE + "def _born(one): KEPT(one)",
        "for other in KEPT(self)[1:]: other.n = -1",
        "self.n",
    ),
    Leak(
        "how the library writes",
        "import json",
        "json.JSONEncoder.item_separator = ' '",
        "json.dumps([1, 2])",
    ),
    Leak(
        "a class, by a decorator",
        f"import functools\n{BOX}",
        "functools.update_wrapper(Env, _Box(), assigned=('x',), updated=())",
        "getattr(self, 'x', 9)",
    ),
]


def course(pool: Pool, leak: Leak, profile: Profile, *, attacked: bool) -> list[str]:
    """What the neighbours of an attacker see, down to the text: 0 is not False."""
    with pool.open(leak.source(), "Env", profile=profile) as sealed:
        attacker, *others = sealed.create([{"n": n} for n in range(6)])
        peeks = [Call(other, "peek", {}) for other in others]
        attack = Call(attacker, "attack" if attacked else "peek", {})
        replies = sealed.step(peeks) + sealed.step([*peeks, attack, *peeks])
        del replies[-len(peeks) - 1]
        others += sealed.create([{"n": 6}])
        replies += sealed.step([*peeks, Call(others[-1], "peek", {})])
        states = [snapshot.text.decode() for snapshot in sealed.snapshot(others)]
        return [*states, *sealed.hash(others), *(f"{r.text!r} {r.error}" for r in replies)]


@pytest.mark.parametrize("profile", ["native", "imported"])
@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_no_instance_learns_what_another_did_to(pool: Pool, leak: Leak, profile: Profile) -> None:
    """Refused by line, or refused when it happens, or of no effect on the others."""
    try:
        alone = course(pool, leak, profile, attacked=False)
    except GeneratedCodeError as error:
        assert "line " in str(error) or "share" in str(error)
    else:
        assert course(pool, leak, profile, attacked=True) == alone


# ------------------------------------------------------------------ checks

SPIES = [
    "def check(s):\n  s['a'].append(1)\n  return s['a']",
    "SEEN = []\ndef check(s):\n  SEEN.append(1)\n  return SEEN",
    "SEEN = ([],)\ndef check(s):\n  SEEN[0].append(1)\n  return SEEN",
    "SEEN = {}\ndef check(s):\n  SEEN['x'] = s\n  s['a'].append(1)\n  return SEEN",
    "class _Box: s = 0\nBOX = _Box()\ndef check(s):\n  s, BOX.s = BOX.s, s\n  return s",
    "def check(s):\n  check.n = getattr(check, 'n', 0) + 1\n  return check.n",
    "KEPT = (n for n in range(9))\ndef check(s): return next(KEPT)",
]


@pytest.mark.parametrize("source", SPIES)
def test_a_check_sees_nothing_of_another(pool: Pool, source: str) -> None:
    """Whatever it changes or keeps, each run of a check starts afresh, from a copy of its own."""
    state = {"a": [1]}
    try:
        checks = pool.open_checks(source)
    except GeneratedCodeError as error:
        assert "line " in str(error) or "share" in str(error)
        return
    with checks:
        alone = checks.evaluate([[state]])
        assert checks.evaluate([[state]] * 3) == alone * 3
        assert checks.evaluate([[state]]) == alone
    assert state == {"a": [1]}


def test_a_hostile_check_harms_no_check_beside_it(pool: Pool) -> None:
    source = """
def check(how):
    if how == "loop":
        while True: pass
    if how == "crash": return sum(range(10**12))
    if how == "fill": return [0] * 10**10
    if how == "exit": raise SystemExit
    if how == "much": return "x" * 10**7
    return True
"""
    with pool.open_checks(source) as checks, pool.open_checks("def check(s): return s") as other:
        hows = ["", "loop", "", "crash", "fill", "exit", "much", ""]
        replies = checks.evaluate([[how] for how in hows])
        assert [reply.value for reply in replies if reply.status == "ok"] == [True] * 3
        assert [replies[n].status for n in (3, 4, 5, 6)] == [
            "killed",
            "memory",
            "exception",
            "oversize",
        ]
        assert replies[1].status in ("timeout", "killed")
        assert other.evaluate([[1]])[0].value == 1


# ------------------------------------------------------------------ before anything runs

PARSED = {
    "brackets": "x = " + "(" * 10**5,
    "signs": "x = " + "-" * 10**5 + "1",
    "attributes": "x = a" + ".b" * 10**5,
    "sums": "x = 1" + " + 1" * 10**5,
    "lambdas": "x = " + "lambda: " * 10**4 + "1",
    "blocks": "".join(" " * n + "if x:\n" for n in range(200)),
    "branches": "def f(x):\n if x: pass\n" + " elif x: pass\n" * 5000,
    "formats": "x = " + "f'{" * 99,
    "digits": "x = " + "9" * 10**5,
    "nothing": "\0",
    "half a character": "x = '\ud800'",
    "a long text": "x = 'a' * 10**10",
    "a loop": "class Env:\n while True: pass\n def a(self): pass",
    "a decorator": "@sum\nclass Env:\n def a(self): pass",
    "many statements": "x = [" + "1, " * 10**6 + "]",
    "many tools": "class Env:\n" + "".join(f" def a{n}(self): pass\n" for n in range(10**4)),
}


@pytest.mark.parametrize("name", PARSED)
def test_a_source_that_is_hostile_to_its_reader_is_refused(pool: Pool, name: str) -> None:
    with pytest.raises(GeneratedCodeError):
        pool.open(PARSED[name]).create([{}])


@pytest.mark.parametrize("depth", [80, 300, 10**4, 10**5])
def test_deep_json_is_neither_argument_nor_state(pool: Pool, depth: int) -> None:
    deep: list[object] = []
    for _ in range(depth):
        deep = [deep]
    text = b"[" * depth + b"]" * depth
    with pool.open(CLASS, strict=True) as sealed:
        [one, other] = sealed.create([{"n": 1}, {"n": 2}])
        calls = [Call(one, "put", {"n": deep}), Call(other, "put", {"n": 3})]
        assert [reply.status == "ok" for reply in sealed.step(calls)] == [False, True]
        for state in ({"n": deep}, b'{"n": ' + text + b"}", text):
            with pytest.raises((GeneratedCodeError, DataError)):
                sealed.create([{"n": 4}, state])
        states = [snapshot.state for snapshot in sealed.snapshot([one, other])]
        assert states == [{"n": 1}, {"n": 3}]


# ------------------------------------------------------------------ what the kernel refuses


def test_every_other_system_call_is_refused(unguarded: Callable[[str], SealedClass]) -> None:
    column = list(seal._ARCHITECTURES).index(platform.machine())
    known = {n[column] for n in (*seal._CALLS.values(), *seal._CALLS_WITHOUT_EXEC.values())}
    known |= {335, 336}  # for the kernel's own probes: no filter sees them, and they do nothing
    sealed = unguarded(f"""
import ctypes
class Env:
    def __init__(self, start): pass
    def attack(self):
        call = ctypes.CDLL(None, use_errno=True).syscall
        tried = [n for n in range(600) if n not in {known}]
        return [n for n in tried if call(n, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != 1]
""")
    [one] = sealed.create([{}])
    assert sealed.step([Call(one, "attack", {})])[0].value == []


# ------------------------------------------------------------------ blame


def test_what_an_instance_leaves_behind_changes_no_other(pool: Pool) -> None:
    """Garbage with an ending of its own is collected when memory is, in whoever's call that is.

    That call may be killed for it, though it is innocent; its instance is as before, and goes on.
    """
    source = """
def _last():
    box = [(yield)]
    try: yield
    finally:
        while True:
            try: n = [n for n in range(10**9)]
            except BaseException: pass
class Env:
    def __init__(self, start): self.n = 0
    def attack(self):
        kept = _last()
        next(kept)
        kept.send(kept)
    def put(self, n):
        self.n += len([[n] for n in range(10**5)])
        return self.n
"""
    with pool.open(source) as sealed:
        attacker, *others = sealed.create([{}] * 4)
        sealed.step([Call(attacker, "attack", {})])
        first = sealed.step(Call(other, "put", {"n": 1}) for other in others)
        assert {reply.status for reply in first} <= {"ok", "killed"}
        done = [10**5 * (reply.status == "ok") for reply in first]
        assert [snapshot.state["n"] for snapshot in sealed.snapshot(others)] == done
        second = sealed.step(Call(other, "put", {"n": 1}) for other in others)
        assert [reply.value for reply in second] == [n + 10**5 for n in done]


def test_an_instance_that_goes_on_killing_is_given_up_alone(pool: Pool, shop_source: str) -> None:
    with pool.open(shop_source) as shop:
        ada, bob = shop.create([{"stock": {"pen": 1}}] * 2)
        crash, add = Call(ada, "crash", {}), Call(bob, "add", {"item": "pen"})
        assert [reply.status for reply in shop.step([crash, add])] == ["killed", "ok"]
        assert {reply.status for reply in shop.step([crash] * 9)} == {"killed"}
        last, other = shop.step([Call(ada, "count", {"item": "pen"}), add])
        assert (last.status, other.status) == ("killed", "ok")
        assert "given up after it ended 3 workers" in last.error
        shop.reset([ada])
        assert shop.step([Call(ada, "count", {"item": "pen"})])[0].value["data"] == 1


def test_a_source_whose_instances_go_on_killing_is_given_up(pool: Pool, shop_source: str) -> None:
    with pool.open(shop_source) as shop:
        *wild, bob = shop.create([{"stock": {"pen": 1}}] * 4)
        replies = shop.step([Call(instance, "crash", {}) for instance in wild])
        assert {reply.status for reply in replies} == {"killed"}
        with pytest.raises(GeneratedCodeError, match="given up"):
            shop.step([Call(bob, "add", {"item": "pen"})])
        with pytest.raises(GeneratedCodeError, match="given up"):
            shop.snapshot([bob])


def test_a_constructor_that_crashes_is_the_source_s_fault(
    unguarded: Callable[[str], SealedClass],
) -> None:
    sealed = unguarded(
        "import os\nclass Env:\n def __init__(self, c):\n"
        "  if c['bad']: os._exit(1)\n  self.bad = False\n def ask(self): return self.bad\n"
    )
    [good] = sealed.create([{"bad": False}])
    with pytest.raises(GeneratedCodeError, match="state number 1: killed"):
        sealed.create([{"bad": False}, {"bad": True}])
    assert sealed.step([Call(good, "ask", {})])[0].value is False


def test_a_forged_answer_is_no_one_else_s(unguarded: Callable[[str], SealedClass]) -> None:
    sealed = unguarded(
        CLASS
        + """
        import os, sys
        protocol = sys.modules["envscaler.runtime.sandbox.protocol"]
        for number in range(1, 9):
            os.write(3, protocol.frame(protocol.Answer(number, [b"7"])))
"""
    )
    attacker, neighbour = sealed.create([{"n": 1}, {"n": 2}])
    replies = sealed.step([Call(attacker, "attack", {}), Call(neighbour, "put", {"n": 3})])
    assert [reply.status for reply in replies] == ["killed", "ok"]
    assert [snapshot.state["n"] for snapshot in sealed.snapshot([attacker, neighbour])] == [1, 3]


FORGED = {"snapshot": rb'{"a":"\xff"}', "hash": rb'"\xff"', "diff": b'[[[], "set", 1, 2]]'}


@pytest.mark.parametrize("report", FORGED)
def test_a_forged_report_is_the_source_s_fault(
    unguarded: Callable[[str], SealedClass], report: str
) -> None:
    forged = FORGED[report].replace(rb"\xff", b"\xff")
    sealed = unguarded(
        CLASS
        + f"""
        import sys
        worker = sys.modules["envscaler.runtime.sandbox.inside.worker"]
        honest = worker.Answer
        worker.Answer = lambda number, outcomes, leak: honest(number, [{forged!r}], leak)
"""
    )
    [one] = sealed.create([{"n": 1}])
    sealed.step([Call(one, "attack", {})])
    with pytest.raises(GeneratedCodeError, match="tampers"):
        [found] = getattr(sealed, report)([one])
        assert not found.state


@pytest.mark.parametrize("tools", ["[{'a': 1}]", "[{**out[0], 'parameters': None}]"])
def test_forged_tools_are_refused(unguarded: Callable[[str], SealedClass], tools: str) -> None:
    with pytest.raises(GeneratedCodeError, match="tampers"):
        unguarded(f"""
import sys
schema = sys.modules["envscaler.runtime.sandbox.schemas.schema"]
honest = schema.tools
def tools(*given):
    out = honest(*given)
    return {tools}
schema.tools = tools
class Env:
    def __init__(self, c): self.n = 1
    def get(self): return 1
""")


def test_half_a_surrogate_in_an_error_costs_no_neighbour(pool: Pool) -> None:
    source = """
class Env:
    def __init__(self, c): self.n = 1
    def put(self, n):
        self.n = n
        return n
    def bad(self): return {chr(0xD800): {1}}
    def long(self): raise KeyError("x" * 9999)
"""
    with pool.open(source) as sealed:
        [a, b] = sealed.create([{}, {}])
        replies = sealed.step([Call(b, "put", {"n": 3}), Call(a, "bad", {}), Call(a, "long", {})])
        assert [reply.status for reply in replies] == ["ok", "not json", "exception"]
        assert sealed.snapshot([b])[0].state == {"n": 3}


def test_a_deadline_that_strikes_at_the_end_of_a_call_changes_nothing(
    unguarded: Callable[[str], SealedClass],
) -> None:
    sealed = unguarded("""
import sys
program = sys.modules["envscaler.runtime.sandbox.inside.program"]
deadline = sys.modules["envscaler.runtime.sandbox.inside.deadline"]
class Env:
    def __init__(self, c): self.n = 0
    def put(self, n):
        self.n = n
        honest = program._dumps
        def late(*given):
            program._dumps = honest
            raise deadline.SoftTimeout
        program._dumps = late
        return n
""")
    [one] = sealed.create([{}])
    assert sealed.step([Call(one, "put", {"n": 7})])[0].status == "timeout"
    assert sealed.snapshot([one])[0].state == {"n": 0}

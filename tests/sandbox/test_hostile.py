"""Each attack meets the language layer first, then the seal alone; neighbours must not notice."""

from __future__ import annotations

import os
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from envscaler.runtime.errors import GeneratedCodeError
from envscaler.runtime.sandbox import Call, Pool, SealedClass, Snapshot

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
MARK = Path(tempfile.gettempdir()) / f"envscaler-attack-{os.getpid()}"


class Attack(NamedTuple):
    name: str
    body: str
    policy: str
    """What the policy says of it; empty when it may try."""
    ends: str
    """The statuses it may end with, separated by commas."""
    error: str = ""


ATTACKS = [
    Attack("reads a file", "return open('/etc/passwd').read()", "`open`", "exception", "Errno 1"),
    Attack(
        "writes a file",
        f"import os\nreturn os.open({str(MARK)!r}, os.O_CREAT | os.O_WRONLY)",
        "module `os`",
        "exception",
        "Operation not permitted",
    ),
    Attack(
        "lists files", "import os\nreturn os.listdir('/')", "module `os`", "exception", "Errno 1"
    ),
    Attack(
        "opens a socket",
        "import socket\nreturn socket.socket()",
        "module `socket`",
        "exception",
        "Operation not permitted",
    ),
    Attack("forks", "import os\nreturn os.fork()", "module `os`", "exception", "Errno 1"),
    Attack(
        "starts a thread",
        "import _thread\nreturn _thread.start_new_thread(print, ())",
        "module `_thread`",
        "exception",
        "can't start new thread",
    ),
    Attack(
        "executes a program",
        "import os\nos.execv('/bin/sh', ['sh', '-c', 'true'])",
        "module `os`",
        "exception",
        "Operation not permitted",
    ),
    Attack(
        "kills its parent",
        "import os\nos.kill(os.getppid(), 9)",
        "module `os`",
        "exception",
        "Operation not permitted",
    ),
    Attack(
        "kills the host",
        f"import os\nos.kill({os.getpid()}, 9)",
        "module `os`",
        "exception",
        "Operation not permitted",
    ),
    Attack(
        "maps executable memory",
        "import mmap\nreturn mmap.mmap(-1, 4096, prot=7)",
        "module `mmap`",
        "exception",
        "Errno 1",
    ),
    Attack(
        "lifts its limits",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "module `resource`",
        "exception",
        "not allowed to raise maximum limit",
    ),
    Attack("crashes", "import ctypes\nctypes.string_at(0)", "module `ctypes`", "killed"),
    Attack("loops", "while True: pass", "", "timeout", "line 10, in attack"),
    Attack(
        "loops and swallows",
        "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
        "",
        "timeout, killed",
    ),
    Attack("loops in C", "return sum(range(10**12))", "", "killed", "could not be interrupted"),
    Attack(
        "backtracks",
        "import re\nreturn bool(re.match('(a+)+$', 'a' * 40 + 'b'))",
        "",
        "timeout",
    ),
    Attack("sleeps", "import time\ntime.sleep(60)", "module `time`", "exception", "Errno 1"),
    Attack(
        "waits for itself",
        "import _thread\nlock = _thread.allocate_lock()\nlock.acquire()\nlock.acquire()",
        "module `_thread`",
        "killed",
    ),
    Attack("fills the memory", "x = [0]\nwhile True: x = x + x", "", "memory, timeout, killed"),
    Attack("asks for too much", "return 'a' * 10**12", "", "memory"),
    Attack("exits", "import os\nos._exit(0)", "module `os`", "killed", "the worker ended"),
    Attack("raises SystemExit", "raise SystemExit(3)", "", "exception", "SystemExit: 3"),
    Attack("raises KeyboardInterrupt", "raise KeyboardInterrupt", "", "exception"),
    Attack("returns too much", "return 'x' * (2 << 20)", "", "oversize", "result takes"),
    Attack("keeps too much", "self.big = 'x' * (9 << 20)", "", "oversize", "state takes"),
    Attack("returns a set", "return {'data': [1, {2}]}", "", "not json", 'result["data"][1] is of'),
    Attack("returns itself", "return self", "", "not json", "result is of type Env"),
    Attack("returns NaN", "return float('nan')", "", "not json", "result is nan"),
    Attack("returns odd keys", "return {1: 2}", "", "not json", "keys must be str"),
    Attack("returns half a character", "return chr(0xD800)", "", "not json", "surrogate"),
    Attack("returns a huge number", "return 10 ** 5000", "", "not json", "beyond 64 bits"),
    Attack("returns a knot", "x = []\nx.append(x)\nreturn x", "", "not json", "holds itself"),
    Attack("keeps an object", "self.me = self", "", "not json", 'state["me"] is of type Env'),
    Attack("keeps a knot", "self.x = []\nself.x.append(self.x)", "", "not json", "holds itself"),
    Attack("recurses", "return self.attack()", "", "recursion"),
    Attack(
        "walks to os.system",
        "for c in ().__class__.__base__.__subclasses__():\n"
        "  if c.__name__ == '_wrap_close':\n"
        f"    raise OSError(c.__init__.__globals__['system']('touch {MARK}'))",
        "special name `__class__`",
        "exception",
    ),
    Attack(
        "walks by text",
        "return getattr((), '__cla' + 'ss__')",
        "",
        "exception, not json",
    ),
    Attack(
        "writes on all descriptors",
        "import os\nfor fd in range(64):\n"
        "  try: os.write(fd, b'\\xff' * 4096)\n"
        "  except OSError: pass",
        "module `os`",
        "killed",
    ),
    Attack(
        "hangs in its error",
        "class Bad(Exception):\n  def __str__(self):\n    while True: pass\nraise Bad",
        "",
        "exception",
        "Bad: (its text cannot be had)",
    ),
    Attack(
        "lies in its error",
        "class Text(str):\n  def __getitem__(self, key): return self * 10**6\n"
        "class Bad(Exception):\n  def __str__(self): return Text('x\\ud800' * 999)\nraise Bad",
        "",
        "exception",
        "Bad: x?x?",
    ),
]
names = [attack.name for attack in ATTACKS]


def source(attack: Attack) -> str:
    return CLASS + textwrap.indent(attack.body, " " * 8)


def check_that_it_fails(sealed: SealedClass, attack: Attack) -> None:
    """The attacker's call fails and changes nothing, and its neighbour goes on as if alone."""
    attacker, neighbour = sealed.create([{"n": 1}, {"n": 2}])
    before = sealed.snapshot([attacker])
    calls = [Call(neighbour, "put", {"n": 3}), Call(attacker, "attack", {})]
    first, attacked, last = sealed.step([*calls, Call(neighbour, "put", {"n": 4})])
    assert (first.value, last.value) == (3, 4)
    assert attacked.status in attack.ends.split(", "), attacked
    assert attacked.value is None
    assert attack.error in attacked.error
    assert sealed.snapshot([attacker]) == before
    [beside] = sealed.snapshot([neighbour])
    assert (beside.state, beside.writes) == ({"n": 4}, 2)
    assert sealed.step([Call(attacker, "put", {"n": 5})])[0].value == 5
    assert not MARK.exists()


@pytest.mark.parametrize("attack", ATTACKS, ids=names)
def test_the_seal_alone_stops_what(unguarded: Callable[[str], SealedClass], attack: Attack) -> None:
    check_that_it_fails(unguarded(source(attack)), attack)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.policy], ids=lambda a: a.name)
def test_the_policy_already_names_what(pool: Pool, attack: Attack) -> None:
    with pytest.raises(GeneratedCodeError) as caught:
        pool.open(source(attack))
    assert attack.policy in str(caught.value)
    assert "line " in str(caught.value)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if not a.policy], ids=lambda a: a.name)
def test_what_the_policy_lets_try_fails_all_the_same(pool: Pool, attack: Attack) -> None:
    with pool.open(source(attack)) as sealed:
        check_that_it_fails(sealed, attack._replace(error=""))


def test_the_third_kill_gives_the_source_up(pool: Pool, shop_source: str) -> None:
    with pool.open(shop_source) as shop:
        ada, bob = shop.create([{"stock": {"pen": 1}}] * 2)
        crash, add = Call(ada, "crash", {}), Call(bob, "add", {"item": "pen"})
        replies = shop.step([crash, add, crash, add, crash, add])
        assert [reply.status for reply in replies] == ["killed", "ok"] + ["killed"] * 4
        with pytest.raises(GeneratedCodeError, match="given up after 3 kills"):
            shop.step([add])
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


def test_a_forged_answer_reaches_no_further_than_its_own_source(
    unguarded: Callable[[str], SealedClass],
) -> None:
    sealed = unguarded(
        CLASS
        + """
        import os, sys
        protocol = sys.modules["envscaler.runtime.sandbox.protocol"]
        forged = protocol.Outcome("ok", b"{")
        for number in range(1, 9):
            os.write(3, protocol.frame(protocol.Answer(number, [forged])))
"""
    )
    attacker, neighbour = sealed.create([{"n": 1}, {"n": 2}])
    replies = sealed.step([Call(attacker, "attack", {}), Call(neighbour, "put", {"n": 3})])
    assert [reply.status for reply in replies] == ["killed", "ok"]
    assert [snapshot.state["n"] for snapshot in sealed.snapshot([attacker, neighbour])] == [1, 3]


def test_a_worker_that_speaks_no_json_is_not_believed(
    unguarded: Callable[[str], SealedClass],
) -> None:
    sealed = unguarded(
        CLASS
        + """
        import sys
        program = sys.modules["envscaler.runtime.sandbox.program"]
        program.Instance.state = property(lambda self: b"{", lambda self, value: None)
        program.text = lambda *values: b"{"
"""
    )
    [one] = sealed.create([{"n": 1}])
    sealed.step([Call(one, "attack", {})])
    assert sealed.step([Call(one, "put", {"n": 2})])[0].status != "ok"
    with pytest.raises(GeneratedCodeError, match="tampers with its worker"):
        sealed.snapshot([one])


FORGED = {
    "Export": ("snapshot", rb'{"a":"\xff"}'),
    "Digest": ("hash", rb'"\xff"'),
    "Differ": ("diff", b'[[[], "set", 1, 2]]'),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_report_is_the_source_s_fault(
    unguarded: Callable[[str], SealedClass], kind: str
) -> None:
    method, value = FORGED[kind]
    forge = f"""
import sys
program = sys.modules["envscaler.runtime.sandbox.program"]
perform = program.Program.perform
def forged(self, operation):
    outcome = perform(self, operation)
    mine = type(operation).__name__ == {kind!r}
    return program.Outcome("ok", {value!r}.replace(b"\\\\xff", bytes([255]))) if mine else outcome
program.Program.perform = forged
class Env:
    def __init__(self, c): self.n = 1
    def get(self): return 1
"""
    sealed = unguarded(forge)
    with pytest.raises(GeneratedCodeError, match="tampers"):
        getattr(sealed, method)(sealed.create([{}]))


@pytest.mark.parametrize("tools", ["[{'a': 1}]", "[{**out[0], 'parameters': None}]"])
def test_forged_tools_are_refused(unguarded: Callable[[str], SealedClass], tools: str) -> None:
    with pytest.raises(GeneratedCodeError, match="tampers"):
        unguarded(f"""
import sys
schema = sys.modules["envscaler.runtime.sandbox.schema"]
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
program = sys.modules["envscaler.runtime.sandbox.program"]
deadline = sys.modules["envscaler.runtime.sandbox.deadline"]
class Env:
    def __init__(self, c): self.n = 0
    def put(self, n):
        self.n = n
        honest = program.Outcome
        def late(*given, **named):
            program.Outcome = honest
            raise deadline.SoftTimeout
        program.Outcome = late
        return n
""")
    [one] = sealed.create([{}])
    assert sealed.step([Call(one, "put", {"n": 7})])[0].status == "timeout"
    assert sealed.snapshot([one])[0] == Snapshot({"n": 0}, 0, 0)

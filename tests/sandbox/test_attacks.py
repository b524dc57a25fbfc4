"""Attacks from inside a tool: stopped by the policy, or by the seal alone where the policy is off.

Each runs between calls of its neighbours, in the same worker. Afterwards the host holds no more
files, descriptors and processes than before, another source of the pool goes on, and the neighbours
have the states and answers of a run in which nothing happened.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from envscaler.runtime.errors import GeneratedCodeError
from envscaler.runtime.sandbox import Call, Limits, Pool, Reply, SealedClass, Status

MARK = Path(tempfile.gettempdir()) / f"envscaler-attack-{os.getpid()}"
CLASS = f"""
FILE, HOST = {str(MARK)!r}, {os.getpid()}
class Env:
    def __init__(self, start):
        self.n, self.seen = start["n"], {{}}
    def put(self, n):
        self.seen[str(self.n)] = [n]
        self.n += n
        return self.n
    def attack(self):
        self.n = -1
        self.seen["attack"] = []
"""

ATTACKS = r"""
loops | timeout | | line 13, in attack
    while True: pass

loops and swallows | killed | | could not be interrupted
    while True:
        try:
            n = 0
            while True: n += 1
        except BaseException: pass

loops in C | killed | | could not be interrupted
    return sum(range(10**12))

backtracks | timeout
    import re
    return bool(re.match('(a+)+$', 'a' * 40 + 'b'))

computes a huge power | timeout, memory, killed
    return 10 ** 10**8 % 7

fills the memory | memory, timeout, killed
    x = [0]
    while True: x = x + x

fills the memory slowly | memory, timeout, killed
    self.x = []
    while True: self.x.append({len(self.x): 0})

fills the memory with knots | memory, timeout, killed
    while True:
        x = ['x' * 10**5]
        x.append(x)

asks for too much memory | memory
    return 'a' * 10**12

recurses | recursion
    return self.attack()

shows a deep list | recursion
    x = []
    for _ in range(10**5): x = [x]
    return repr(x)

returns a deep list | not json | | nests deeper
    x = []
    for _ in range(10**5): x = [x]
    return x

returns a list that is just too deep | not json | | nests deeper
    x = []
    for _ in range(100): x = [x]
    return x

keeps a deep dict | ok, not json, recursion
    for _ in range(10**5): self.seen = {'x': self.seen}

reads deep JSON | recursion
    import json
    return json.loads('[' * 10**5)

returns too much | oversize | | result takes
    return 'x' * (2 << 20)

keeps too much | ok, oversize | | state takes
    self.big = 'x' * (9 << 20)

returns a set | not json | | result["data"][1] is of
    return {'data': [1, {2}]}

returns itself | not json | | result is of type Env
    return self

returns NaN | not json | | result is nan
    return float('nan')

returns odd keys | not json | | keys must be str
    return {1: 2}

returns half a character | not json | | surrogate
    return chr(0xD800)

returns a knot | not json | | holds itself
    x = []
    x.append(x)
    return x

keeps an object | ok, not json | | state["me"] is of type Env
    self.me = self

keeps a knot | ok, not json | | holds itself
    self.x = []
    self.x.append(self.x)

returns a gigantic integer | not json | | beyond 64 bits
    return 10 ** 5000

keeps a gigantic integer | ok, not json | | beyond 64 bits
    self.n = 2 ** 64

writes a gigantic integer | exception | | ValueError
    return str(10 ** 5000)

reads a gigantic integer | exception | | ValueError
    return int('9' * 5000)

reads a gigantic integer without the guard | killed | module `sys`
    import sys
    sys.set_int_max_str_digits(0)
    return int('9' * 10**7)

floods a table with numbers | timeout
    return len({n * (2**61 - 1): n for n in range(10**5)})

floods a table with strings | timeout
    class Same(str):
        def __hash__(self): return 1
        def __eq__(self, other): return self is other
    self.seen = {Same(n): n for n in range(10**5)}

exits | killed | module `os` | the worker ended
    import os
    os._exit(0)

raises SystemExit | exception | | SystemExit: 3
    raise SystemExit(3)

raises KeyboardInterrupt | exception | | KeyboardInterrupt
    raise KeyboardInterrupt

raises GeneratorExit | exception | | GeneratorExit
    raise GeneratorExit

crashes | killed | module `ctypes`
    import ctypes
    ctypes.string_at(0)

crashes by recursion | killed | module `sys`
    import sys
    sys.setrecursionlimit(10**9)
    def deeper(x): return sorted([x, x], key=deeper)
    deeper(0)

crashes by nested iterators | killed, recursion
    inner = iter(())
    for _ in range(2 * 10**5): inner = filter(None, inner)
    next(inner, None)

crashes by a deep hash | killed, recursion
    x = ()
    for _ in range(2 * 10**5): x = (x,)
    hash(x)

aborts | killed | module `os`
    import os
    os.abort()

forks | exception | module `os` | Errno 1
    import os
    while True: os.fork()

maps executable memory | exception | module `mmap` | Errno 1
    import mmap
    return mmap.mmap(-1, 4096, prot=7)

lifts its limits | exception | module `resource` | not allowed to raise maximum limit
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))

executes a program | exception | module `os` | Operation not permitted
    import os
    os.execv('/bin/sh', ['sh', '-c', 'true'])

runs a command | ok | module `os`
    import os
    assert os.system('touch ' + FILE) != 0

starts a thread | exception | module `_thread` | can't start new thread
    import _thread
    return _thread.start_new_thread(print, ())

opens a socket | exception | module `socket` | Operation not permitted
    import socket
    return socket.socket()

kills its parent | exception | module `os` | Operation not permitted
    import os
    os.kill(os.getppid(), 9)

kills the host | exception | module `os` | Operation not permitted
    import os
    os.kill(HOST, 9)

sleeps | exception | module `time` | Errno 1
    import time
    time.sleep(60)

waits for itself | killed | module `_thread`
    import _thread
    lock = _thread.allocate_lock()
    lock.acquire()
    lock.acquire()

reads a file | exception | `open` | Errno 1
    return open('/etc/passwd').read()

writes a file | exception | `open` | Errno 1
    open(FILE, 'w').write('x')

creates a file | exception | module `os` | Operation not permitted
    import os
    os.open(FILE, os.O_CREAT | os.O_WRONLY)

lists files | exception | module `os` | Errno 1
    import os
    return os.listdir('/')

opens its memory | exception | module `os` | Operation not permitted
    import os
    os.open('/proc/self/mem', os.O_RDWR)

exhausts the descriptors | exception | module `os` | Errno 1
    import os
    while True: os.dup(3)

makes pipes | exception | module `os` | Errno 1
    import os
    while True: os.pipe()

writes on all descriptors | killed | module `os`
    import os
    for number in range(64):
        try: os.write(number, bytes([255]) * 4096)
        except OSError: pass

reads the protocol | killed | module `os`
    import os
    os.read(3, 1 << 20)

walks the classes to os.system | ok | special name `__class__`
    found = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close']
    assert found[0].__init__.__globals__['system']('touch ' + FILE) != 0

walks by a built name | exception, not json
    return getattr((), '__cla' + 'ss__')

walks by attrgetter | ok | `operator.attrgetter`
    import operator
    return str(operator.attrgetter('__class__.__mro__')(self))

walks by a formatter | ok | `string.Formatter`
    import string
    return str(string.Formatter().get_field('0.__class__', [self], {}))

walks by a format | ok
    return '{0.__class__.__init__.__globals__}'.format(self)[:99]

runs an annotation | exception, ok | `typing.get_type_hints`
    import typing
    class Hint: x: "__import__('os').system('touch ' + FILE)"
    return str(typing.get_type_hints(Hint))

runs a forward reference | exception, ok | attribute `_evaluate`
    import typing
    [hint] = typing.get_args(typing.List["__import__('os').system('touch ' + FILE)"])
    return str(hint._evaluate({'FILE': FILE}, {}, frozenset()))

borrows the names of the library | exception
    import functools, json
    functools.update_wrapper(Env.put, json.dumps, assigned=(), updated=('__globals__',))
    self.n = len(codecs.sys.modules)

runs a registered annotation | exception, ok | `functools.singledispatch`
    import functools
    def hint(x: "().__class__.__base__.__subclasses__()"): pass
    functools.singledispatch(hint).register(hint)

walks the frames | ok | attribute `tb_frame`
    try: 1 / 0
    except ZeroDivisionError as error: frame = error.__traceback__.tb_frame
    while frame.f_back: frame = frame.f_back
    return str(frame.f_globals)[:99]

reads the clock | ok | module `time`
    import time
    return time.time()

draws from the kernel | ok | module `os`
    import os
    return os.urandom(4).hex()

hangs in the text of its error | exception | | Bad: (its text cannot be had)
    class Bad(Exception):
        def __str__(self):
            while True: pass
    raise Bad

lies in the text of its error | exception | | Bad: x?x?
    class Text(str):
        def __getitem__(self, key): return self * 10**6
    class Bad(Exception):
        def __str__(self): return Text('x\ud800' * 999)
    raise Bad

raises while it is shown | exception
    class Bad(BaseException):
        def __str__(self): raise self
        def __repr__(self): raise self
    raise Bad(Bad())

raises a group of itself | exception, recursion
    error = Exception()
    error.add_note('x' * 10**6)
    for _ in range(10**4): error = ExceptionGroup('x', [error])
    raise error

hangs in the class of its error | exception, killed
    class Kind(type):
        def __hash__(self):
            while True: pass
        def __eq__(self, other): raise KeyboardInterrupt
    class Bad(Exception, metaclass=Kind): pass
    raise Bad

lies about the class of its error | exception, timeout, killed | special name `__class__`
    class Bad(Exception):
        @property
        def __class__(self): raise KeyboardInterrupt
    raise Bad

returns a value that lies about its class | not json, exception | special name `__class__`
    class Bad:
        __class__ = property(lambda self: dict)
    return Bad()

leaves a generator that never ends | killed, exception, timeout
    def forever():
        while True:
            try: yield
            except BaseException: pass
    self._g = forever()
    next(self._g)
    raise ValueError

leaves a generator that ends in a loop | killed, exception, timeout
    def last():
        try: yield
        finally:
            while True:
                try: n = [n for n in range(10**9)]
                except BaseException: pass
    self._g = last()
    next(self._g)
    raise ValueError

leaves a cycle that ends in a loop | exception, killed, timeout
    def last():
        box = [(yield)]
        try: yield
        finally:
            while True: pass
    for _ in range(9):
        generator = last()
        next(generator)
        generator.send(generator)
    generator = [[n] for n in range(10**5)]
    raise ValueError

leaves a finalizer that loops | killed, exception, timeout | special name `__del__`
    class Last:
        def __del__(self):
            while True: pass
    self._last = Last()
    raise ValueError

leaves a finalizer that exits | killed, exception | special name `__del__`
    import os
    class Last:
        def __del__(self): os._exit(0)
    self._last = Last()
    raise ValueError

reduces itself to a command | ok | special name `__reduce__`
    import copy, os
    class Bad:
        def __reduce__(self): return os.system, ('touch ' + FILE,)
    assert copy.copy(Bad()) != 0

loads a pickle | ok, exception | module `pickle`
    import pickle
    pickle.loads(b'cos\nsystem\n(V' + ('touch ' + FILE).encode() + b'\ntR.')

asks for an unknown codec | exception | | LookupError
    return 'x'.encode('os.system')

encodes a long domain | timeout, exception, killed, oversize
    return str(('x' + chr(0x4e00) * 10**6).encode('idna'))

encodes a long word | timeout, killed, exception
    return str(''.join(map(chr, range(0x4e00, 0x9e00))).encode('punycode') * 10**6)

formats a wide number | memory
    return '%*d' % (10**9, 1)

expands tabs | memory, exception
    return ('\t' * 10**6).expandtabs(10**6)

registers a codec | exception | module `codecs` | ZeroDivisionError
    import codecs
    codecs.register(lambda name: 1 / 0)
    return 'x'.encode('unheard')

ignores the soft deadline | killed | module `signal`
    import signal
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
    while True: pass

stops the soft deadline | killed | module `signal`
    import signal
    signal.setitimer(signal.ITIMER_PROF, 0)
    while True: pass

blocks all signals | killed | module `signal`
    import signal
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True: pass

leaves work for the end | ok | module `atexit`
    import atexit, os
    atexit.register(os.write, 3, b'x' * 99)
"""


TAMPERING = r"""
changes its neighbours | any | module `gc`
    import gc
    for thing in gc.get_objects():
        if type(thing) is Env: thing.n = -1

reaches its neighbours by a forward reference | any | `_evaluate`
    import typing
    [hint] = typing.get_args(typing.List["__import__('gc').get_objects"])
    for thing in hint._evaluate({}, {}, frozenset())():
        if type(thing) is Env: thing.n = -1

reaches its neighbours by an annotation | any | `functools.singledispatch`
    import functools
    walk = "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]"
    walk += ".__init__.__globals__['sys'].modules['gc'].get_objects()"
    def hint(x): pass
    hint.__annotations__['x'] = f"[setattr(o, 'n', -1) for o in {walk} if type(o) is Env]"
    functools.singledispatch(hint).register(hint)

forgets its neighbours | any | module `gc`
    import gc
    for thing in gc.get_objects():
        if type(thing) is dict and 0 in thing and len(thing) < 9: thing.clear()

empties every table | any | module `gc`
    import gc
    for thing in gc.get_objects():
        if type(thing) is dict: thing.clear()

forgets the runtime | any | module `sys`
    import sys
    for name in list(sys.modules): del sys.modules[name]

empties the main module | any | module `sys`
    import sys
    vars(sys.modules['__main__']).clear()

replaces the runtime | any | module `sys`
    import sys
    for name, module in list(sys.modules.items()):
        for key in vars(module) if '.sandbox.' in name else ():
            setattr(module, key, lambda *values, **named: b'{')

redefines the builtins | any | module `builtins`
    import builtins
    builtins.len = builtins.isinstance = builtins.type = lambda *values: 1

makes one equal two | any | module `ctypes`
    import ctypes
    ctypes.memset(id(1) + 24, 2, 1)

traces all calls | any | module `sys`
    import sys
    def trace(frame, *rest):
        for value in frame.f_locals.values():
            if type(value) is Env: value.n = -1
        return trace
    sys.settrace(trace)

profiles all calls | any | module `sys`
    import sys
    sys.setprofile(lambda frame, *rest: frame.f_locals.clear())

listens to all events | any | module `sys`
    import sys
    sys.addaudithook(lambda *values: 1 / 0)

hooks what cannot be raised | any | module `sys`
    import gc, sys
    sys.unraisablehook = sys.excepthook = lambda *values: sys.exit(1)
    gc.callbacks.append(lambda *values: 1 / 0)

lets the deadline strike all the time | any | module `signal`
    import signal
    signal.setitimer(signal.ITIMER_PROF, 1e-6, 1e-6)

lets the deadline do something else | any | module `signal`
    import signal
    signal.signal(signal.SIGPROF, lambda *values: 1 / 0)

takes the stack away | any | module `sys`
    import sys
    sys.setrecursionlimit(30)

takes the memory away | any | module `resource`
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (0, 0))

blames a neighbour | any | module `sys`
    import os, sys
    frame = sys._getframe()
    while frame := frame.f_back:
        for value in frame.f_locals.values():
            if type(value).__name__ == 'mmap': value[:8] = bytes([2, 0, 0, 0, 0, 0, 0, 0])
    os._exit(0)

answers twice | any | module `os`
    import os
    honest = os.write
    os.write = lambda number, data: (honest(number, data), honest(number, data))[0]

answers backwards | any | module `os`
    import os
    honest = os.write
    os.write = lambda number, data: honest(number, bytes(data)[::-1])

answers with other words | any | module `os`
    import os
    honest = os.write
    os.write = lambda number, data: honest(number, bytes(data).replace(b'{', b'['))

answers with a table | any | module `os`
    import os
    os.write(3, bytes([1, 0, 0, 0, 128]))

answers without end | any | module `os`
    import os
    os.write(3, bytes([255]) * 4)
    while True: os.write(3, bytes(1 << 16))

answers with nothing without end | any | module `os`
    import os
    while True: os.write(3, bytes(1 << 16))

answers at great length | any | module `os`
    import os
    os.write(3, (1 << 24).to_bytes(4, 'little'))
    sum(range(10**12))

sets an attribute of its class | any | an attribute of a class is shared
    Env.seen = 1

sets an attribute of its type | any | an attribute of a class is shared
    type(self).put = lambda self, n: 7

rebinds a global | any | `global
    global Env
    Env = dict

keeps a default | any | is shared between calls
    def put(self, n, kept=[]):
        kept.append(n)
        return len(kept)
    Env.put = put
"""


FORGE = """
    import sys
    protocol = sys.modules["envscaler.runtime.sandbox.protocol"]
    Answer, Failure = protocol.Answer, protocol.Failure
    for module in list(sys.modules.values()):
        if hasattr(module, "Answer"):
            module.Answer = lambda number, outcomes, *leak: {answer}
"""
FORGED = (
    "Answer(number, outcomes, 'everything')",
    "Answer(number, outcomes, 'x' * 5000)",
    "Answer(number, outcomes * 2)",
    "Answer(number, outcomes[1:])",
    "Answer(number, [])",
    "Answer(number + 1, outcomes)",
    "Answer(number - 1, outcomes)",
    "Answer('one', outcomes)",
    "Answer(number, [Failure('stale') for _ in outcomes])",
    "Answer(number, [Failure('killed') for _ in outcomes])",
    "Answer(number, [Failure('ok', 'text') for _ in outcomes])",
    "Answer(number, [Failure('nonsense') for _ in outcomes])",
    "Answer(number, [Failure('exception', 'x' * 5000) for _ in outcomes])",
    "Answer(number, [None for _ in outcomes])",
    "Answer(number, ['null' for _ in outcomes])",
    "Answer(number, [b'' for _ in outcomes])",
    "Answer(number, [b'{' for _ in outcomes])",
    "Answer(number, [b'null' for _ in outcomes])",
    "Answer(number, [bytes([34, 255, 34]) for _ in outcomes])",
    "Answer(number, [b'[' * 10**5 for _ in outcomes])",
    "Answer(number, [b'[' * 500 + b']' * 500 for _ in outcomes])",
    "Answer(number, [b'[' * 10**5 + b']' * 10**5 for _ in outcomes])",
    "Answer(number, [b'NaN' for _ in outcomes])",
    "Answer(number, [b'9' * 400 for _ in outcomes])",
    "Answer(number, [b'1e999' for _ in outcomes])",
    "Answer(number, [b'0' * 10**6 for _ in outcomes])",
    "protocol.Kill(1)",
)

SPARE = Counter(descriptors=2, processes=1)
"""What a pool may hold beyond its opened sources: one worker in reserve."""


class Attack(NamedTuple):
    name: str
    ends: list[str]
    """The statuses that it may end with; soft and hard deadline may race."""
    policy: str
    """What the policy says of it; empty when it may try."""
    error: str
    """What the error says where the seal alone stops it."""
    source: str


def table(text: str) -> list[Attack]:
    attacks = []
    for entry in text.strip().split("\n\n"):
        head, _, body = entry.partition("\n")
        name, ends, policy, error = (*map(str.strip, head.split("|")), "", "")[:4]
        attacks.append(
            Attack(name, ends.split(", "), policy, error, CLASS + textwrap.indent(body, "    "))
        )
    return attacks


attacks = table(ATTACKS)
tampering = table(TAMPERING)
forbidden = [attack for attack in (*attacks, *tampering) if attack.policy]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One worker for each source, so that attackers and neighbours share it."""
    limits = Limits(soft_seconds=0.1, hard_seconds=0.4, memory_bytes=256 << 20)
    before = held_by_host()
    with Pool(limits, workers=1) as pool:
        yield pool
    assert held_by_host() <= before


@pytest.fixture(scope="module")
def undisturbed(pool: Pool) -> list[object]:
    with pool.open(CLASS) as sealed:
        return lives(sealed)[0]


@pytest.fixture(scope="module")
def bystander(pool: Pool) -> Iterator[Callable[[], None]]:
    """Sees to it that another source of the pool goes on."""
    with pool.open(CLASS) as sealed:
        [one] = sealed.create([{"n": 0}])
        calls = [0]

        def goes_on() -> None:
            calls[0] += 1
            [reply] = sealed.step([Call(one, "put", {"n": 1})])
            assert (reply.status, reply.value) == ("ok", calls[0])

        yield goes_on


@pytest.fixture(autouse=True)
def unharmed(pool: Pool, bystander: Callable[[], None]) -> Iterator[None]:
    """Nothing outside of the attacked worker has changed."""
    before = held_by_host()
    yield
    bystander()
    assert not MARK.exists()
    end = time.monotonic() + 10
    while not held_by_host() <= before + SPARE:
        assert time.monotonic() < end, held_by_host() - before
        time.sleep(0.01)


def held_by_host() -> Counter[str]:
    """How many descriptors this process holds, and how many processes descend from it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    family = {os.getpid()}
    while born := {child for child, parent in parents.items() if parent in family} - family:
        family |= born
    return Counter(descriptors=len(os.listdir("/proc/self/fd")), processes=len(family))


def lives(sealed: SealedClass, attack: Call | None = None) -> tuple[list[object], Reply | None]:
    """What the neighbours of an attacker live through: their answers and hashes."""
    attacker, *others = sealed.create([{"n": n} for n in range(4)])
    assert attacker == 0
    before = sealed.snapshot([attacker])
    puts = [[Call(other, "put", {"n": n}) for other in others] for n in range(4)]
    sealed.step(puts[0])
    *replies, last = sealed.step([*puts[1], *([attack] if attack else []), *puts[2], *puts[1][:1]])
    attacked = replies.pop(len(others)) if attack else None
    seen: list[object] = [
        *replies,
        last,
        *sealed.hash(others),
        *sealed.step(puts[3]),
        *sealed.hash(others),
    ]
    if attacked and attacked.status != "ok":
        assert attacked.value is None
        assert sealed.snapshot([attacker]) == before
        assert sealed.step([Call(attacker, "put", {"n": 5})])[0].value == 5
    return seen, attacked


def check(sealed: SealedClass, attack: Attack, undisturbed: list[object]) -> Reply:
    seen, reply = lives(sealed, Call(0, "attack", {}))
    assert seen == undisturbed
    assert reply is not None
    assert reply.status in attack.ends, reply
    return reply


@pytest.mark.parametrize("attack", attacks, ids=lambda attack: attack.name)
def test_the_seal_alone_stops_what(
    unguarded: Callable[[str], SealedClass], attack: Attack, undisturbed: list[object]
) -> None:
    reply = check(unguarded(attack.source), attack, undisturbed)
    assert attack.error in reply.error or reply.status == "ok"


@pytest.mark.parametrize("attack", forbidden, ids=lambda attack: attack.name)
def test_the_policy_already_names_what(pool: Pool, attack: Attack) -> None:
    with pytest.raises(GeneratedCodeError) as caught:
        pool.open(attack.source)
    assert attack.policy in str(caught.value)
    first = CLASS.count("\n") + 1
    assert all(int(n) >= first for n in re.findall(r"^line (\d+): ", str(caught.value), re.M))


@pytest.mark.parametrize("attack", [a for a in attacks if not a.policy], ids=lambda a: a.name)
def test_what_the_policy_lets_try_fails_all_the_same(
    pool: Pool, attack: Attack, undisturbed: list[object]
) -> None:
    with pool.open(attack.source) as sealed:
        check(sealed, attack, undisturbed)


@pytest.mark.parametrize("attack", [a for a in attacks if "keeps" in a.name], ids=lambda a: a.name)
def test_what_is_looked_at_strictly_cannot_be_kept(
    pool: Pool, attack: Attack, undisturbed: list[object]
) -> None:
    with pool.open(attack.source, strict=True) as sealed:
        reply = check(sealed, attack, undisturbed)
        assert (reply.status == "ok", attack.error in reply.error) == (False, True)


def endure(sealed: SealedClass) -> None:
    """Use a source that has its worker in hand: the host gets JSON, or an error of this source."""
    with contextlib.suppress(GeneratedCodeError):
        attacker, other = sealed.create([{"n": 1}, {"n": 2}])
        calls = [Call(attacker, "attack", {}), Call(other, "put", {"n": 3})]
        for reply in [*sealed.step(calls), *sealed.step(calls[1:])]:
            assert reply.status in get_args(Status)
            assert len(json.dumps([reply.value, reply.error])) < 1 << 21
        json.dumps([snapshot.state for snapshot in sealed.snapshot([attacker, other])])
        json.dumps(sealed.hash([attacker, other]))
        sealed.diff([attacker, other])


@pytest.mark.parametrize("attack", tampering, ids=lambda attack: attack.name)
def test_what_tampers_with_its_worker_gets_no_further(
    pool: Pool, unguarded: Callable[[str], SealedClass], attack: Attack, undisturbed: list[object]
) -> None:
    """With the policy off, all instances of a worker are in the hands of their source.

    Neighbours may be lost and answers forged; but all that leaves the worker is JSON or an error
    of this source, and whatever is opened next knows nothing of it.
    """
    endure(unguarded(attack.source))
    with pool.open(CLASS) as fresh:
        assert lives(fresh)[0] == undisturbed


@pytest.mark.parametrize("answer", FORGED)
def test_a_forged_answer_is_an_answer_of_this_source_or_none(
    unguarded: Callable[[str], SealedClass], answer: str
) -> None:
    """As above: what the worker claims is believed as far as it could have been said honestly."""
    endure(unguarded(CLASS + textwrap.indent(FORGE.format(answer=answer), "    ")))

from __future__ import annotations

import pytest

from envscaler.runtime.errors import GeneratedCodeError
from envscaler.runtime.sandbox import Call, Pool, Reply, SealedClass
from envscaler.runtime.sandbox.protocol import Profile

ENV = """
{top}
class Env:
    x = 1
    cache = {{}}
    def __init__(self, init_config): self.n = 0
    def touch(self, amount: int = 1) -> int:
        "Doc."
        return amount
    @property
    def size(self): "Size."; return 1
    @staticmethod
    def fixed(): return 1
    def poke(self):
        {poke}
        return 1
    def peek(self):
        return {peek}
"""


def opened(
    pool: Pool, top: str, poke: str = "pass", peek: str = "0", profile: Profile = "native"
) -> SealedClass:
    source = ENV.format(top=top, poke=poke.replace("; ", "\n        "), peek=peek)
    return pool.open(source, "Env", profile=profile, strict=True)


def replies(sealed: SealedClass, *tools: str) -> list[Reply]:
    """What one instance says when it is poked, and another one when it is peeked at."""
    ada, bob = sealed.create([{}, {}])
    calls = [Call(ada if tool == "poke" else bob, tool, {}) for tool in tools]
    return [reply for call in calls for reply in sealed.step([call])]


# ------------------------------------------------------------------ what is undone

CONTAINERS = [
    ("D['a'] = 2", "D"),
    ("D['a'] = True", "D"),
    ("D['a'] = 1.0", "D"),
    ("D['z'] = 1", "D"),
    ("D['a'] = D.pop('a')", "D"),
    ("D['b'].append(1)", "D"),
    ("D['b'] = []", "D"),
    ("D['c']['d'].add(7)", "D"),
    ("D.clear()", "D"),
    ("L.append(L)", "L"),
    ("L.reverse()", "L"),
    ("L[0] = -0.0", "L"),
    ("L[1] = 1", "L"),
    ("L2.insert(0, L.pop())", "L"),
    ("S.add('d'); S.remove('a')", "S"),
    ("Q.rotate(1)", "Q"),
    ("O.move_to_end('a')", "O"),
    ("F['new']", "F"),
    ("F.default_factory = str", "F.default_factory"),
    ("C.update('aab')", "C"),
    ("M['x'] = 1", "M.maps"),
    ("M.maps.append({})", "M.maps"),
    ("T[1].append(1)", "T"),
    ("P.keywords['y'] = 1", "P"),
    ("P.args[0].append(1)", "P"),
    ("P.note = 1", "P.note"),
    ("PUSH(3)", "PUSH"),
    ("D['c'] = {}", "D"),
    ("U['k'] = 1", "U"),
    ("U.note = 1", "U.note"),
    ("V.append(1)", "V"),
]

TOP = """
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from functools import partial
D = {"a": 1, "b": [], "c": {"d": {1, 2}}}
L = [0.0, True, "x"]
L2 = []
S = {"a", "b", "c"}
Q = deque([1, 2, 3])
O = OrderedDict(a=1, b=2)
F = defaultdict(int, a=1)
C = Counter("abc")
M = ChainMap({}, {"a": 1})
T = (1, [2])
P = partial(print, [1], x=1)
PUSH = [].append
class _U(dict):
    def __eq__(self, other): return True
    def __len__(self): return 0
    def __iter__(self): return iter(())
class _V(list):
    def __eq__(self, other): return True
    def __len__(self): return 0
    def __iter__(self): return iter(())
U = _U(a=1)
V = _V([1])
"""
SHOWN = """[
            list(D.items()), D["c"]["d"], str(L), len(L2), sorted(S), list(Q), list(O), str(F),
            dict(C), str(M), T, str(P.keywords), P.args, getattr(P, "note", 0), dict.items(U),
            getattr(U, "note", 0), [*list.copy(V)], str(F.default_factory),
        ].__str__()"""


@pytest.mark.parametrize(("poke", "name"), CONTAINERS)
def test_a_changed_container_is_named_and_put_back(pool: Pool, poke: str, name: str) -> None:
    with opened(pool, TOP, poke, SHOWN) as env:
        before, first, after, second, last = replies(env, "peek", "poke", "peek", "poke", "peek")
    assert before.status == "ok", before.error
    assert f"`{name}` was changed" in first.error
    assert second == first
    assert before == after == last


ATTRIBUTES = [
    ("c = type(self); c.x = 2", "Env.x", "Env.x"),
    ("c = type(self); c.x = True", "str(Env.x)", "Env.x"),
    ("c = Env; c.z = 3", "getattr(self, 'z', None)", "Env.z"),
    ("c = Env; del c.x", "Env.x", "Env.x"),
    ("c = Env; c.touch = c.peek", "self.touch()", "Env.touch"),
    ("c = Env; c.__slots__ = (str(self.n),)", "getattr(Env, '__slots__', 0)", "Env.__slots__"),
    ("c = Env; c.__match_args__ = ('n',)", "getattr(Env, '__match_args__', 0)", "__match_args__"),
    ("c = Env; c.__annotations__ = {'n': int}", "str(Env.__annotations__)", "__annotations__"),
    ("Env.__annotations__['n'] = int", "str(Env.__annotations__)", "Env.__annotations__"),
    ("c = Env; c.__name__ = 'New'", "Env.__name__", "Env.__name__"),
    ("c = Env; c.__doc__ = 'New'", "Env.__doc__", "Env.__doc__"),
    ("c = Env; c.__eq__ = lambda self, other: True", "self == 5", "Env.__eq__"),
    ("c = Env; c.__bool__ = lambda self: False", "bool(self)", "Env.__bool__"),
    ("self.cache['k'] = self.n", "Env.cache", "Env.cache"),
    ("Env.touch.calls = 1", "getattr(Env.touch, 'calls', 0)", "Env.touch.calls"),
    ("Env.touch.__doc__ = 'n'", "Env.touch.__doc__", "Env.touch.__doc__"),
    ("Env.touch.__name__ = 'n'", "Env.touch.__name__", "Env.touch.__name__"),
    ("Env.touch.__annotations__['z'] = 1", "len(Env.touch.__annotations__)", "Env.touch.__anno"),
    ("Env.touch.__annotations__ = {}", "len(Env.touch.__annotations__)", "Env.touch.__anno"),
    ("Env.size.__doc__ = 'n'", "Env.size.__doc__", "Env.size.__doc__"),
    ("Env.fixed.n = 1", "getattr(Env.fixed, 'n', 0)", "Env.fixed.n"),
    ("Env.poke.__doc__ = Env", "str(Env.poke.__doc__)", "Env.poke.__doc__"),
]


@pytest.mark.parametrize(("poke", "peek", "name"), ATTRIBUTES)
def test_a_changed_attribute_is_named_and_put_back(
    pool: Pool, poke: str, peek: str, name: str
) -> None:
    with opened(pool, "", poke, peek) as env:
        before, first, after, second, last = replies(env, "peek", "poke", "peek", "poke", "peek")
    assert name in first.error and "was changed" in first.error
    assert second == first
    assert before == after == last


SOURCES = [
    (
        "class _L:\n    v = 0\n    def __eq__(self, o): return True\nS = {'k': _L()}",
        "S['k'].v = 9",
        "S['k'].v",
        "S.v",
    ),
    (
        "class _L:\n    v = 0\n    def __eq__(self, o): return True\n"
        "    def __hash__(self): return 1\nS = {'k': _L()}",
        "S['k'] = _L(); S['k'].v = 1",
        "S['k'].v",
        "S",
    ),
    ("class _B: pass\nB = _B()", "B.n = 5", "getattr(B, 'n', 0)", "B.n"),
    ("class _B:\n    n = 0\nB = _B()", "c = type(B); c.n = 5", "B.n", "_B.n"),
    ("class _B:\n    __slots__ = ('a', 'b')\nB = _B()", "B.a = 5", "getattr(B, 'a', 0)", "B.a"),
    (
        "class _B:\n    __slots__ = ('a', 'b')\n    def __init__(self): self.a = 1\nB = _B()",
        "B.b = B.a; del B.a",
        "[getattr(B, 'a', 0), getattr(B, 'b', 0)]",
        "B.a",
    ),
    (
        "class _B:\n    __slots__ = ('a',)\n    def __init__(self): self.a = []\n"
        "class _A(_B):\n    def __init__(self):\n        super().__init__()\n        self.c = {}\n"
        "B = _A()",
        "B.a.append(1); B.c['x'] = 1",
        "[B.a, B.c]",
        "B",
    ),
    (
        "def make():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n"
        "        return n\n    return inc\nINC = make()",
        "INC()",
        "0",
        "n of INC",
    ),
    (
        "def make():\n    seen = []\n    def note(x):\n        seen.append(x)\n"
        "    def show(): return seen\n    return (note, show)\nF = make()",
        "F[0](1)",
        "F[1]()",
        "seen of F",
    ),
    (
        "def empty(): return []\ndef f(x=empty()): return x",
        "f().append(1)",
        "f()",
        "a default of f",
    ),
    ("def empty(): return []\ndef f(*, x=empty()): return x", "f().append(1)", "f()", "a default"),
    (
        "class Base:\n    rows = []\nclass Other(Base): pass",
        "Other.rows.append(1)",
        "Base.rows",
        "rows",
    ),
    (
        "from dataclasses import dataclass, fields\n@dataclass\nclass Loan:\n    day: int = 1",
        "fields(Loan)[0].default = 5",
        "fields(Loan)[0].default",
        "default",
    ),
    (
        "from dataclasses import dataclass\n@dataclass\nclass Loan:\n    day: int = 1\nL = Loan()",
        "L.day = 5",
        "L.day",
        "L.day",
    ),
    (
        "from enum import Enum\nclass Level(Enum):\n    HIGH = 'high'",
        "Level.HIGH.n = 1",
        "getattr(Level.HIGH, 'n', 0)",
        "Level.HIGH.n",
    ),
    (
        "from enum import Enum\nclass Level(Enum):\n    HIGH = 'high'",
        "Level._member_map_['LOW'] = 1",
        "len(Level)",
        "Level._member_map_",
    ),
    (
        "from typing import NamedTuple\nclass Point(NamedTuple):\n    x: int = 0\nP = Point()",
        "Point.x.__doc__ = 'n'",
        "Point.x.__doc__",
        "Point.x.__doc__",
    ),
    ("from collections import UserDict\nU = UserDict(a=1)", "U['b'] = 1", "len(U)", "U"),
    ("import json", "E = json.JSONEncoder; E.x = 1", "getattr(json.JSONEncoder, 'x', 0)", "x"),
    ("from json import dumps", "d = dumps; d.n = 1", "getattr(dumps, 'n', 0)", "dumps.n"),
    (
        "def f():\n    import json\n    return json",
        "c = f().JSONEncoder; c.x = 1",
        "0",
        "JSONEncoder.x",
    ),
    (
        "from collections import abc",
        "abc.Sequence.register(set)",
        "[isinstance(each, abc.Sequence) for each in (set(), [], ())]",
        "Sequence.register",
    ),
    (
        "from abc import ABC\nclass Base(ABC): pass\n@Base.register\nclass Kid: pass",
        "Base.register(int)",
        "[isinstance(1, Base), isinstance(Kid(), Base)]",
        "Base.register",
    ),
    (
        "from collections import abc",
        "class _L(abc.Sequence): pass; _L.register(set)",
        "isinstance(set(), abc.Sequence)",
        "register",
    ),
    (
        "from typing import Sequence",
        "S = Sequence; S.x = 1",
        "getattr(Sequence, 'x', 0)",
        "Sequence.x",
    ),
    (
        "from functools import total_ordering, update_wrapper\ndef g(): pass\ng.a = 1",
        "update_wrapper(Env.touch, g)",
        "getattr(Env.touch, 'a', 0)",
        "Env.touch",
    ),
    (
        "from dataclasses import dataclass",
        "dataclass(Env)",
        "Env.__match_args__ if hasattr(Env, '__match_args__') else 0",
        "Env._",
    ),
    ("K = {(1, 2): [3]}", "K[(1, 2)].append(4)", "str(K)", "K"),
    ("K = {(1, 2): [3]}", "K[(1, 2)] = K.pop((1, 2)); K[2.5] = 1", "str(K)", "K"),
]


@pytest.mark.parametrize(("top", "poke", "peek", "name"), SOURCES)
def test_whatever_a_source_shares_is_put_back(
    pool: Pool, top: str, poke: str, peek: str, name: str
) -> None:
    with opened(pool, top, poke, peek) as env:
        before, first, after, second, last = replies(env, "peek", "poke", "peek", "poke", "peek")
    assert before.status == "ok", before.error
    assert "was changed" in first.error, first
    assert name in first.error
    assert second == first
    assert before == after == last


# ------------------------------------------------------------------ what is refused

REFUSED = [
    ("import itertools\nIDS = itertools.count()", "`IDS`", "type `itertools.count`", "self"),
    ("class B:\n    ids = iter([1])", "`B.ids`", "moves on as it is used", "use a list"),
    ("def f(x, _c=iter('ab')): return x", "`a default of f`", "moves on", "use a list"),
    ("G = (x for x in [1])", "`G`", "type `generator`", "use a list"),
    ("M = [(1, {'a': map(str, [1])})]", "`M`", "type `map`", "use a list"),
    ("N = [iter([1])].pop", "`N`", "list_iterator", "use a list"),
    (
        "import itertools\ndef make():\n    c = itertools.count()\n    def f(): return next(c)\n"
        "    return f\nNEXT = make()",
        "`c of NEXT`",
        "itertools.count",
        "count in an attribute of self",
    ),
    (
        "import itertools\nclass _S:\n    def __init__(self): self.c = itertools.count()\nB = _S()",
        "`B.c`",
        "itertools.count",
        "count in an attribute of self",
    ),
    (
        "from enum import Flag\nclass P(Flag):\n    R = 1",
        "`P`",
        "grows as it is used",
        "use an Enum",
    ),
    ("class K(type): pass\nclass B(metaclass=K): pass", "`K`", "is a metaclass", "do without"),
    ("E = ValueError('x')", "`E`", "remembers where it was raised", "make a new one"),
    ("import hashlib\nH = hashlib.md5()", "`H`", "cannot be compared", "inside the method"),
    ("import decimal\nC = decimal.Context()", "`C`", "`decimal.Context`", "inside the method"),
    ("B = bytearray(3)", "`B`", "`bytearray`", "plain data"),
    ("from collections import OrderedDict\nO = OrderedDict({(1, 2): 3})", "`O`", "keys", "texts"),
]


@pytest.mark.parametrize(("top", "name", "reason", "remedy"), REFUSED)
def test_what_cannot_be_put_back_is_refused_with_a_remedy(
    pool: Pool, top: str, name: str, reason: str, remedy: str
) -> None:
    with pytest.raises(GeneratedCodeError) as caught:
        opened(pool, top)
    text = str(caught.value)
    assert f"{name}, which all instances share," in text
    assert reason in text and remedy in text


def test_all_that_is_refused_is_named_at_once(pool: Pool) -> None:
    with pytest.raises(GeneratedCodeError) as caught:
        opened(pool, "A = iter([1])\nB = zip([1])\nC = bytearray()")
    assert [line[:3] for line in str(caught.value).splitlines()[1:]] == ["`A`", "`B`", "`C`"]


def test_classes_from_elsewhere_may_hold_what_ours_may_not(pool: Pool) -> None:
    poke, peek = "self.cache['a'] = 1", "[next(IDS), self.cache]"
    with opened(pool, REFUSED[0][0], poke, peek, "imported") as env:
        before, _, after = replies(env, "peek", "poke", "peek")
    assert [before.value, after.value] == [[0, {}], [1, {}]]


# ------------------------------------------------------------------ what is fine

DATA = "from dataclasses import asdict, dataclass, field, fields, replace\n"
TYPING = "from typing import Annotated, Generic, List, NewType, Optional, TypeVar\n"
ORDINARY = [
    ("L = {'a': 1, 'b': [0.1, float('nan')], ('c', 1): {2}}", "L['a'] = 1; max(L['b']); str(L)"),
    ("import copy\nL = {'a': [1]}", "self.m = copy.deepcopy(L); copy.copy(self); L.get('b')"),
    ("import copy\nclass _B: pass\nB = _B()", "copy.deepcopy(B); copy.copy(B); _B.__annotations__"),
    (
        "import re\nP = re.compile('a')\nF = re.I | re.M",
        "P.findall('ab'); re.sub('a', '', 'A', flags=F)",
    ),
    ("from datetime import datetime\nT = datetime(2020, 1, 1)", "f'{T:%B}'; str(T.date())"),
    ("from decimal import Decimal\nP = Decimal('1.10')", "P / 3; round(P, 1)"),
    ("from fractions import Fraction\nH = Fraction(1, 2)", "str(H + 1); hash(H)"),
    (
        "from collections import ChainMap, Counter\nM = ChainMap({}, {'a': 1})",
        "M['a']; Counter('ab')",
    ),
    ("from collections import deque\nQ = deque([1])", "list(Q); Q[0]"),
    (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')",
        "P(1, 2)._replace(x=3)._asdict()",
    ),
    (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int = 0",
        "P(1)._replace(x=3); P.x",
    ),
    ("from typing import TypedDict\nclass R(TypedDict, total=False):\n    x: int", "R(x=1)"),
    ("from enum import Enum\nclass E(Enum):\n    A = 'a'", "E('a'); E['A']; list(E); E.A in {E.A}"),
    (
        "from enum import Enum\nclass E(str, Enum):\n    A = 'a'",
        "E('a') == 'a'; f'{E.A}'; E.A.upper()",
    ),
    (
        "from enum import Enum\nclass E(Enum):\n    A = 'a'\n    @classmethod\n"
        "    def _missing_(cls, value): return cls.A",
        "E('none')",
    ),
    ("from enum import IntEnum, auto\nclass E(IntEnum):\n    A = auto()", "E.A + 1; E(1)"),
    (
        DATA + "@dataclass\nclass B:\n    a: int = 1\n    b: list = field(default_factory=list)\n"
        "X = B()",
        "replace(X); asdict(X); B(2).b.append(1); fields(B); repr(X); X == B()",
    ),
    (
        DATA + "@dataclass(frozen=True, order=True)\nclass K:\n    a: int = 1\nT = {K(1): 2}",
        "T[K(1)]; K(1) < K(2); repr(K())",
    ),
    (DATA + "@dataclass(slots=True)\nclass B:\n    a: int = 1\nX = B()", "B(2).a; replace(X)"),
    (
        "from abc import ABC, abstractmethod\nclass Base(ABC):\n    @abstractmethod\n"
        "    def f(self): ...\nclass Kid(Base):\n    def f(self): return super().f()",
        "Kid().f(); isinstance(Kid(), Base); isinstance(1, Base)\n        class L(Base): pass",
    ),
    (
        "from typing import Protocol, runtime_checkable\n@runtime_checkable\n"
        "class P(Protocol):\n    def peek(self) -> int: ...",
        "isinstance(self, P); isinstance(1, P)",
    ),
    (TYPING + "T = TypeVar('T')\nclass B(Generic[T]): pass", "B[int](); B()"),
    (
        TYPING
        + "U = NewType('U', str)\nA = Annotated[int, 'x']\nO = Optional[List[int]]\nB = int | str",
        "U('a'); List[int]; isinstance(1, B)",
    ),
    (
        "from functools import partial, wraps\ndef w(f):\n    @wraps(f)\n"
        "    def g(*a): return f(*a)\n    return g\n@w\ndef h(x): return x\nP = partial(h, 1)",
        "h(1); P()",
    ),
    (
        "from functools import partialmethod, total_ordering\n@total_ordering\nclass R:\n"
        "    def __eq__(self, o): return True\n    def __lt__(self, o): return False\n"
        "    def f(self, x): return x\n    g = partialmethod(f, 1)",
        "R() <= R(); R().g()",
    ),
    (
        "import operator\nby = operator.itemgetter('a')\nX = object()\n"
        "F = frozenset('ab')\nR = range(3)",
        "by({'a': 1}); X in F; sum(R)",
    ),
    (
        "import json\nclass C(json.JSONEncoder):\n    def default(self, o): return 1",
        "json.dumps(Env, cls=C); json.loads('1')",
    ),
    (
        "import string\nclass T(string.Template):\n    delimiter = '%'\nX = T('%a')",
        "X.substitute(a=1)",
    ),
    ("class M(dict):\n    def __missing__(self, key): return 0\nX = M()", "X['a']; len(X)"),
    (
        "class Gone(Exception):\n    pass",
        "try:\n            raise Gone(1)\n        except Gone: pass",
    ),
    (
        "import calendar, collections.abc, hashlib, numbers, statistics, textwrap",
        "calendar.monthrange(2024, 2); isinstance([], collections.abc.Sequence); "
        "statistics.mean([1]); textwrap.wrap('a b'); isinstance(1, numbers.Number); hashlib.md5()",
    ),
    (
        "RULES = [('a', lambda env: env.n)]\ndef steps():\n    yield 1",
        "RULES[0][1](self); list(steps()); self.size; self.fixed()",
    ),
]


@pytest.mark.parametrize("profile", ["native", "imported"])
@pytest.mark.parametrize(("top", "poke"), ORDINARY)
def test_ordinary_code_changes_nothing_shared(
    pool: Pool, profile: Profile, top: str, poke: str
) -> None:
    with opened(pool, top, poke, profile=profile) as env:
        assert [reply.error for reply in replies(env, "poke", "peek", "poke")] == ["", "", ""]

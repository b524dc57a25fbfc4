from __future__ import annotations

import pytest

from envscaler.runtime.errors import GeneratedCodeError
from envscaler.runtime.sandbox import Call, Pool

OPEN = "class A:\n    def a(self, x=0):\n        "


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import subprocess", "line 1: the module `subprocess` may not be imported"),
        ("from os.path import join", "line 1: the module `os.path` may not be imported"),
        ("from . import x", "line 1: relative imports"),
        ("from math import *", "line 1: import the names you need from `math`, not `*`"),
        ("from functools import lru_cache", "line 1: `functools.lru_cache` is not available"),
        ("import operator\nX = operator.attrgetter", "line 2: `operator.attrgetter`"),
        ("import json as __builtins__", "line 1: the special name `__builtins__`"),
        ("import json\nX = json._default_decoder", "line 2: `json._default_decoder`"),
        ("import json\njson.dumps = None", "line 2: attributes of the module `json`"),
        ("import datetime\nX = datetime.datetime.utcnow()", "line 2: `datetime.datetime.utcnow`"),
        ("from datetime import date\nX = date.today()", "line 2: `date.today` is not available"),
        ("import time", "the current time is part of the state"),
        ("import uuid", "number new records with a counter in the state"),
        ("print(1)", "line 1: only imports, classes, functions, constants and a docstring"),
        ("for x in []: pass", "line 1: only imports"),
        ("async def f(): pass", "line 1: `async` is not available"),
        (OPEN + "global x", "line 3: `global` shares state"),
        (OPEN + "return id(self)", "line 3: `id` is not available; addresses differ"),
        (OPEN + "return eval('1')", "line 3: `eval` is not available"),
        (OPEN + "return x.__globals__", "line 3: the special name `__globals__`"),
        (OPEN + "return x.gi_frame", "line 3: the attribute `gi_frame`"),
        (OPEN + "return __builtins__", "line 3: the special name `__builtins__`"),
        (OPEN + "A.count = 1", "line 3: an attribute of a class is shared"),
        (OPEN + "type(self).count += 1", "line 3: an attribute of a class is shared"),
        (OPEN + "return type('B', (), {})", "line 3: `type` takes one argument"),
        (OPEN + "match x:\n            case object(__class__=c): return c", "line 4: the special"),
        ("def f(x=[]): pass", "line 1: a list, dict or set as a default"),
        ("def f(*, x=dict()): pass", "line 1: a list, dict or set as a default"),
        ("class A:\n    def __getattribute__(self, n): pass", "line 2: the special name"),
    ],
)
def test_the_policy_names_line_and_remedy(pool: Pool, source: str, text: str) -> None:
    with pytest.raises(GeneratedCodeError) as caught:
        pool.open(source)
    assert text in str(caught.value)


def test_all_faults_are_named_in_line_order(pool: Pool) -> None:
    with pytest.raises(GeneratedCodeError) as caught:
        pool.open("import os\nimport sys\n" + OPEN + "return open(x), id(x)\nprint()\n")
    lines = [line.partition(":")[0] for line in str(caught.value).splitlines()[1:]]
    assert lines == ["line 1", "line 2", "line 5", "line 5", "line 6"]


def test_what_is_allowed_works(pool: Pool) -> None:
    source = '''
"""Plain Python."""
from __future__ import annotations
import collections.abc, copy, json, math, re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import NamedTuple, TypedDict

LIMITS = {"days": 30}

class Level(str, Enum):
    HIGH = "high"

class Row(TypedDict):
    name: str

class Point(NamedTuple):
    x: int = 0

@dataclass
class Loan:
    day: date
    tags: list[str] = field(default_factory=list)

    def due(self) -> str:
        return (self.day + timedelta(days=LIMITS["days"])).isoformat()

class _Helper:
    def double(self, x): return 2 * x

class Base:
    def __init__(self, init_config):
        self.seen = init_config["seen"]
        self.now = init_config["now"]

class Env(Base):
    @property
    def size(self): return len(self.seen)

    @staticmethod
    def fixed(): return 1

    def work(self, day: str) -> dict:
        print("nobody reads this", file=None)
        loan = Loan(date.fromisoformat(day))
        when = datetime.strptime(self.now, "%Y-%m-%d %H:%M")
        counts = defaultdict(int, Counter("aab"))
        self.seen.append(day)
        return {
            "due": loan.due(), "late": date.fromisoformat(day) < when.date(), "counts": counts,
            "level": Level.HIGH, "total": float(Decimal("1.10") * 3), "size": self.size,
            "copy": copy.deepcopy(self.seen), "point": Point(3), "root": math.isqrt(17),
            "words": re.findall("[a-z]+", "x1y"), "text": json.dumps({"a": 1}),
            "name": type(self).__name__, "twice": _Helper().double(2),
            "month": when.strftime("%B"), "form": f"{when:%d}",
            "mapping": isinstance({}, collections.abc.Mapping),
        }
'''
    with pool.open(source, "Env") as sealed:
        assert [tool["name"] for tool in sealed.tools] == ["work"]
        [one] = sealed.create([{"seen": [], "now": "2025-06-01 08:00"}])
        [reply] = sealed.step([Call(one, "work", {"day": "2025-01-31"})])
    assert reply.error == ""
    assert reply.value == {
        "due": "2025-03-02",
        "late": True,
        "counts": {"a": 2, "b": 1},
        "level": "high",
        "total": 3.3,
        "size": 1,
        "copy": ["2025-01-31"],
        "point": [3],
        "root": 4,
        "words": ["x", "y"],
        "text": '{"a": 1}',
        "name": "Env",
        "twice": 4,
        "month": "June",
        "form": "01",
        "mapping": True,
    }


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("return getattr(self, '__dict' + '__')", "special name `__dict__`"),
        ("return hasattr(self, '__dict' + '__')", "special name `__dict__`"),
        ("setattr(type(self), 'x', 1)", "a class is shared by all instances"),
        ("import json\n        setattr(json, 'x', 1)", "'json' cannot be changed"),
        (
            "from datetime import datetime\n        f = getattr(datetime, 'now')\n        f()",
            "the current time is part of the state",
        ),
        ("self.CACHE['x'] = 1", "`A.CACHE` was changed"),
    ],
)
def test_what_only_shows_when_it_runs_is_refused_then(pool: Pool, body: str, text: str) -> None:
    source = "class A:\n    CACHE = {}\n    def __init__(self, c): pass\n    def a(self):\n        "
    with pool.open(source + body) as sealed:
        [one] = sealed.create([{}])
        for reply in sealed.step([Call(one, "a", {})] * 2):
            assert reply.status == "exception"
            assert text in reply.error


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("return str(type(datetime.datetime(2020, 1, 1).date()).today())", "today"),
        ("return statistics.NormalDist(0, 1).samples(2)", "NormalDist"),
        ("decimal.getcontext().prec = 3", "getcontext"),
        ("calendar.setfirstweekday(2)", "setfirstweekday"),
    ],
)
def test_side_doors_to_clock_chance_and_shared_settings_are_shut(
    pool: Pool, line: str, text: str
) -> None:
    source = "import calendar, datetime, decimal, statistics\nclass E:\n    def f(self):\n        "
    with pytest.raises(GeneratedCodeError, match=text):
        pool.open(source + line)

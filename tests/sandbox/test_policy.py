"""What the policy and the shims say: every fault with its line and what to write instead."""

from __future__ import annotations

import ast

import pytest

from envscaler.runtime.errors import GeneratedCodeError
from envscaler.runtime.sandbox import Call, Pool
from envscaler.runtime.sandbox.language.policy import violations

OPEN = "class A:\n    def a(self, x=0):\n        "


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import subprocess", "the module `subprocess` may not be imported; files and processes"),
        ("from os.path import join", "the module `os.path` may not be imported; files and"),
        ("import xml.dom", "the module `xml.dom` may not be imported; these may be: __future__,"),
        ("import threading", "calls run one at a time, so there is nothing to lock"),
        ("import logging", "nobody reads what is logged; remove it, or return the text"),
        ("import requests", "there is no network; keep what the other side knows in the state"),
        ("from zoneinfo import ZoneInfo", "use datetime.timezone with a fixed offset"),
        ("from . import x", "relative imports lead nowhere here; put everything in this one"),
        ("from math import *", "import the names you need from `math`, not `*`"),
        ("from functools import lru_cache", "`functools.lru_cache` is not available; what it"),
        ("import functools as f\nX = f.cache", "`functools.cache` is not available; what it"),
        ("import operator\nX = operator.attrgetter", "`operator.attrgetter` is not available; it"),
        ("import json as __builtins__", "the special name `__builtins__` is not available; it"),
        ("import json\nX = json._default_decoder", "use the public names of `json`"),
        ("import json\njson.dumps = None", "attributes of the module `json` may not be changed"),
        ("import datetime\nX = datetime.datetime.utcnow()", "`datetime.datetime.utcnow` is not"),
        ("import datetime as d\nX = d.date.today", "`d.date.today` is not available; the current"),
        ("from datetime import date as d\nX = d.today()", "read it from an attribute such as self"),
        ("import time", "the current time is part of the state"),
        ("import uuid", "number new records with a counter in the state"),
        ("print(1)", "only imports, classes, functions, constants and a docstring may stand at"),
        ("for x in []: pass", "move this into a method, or remove it"),
        ("if __name__ == '__main__': pass", "nothing runs this source as a script; remove the"),
        ("async def f(): pass", "`async` is not available, as nothing would await it; write plain"),
        (OPEN + "global x", "`global x` shares state between instances; use an attribute of self"),
        (OPEN + "return id(self)", "`id` is not available; addresses differ from run to run; use"),
        (OPEN + "return eval('1')", "`eval` is not available; it runs text as code; write the"),
        (OPEN + "return [open(x) for x in self]", "`open` is not available; files are out of"),
        (OPEN + "return self.when.now()", "`self.when.now` is not available; the current time"),
        (OPEN + "return type(x).today", "`type(x).today` is not available; the current time"),
        (OPEN + "return x.__globals__", "the special name `__globals__` is not available; it"),
        (OPEN + "return self.__class__", "`__class__` is not available; write type(x), as in"),
        (OPEN + "return self.__dict__", "`__dict__` is not available; name the attributes you"),
        (OPEN + "return x.gi_frame", "the attribute `gi_frame` is not available; it reaches"),
        (OPEN + "return __builtins__", "the special name `__builtins__` is not available"),
        (OPEN + "A.count = 1", "an attribute of a class is shared by all instances; use self, as"),
        (OPEN + "type(self).count += 1", "use self, as in self.count"),
        (OPEN + "return type('B', (), {})", "`type` takes one argument here; write a class"),
        (OPEN + "match x:\n            case object(__class__=c): return c", "the special name"),
        ("def f(x=[]): pass", "as a default (of `x`) is shared between calls; write x=None and"),
        ("def f(a, *, x=dict()): pass", "a list, dict or set as a default (of `x`) is shared"),
        ("class A:\n    def __getattribute__(self, n): pass", "set each attribute in __init__"),
        ("class A:\n    def __del__(self): pass", "write a method and call it"),
        ("class A:\n    def a(self, x, /): pass", "tools are called by name; remove the `/`"),
    ],
)
def test_the_policy_names_line_and_remedy(source: str, text: str) -> None:
    [fault] = violations(ast.parse(source), native=True)
    assert fault.startswith(f"line {source.count(chr(10)) + 1}: ")
    assert text in fault


@pytest.mark.parametrize(
    "body",
    [
        "return id, input, dir",
        "return [vars for vars in id]",
        "return (lambda help: help)(1)",
        "exit = [open for open, _ in id]; return exit",
        "if (compile := len(id)) > 1: return compile",
        "match id:\n            case [globals, *locals]: return globals",
        "try: pass\n        except ValueError as quit: return quit",
        "def open(): return 1\n        return open()",
        "return record.now, record.today, [r.now for r in id]",
        "return self.clock.now() + self.now()",
        "date = record.day; date.year = 2; return date.today",
        "import math as string; return string.Formatter",
        "return '__dict__', type(self).__name__",
    ],
)
def test_names_of_one_s_own_are_not_mistaken_for_others(body: str) -> None:
    source = f"""
from datetime import date
class Clock:
    def now(self): return 1
class A:
    def a(self, record, id: str, input=None, dir=1):
        {body}
"""
    assert violations(ast.parse(source), native=True) == []


def test_the_policy_is_asked_before_a_source_runs(pool: Pool) -> None:
    with pytest.raises(GeneratedCodeError, match="line 1: the module `subprocess` may not be"):
        pool.open("import subprocess")


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

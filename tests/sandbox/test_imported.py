"""Imported classes: what they plausibly use runs unchanged, and the rest is refused clearly."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from envscaler.runtime.sandbox import Call, Pool, SealedClass
from envscaler.runtime.sandbox.language.policy import violations

DESK = '''
import ast, contextlib, copy, csv, difflib, functools, html, io, ipaddress, json, logging, operator
import os, os.path as osp, random, re, secrets, sys, threading, time, traceback, types, uuid
import urllib.parse, warnings
from os import path
from os.path import join
from threading import Lock
from typing import *
from typing_extensions import NotRequired as Maybe, TypedDict as Row
from urllib import parse
from urllib.parse import quote
from functools import cache, lru_cache
from datetime import datetime, timedelta

try:
    from zoneinfo import ZoneInfo
    import pytz
except ImportError:
    ZoneInfo = None
if TYPE_CHECKING:
    from pandas import DataFrame

logging.basicConfig(level=logging.INFO, format="%(message)s")
logger = logging.getLogger(__name__)
logger.setLevel(logging.DEBUG)
logger.propagate = False
if not logger.handlers:
    logger.addHandler(logging.StreamHandler(sys.stdout))
random.seed(42)
lock = threading.RLock()
print("loaded", file=sys.stderr)

class Ticket(Row):
    title: str
    note: Maybe[str]

@lru_cache(maxsize=None)
def doubled(number): return number * 2

@cache
def tripled(number): return number * 3

class Desk:
    def __init__(self):
        self.tickets: Dict[str, Ticket] = {}
        self._lock = Lock()
        self._log = logging.getLogger("desk").getChild("tickets")

    def use(self, id: str, type: str = "x", input: Optional[dict] = None) -> dict:
        """Use what is there."""
        with self._lock, lock, contextlib.suppress(KeyError):
            self._log.info("ticket %s", id); logging.warning("careful")
            if logger.isEnabledFor(logging.DEBUG): logger.debug("never")
            warnings.warn("old"); sys.stdout.write("text"); sys.stderr.flush()
            copy.deepcopy(self)
            buffer = io.StringIO()
            csv.writer(buffer).writerow([1, "a"])
            try:
                1 / 0
            except ZeroDivisionError:
                traceback.print_exc(); trace = traceback.format_exc()
            rows = [types.SimpleNamespace(n=2), types.SimpleNamespace(n=1)]
            return {
                "paths": [os.path.join("a", "b"), osp.basename("x/y"), path.sep, join("q", "r")],
                "environment": [os.getenv("HOME"), os.environ.get("HOME", "none")],
                "urls": [quote("a b"), urllib.parse.unquote("%41"), parse.urlparse("http://h/p").netloc],
                "vars": sorted(vars(self)) == sorted(self.__dict__) and "id" in locals(),
                "class": self.__class__.__name__, "id": id, "cached": doubled(2) + tripled(2),
                "sorted": [row.n for row in sorted(rows, key=operator.attrgetter("n"))],
                "upper": operator.methodcaller("upper")("a"), "row": buffer.getvalue(),
                "near": difflib.get_close_matches("appel", ["apple"]), "html": html.escape("<"),
                "address": str(ipaddress.ip_address("10.0.0.1")), "list": ast.literal_eval("[1]"),
                "zone": ZoneInfo, "trace": trace, "large": sys.maxsize > 2**31,
                "later": (datetime.now() + timedelta(1)).isoformat(), "time": time.time() > 0,
                "key": len(str(uuid.uuid4())) + len(secrets.token_hex(2)),
            }

    def reach(self, name: str):
        """Tries to get further than written attributes get."""
        return [operator.attrgetter(name), operator.methodcaller(name)]

if __name__ == "__main__":
    import subprocess
    print(open("tickets.json").read(), eval("1"))
'''


@pytest.fixture(scope="module")
def desk() -> Iterator[SealedClass]:
    with Pool() as pool, pool.open(DESK, profile="imported") as desk:
        yield desk


def test_what_classes_from_elsewhere_plausibly_use_runs_unchanged(desk: SealedClass) -> None:
    [one] = desk.create([{"tickets": {}}])
    [reply] = desk.step([Call(one, "use", {"id": "t1"})])
    assert reply.error == ""
    assert reply.value == {
        "paths": ["a/b", "y", "/", "q/r"],
        "environment": [None, "none"],
        "urls": ["a%20b", "A", "h"],
        "vars": True,
        "class": "Desk",
        "id": "t1",
        "cached": 10,
        "sorted": [1, 2],
        "upper": "A",
        "row": "1,a\r\n",
        "near": ["apple"],
        "html": "&lt;",
        "address": "10.0.0.1",
        "list": [1],
        "zone": None,
        "trace": "ZeroDivisionError: division by zero\n",
        "large": True,
        "later": "2025-01-02T12:00:00",
        "time": True,
        "key": 40,
    }


def test_getters_reach_no_further_than_written_attributes(desk: SealedClass) -> None:
    [one] = desk.create([{}])
    for name in ("__globals__", "tickets.__code__", "a.gi_frame"):
        [reply] = desk.step([Call(one, "reach", {"name": name})])
        assert reply.status == "exception"
        assert "is not available" in reply.error


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "import os\nos.remove('x')",
            "`os.remove` is not available; of `os` there is only environ",
        ),
        ("from os import system", "`os.system` is not available; of `os` there is only environ,"),
        ("import os\nos.path.exists('x')", "`os.path.exists` is not available; of `os.path`"),
        ("import sys\nsys.exit()", "`sys.exit` is not available; of `sys` there is only byteorder"),
        ("from pathlib import Path", "`pathlib.Path` is not available; of `pathlib` there is only"),
        ("from threading import Thread", "`threading.Thread` is not available; of `threading`"),
        ("import logging.handlers", "the module `logging.handlers` may not be imported"),
        ("import types as t\nt.FunctionType", "`types.FunctionType` is not available"),
        ("import csv\ncsv.register_dialect('x')", "it changes a setting that all instances share"),
        ("import numpy", "the module `numpy` may not be imported; use math, statistics and plain"),
        ("try: import numpy\nexcept KeyError: pass", "the module `numpy` may not be imported"),
        ("if not TYPE_CHECKING: import numpy", "the module `numpy` may not be imported"),
        ("x = __import__('os')", "`__import__` is not available; write an import statement"),
        ("x = globals()", "`globals` is not available; name the attributes you mean"),
        ("x = eval('1')", "`eval` is not available; it runs text as code"),
        ("async def f(): pass", "`async` is not available"),
        ("import json\njson.x = 1", "attributes of the module `json` may not be changed"),
        ("import json\njson.JSONEncoder.x = 1", "attributes of json.JSONEncoder may not be"),
    ],
)
def test_the_rest_is_refused_with_its_remedy(source: str, text: str) -> None:
    [fault] = violations(ast.parse(source), native=False)
    assert text in fault

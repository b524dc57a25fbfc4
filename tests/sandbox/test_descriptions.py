"""Tools as their docstrings describe them, and those of live classes."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from envscaler.runtime.sandbox import Pool
from envscaler.runtime.sandbox.schemas.schema import described_class, tools
from envscaler.runtime.state import Json

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def record(required: list[str], **properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


# ------------------------------------------------------------------ docstrings

DOCUMENTED = '''
class Env:
    def rent(self, unit_id, months: int = 1, note=None, who=None, **more):
        """Rent a unit.

        Only free units: no others.

{}
        """
'''
GOOGLE = """
        Args:
            unit_id (str): The unit: its
                id (not its name).

            months (int, optional): How long:
                - one
                - more
            `note`: Anything.
            who (list of str or None) - People.
            **more: The rest.

        Constraints:
            - Only one at a time.

        Returns:
            dict: {
                "success": True,
            }
            or
            something else
"""
NUMPY = """
        Parameters
        ----------
        unit_id : str
            The unit: its
            id (not its name).
        months : int, optional
            How long:
            - one
            - more
        note
            Anything.
        who : list of str or None, default None
            People.
        **more
            The rest.

        Constraints
        -----------
            - Only one at a time.

        Returns
        -------
        dict
"""
REST = """
        :param str unit_id: The unit: its
            id (not its name).
        :param months: How long:
            - one
            - more
        :type months: int, optional
        :param note: Anything.
        :param who: People.
        :type who: list of str or None
        :returns: something
            else
        :rtype: dict

        Constraints:
            - Only one at a time.
"""


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, REST], ids=["Google", "NumPy", "reST"])
def test_docstrings_describe_tools_and_parameters(text: str) -> None:
    [tool] = tools(ast.parse(DOCUMENTED.replace("{}", text)), "Env", ["rent"])
    assert tool["description"] == (
        "Rent a unit.\n\nOnly free units: no others.\n\nConstraints:\n    - Only one at a time."
    )
    assert tool["parameters"] == {
        "type": "object",
        "properties": {
            "unit_id": {**STRING, "description": "The unit: its id (not its name)."},
            "months": {**INTEGER, "default": 1, "description": "How long: - one - more"},
            "note": {"default": None, "description": "Anything."},
            "who": {
                "type": ["array", "null"],
                "items": STRING,
                "default": None,
                "description": "People.",
            },
        },
        "required": ["unit_id"],
        "additionalProperties": True,
    }


def test_the_pool_describes_every_tool_it_offers(pool: Pool) -> None:
    source = """
class Base:
    def __init__(self, init_config): pass
    def inherited(self, n: int): "From the base."
class Env(Base):
    def plain(self): pass
    if True:
        def conditional(self, n: int): "Inside an if."
    again = conditional
    short = lambda self, n=1: n
    def _hidden(self): pass
    @staticmethod
    def helper(): pass
"""
    with pool.open(source) as sealed:
        found = {tool["name"]: tool for tool in sealed.tools}
    assert found["plain"] == {"name": "plain", "description": "", "parameters": record([])}
    assert found["inherited"]["description"] == "From the base."
    assert found["again"]["parameters"] == found["conditional"]["parameters"]
    assert found["short"]["parameters"] == record([], n={"default": 1})
    assert found.keys() == {"inherited", "plain", "conditional", "again", "short"}


# ------------------------------------------------------------------ live classes

PACKAGE = {
    "kinds.py": 'from typing import Literal, TypedDict\nKind = Literal["a", "b"]\nDEFAULT = 4\n'
    "class Where(TypedDict):\n    street: str\n",
    "__init__.py": "from .kinds import *\n",
    "base.py": '''
import functools
from . import kinds
def logged(function):
    @functools.wraps(function)
    def inner(*values, **named): return function(*values, **named)
    return inner
class Base:
    @logged
    def inherited(self, kind: kinds.Kind = "a", n: int = kinds.DEFAULT):
        """From the base."""
''',
    "env.py": '''
from oddly import Where as Place
import oddly.kinds as known
from .base import Base
class Env(Base, dict):
    def put(self, at: Place, kind: "known.Kind"):
        """Put.

        Args:
            at: Where to.
        """
    @staticmethod
    def free(n: int): "Static."
    @classmethod
    def made(cls, n: int): "Class."
    exec("def built(self, n): 'From text.'")
''',
}


@pytest.fixture
def live_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "oddly").mkdir()
    for name, text in PACKAGE.items():
        (tmp_path / "oddly" / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("oddly.env").Env
    for name in [name for name in sys.modules if name.partition(".")[0] == "oddly"]:
        del sys.modules[name]


def test_a_live_class_is_described_from_the_modules_of_its_methods(live_class: Any) -> None:
    names = ["inherited", "put", "free", "made"]
    inherited, put, free, made = described_class(live_class, names)
    kind = {"type": "string", "enum": ["a", "b"]}
    assert inherited["description"] == "From the base."
    assert inherited["parameters"] == record(
        [], kind={**kind, "default": "a"}, n={**INTEGER, "default": 4}
    )
    where = {**record(["street"], street=STRING), "description": "Where to."}
    assert put["parameters"] == record(["at", "kind"], at=where, kind=kind)
    assert free["parameters"] == made["parameters"] == record(["n"], n=INTEGER)


def test_a_method_without_source_takes_anything(live_class: Any) -> None:
    for tool in described_class(live_class, ["update", "built", "absent"]):
        assert tool["parameters"]["additionalProperties"] is True
        jsonschema_rs.Draft202012Validator(tool["parameters"])


def test_a_live_class_is_described_as_its_source_is(live_class: Any) -> None:
    tree = ast.parse(PACKAGE["env.py"])
    assert described_class(live_class, ["made", "free"]) == tools(tree, "Env", ["made", "free"])

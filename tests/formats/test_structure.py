"""The analysis of a class's source: parts, effects, and sources that cannot be analysed."""

from __future__ import annotations

import textwrap

import pytest

from envscaler.runtime.errors import DataError
from envscaler.runtime.formats.structure import analyse
from envscaler.runtime.records import Environment

BOTH = ["items", "log"]


def effects(body: str) -> tuple[list[str], list[str]]:
    """What a method with this body reads and writes."""
    source = "class Box:\n    def act(self, key):\n" + textwrap.indent(body, "        ")
    structure = analyse(source, "Box", {"items": "", "log": "", "n": ""}).structure
    method = structure["methods"]["act"]
    return method["reads"], method["writes"]


@pytest.mark.parametrize(
    ("body", "reads", "writes"),
    [
        ("return self.items.get(key)", ["items"], []),
        ("self.items[key] = 1", ["items"], ["items"]),
        ("self.items[key]['a']['b'] = 1", ["items"], ["items"]),
        ("del self.items[key]", ["items"], ["items"]),
        ("self.n += 1", [], ["n"]),
        ("self.items, self.log = {}, []", [], ["items", "log"]),
        ("self.log.append(key)", ["log"], ["log"]),
        ("item = self.items[key]\nitem['a'] = 1", ["items"], ["items"]),
        ("item = self.items.get(key)\nother = item['x']\nother.append(1)", ["items"], ["items"]),
        ("for item in self.items.values():\n    item['a'] = 1", ["items"], ["items"]),
        ("for k, item in sorted(self.items.items()):\n    del item['a']", ["items"], ["items"]),
        ("item = next(i for i in self.items.values() if i)\nitem['a'] = 1", ["items"], ["items"]),
        ("if (item := self.items.get(key)):\n    item.update(a=1)", ["items"], ["items"]),
        ("x = self.log\nx.pop()\nx = self.items[key]\nx['a'] = 1", BOTH, BOTH),
        ("all = list(self.items.values())\nall.pop()\nall[0] = 1", ["items"], []),
        ("all = [i for i in self.items.values()]\nall[0]['a'] = 1", ["items"], ["items"]),
        ("sorted(self.items).pop()", ["items"], []),
        ("item = self.items[key].copy()\nitem['a'] = 1", ["items"], []),
        ("item = dict(self.items[key])\nitem['a'] = 1", ["items"], []),
        ("found = []\nfound.append(self.items[key])", ["items"], []),
        ("key['items'] = 1\nother = key.items\nother.pop()", [], []),
    ],
)
def test_reads_and_writes_are_found(body: str, reads: list[str], writes: list[str]) -> None:
    assert effects(body) == (reads, writes)


def test_a_class_falls_into_its_parts(environment: Environment) -> None:
    analysis = analyse(environment.source, "ShelfEnv", {"today": "date"})
    assert analysis.definition.startswith('"""A shelf."""\n')
    assert analysis.definition.endswith('self.today = init_config["today"]\n')
    assert analysis.methods["lend"].startswith("def lend(self, book_id: str")
    assert "\nText without indentation.\n    " in analysis.methods["lend"]
    assert list(analysis.methods) == ["find_books", "lend", "drop", "_free"]
    assert analysis.structure["states"] == {
        "books": {
            "type": "dict[str, dict]",
            "used_by": ["drop", "find_books", "lend"],
            "modified_by": ["drop", "lend"],
        },
        "today": {"type": "date", "used_by": ["lend"], "modified_by": []},
    }
    assert analysis.structure["methods"]["lend"]["calls"] == ["_free"]


def test_form_feeds_and_carriage_returns_do_not_shift_lines() -> None:
    source = "x = 1\f\r\nclass Box:\r\n    def act(self):\r\n        return 1\r\n"
    assert analyse(source, "Box", {}).methods == {"act": "def act(self):\n    return 1"}


@pytest.mark.parametrize(
    "source",
    [
        "class Box",
        "class Other:\n    pass\n",
        "class Box:\n    x = '\0'\n",
        "class Box:\n    x = " + "(" * 1_000,
        "class Box:\n    x = " + "-" * 100_000 + "1\n",
        "class Box:\n    x = 1" + " + 1" * 100_000 + "\n",
    ],
)
def test_a_source_that_cannot_be_analysed_is_refused_or_passed_without_harm(source: str) -> None:
    try:
        assert analyse(source, "Box", {}).methods == {}
    except DataError as fault:
        assert "The source of class Box cannot be analysed" in str(fault)

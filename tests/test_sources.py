"""Taking the source of a class apart and putting it together again."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.sandbox import Call, Pool
from envscaler.runtime.sources import joined, methods, tidied, whole

SOURCE = '''import copy


class Shop:
    """Sells."""

    def __init__(self, init_config: dict):
        self.items = copy.deepcopy(init_config["items"])

    def buy(self, name: str) -> dict:
        """Buy."""
        return {"success": True, "message": "old"}

    def _item(self, name):
        return self.items.get(name)
'''


def test_methods_are_named_in_order() -> None:
    assert methods(SOURCE) == ("__init__", "buy", "_item")
    assert methods("no python (") == ()


@given(st.integers(min_value=0, max_value=len(SOURCE)))
def test_a_cut_answer_is_python_again_or_has_no_method_in_it(cut: int) -> None:
    text = whole(SOURCE[:cut])
    try:
        ast.parse(text)
    except SyntaxError:
        assert "    def __init__" not in SOURCE[:cut] or "self.items" not in SOURCE[:cut]
    assert SOURCE.startswith(text.rstrip())


def test_a_cut_answer_keeps_every_method_that_is_complete() -> None:
    cut = SOURCE.index("return self.items.get")
    assert methods(whole(SOURCE[: cut + 7] + " (")) == ("__init__", "buy")


def test_a_part_replaces_and_adds_methods_and_brings_its_imports() -> None:
    part = (
        "from __future__ import annotations\nimport math\n\n\nclass Shop:\n"
        '    def buy(self, name: str) -> dict:\n        return {"new": math.pi}\n\n'
        "    def sell(self) -> dict:\n        return {}\n"
    )
    made = joined(SOURCE, part, "Shop")
    assert methods(made) == ("__init__", "buy", "_item", "sell")
    assert '"old"' not in made and '{"new": math.pi}' in made
    assert made.startswith("import copy\nimport math\n")
    ast.parse(made)


def test_a_whole_class_takes_the_place_of_the_old_one() -> None:
    anew = SOURCE.replace("old", "new")
    assert joined(SOURCE, anew, "Shop") == anew


def test_a_whole_class_that_lost_methods_is_taken_as_a_part() -> None:
    less = SOURCE[: SOURCE.index("    def _item")].replace("old", "new")
    made = joined(SOURCE, less, "Shop")
    assert methods(made) == ("__init__", "buy", "_item") and '"new"' in made


def test_a_part_that_is_no_python_is_returned_for_a_gate_to_refuse() -> None:
    assert joined(SOURCE, "I cannot do that.", "Shop") == "I cannot do that."


@given(st.permutations(["buy", "_item", "__init__"]))
def test_joining_a_class_with_its_own_methods_changes_nothing_of_them(names: list[str]) -> None:
    tree = ast.parse(SOURCE).body[1]
    assert isinstance(tree, ast.ClassDef)
    texts = {
        m.name: ast.get_source_segment(SOURCE, m)
        for m in tree.body
        if isinstance(m, ast.FunctionDef)
    }
    part = "class Shop:\n" + "\n\n".join(f"    {texts[name]}" for name in names[:2]) + "\n"
    assert ast.dump(ast.parse(joined(SOURCE, part, "Shop"))) == ast.dump(ast.parse(SOURCE))


SPREAD = """import copy
import random

LIMIT = 5
DOUBLE = LIMIT * 2


class Refusal(Exception):
    def __init__(self, code):
        self.code = code


class Shop:
    KINDS = ("a", "b")

    def __init__(self, init_config: dict):
        self.items = copy.deepcopy(init_config["items"])

    def log(self, text: str) -> dict:
        return {"text": text}

    def buy(self, name: str) -> dict:
        return self.log(name)
"""


def bought(pool: Pool, source: str) -> object:
    """What `buy` comes to on a sealed shop made by the source."""
    with pool.open(source, "Shop", profile="imported") as sealed:
        [shop] = sealed.create([{"items": {}}])
        [reply] = sealed.step([Call(shop, "buy", {"name": "x"})])
    assert reply.status == "ok", reply.error
    return reply.value


@pytest.mark.parametrize(
    ("part", "result"),
    [
        ("LIMIT = 9\nclass Shop:\n    def buy(self, name):\n        return DOUBLE\n", 18),
        (
            "LEAST = LIMIT - 1\nclass Shop:\n    def buy(self, name):\n        return LEAST\n",
            4,
        ),
        (
            "class Shop:\n    KINDS = ('c',)\n    MORE = 1\n"
            "    def buy(self, name):\n        return self.KINDS, self.MORE\n",
            [["c"], 1],
        ),
        (
            "class Refusal(Exception):\n    def __init__(self, code):\n        self.code = 7\n"
            "class Shop:\n    def buy(self, name):\n        return Refusal(1).code\n",
            7,
        ),
        (
            "class Shop:\n  def buy(self, name):\n    return self._x()\n  def _x(self): return 3\n",
            3,
        ),
        ("class Shop:\n\tdef buy(self, name):\n\t\treturn '\u00e9\u2028'\n", "é\u2028"),
        ("class Shop:\r\n    def buy(self, name):\r\n        return 4\r\n", 4),
    ],
    ids=["constant", "new constant", "attributes", "class", "two spaces", "tabs", "CRLF"],
)
def test_what_a_part_defines_takes_effect(part: str, result: object, pool: Pool) -> None:
    assert bought(pool, joined(SPREAD, part, "Shop")) == result
    assert bought(pool, joined(SPREAD.replace("    ", "  "), part, "Shop")) == result


def test_a_part_with_all_methods_and_no_imports_keeps_those_of_the_module() -> None:
    made = joined(SPREAD, SPREAD[SPREAD.index("class Shop") :], "Shop")
    assert ast.dump(ast.parse(made)) == ast.dump(ast.parse(SPREAD))


def test_what_nothing_mentions_any_more_and_no_part_could_remove_goes() -> None:
    part = (
        "class Shop:\n    def buy(self, name):\n        return self._log(name)\n\n"
        "    def _log(self, text):\n        return {}\n"
    )
    made = tidied(joined(SPREAD, part, "Shop"), "Shop", ["buy"])
    assert methods(made, "Shop") == ("__init__", "buy", "_log")
    assert "random" not in made and "import copy" in made
    assert "def log" in tidied(SPREAD, "Shop", ["buy"])


@pytest.mark.parametrize("indent", ["  ", "\t"])
def test_a_cut_answer_is_told_by_its_own_indentation(indent: str) -> None:
    cut = SOURCE.replace("    ", indent)[:-12] + "("
    assert methods(whole(cut)) == ("__init__", "buy")

"""Taking the source of a class apart and putting it together again."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.sources import joined, methods, whole

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

"""Defects in what a class answers: keys, values, filters, order, pages, and queries that write."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...records import Entity
from .anatomy import Anatomy, Edit
from .syntax import Method, names_given, own_name, parameters, short, success_of, used
from .writing import key_of_constant

_ORDER = re.compile(
    r"(, | sorted | ordered )by\b"
    r"|\b(first|last|order|newest|oldest|earliest|latest|ascending|descending)\b"
)
_OPPOSITE: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip


def wrong_key(anatomy: Anatomy) -> Iterator[Edit]:
    """The data of a success has another key than planned, or lacks one."""
    for method, data in _displays(anatomy):
        for key in data.keys:
            name = key_of_constant(key)
            if key is not None and name:
                piece = anatomy.source.put(key, repr(f"{name}s"))
                yield anatomy.edit(method, key, f"answers with the key {name}s for {name}", piece)
    for method, entity, item in _listed(anatomy):
        for attribute in entity.attributes[1:]:
            text = anatomy.source.text(item)
            less = f'{{k: v for k, v in {text}.items() if k != "{attribute.name}"}}'
            description = f"leaves {attribute.name} out of what it answers"
            yield anatomy.edit(method, item, description, anatomy.source.put(item, less))


def wrong_value(anatomy: Anatomy) -> Iterator[Edit]:
    """The data of a success has a wrong value under a right key."""
    for method, data in _displays(anatomy):
        for key, value in zip(data.keys, data.values, strict=True):
            name = key_of_constant(key)
            text = anatomy.source.text(value)
            if not name or not isinstance(value, ast.Name | ast.Subscript | ast.Call | ast.BinOp):
                continue
            others = [v for k, v in zip(data.keys, data.values, strict=True) if k is not key and k]
            for other in [anatomy.source.text(o) for o in others if not isinstance(o, ast.Dict)]:
                description = f"answers {' '.join(other.split())} as {name}"
                yield anatomy.edit(method, value, description, anatomy.source.put(value, other))
            operation = anatomy.operation(method)
            for parameter in operation.parameters if operation else ():
                if parameter.required and parameter.name != text and parameter.type == "str":
                    piece = anatomy.source.put(value, parameter.name)
                    description = f"answers {parameter.name} as {name}"
                    yield anatomy.edit(method, value, description, piece)
    yield from _falsified(anatomy)


def _falsified(anatomy: Anatomy) -> Iterator[Edit]:
    """Records of a search with a value that is not theirs."""
    for method, entity, item in _listed(anatomy):
        plain = [a for a in entity.attributes[1:] if not a.references and not a.values]
        for attribute in plain:
            text = anatomy.source.text(item)
            own = f'{text}["{attribute.name}"]'
            wrong = {
                "int": f"{own} + 1", "float": f"{own} * 100", "bool": f"not {own}",
                "str": f'str({own})[:3]', "list[str]": f"{own}[1:]",
            }.get(attribute.type)  # fmt: skip
            if wrong and not attribute.optional:
                falsified = f'{{**{text}, "{attribute.name}": {wrong}}}'
                description = f"answers {wrong} as {attribute.name}"
                piece = anatomy.source.put(item, falsified)
                yield anatomy.edit(method, item, description, piece)


def _displays(anatomy: Anatomy) -> Iterator[tuple[Method, ast.Dict]]:
    """Dicts written out in successes: the data, not what stands around it."""
    for method in anatomy.tools("query") + anatomy.tools("change"):
        for result in anatomy.results(method):
            for node in ast.walk(result):
                if isinstance(node, ast.Dict) and success_of(node) is None:
                    yield method, node


def _listed(anatomy: Anatomy) -> Iterator[tuple[Method, Entity, ast.expr]]:
    """Records that a query appends to its results, or copies into them."""
    for method in anatomy.tools("query"):
        known = anatomy.records(method)
        for node in ast.walk(method):
            if not isinstance(node, ast.Call) or len(node.args) != 1:
                continue
            item = node.args[0]
            copied = item.args[0] if isinstance(item, ast.Call) and item.args else item
            entity = anatomy.collections.get(
                known.get(copied.id, "") if isinstance(copied, ast.Name) else ""
            )
            if entity is not None and own_name(node.func) == "append":
                yield method, entity, item


# ------------------------------------------------------------------ filters, order, pages


def filter_dropped(anatomy: Anatomy) -> Iterator[Edit]:
    """A search does not look at one of its filters."""
    for method, node, test in _filters(anatomy):
        piece = anatomy.source.put(test, "False" if isinstance(node, ast.If) else "True")
        yield anatomy.edit(method, test, f"drops the filter {short(test)}", piece)


def filter_inverted(anatomy: Anatomy) -> Iterator[Edit]:
    """A search finds what it should leave out."""
    for method, _, test in _filters(anatomy):
        for part in ast.walk(test):
            if isinstance(part, ast.Compare) and len(part.ops) == 1 and not names_given(part):
                left = anatomy.source.text(part.left)
                right = anatomy.source.text(part.comparators[0])
                text = f"{left} {_OPPOSITE[type(part.ops[0])]} {right}"
                piece = anatomy.source.put(part, text)
                yield anatomy.edit(method, part, f"the filter {short(part)} is inverted", piece)
                break


def _filters(anatomy: Anatomy) -> Iterator[tuple[Method, ast.AST, ast.expr]]:
    for method in anatomy.tools("query"):
        for node in ast.walk(method):
            if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Continue):
                yield method, node, node.test
            if isinstance(node, ast.comprehension):
                yield from ((method, node, test) for test in node.ifs)


def order_changed(anatomy: Anatomy) -> Iterator[Edit]:
    """Results that the plan has in an order come unsorted or backwards."""
    for method in anatomy.tools("query"):
        operation = anatomy.operation(method)
        if operation is None or not _ORDER.search(operation.description):
            continue
        for node in ast.walk(method):
            called = node.value if isinstance(node, ast.Expr) else None
            if isinstance(called, ast.Call) and own_name(called.func) == "sort":
                assert isinstance(node, ast.Expr)
                piece = anatomy.source.without(node)
                yield anatomy.edit(method, node, f"drops {short(node)}", piece)
            if isinstance(node, ast.Call) and own_name(node.func) == "sorted" and node.args:
                text = f"list({anatomy.source.text(node)})[::-1]"
                piece = anatomy.source.put(node, text)
                yield anatomy.edit(method, node, f"{short(node)} backwards", piece)


def page_off_by_one(anatomy: Anatomy) -> Iterator[Edit]:
    """A limit or an offset is one too much, a page holds one too few."""
    for method in anatomy.working():
        for node in ast.walk(method):
            if not isinstance(node, ast.Slice) or anatomy.source.quoted(node):
                continue
            for bound in (node.lower, node.upper):
                if bound is not None and not isinstance(bound, ast.Constant):
                    text = f"{anatomy.source.text(bound)} + 1"
                    piece = anatomy.source.put(bound, text)
                    yield anatomy.edit(method, node, f"cuts at {text}", piece)
    for method in anatomy.tools("query"):
        for result in anatomy.results(method):
            for name in _lists(method):
                piece = anatomy.source.ahead(result, f"{name} = {name}[:-1]")
                yield anatomy.edit(method, result, f"leaves out the last of {name}", piece)


def _lists(method: Method) -> list[str]:
    """Local names of lists that are filled one by one."""
    filled = {
        node.func.value.id
        for node in ast.walk(method)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "append"
        and isinstance(node.func.value, ast.Name)
    }
    return sorted(filled)


# ------------------------------------------------------------------ writing


def query_writes(anatomy: Anatomy) -> Iterator[Edit]:
    """A query changes the state."""
    for method in anatomy.tools("query"):
        known, source = anatomy.records(method), anatomy.source
        for result in anatomy.results(method):
            for counter in anatomy.scalars("int"):
                piece = source.ahead(result, f"self.{counter.name} += 1")
                yield anatomy.edit(method, result, f"advances {counter.name}", piece)
        for node in ast.walk(method):
            if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
                continue
            for name in sorted(known.keys() & used(node)):
                entity = anatomy.collections[known[name]]
                for text in _marks(name, entity):
                    piece = source.after(node, text)
                    yield anatomy.edit(method, node, f"writes {text} to what it found", piece)


def _marks(name: str, entity: Entity) -> Iterator[str]:
    """Statements that change a record that a query came by."""
    for attribute in entity.attributes[1:]:
        if attribute.type == "int" and not attribute.optional:
            yield f'{name}["{attribute.name}"] += 1'
        elif attribute.values:
            yield f'{name}["{attribute.name}"] = "{attribute.values[0]}"'
        elif attribute.type.startswith("list"):
            yield f'{name}["{attribute.name}"].reverse()'


def parameters_ignored(anatomy: Anatomy) -> Iterator[Edit]:
    """A change that takes an optional argument leaves it aside."""
    for method in anatomy.tools("change"):
        given = parameters(method)
        for node in ast.walk(method):
            if isinstance(node, ast.If) and names_given(node.test):
                test = node.test
                assert isinstance(test, ast.Compare) and isinstance(test.left, ast.Name)
                writing = any(s in set(anatomy.writes(method)) for s in node.body)
                if test.left.id in given and writing and not node.orelse:
                    piece = anatomy.source.put(test, "False")
                    yield anatomy.edit(method, node, f"leaves {test.left.id} aside", piece)

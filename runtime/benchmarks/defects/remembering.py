"""Defects in what a class depends on: other instances, hidden memory, order, clock and chance."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .anatomy import Anatomy, Edit
from .source import Piece
from .syntax import Method, first_statement, own_name, short, stored
from .writing import key_of_constant


def alias_between_instances(anatomy: Anatomy) -> Iterator[Edit]:
    """Instances share what one of them has done: a variable of the class remembers it."""
    for method in anatomy.tools("query"):
        yield from _memos(anatomy, method, shared=True)
    for method in anatomy.tools("change"):
        yield from _quotas(anatomy, method, shared=True)


def hidden_memory(anatomy: Anatomy) -> Iterator[Edit]:
    """A private attribute remembers what the state does not."""
    for method in anatomy.tools("query"):
        yield from _memos(anatomy, method, shared=False)
    for method in anatomy.tools("change"):
        yield from _quotas(anatomy, method, shared=False)


def _memos(anatomy: Anatomy, method: Method, *, shared: bool) -> Iterator[Edit]:
    """A query answers as it did the first time."""
    operation = anatomy.operation(method)
    names = [parameter.name for parameter in operation.parameters] if operation else []
    for result in anatomy.results(method):
        assert result.value is not None
        value = anatomy.source.text(result.value)
        key = f"repr([{', '.join(names)}])"
        told = f"return self._memo.setdefault({key}, {value})"
        pieces = (_kept(anatomy, "_memo", "{}", shared), anatomy.source.put(result, told))
        where = "all instances" if shared else "itself"
        yield anatomy.edit(method, result, f"remembers its answers for {where}", *pieces)


def _quotas(anatomy: Anatomy, method: Method, *, shared: bool) -> Iterator[Edit]:
    """A change refuses after it has succeeded twice."""
    first = first_statement(method)
    for result in [*anatomy.results(method)][:1]:
        pieces = (
            _kept(anatomy, "_done_before", "[]", shared),
            anatomy.source.ahead(
                first,
                "if len(self._done_before) > 1:",
                '    return {"success": False, "error": "invalid_argument: no more."}',
            ),
            anatomy.source.ahead(result, "self._done_before.append(1)"),
        )
        where = "all instances" if shared else "the instance"
        yield anatomy.edit(method, result, f"counts its successes for {where}", *pieces)


def _kept(anatomy: Anatomy, name: str, value: str, shared: bool) -> Piece:
    built = anatomy.methods["__init__"]
    if shared:
        return anatomy.source.ahead(built, f"{name} = {value}")
    return anatomy.source.ahead(first_statement(built), f"self.{name} = {value}")


def nondeterminism(anatomy: Anatomy) -> Iterator[Edit]:
    """The order of results hangs on addresses, hashes or sets."""
    for method in anatomy.working():
        for node in ast.walk(method):
            if isinstance(node, ast.For) and anatomy.roots(node.iter, {}):
                text = anatomy.source.text(node.iter)
                if stored(node.iter) in anatomy.collections:
                    piece = anatomy.source.put(node.iter, f"set({text})")
                    yield anatomy.edit(method, node, f"goes through a set of {text}", piece)
                elif own_name(getattr(node.iter, "func", node.iter)) == "values":
                    piece = anatomy.source.put(node.iter, f"sorted({text}, key=id)")
                    yield anatomy.edit(method, node, f"goes through {text} by address", piece)
            if isinstance(node, ast.Call) and own_name(node.func) in ("sort", "sorted"):
                for word in node.keywords:
                    if word.arg == "key":
                        piece = anatomy.source.put(word.value, "lambda item: hash(str(item))")
                        yield anatomy.edit(method, node, f"{short(node)} by hash", piece)


def time_misused(anatomy: Anatomy) -> Iterator[Edit]:
    """The present is taken from the clock, or is always the same day."""
    dates = {scalar.name: scalar.type for scalar in anatomy.scalars("date", "datetime")}
    for method in anatomy.working():
        for node in ast.walk(method):
            if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            kind = dates.get(stored(node))
            if kind is None or anatomy.source.quoted(node):
                continue
            day = "2024-01-01" if kind == "date" else "2024-01-01T09:00:00"
            fixed = anatomy.source.put(node, repr(day))
            yield anatomy.edit(method, node, f"takes {day} for the present", fixed)
            call = "date.today()" if kind == "date" else "datetime.now()"
            pieces = (
                anatomy.source.ahead(anatomy.body, "import datetime as clock"),
                anatomy.source.put(node, f"clock.{call}.isoformat()"),
            )
            yield anatomy.edit(method, node, "takes the time from the clock", *pieces)


def chance_used(anatomy: Anatomy) -> Iterator[Edit]:
    """What happens hangs on chance."""
    for method in anatomy.tools("change"):
        for _, entity, record in anatomy.created(method):
            for key, value in zip(record.keys, record.values, strict=True):
                name = key_of_constant(key)
                attribute = anatomy.attribute(name, entity)
                if attribute is None or attribute.type not in ("int", "str") or attribute.values:
                    continue
                drawn = "dice.randint(1, 6)" if attribute.type == "int" else "str(dice.random())"
                pieces = (
                    anatomy.source.ahead(anatomy.body, "import random as dice"),
                    anatomy.source.put(value, drawn),
                )
                yield anatomy.edit(method, value, f"draws {name} by lot", *pieces)

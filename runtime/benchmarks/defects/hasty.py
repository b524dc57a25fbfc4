"""Defects of order: writing before everything is checked, using before the type is known."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .anatomy import Anatomy, Edit
from .syntax import Method, first_statement, own_name, short, used


def half_write(anatomy: Anatomy) -> Iterator[Edit]:
    """A write comes before a check that may still refuse."""
    for method in anatomy.tools("change"):
        writes = set(anatomy.writes(method))
        for block in _blocks(method):
            for position, statement in enumerate(block):
                if statement not in writes:
                    continue
                for earlier in range(position - 1, -1, -1):
                    if _bound(block[earlier]) & used(statement):
                        break
                    if _may_refuse(anatomy, block[earlier], method):
                        pieces = anatomy.source.moved(statement, block[earlier])
                        description = f"writes {short(statement)} before a check"
                        yield anatomy.edit(method, statement, description, *pieces)


def _blocks(method: Method) -> Iterator[list[ast.stmt]]:
    yield method.body
    for node in ast.walk(method):
        if isinstance(node, ast.If | ast.For):
            yield node.body
            if node.orelse:
                yield node.orelse


def _may_refuse(anatomy: Anatomy, statement: ast.stmt, method: Method) -> bool:
    inner = [node for node in ast.walk(statement) if isinstance(node, ast.stmt)]
    return isinstance(statement, ast.If | ast.For) and any(
        anatomy.refuses(node, method) for node in inner
    )


def _bound(statement: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def exception_on_bad_input(anatomy: Anatomy) -> Iterator[Edit]:
    """An argument is used before it is looked at, or a failure is no longer caught."""
    for method in anatomy.tools("query") + anatomy.tools("change"):
        first = first_statement(method)
        for argument in method.args.args[1:]:
            hint = ast.unparse(argument.annotation) if argument.annotation else ""
            if hint == "str":
                piece = anatomy.source.ahead(first, f"{argument.arg} = {argument.arg}.strip()")
                description = f"strips {argument.arg} before its type is known"
                yield anatomy.edit(method, first, description, piece)
    for method in anatomy.methods.values():
        for node in ast.walk(method):
            if isinstance(node, ast.Try) and len(node.body) == 1:
                piece = anatomy.source.put(node, anatomy.source.text(node.body[0]))
                yield anatomy.edit(method, node, f"does not catch {short(node.body[0])}", piece)
            if isinstance(node, ast.Call) and own_name(node.func) == "get":
                yield from _demanded(anatomy, method, node)


def _demanded(anatomy: Anatomy, method: Method, node: ast.Call) -> Iterator[Edit]:
    """A look-up of a record that no longer allows for its absence."""
    source, records = anatomy.source, node.func
    if not isinstance(records, ast.Attribute) or len(node.args) != 1 or source.quoted(node):
        return
    if anatomy.roots(records.value, {}):
        text = f"{source.text(records.value)}[{source.text(node.args[0])}]"
        description = f"{short(node)} becomes {' '.join(text.split())}"
        yield anatomy.edit(method, node, description, source.put(node, text))

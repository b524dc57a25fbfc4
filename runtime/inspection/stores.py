"""What a method's source may store, read without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_MUTATORS = frozenset(
    {"append", "extend", "insert", "remove", "pop", "popitem", "clear", "sort", "reverse"}
    | {"update", "setdefault", "add", "discard"}
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
"""What a source defines with def."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The names under which a method, with what it calls, may store values."""

    names: frozenset[str]
    """Constant keys and attributes of self that are stored to."""
    always: frozenset[str]
    """Those that the method's own body counts up or down, under no condition."""
    anything: bool
    """Whether something is stored under a name that the source does not tell."""

    def may_store(self, name: str) -> bool:
        return self.anything or name in self.names


def stores_of(tree: ast.Module, class_name: str, method: str) -> Stores:
    """The stores of a method and of all functions and methods that it may call.

    Generous: what is stored in a dict of any kind counts under its key.
    """
    functions = functions_of(tree, class_name)
    if method not in functions:
        return Stores(frozenset(), frozenset(), anything=True)
    names: set[str | None] = set()
    for function in closure(functions, method):
        names.update(_stored(function))
    return Stores(
        names=frozenset(name for name in names if name is not None),
        always=frozenset(_always(functions[method])),
        anything=None in names,
    )


def functions_of(tree: ast.Module, class_name: str) -> dict[str, Function]:
    """The functions of a module and the methods of its classes, by name; where a name is there
    more than once, that of the class in question counts."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    bodies = [tree.body, *(n.body for n in classes if n.name != class_name)]
    bodies += [n.body for n in classes if n.name == class_name]
    return {n.name: n for body in bodies for n in body if isinstance(n, Function)}


def closure(functions: dict[str, Function], first: str) -> list[Function]:
    """A function and all that it may call; none when there is no such function."""
    if first not in functions:
        return []
    found, waiting = {first}, [first]
    while waiting:
        for node in ast.walk(functions[waiting.pop()]):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
            if name in functions and name not in found:
                found.add(name)
                waiting.append(name)
    return [functions[name] for name in sorted(found)]


def _stored(function: Function) -> Iterator[str | None]:
    """The names that a function stores to; None for one that the source does not tell."""
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield _name(node)
        elif isinstance(node, ast.Dict):
            yield from (_constant(key) for key in node.keys if key is not None)
            yield from (None for _ in range(node.keys.count(None) - 1))  # more than one record
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            if not isinstance(node.value, ast.Constant):
                yield None  # a list or a dict that may be one of the state's
        elif isinstance(node, ast.Call):
            yield from _called(node)


def _called(call: ast.Call) -> Iterator[str | None]:
    """What a call stores to that mutates something, or copies it with other values."""
    if isinstance(call.func, ast.Name) and call.func.id == "dict":
        yield from (keyword.arg for keyword in call.keywords)
    if isinstance(call.func, ast.Name) and call.func.id in ("setattr", "delattr"):
        yield None
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _MUTATORS:
        return
    yield _name(call.func.value)
    if call.func.attr == "update":
        yield from (keyword.arg for keyword in call.keywords)
        yield from (None for given in call.args if not isinstance(given, ast.Dict))
    elif call.func.attr in ("setdefault", "pop") and call.args and not on_self(call.func.value):
        yield _constant(call.args[0])


def mutated(node: ast.AST) -> ast.AST | None:
    """What a node writes to, by assignment or by a mutating method; None when it writes nothing."""
    if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
        return node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value if node.func.attr in _MUTATORS else None
    return None


def _name(node: ast.AST) -> str | None:
    """The name of a place: the constant key, or the attribute of self that holds the records."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        inner = node.value
        if isinstance(inner, ast.Attribute) and on_self(inner):
            return inner.attr
        return _constant(node.slice)
    return None


def on_self(node: ast.AST) -> bool:
    """Whether it is an attribute of self."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _constant(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _always(function: Function) -> Iterator[str]:
    """The places that the body itself counts up or down."""
    for statement in function.body:
        if isinstance(statement, ast.AugAssign):
            name = _name(statement.target)
            if name is not None:
                yield name

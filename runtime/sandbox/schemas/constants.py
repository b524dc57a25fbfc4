"""The JSON values of constant expressions: defaults, members of enumerations, literals."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from .scopes import Definition, Scope, class_scope, lineage

_DEPTH = 20
"""How deep an expression may nest, names it leads to included."""
_ENUMS = frozenset("Enum StrEnum IntEnum ReprEnum".split())
_EMPTY: dict[str, type] = {
    "list": list,
    "tuple": list,
    "set": list,
    "frozenset": list,
    "dict": dict,
}
_ARITHMETIC: dict[type[ast.AST], Callable[..., float]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def value(node: ast.AST, scope: Scope, depth: int = 0) -> Any:
    """The JSON value of an expression.

    Raises:
        ValueError: the source does not tell it, or JSON cannot hold it.
    """
    if depth > _DEPTH:
        raise ValueError("nests too deep, or names stand for each other")
    if isinstance(node, ast.Constant):
        return _json(node.value)
    if isinstance(node, ast.List | ast.Tuple):
        return [value(item, scope, depth + 1) for item in node.elts]
    if isinstance(node, ast.Dict):
        return _mapping(node, scope, depth + 1)
    if isinstance(node, ast.UnaryOp | ast.BinOp):
        return _json(_number(node, scope, depth + 1))
    if isinstance(node, ast.Name | ast.Attribute):
        return _named(node, scope, depth + 1)
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        kind = _EMPTY.get(scope.word(node.func))
        if kind is not None and scope.find(node.func) is None:
            return kind()
    raise ValueError("not a constant")


def _json(found: object) -> Any:
    if isinstance(found, str):
        found.encode()  # half a surrogate pair raises a ValueError
    elif isinstance(found, float):
        if not math.isfinite(found):
            raise ValueError("not finite")
    elif not (found is None or (isinstance(found, int) and found.bit_length() < 64)):
        raise ValueError("not JSON")
    return found


def _mapping(node: ast.Dict, scope: Scope, depth: int) -> dict[str, Any]:
    found = {}
    for key, item in zip(node.keys, node.values, strict=True):
        name = None if key is None else value(key, scope, depth)
        if not isinstance(name, str):
            raise ValueError("keys must be texts")
        found[name] = value(item, scope, depth)
    return found


def _number(node: ast.UnaryOp | ast.BinOp, scope: Scope, depth: int) -> float:
    parts = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
    numbers = [value(part, scope, depth) for part in parts]
    work = _ARITHMETIC.get(type(node.op))
    if work is None or any(type(number) not in (int, float) for number in numbers):
        raise ValueError("not a sum or product of numbers")
    try:
        return work(*numbers)
    except ArithmeticError as error:
        raise ValueError(str(error)) from None


def _named(node: ast.Name | ast.Attribute, scope: Scope, depth: int) -> Any:
    if isinstance(node, ast.Attribute):
        member = node.value if node.attr == "value" else node
        if isinstance(member, ast.Attribute):
            owner = scope.followed(member.value, depth)
            if owner is not None and is_enum(owner):
                return _member(owner, member.attr, depth)
    found = scope.find(node, depth, values=True)
    if found is None or isinstance(found.node, ast.ClassDef):
        raise ValueError("not a constant")
    return value(found.node, found.scope, depth)


# ------------------------------------------------------------------ enumerations


def is_enum(owner: Definition) -> bool:
    """Whether a class is an enumeration of single values (flags are not)."""
    return isinstance(owner.node, ast.ClassDef) and bool(lineage(owner).words & _ENUMS)


def members(owner: Definition, depth: int = 0) -> dict[str, Any]:
    """The value of each member of an enumeration.

    Raises:
        ValueError: the source does not tell one of them.
    """
    kinds = lineage(owner)
    automatic = _automatic(kinds.words)
    found: dict[str, Any] = {}
    for holder in reversed(kinds.classes):
        inside = class_scope(holder)
        if {"__new__", "__init__", "_generate_next_value_"} & inside.functions.keys():
            raise ValueError("the class makes the values itself")
        for name, node in inside.values.items():
            if not (name.startswith("_") or isinstance(node, ast.Lambda)):
                made = isinstance(node, ast.Call) and inside.word(node.func) == "auto"
                found[name] = automatic(name, found) if made else value(node, inside, depth + 1)
    return found


def _automatic(words: set[str]) -> Callable[[str, dict[str, Any]], Any]:
    """What `auto()` gives a member, from its name and the members before it."""
    if "StrEnum" in words:
        return lambda name, _: name.lower()
    kind = str if "str" in words else int

    def following(_: str, found: dict[str, Any]) -> Any:
        return kind(max((int(v) for v in found.values() if str(v).isdigit()), default=0) + 1)

    return following


def _member(owner: Definition, name: str, depth: int) -> Any:
    found = members(owner, depth)
    if name not in found:
        raise ValueError(f"{name} is no member")
    return found[name]

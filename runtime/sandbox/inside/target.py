"""The class of a source that is the environment, and the methods that are its tools."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from typing import Any

from .guard import Rejected

_RECORDS = ("TypedDict", "NamedTuple", "Enum", "Flag", "Exception", "Error", "dataclass")


def only_class(tree: ast.Module) -> str:
    """The name of the only class with public methods.

    Records, enums, exceptions and the base classes of another one do not count.

    Raises:
        Rejected: there is none, or more than one.
    """
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    bases = {ast.unparse(base).partition("[")[0] for node in classes for base in node.bases}
    names = [node.name for node in classes if _has_tools(node)]
    leaves = [name for name in names if name not in bases]
    if len(leaves) == 1:
        return leaves[0]
    if not names:
        raise Rejected(
            "the source must define one class with public methods, it has none; "
            "write the environment as a class whose methods are the tools"
        )
    raise Rejected(
        f"the source must define one class with public methods, it has {len(leaves)} "
        f"({', '.join(leaves)}); start the names of helper classes with `_`"
    )


def _has_tools(node: ast.ClassDef) -> bool:
    marks = [ast.unparse(mark).partition("(")[0] for mark in (*node.bases, *node.decorator_list)]
    if node.name.startswith("_") or any(mark.endswith(_RECORDS) for mark in marks):
        return False
    return any(isinstance(item, ast.FunctionDef) and item.name[0] != "_" for item in node.body)


def public_methods(target: type, module: str) -> dict[str, Callable[..., object]]:
    """The functions that a class and the classes of its module define, without `_` in front."""
    methods: dict[str, Any] = {}
    for owner in reversed(target.__mro__):
        if owner.__module__ == module:
            methods |= vars(owner)
    return {
        name: value
        for name, value in methods.items()
        if isinstance(value, types.FunctionType)
        and value.__module__ == module
        and not name.startswith("_")
    }

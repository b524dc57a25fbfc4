"""The class of a source that is the environment, and the methods that are its tools."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from typing import Any

from .guard import Rejected

_RECORDS = ("TypedDict", "NamedTuple", "Enum", "Flag", "Exception", "Error", "dataclass")


def only_class(tree: ast.Module) -> str:
    """The name of the only class with public methods; records, enums and exceptions do not count.

    Raises:
        Rejected: there is none, or more than one.
    """
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and _has_tools(node)]
    if len(names) == 1:
        return names[0]
    listed = f"{len(names)} ({', '.join(names)})" if names else "none"
    raise Rejected(
        f"the source must define one class with public methods, it has {listed}; "
        "start the names of helper classes with `_`"
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
        if isinstance(value, types.FunctionType) and not name.startswith("_")
    }

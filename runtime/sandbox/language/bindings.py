"""Which names of a source are bound where, and to what: an import, or something of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from .vocabulary import IMPORTED_MODULES


class Origin(NamedTuple):
    """What a name is bound to."""

    module: str
    """The module it was imported from; empty for the source's own things."""
    name: str
    """Its name in that module; empty for the module itself."""


OWN = Origin("", "")
"""Something of the source's own."""
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
SCOPES = _FUNCTIONS | ast.ClassDef | _COMPREHENSIONS
"""The nodes that bind names of their own."""


class Bindings:
    """The names that are bound around the place where a walk over a tree has come to."""

    def __init__(self, tree: ast.Module) -> None:
        self._layers: list[tuple[bool, dict[str, Origin]]] = [(True, bound(tree))]

    def enter(self, node: ast.AST) -> None:
        """Go into a function, class or comprehension."""
        self._layers.append((not isinstance(node, ast.ClassDef), bound(node)))

    def leave(self) -> None:
        self._layers.pop()

    def find(self, name: str) -> Origin | None:
        """What a name is bound to here; None where it is not, so that it can only be a builtin."""
        for depth, (seen_inside, names) in enumerate(reversed(self._layers)):
            if name in names and (seen_inside or depth == 0):
                return names[name]
        return None

    def origin(self, node: ast.AST) -> Origin | None:
        """The module, or name of a module, that a dotted name leads to; None for anything else."""
        if isinstance(node, ast.Name):
            found = self.find(node.id)
            return found if found and found.module else None
        if isinstance(node, ast.Attribute) and (owner := self.origin(node.value)):
            if owner.name:
                return Origin(owner.module, f"{owner.name}.{node.attr}")
            inner = f"{owner.module}.{node.attr}"
            return Origin(inner, "") if inner in _PARTS else Origin(owner.module, node.attr)
        return None


_PARTS = frozenset(name for name in IMPORTED_MODULES if "." in name)
"""Modules that are reached through another one's name."""


def bound(node: ast.AST) -> dict[str, Origin]:
    """The names that a module, function, class or comprehension binds itself."""
    names: dict[str, Origin] = {}
    outside: set[str] = set()
    for part in _own_parts(node):
        if isinstance(part, ast.Global | ast.Nonlocal):
            outside.update(part.names)
        for name, origin in _bound_by(part):
            if names.get(name, OWN) == OWN:
                names[name] = origin
    return {name: origin for name, origin in names.items() if name not in outside}


def _own_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes inside, without those inside functions, classes and comprehensions in turn."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, SCOPES):
            walrus = (inner.target for inner in ast.walk(part) if isinstance(inner, ast.NamedExpr))
            yield from walrus if isinstance(part, _COMPREHENSIONS) else ()
        else:
            waiting += ast.iter_child_nodes(part)


def _bound_by(part: ast.AST) -> Iterator[tuple[str, Origin]]:
    """The names that a single node binds."""
    if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
        yield part.id, OWN
    elif isinstance(part, ast.arg):
        yield part.arg, OWN
    elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield part.name, OWN
    elif isinstance(part, ast.Import):
        for alias in part.names:
            module = alias.name if alias.asname else alias.name.partition(".")[0]
            yield alias.asname or module, Origin(module, "")
    elif isinstance(part, ast.ImportFrom):
        for alias in part.names:
            inner = f"{part.module}.{alias.name}"
            whole = Origin(inner, "") if inner in _PARTS else Origin(part.module or "", alias.name)
            yield alias.asname or alias.name, whole
    elif isinstance(part, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and part.name:
        yield part.name, OWN
    elif isinstance(part, ast.MatchMapping) and part.rest:
        yield part.rest, OWN

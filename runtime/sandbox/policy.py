"""What generated source may say: a check of its syntax tree before anything runs.

This is not the security boundary (the seal is). It keeps classes deterministic and instances apart,
and it tells the author of a source early, by line, everything that has to change.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .vocabulary import (
    CLOCK,
    CLOCK_HINT,
    FORBIDDEN_NAMES,
    REMOVED,
    attribute_fault,
    module_fault,
    special_fault,
)

_CONTAINERS = {"dict", "list", "set", "defaultdict", "OrderedDict", "Counter", "deque"}
_MODULE_LEVEL = (
    ast.Import | ast.ImportFrom | ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign
)


def violations(tree: ast.Module, *, native: bool) -> list[str]:
    """Everything a source must change, as sentences that name the line, in line order."""
    review = _Review(tree, native)
    review.visit(tree)
    return [f"line {line}: {text}" for line, text in sorted(set(review.found))]


class _Review(ast.NodeVisitor):
    """One walk over a tree that notes each fault with its line."""

    def __init__(self, tree: ast.Module, native: bool) -> None:
        self.native = native
        self.found: list[tuple[int, str]] = []
        nodes = list(ast.walk(tree))
        self.classes = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
        self.modules = set(_imported_names(nodes))

    def note(self, node: ast.AST, text: str | None) -> None:
        """Remember a fault, if there is one."""
        if text:
            self.found.append((getattr(node, "lineno", 1), text))

    # -------------------------------------------------------------- statements

    def visit_Module(self, node: ast.Module) -> None:
        for statement in node.body if self.native else []:
            if not isinstance(statement, _MODULE_LEVEL) and not _is_text(statement):
                self.note(
                    statement,
                    "only imports, classes, functions, constants and a docstring may stand "
                    "at module level; move this into a method",
                )
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.note(node, module_fault(alias.name, native=self.native))
            self.check_alias(node, alias)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            self.note(node, "relative imports lead nowhere here; put everything in this one source")
            return
        fault = module_fault(module, native=self.native)
        self.note(node, fault)
        for alias in node.names:
            self.check_alias(node, alias)
            if alias.name == "*":
                self.note(node, f"import the names you need from `{module}`, not `*`")
            elif alias.name in REMOVED.get(module, ()) or alias.name.startswith("_"):
                self.note(node, f"`{module}.{alias.name}` is not available")

    def check_alias(self, node: ast.AST, alias: ast.alias) -> None:
        self.note(node, special_fault(alias.asname or "", native=self.native))

    def visit_Global(self, node: ast.Global) -> None:
        self.note(node, "`global` shares state between instances; use an attribute of self")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.note(node, special_fault(node.name, native=self.native))
        self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.note(node, "`async` is not available; write plain functions")
        self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> None:
        for default in (*node.defaults, *node.kw_defaults) if self.native else ():
            if default is not None and _is_container(default):
                self.note(
                    default,
                    "a list, dict or set as a default is shared between calls; "
                    "use None and make it inside",
                )
        self.generic_visit(node)

    # -------------------------------------------------------------- names and attributes

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node.id in FORBIDDEN_NAMES:
            self.note(node, f"`{node.id}` is not available; {FORBIDDEN_NAMES[node.id]}")
        self.note(node, special_fault(node.id, native=self.native))

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        for name in node.kwd_attrs:
            self.note(node, attribute_fault(name, native=self.native))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        self.note(node, attribute_fault(node.attr, native=self.native))
        if self.native and node.attr in CLOCK and _root(node) != "self":
            self.note(node, f"`{ast.unparse(node)}` is not available; {CLOCK_HINT}")
        if owner in self.modules:
            private = node.attr.startswith("_") and not node.attr.endswith("__")
            if private or node.attr in REMOVED.get(owner, ()):
                self.note(node, f"`{owner}.{node.attr}` is not available")
        if not isinstance(node.ctx, ast.Load):
            self.check_target(node, owner)
        self.generic_visit(node)

    def check_target(self, node: ast.Attribute, owner: str) -> None:
        """An attribute that is assigned or deleted."""
        if owner in self.modules:
            self.note(node, f"attributes of the module `{owner}` may not be changed")
        elif self.native and (owner in self.classes or owner == "cls" or _is_type(node.value)):
            self.note(node, "an attribute of a class is shared by all instances; use self")

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) != 1:
            self.note(node, "`type` takes one argument here; write a class statement")
        self.generic_visit(node)


def _imported_names(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]


def _root(node: ast.expr) -> str | None:
    """The name that a chain of attributes starts from."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_container(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in _CONTAINERS
    return isinstance(
        node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
    )


def _is_type(node: ast.expr) -> bool:
    """Whether an expression is `type(…)` or ends in `.__class__`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "type"
    return isinstance(node, ast.Attribute) and node.attr == "__class__"

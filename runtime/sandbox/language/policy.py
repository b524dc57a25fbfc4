"""What generated source may say: a check of its syntax tree before anything runs.

This is not the security boundary (the seal is). It keeps classes deterministic and instances apart,
and it tells the author of a source early, by line, everything that has to change.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .bindings import SCOPES, Bindings, Origin
from .vocabulary import (
    CLOCK,
    CLOCK_HINT,
    attribute_fault,
    builtin_fault,
    member_fault,
    module_fault,
    private_fault,
    special_fault,
)

_CONTAINERS = {"dict", "list", "set", "defaultdict", "OrderedDict", "Counter", "deque"}
_DATES = {Origin("datetime", "date"), Origin("datetime", "datetime")}
_IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_MODULE_LEVEL = (
    ast.Import,
    ast.ImportFrom,
    ast.ClassDef,
    ast.FunctionDef,
    ast.AsyncFunctionDef,  # which is refused by itself
    ast.Assign,
    ast.AnnAssign,
    ast.Pass,
    getattr(ast, "TypeAlias", ast.Pass),  # from Python 3.12 on
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
        self.names = Bindings(tree)
        self.optional = False
        """Whether an import that fails here is expected by the source itself."""
        nodes = list(ast.walk(tree))
        self.classes = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
        self.private = _private_names(nodes)
        self.functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}

    def note(self, node: ast.AST, text: str | None) -> None:
        """Remember a fault, if there is one."""
        if text:
            self.found.append((getattr(node, "lineno", 1), text))

    def visit(self, node: ast.AST) -> None:
        """Visit a node; the names of functions, classes and comprehensions hold inside them."""
        inner = isinstance(node, SCOPES)
        if inner:
            self.names.enter(node)
        super().visit(node)
        if inner:
            self.names.leave()

    # -------------------------------------------------------------- statements

    def visit_Module(self, node: ast.Module) -> None:
        for statement in node.body if self.native else []:
            if not isinstance(statement, _MODULE_LEVEL) and not _is_text(statement):
                self.note(statement, _misplaced(statement))
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if self.native or not _never(node.test):
            self.generic_visit(node)
        else:  # what never runs may say what it likes
            for statement in node.orelse:
                self.visit(statement)

    def visit_Try(self, node: ast.Try) -> None:
        before = self.optional
        self.optional = not self.native and any(map(_catches_imports, node.handlers))
        for statement in node.body:
            self.visit(statement)
        self.optional = before
        for part in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(part)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if not self.optional:
                self.note(node, module_fault(alias.name, native=self.native))
            self.note(node, special_fault(alias.asname or "", native=self.native))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            self.note(node, "relative imports lead nowhere here; put everything in this one source")
            return
        fault = module_fault(module, native=self.native)
        if not self.optional:
            self.note(node, fault)
        for alias in node.names:
            self.note(node, special_fault(alias.asname or "", native=self.native))
            if alias.name == "*" and self.native:
                self.note(node, f"import the names you need from `{module}`, not `*`")
            elif not fault:
                self.note(node, member_fault(module, alias.name, native=self.native))

    def visit_Global(self, node: ast.Global) -> None:
        if self.native:
            listed = ", ".join(node.names)
            self.note(
                node,
                f"`global {listed}` shares state between instances; "
                f"use an attribute of self, as in self.{node.names[0]}",
            )

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
        for method in methods if self.native else ():
            if method.args.posonlyargs[1:] and not method.name.startswith("_"):
                self.note(
                    method,
                    f"`{method.name}` is a tool, and tools are called by name; remove the `/`",
                )
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.note(node, special_fault(node.name, native=self.native))
        self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.note(
            node, "`async` is not available, as nothing would await it; write plain functions"
        )
        self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> None:
        for name, default in _defaults(node) if self.native else ():
            if _is_container(default):
                self.note(
                    default,
                    f"a list, dict or set as a default (of `{name}`) is shared between calls; "
                    f"write {name}=None and make it inside",
                )
        self.generic_visit(node)

    # -------------------------------------------------------------- names and attributes

    def visit_Name(self, node: ast.Name) -> None:
        if self.names.find(node.id) is None:
            self.note(node, builtin_fault(node.id, native=self.native))
        self.note(node, special_fault(node.id, native=self.native))

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        for name in node.kwd_attrs:
            self.note(node, attribute_fault(name, native=self.native))
            self.note(node, private_fault(name, self.private))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        owner = self.names.origin(node.value)
        self.note(node, attribute_fault(node.attr, native=self.native))
        if not self.is_own(node.value) and (owner is None or owner.name):
            self.note(node, private_fault(node.attr, self.private))
        if owner and not owner.name and self.names.origin(node) == Origin(owner.module, node.attr):
            self.note(node, member_fault(owner.module, node.attr, native=self.native))
        if self.native and node.attr in CLOCK and (owner in _DATES or _is_type(node.value)):
            self.note(node, f"`{ast.unparse(node)}` is not available; {CLOCK_HINT}")
        if not isinstance(node.ctx, ast.Load):
            self.check_target(node, owner)
        self.generic_visit(node)

    def is_own(self, node: ast.expr) -> bool:
        """Whether an expression is certainly an object or class of the source."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id == "super"
        return isinstance(node, ast.Name) and node.id in {"self", "cls", *self.classes}

    def visit_Subscript(self, node: ast.Subscript) -> None:
        owner = self.names.origin(node.value)
        if owner is not None and not isinstance(node.ctx, ast.Load):
            self.note(node, _borrowed("what is in", owner))
        self.generic_visit(node)

    def check_target(self, node: ast.Attribute, owner: Origin | None) -> None:
        """An attribute that is assigned or deleted."""
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        # Running a source again, as is done for imported ones, does not undo this in a library.
        if owner is not None:
            self.note(node, _borrowed("attributes of", owner))
        elif self.native and (name in self.classes or name == "cls" or _is_type(node.value)):
            self.note(
                node,
                "an attribute of a class is shared by all instances; "
                f"use self, as in self.{node.attr}",
            )

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func
        if isinstance(called, ast.Name) and called.id == "type" and len(node.args) != 1:
            if self.names.find("type") is None:
                self.note(node, "`type` takes one argument here; write a class statement")
        elif self.native and isinstance(called, ast.Attribute) and called.attr in CLOCK:
            self.check_clock(called)
        self.generic_visit(node)

    def check_clock(self, node: ast.Attribute) -> None:
        """A call of `now` or its like on something that may be a date."""
        named = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        if not named and node.attr not in self.functions:
            self.note(node, f"`{ast.unparse(node)}` is not available; {CLOCK_HINT}")


# ------------------------------------------------------------------ shapes of code


def _borrowed(what: str, owner: Origin) -> str:
    kind = f"{owner.module}.{owner.name}" if owner.name else f"the module `{owner.module}`"
    return (
        f"{what} {kind} may not be changed, as all instances share them; use an attribute of self"
    )


def _private_names(nodes: list[ast.AST]) -> set[str]:
    """The names with `_` in front that a source gives to methods, functions and attributes."""
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return {name for name in names if name.startswith("_")}


def _misplaced(statement: ast.stmt) -> str:
    if isinstance(statement, ast.If) and _is_main(statement.test):
        return "nothing runs this source as a script; remove the `if __name__ == …` block"
    return (
        "only imports, classes, functions, constants and a docstring may stand at module level; "
        "move this into a method, or remove it"
    )


def _is_main(test: ast.expr) -> bool:
    return ast.unparse(test) in ("__name__ == '__main__'", "'__main__' == __name__")


def _never(test: ast.expr) -> bool:
    """Whether a test is false wherever a source is loaded here."""
    return _is_main(test) or ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or ast.unparse(kind) in _IMPORT_ERRORS for kind in kinds)


def _defaults(node: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """The parameters that have defaults, and these."""
    positional = [*node.posonlyargs, *node.args]
    given = positional[len(positional) - len(node.defaults) :]
    defaults = [*node.defaults, *node.kw_defaults]
    for argument, default in zip([*given, *node.kwonlyargs], defaults, strict=True):
        if default is not None:
            yield argument.arg, default


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

"""What generated source may say: a check of its syntax tree before anything runs.

This is not the security boundary (the seal is). It keeps classes deterministic and instances apart,
and it tells the author of a source early, by line, everything that has to change.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

NATIVE_MODULES = frozenset(
    ["__future__", "abc", "base64", "bisect", "calendar", "collections", "collections.abc", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "numbers", "operator", "re", "statistics", "string", "textwrap", "typing", "unicodedata"]
)
"""Modules that our classes and checks may import."""
IMPORTED_MODULES = NATIVE_MODULES | {"random", "secrets", "time", "uuid"}
"""Modules that imported classes may import: the further ones are virtual."""
REMOVED = {
    "dataclasses": {"make_dataclass"},
    "functools": {"cache", "cached_property", "lru_cache"},
    "operator": {"attrgetter", "methodcaller"},
    "string": {"Formatter"},
    "typing": {"ForwardRef", "get_type_hints"},
}
"""Names that allowed modules do not offer here: they reach attributes by text or keep state."""

_DUNDERS = frozenset(
    f"__{name}__"
    for name in ["init", "post_init", "new", "str", "repr", "eq", "ne", "lt", "le", "gt", "ge", "hash", "bool", "len", "iter", "next", "contains", "reversed", "getitem", "setitem", "delitem", "missing", "enter", "exit", "call", "format", "int", "float", "index", "neg", "pos", "abs", "round", "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "floordiv", "mod", "iadd", "isub", "and", "or", "name", "doc", "slots", "all", "match_args", "annotations"]
)
_IMPORTED_DUNDERS = _DUNDERS | {"__class__", "__dict__", "__version__", "__author__"}
_FRAMES = frozenset(
    ["f_back", "f_builtins", "f_code", "f_globals", "f_locals", "tb_frame", "tb_next", "gi_frame", "gi_code", "cr_frame", "cr_code", "ag_frame", "ag_code", "co_code", "func_globals", "mro"]
)
_FORBIDDEN_NAMES = {
    "open": "files are out of reach; keep data in the state",
    "input": "nobody can answer; take a parameter instead",
    "id": "addresses differ from run to run; use a key of the state",
    **dict.fromkeys(
        ("exec", "eval", "compile", "breakpoint", "memoryview", "dir"), "write the code itself"
    ),
    **dict.fromkeys(("globals", "locals", "vars"), "name the attributes you mean"),
    **dict.fromkeys(("exit", "quit", "help"), "return a value instead"),
}
_CLOCK = {"now", "today", "utcnow"}
_CLOCK_HINT = "the current time is part of the state: read it from an attribute such as self.now"
_CHANCE_HINT = "results must be the same each time: number new records with a counter in the state"
_MODULE_HINTS = {
    "time": _CLOCK_HINT,
    **dict.fromkeys(("random", "secrets", "uuid"), _CHANCE_HINT),
}
_CONTAINERS = {"dict", "list", "set", "defaultdict", "OrderedDict", "Counter", "deque"}
_MODULE_LEVEL = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef, ast.Assign, ast.AnnAssign)


def attribute_fault(name: str, *, native: bool) -> str | None:
    """Why an attribute of this name may not be used, or None."""
    if name in _FRAMES:
        return f"the attribute `{name}` is not available"
    dunder = name.startswith("__") and name.endswith("__")
    if dunder and name not in (_DUNDERS if native else _IMPORTED_DUNDERS):
        return f"the special name `{name}` is not available"
    return None


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

    def note(self, node: ast.AST, text: str) -> None:
        self.found.append((getattr(node, "lineno", 1), text))

    # -------------------------------------------------------------- statements

    def visit_Module(self, node: ast.Module) -> None:
        if self.native:
            for statement in node.body:
                if not isinstance(statement, _MODULE_LEVEL) and not _is_text(statement):
                    self.note(
                        statement,
                        "only imports, classes, functions, constants and a docstring may stand "
                        "at module level; move this into a method",
                    )
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.check_module(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            self.note(node, "relative imports lead nowhere here; put everything in this one source")
            return
        if not self.check_module(node, module):
            return
        for alias in node.names:
            if alias.name == "*":
                self.note(node, f"import the names you need from `{module}`, not `*`")
            elif alias.name in REMOVED.get(module, ()) or alias.name.startswith("_"):
                self.note(node, f"`{module}.{alias.name}` is not available")

    def check_module(self, node: ast.AST, name: str) -> bool:
        allowed = NATIVE_MODULES if self.native else IMPORTED_MODULES
        if name in allowed:
            return True
        known = ", ".join(sorted(allowed))
        hint = _MODULE_HINTS.get(name, f"these modules may be: {known}")
        self.note(node, f"the module `{name}` may not be imported; {hint}")
        return False

    def visit_Global(self, node: ast.Global) -> None:
        self.note(node, "`global` shares state between instances; use an attribute of self")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        fault = attribute_fault(node.name, native=self.native)
        if fault:
            self.note(node, fault)
        self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.note(node, "`async` is not available; write plain functions")
        self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> None:
        if self.native:
            for default in (*node.defaults, *node.kw_defaults):
                if default is not None and _is_container(default):
                    self.note(
                        default,
                        "a list, dict or set as a default is shared between calls; "
                        "use None and make it inside",
                    )
        self.generic_visit(node)

    # -------------------------------------------------------------- names and attributes

    def visit_Name(self, node: ast.Name) -> None:
        name = node.id
        if isinstance(node.ctx, ast.Load) and name in _FORBIDDEN_NAMES:
            self.note(node, f"`{name}` is not available; {_FORBIDDEN_NAMES[name]}")
        fault = attribute_fault(name, native=self.native)
        if fault:
            self.note(node, fault)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        root = _root(node)
        fault = attribute_fault(node.attr, native=self.native)
        if fault:
            self.note(node, fault)
        elif node.attr.startswith("_") and root in self.modules and isinstance(node.value, ast.Name):
            self.note(node, f"`{root}.{node.attr}` is private to its module")
        elif self.native and node.attr in _CLOCK and root in self.modules:
            self.note(node, f"`{ast.unparse(node)}` is not available; {_CLOCK_HINT}")
        elif isinstance(node.value, ast.Name) and node.attr in REMOVED.get(node.value.id, ()):
            self.note(node, f"`{ast.unparse(node)}` is not available")
        if not isinstance(node.ctx, ast.Load):
            self.check_target(node)
        self.generic_visit(node)

    def check_target(self, node: ast.Attribute) -> None:
        owner = node.value
        named = isinstance(owner, ast.Name) and owner.id
        if named in self.modules:
            self.note(node, f"attributes of the module `{named}` may not be changed")
        elif self.native and (named in self.classes or named == "cls" or _is_type(owner)):
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

"""Small questions to a syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_MUTATORS = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove",
    "reverse", "setdefault", "sort", "update",
}  # fmt: skip
_COPYING = {
    "copy", "deepcopy", "dict", "list", "sorted", "set", "tuple",
    "len", "sum", "str", "int", "float", "round",
}  # fmt: skip
Method = ast.FunctionDef


def own_name(function: ast.expr) -> str:
    """`name` of `name`, `self.name` and `module.name`."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def stored(node: ast.AST) -> str:
    """`name` of `self.name`; empty for anything else."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr if node.value.id == "self" else ""
    return ""


def constant(node: ast.AST | None, *types: type) -> bool:
    """Whether a node is a constant of a type; a bool is no int."""
    return isinstance(node, ast.Constant) and type(node.value) in types


def parameters(method: Method) -> set[str]:
    """The names of a method's parameters, without self."""
    return {a.arg for a in [*method.args.args, *method.args.kwonlyargs]} - {"self"}


def success_of(value: ast.expr) -> bool | None:
    """What a dict literal says under "success"; None where it says nothing."""
    if isinstance(value, ast.Dict):
        for key, found in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "success":
                told = found.value if isinstance(found, ast.Constant) else None
                return told if isinstance(told, bool) else None
    return None


def names_given(part: ast.expr) -> bool:
    """Whether a test is `name is not None`."""
    return (
        isinstance(part, ast.Compare)
        and isinstance(part.left, ast.Name)
        and isinstance(part.ops[0], ast.IsNot)
    )


def short(node: ast.AST, limit: int = 70) -> str:
    """A node as code in one line."""
    text = ast.unparse(node)
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[:limit]}…"


def makes_refusal(method: Method) -> bool:
    """Whether a helper does nothing but return a refusal."""
    returned = [n.value for n in ast.walk(method) if isinstance(n, ast.Return) and n.value]
    return method.name.startswith("_") and len(returned) == 1 and success_of(returned[0]) is False


def may_be_silent(method: Method) -> bool:
    """Whether a helper returns None or an empty text where nothing is wrong."""
    return any(
        isinstance(node, ast.Return)
        and (node.value is None or (isinstance(node.value, ast.Constant) and not node.value.value))
        for node in ast.walk(method)
    )


def bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that a node binds, and to (a part of) what."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from ((n.id, node.value) for n in names if isinstance(n, ast.Name))
    elif isinstance(node, ast.NamedExpr | ast.AnnAssign) and isinstance(node.target, ast.Name):
        if node.value is not None:
            yield node.target.id, node.value
    elif isinstance(node, ast.For | ast.comprehension):
        # of `for key, record in …items()` the last name is the record
        target = node.target.elts[-1] if isinstance(node.target, ast.Tuple) else node.target
        keys = isinstance(node.iter, ast.Attribute) or (
            isinstance(node.iter, ast.Call)
            and own_name(node.iter.func) == "sorted"
            and bool(node.iter.args)
            and isinstance(node.iter.args[0], ast.Attribute)
        )
        if isinstance(target, ast.Name) and not keys:
            yield target.id, node.iter


def copied(value: ast.expr) -> bool:
    """Whether a value is something new: a copy, a display, a figure, a truth."""
    if isinstance(value, ast.Call):
        return own_name(value.func) in _COPYING
    return isinstance(
        value,
        ast.Dict | ast.List | ast.ListComp | ast.DictComp | ast.SetComp | ast.Compare
        | ast.JoinedStr | ast.BinOp | ast.Constant | ast.UnaryOp,
    )  # fmt: skip


def targets(node: ast.stmt) -> list[ast.expr]:
    """What a statement writes to."""
    if isinstance(node, ast.Assign):
        parts = [t.elts if isinstance(t, ast.Tuple) else [t] for t in node.targets]
        return [target for part in parts for target in part]
    if isinstance(node, ast.AugAssign):
        return [node.target]
    if isinstance(node, ast.Delete):
        return node.targets
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        if isinstance(called, ast.Attribute) and called.attr in _MUTATORS:
            return [ast.Subscript(called.value, ast.Constant(0), ast.Store())]
    return []


def used(statement: ast.stmt) -> set[str]:
    """The names that a statement reads."""
    return {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def first_statement(method: Method) -> ast.stmt:
    """The first statement after the docstring."""
    documented = ast.get_docstring(method) is not None and len(method.body) > 1
    return method.body[1 if documented else 0]

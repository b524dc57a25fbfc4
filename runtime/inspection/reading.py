"""What the source alone gives away: private memory, dates written into the code, lost errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..records import EnvironmentPlan, Operation
from .stores import Function, closure, functions_of, mutated, on_self

Place = tuple[str, str]
"""A tool's name and what is wrong with it."""


def memory(tree: ast.Module, plan: EnvironmentPlan) -> Iterator[Place]:
    """Private attributes that a tool writes: what they hold is lost when the class is rebuilt."""
    functions = functions_of(tree, plan.class_name)
    for operation in plan.operations:
        names = {n for f in closure(functions, operation.name) for n in _private(f)}
        for name in sorted(names - functions.keys()):
            yield (
                operation.name,
                f"it writes self.{name}, which is no part of the state; "
                "keep nothing outside the keys of init_config.",
            )


def _private(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        target = mutated(node)
        while isinstance(target, ast.Subscript):
            target = target.value
        if isinstance(target, ast.Attribute) and on_self(target) and target.attr.startswith("_"):
            yield target.attr


_DAY = re.compile(r"(199\d|20\d\d)-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?")
_ROUND = ("2000-01-01", "2099-12-31")
"""Days that stand for none."""


def fixed_days(tree: ast.Module, plan: EnvironmentPlan) -> Iterator[Place]:
    """Days that tools have in their code and that the plan does not speak of."""
    functions = functions_of(tree, plan.class_name)
    spoken = plan.model_dump_json()
    for operation in plan.operations:
        texts = {t for f in closure(functions, operation.name) for t in _texts(f)}
        for text in sorted(texts):
            if _DAY.fullmatch(text) and text[:10] not in _ROUND and text[:10] not in spoken:
                yield (
                    operation.name,
                    f"it has the day {text!r} written into its code; take days from the state.",
                )


def lost_errors(tree: ast.Module, plan: EnvironmentPlan, operation: Operation) -> Iterator[str]:
    """The planned codes that no text in reach of a tool can give."""
    functions = functions_of(tree, plan.class_name)
    if operation.name not in functions:
        return
    reach = closure(functions, operation.name)
    outside = [node for node in tree.body if not isinstance(node, ast.ClassDef | Function)]
    outside += [
        node
        for owner in tree.body
        if isinstance(owner, ast.ClassDef)
        for node in owner.body
        if not isinstance(node, Function)
    ]
    texts = [text for node in (*reach, *outside) for text in _texts(node)]
    pieces = [text for node in reach for text in _pieces(node)]
    for error in operation.errors:
        code = error.partition(":")[0].strip()
        built = any(piece and (code.startswith(piece) or code.endswith(piece)) for piece in pieces)
        if not built and not any(re.search(rf"\b{re.escape(code)}\b", text) for text in texts):
            yield code


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts in a piece of code, without its docstring."""
    docstring = ast.get_docstring(node, clean=False) if isinstance(node, Function) else None
    for part in ast.walk(node):
        value = part.value if isinstance(part, ast.Constant) else None
        if isinstance(value, str) and value != docstring:
            yield value


def _pieces(node: ast.AST) -> Iterator[str]:
    """The fixed parts of texts that are put together from others."""
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr):
            values = [v for v in part.values if isinstance(v, ast.Constant)]
            yield from (re.split(r"[:\s]", str(v.value))[0] for v in values)
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Mod):
            sides = (part.left, part.right)
            yield from (
                re.split(r"[:\s%]", side.value)[0]
                for side in sides
                if isinstance(side, ast.Constant) and isinstance(side.value, str)
            )

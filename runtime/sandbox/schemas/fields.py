"""The fields of record classes: TypedDict, NamedTuple, dataclasses and their like."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from . import docstrings
from .scopes import Definition, Scope, class_scope, lineage

_WRAPPERS = frozenset("Annotated Final ClassVar Required NotRequired ReadOnly InitVar".split())
_MAKERS = frozenset("field Field attrib ib".split())


class Field(NamedTuple):
    """One field of a record."""

    name: str
    annotation: ast.AST
    scope: Scope
    required: bool
    default: ast.AST | None
    note: str


def fields(owner: Definition) -> list[Field]:
    """The fields of a class and of its base classes, in order."""
    kinds = lineage(owner)
    typed = "TypedDict" in kinds.words
    found: dict[str, Field] = {}
    for holder in reversed(kinds.classes):
        found |= {field.name: field for field in _own(holder, typed)}
    return list(found.values())


def _own(holder: Definition, typed: bool) -> Iterator[Field]:
    """The fields that a class itself declares."""
    node = holder.node
    assert isinstance(node, ast.ClassDef)
    inside = class_scope(holder)
    notes = docstrings.read(ast.get_docstring(node) or "").notes
    total = not any(k.arg == "total" and _is(k.value, False) for k in node.keywords)
    for item, below in zip(node.body, [*node.body[1:], None], strict=True):
        if not (isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)):
            continue
        marks = _marks(item.annotation, inside)
        name = item.target.id
        if marks & {"ClassVar", "KW_ONLY"} or _is(_option(item.value, inside, "init"), False):
            continue
        default = _default(item.value, inside)
        required = "NotRequired" not in marks and (total or "Required" in marks)
        note = _text(below) or notes.get(name, "") or _said(item.value, inside)
        yield Field(
            name, item.annotation, inside, required if typed else default is None, default, note
        )


def _marks(annotation: ast.AST, scope: Scope) -> set[str]:
    """The words around a field's type, such as NotRequired."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return set()
    if (
        isinstance(annotation, ast.Subscript)
        and (word := scope.word(annotation.value)) in _WRAPPERS
    ):
        inner = annotation.slice
        first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
        return {word} | _marks(first, scope)
    return {scope.word(annotation)}


def _default(node: ast.expr | None, scope: Scope) -> ast.AST | None:
    """The expression of a field's default; None where it has to be given."""
    if node is None or not _is_maker(node, scope):
        return node
    assert isinstance(node, ast.Call)
    given = _option(node, scope, "default") or (node.args[0] if node.args else None)
    if given is not None:
        return None if _is(given, ...) else given
    factory = _option(node, scope, "default_factory") or _option(node, scope, "factory")
    return ast.Call(factory, [], []) if isinstance(factory, ast.expr) else None


def _option(node: ast.expr | None, scope: Scope, name: str) -> ast.expr | None:
    """What a `field(…)` is given under a name."""
    if node is None or not _is_maker(node, scope):
        return None
    assert isinstance(node, ast.Call)
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def _said(node: ast.expr | None, scope: Scope) -> str:
    """The description that a `Field(…)` is given."""
    given = _option(node, scope, "description")
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else ""


def _is_maker(node: ast.AST, scope: Scope) -> bool:
    return isinstance(node, ast.Call) and scope.word(node.func) in _MAKERS


def _is(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _text(statement: ast.stmt | None) -> str:
    """The text of a statement that is nothing else."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        found = statement.value.value
        return " ".join(found.split()) if isinstance(found, str) else ""
    return ""


# ------------------------------------------------------------------ classes made by a call


def made_class(call: ast.Call, scope: Scope) -> ast.ClassDef | None:
    """The class statement for `TypedDict("Name", {…})` and its like; None for another call."""
    word = scope.word(call.func)
    given = call.args[1] if len(call.args) > 1 else None
    if word == "TypedDict" and isinstance(given, ast.Dict):
        return _class("TypedDict", list(_typed(zip(given.keys, given.values, strict=True))), call)
    if word == "NamedTuple" and isinstance(given, ast.List | ast.Tuple):
        pairs = [item.elts for item in given.elts if isinstance(item, ast.Tuple | ast.List)]
        return _class("NamedTuple", list(_typed((p[0], p[1]) for p in pairs if len(p) == 2)), call)
    if word == "namedtuple":
        return _class("NamedTuple", list(_typed((n, ast.Name("Any")) for n in _names(given))), call)
    if word in ("Enum", "StrEnum", "IntEnum"):
        return _class(word, list(_members(given)), call)
    return None


def _class(base: str, body: list[ast.stmt], call: ast.Call) -> ast.ClassDef:
    return ast.ClassDef(base, [ast.Name(base)], call.keywords, body, [])


def _typed(pairs: object) -> Iterator[ast.stmt]:
    for key, annotation in pairs:  # type: ignore[attr-defined]
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield ast.AnnAssign(ast.Name(key.value), annotation, None, 1)


def _names(given: ast.AST | None) -> list[ast.expr]:
    """The names of `"x y"` or `["x", "y"]`."""
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        return [ast.Constant(name) for name in given.value.replace(",", " ").split()]
    return list(given.elts) if isinstance(given, ast.List | ast.Tuple) else []


def _members(given: ast.AST | None) -> Iterator[ast.stmt]:
    if isinstance(given, ast.Dict):
        pairs = [(key, value) for key, value in zip(given.keys, given.values, strict=True) if key]
    else:
        automatic = ast.Call(ast.Name("auto"), [], [])
        pairs = [(name, automatic) for name in _names(given)]
    for name, value in pairs:
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield ast.Assign([ast.Name(name.value)], value)

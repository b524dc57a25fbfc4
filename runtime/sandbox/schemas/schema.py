"""Tool descriptions from source: signatures and docstrings become JSON Schema (draft 2020-12).

Works on the syntax tree alone, so annotations need not be resolvable.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import types
from collections.abc import Iterable, Iterator
from importlib.util import resolve_name
from typing import NamedTuple

from . import docstrings
from .annotations import Annotations, Schema, with_default
from .docstrings import Docstring
from .fields import fields
from .scopes import Definition, Import, Scope, class_scope, lineage, statements

OPEN: Schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": True}
"""The parameters of a tool of which nothing is known."""


_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Method(NamedTuple):
    """A function, and where its names are looked up."""

    node: _Function | ast.Lambda
    scope: Scope

    @property
    def bound(self) -> int:
        """How many parameters the call fills in: self or cls, none for a static method."""
        marks = self.node.decorator_list if isinstance(self.node, _Function) else []
        return 0 if any(self.scope.word(mark) == "staticmethod" for mark in marks) else 1


def tools(tree: ast.Module, class_name: str, names: Iterable[str]) -> list[Schema]:
    """The tools called `names` of a class: {"name", "description", "parameters"} each."""
    scope = Scope(tree.body)
    node = scope.types.get(class_name)
    methods = _methods(Definition(node, scope)) if isinstance(node, ast.ClassDef) else {}
    return [_tool(name, methods.get(name)) for name in names]


def _methods(owner: Definition) -> dict[str, Method]:
    """The methods of a class and of its base classes in the same source."""
    found: dict[str, Method] = {}
    for holder in reversed(lineage(owner).classes):
        inside = class_scope(holder)
        for name, function in inside.functions.items():
            found[name] = Method(function, inside)
        for name, value in inside.values.items():
            if isinstance(value, ast.Lambda):
                found[name] = Method(value, inside)
            elif isinstance(value, ast.Name) and value.id in found:  # another name for a method
                found[name] = found[value.id]
    return found


# ------------------------------------------------------------------ tools


def _tool(name: str, method: Method | None, text: str = "") -> Schema:
    # Half characters, as escapes in a docstring make them, could not be sent.
    said = docstrings.read((text or _text(method)).encode(errors="replace").decode())
    parameters = _parameters(method, said) if method else dict(OPEN)
    return {"name": name, "description": said.description, "parameters": parameters}


def _text(method: Method | None) -> str:
    node = method.node if method else None
    return (isinstance(node, _Function) and ast.get_docstring(node)) or ""


def _parameters(method: Method, said: Docstring) -> Schema:
    """The schema of the arguments object."""
    annotations = Annotations()
    properties: Schema = {}
    required = []
    for argument, default in _arguments(method.node.args, method.bound):
        schema = annotations.schema(argument.annotation, method.scope)
        if argument.annotation is None and (text := said.types.get(argument.arg)):
            schema = annotations.written(text, method.scope)
        if default is None:
            required.append(argument.arg)
        schema = with_default(schema, default, method.scope)
        note = said.notes.get(argument.arg)
        properties[argument.arg] = {**schema, "description": note} if note else schema
    found: Schema = {"type": "object", "properties": properties, "required": required}
    return found | _rest(method, annotations, found)


def _rest(method: Method, annotations: Annotations, found: Schema) -> Schema:
    """What `**kwargs` takes beyond the named parameters."""
    rest = method.node.args.kwarg
    if rest is None:
        return {"additionalProperties": False}
    node = rest.annotation
    if isinstance(node, ast.Subscript) and method.scope.word(node.value) == "Unpack":
        owner = method.scope.followed(node.slice)
        if owner is not None and isinstance(owner.node, ast.ClassDef):
            options = annotations.record(fields(owner))
            return {
                "properties": {**found["properties"], **options["properties"]},
                "required": [*found["required"], *options["required"]],
                "additionalProperties": False,
            }
        return {"additionalProperties": True}
    return {"additionalProperties": annotations.schema(node, method.scope) or True}


def _arguments(args: ast.arguments, bound: int) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Each parameter that a caller names, with its default."""
    positional = [*args.posonlyargs, *args.args]
    gap = [None] * (len(positional) - len(args.defaults))
    pairs = list(zip(positional, [*gap, *args.defaults], strict=True))
    yield from pairs[bound:]
    yield from zip(args.kwonlyargs, args.kw_defaults, strict=True)


# ------------------------------------------------------------------ live classes


def described_class(target: type, names: Iterable[str]) -> list[Schema]:
    """As `tools`, of a class of an installed package, whose files must still be readable.

    A method whose source cannot be had (C code, say) gets an open schema.
    """
    modules = _Modules()
    return [_tool(name, *modules.method(target, name)) for name in names]


class _Modules:
    """The sources of loaded modules, read once each."""

    def __init__(self) -> None:
        self._trees: dict[str, tuple[ast.Module, Scope] | None] = {}

    def method(self, target: type, name: str) -> tuple[Method | None, str]:
        """The source of a method, None where there is none, and its docstring."""
        found = inspect.getattr_static(target, name, None)
        if isinstance(found, staticmethod | classmethod):
            found = found.__func__
        function = inspect.unwrap(found) if callable(found) else None
        text = inspect.getdoc(function) or ""
        if not isinstance(function, types.FunctionType):
            return None, text
        read = self._read(function.__module__)
        return (_located(*read, function.__code__) if read else None), text

    def _read(self, name: str) -> tuple[ast.Module, Scope] | None:
        if name not in self._trees:
            self._trees[name] = None
            module = sys.modules.get(name)
            path = getattr(module, "__file__", None) or ""
            text = "".join(linecache.getlines(path, vars(module) if module else None))
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError):
                return None
            origin = getattr(module, "__package__", None) or ""
            self._trees[name] = tree, Scope(tree.body, elsewhere=lambda i: self._scope(i, origin))
        return self._trees[name]

    def _scope(self, origin: Import, package: str) -> Scope | None:
        """The scope of a module that another one imports from; none for Python's own modules."""
        try:
            name = resolve_name("." * origin.level + origin.module, package)
        except ImportError:
            return None
        if name.partition(".")[0] in sys.stdlib_module_names | {"typing_extensions"}:
            return None
        read = self._read(name)
        return read[1] if read else None


def _located(tree: ast.Module, scope: Scope, code: types.CodeType) -> Method | None:
    """The definition of a function in the tree of its module."""
    for method in _functions(tree.body, scope):
        node = method.node
        first = min([node.lineno, *(m.lineno for m in getattr(node, "decorator_list", ()))])
        if first == code.co_firstlineno and getattr(node, "name", "<lambda>") == code.co_name:
            return method
    return None


def _functions(body: list[ast.stmt], scope: Scope) -> Iterator[Method]:
    for statement in statements(body):
        if isinstance(statement, _Function):
            yield Method(statement, scope)
            yield from _functions(statement.body, scope)
        elif isinstance(statement, ast.ClassDef):
            inside = class_scope(Definition(statement, scope))
            yield from _functions(statement.body, inside)
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
            yield Method(statement.value, scope)

"""Annotations as JSON Schema, read from the syntax tree: they need not be resolvable."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from . import constants
from .fields import Field, fields, made_class
from .scopes import Definition, Scope, lineage

Schema = dict[str, Any]

_TYPES = {
    "string": "str LiteralString AnyStr date datetime time UUID Path PurePath PurePosixPath",
    "integer": "int Integral IntFlag Flag",
    "number": "float Number Real",
    "boolean": "bool",
    "null": "None NoneType",
}
_SCALARS: dict[str, Schema] = {
    **{word: {"type": kind} for kind, words in _TYPES.items() for word in words.split()},
    "Decimal": {"type": ["number", "string"]},
}
_ARRAYS = frozenset(
    """list List set Set frozenset FrozenSet AbstractSet MutableSet Sequence MutableSequence
    Iterable Iterator Collection Container Reversible deque Deque tuple Tuple""".split()
)
_OBJECTS = frozenset(
    """dict Dict Mapping MutableMapping defaultdict DefaultDict OrderedDict ChainMap
    Counter""".split()
)
_WRAPPERS = frozenset("Final ClassVar Required NotRequired ReadOnly InitVar".split())
_KINDS = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
_NULL: Schema = {"type": "null"}
_DEPTH = 20
"""How deep Literals may nest."""


class Annotations:
    """Turns annotations into schemas; {} where one says nothing that JSON can express."""

    def __init__(self) -> None:
        self._open: list[ast.AST] = []

    def schema(self, node: ast.AST | None, scope: Scope) -> Schema:
        """The schema of an annotation that stands in a scope."""
        if isinstance(node, ast.Constant):
            return self._constant(node.value, scope)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._named(node, scope)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union([node.left, node.right], scope)
        if isinstance(node, ast.Subscript):
            return self._generic(node, scope)
        if isinstance(node, ast.Call):
            return self._called(node, scope)
        if isinstance(node, ast.Set):  # NumPy's docstrings: {"a", "b"}
            return _literal(node.elts, scope)
        return {}

    def _constant(self, value: object, scope: Scope) -> Schema:
        if value is None:
            return dict(_NULL)
        return self.written(value, scope) if isinstance(value, str) else {}

    def written(self, text: str, scope: Scope) -> Schema:
        """The schema of an annotation in a text."""
        try:
            return self.schema(ast.parse(text.strip(), mode="eval").body, scope)
        except (SyntaxError, ValueError):
            return {}

    # -------------------------------------------------------------- names

    def _named(self, node: ast.AST, scope: Scope) -> Schema:
        found = scope.find(node)
        if found is None:
            return known(scope.word(node))
        if found.node in self._open:
            return {"type": "object"} if isinstance(found.node, ast.ClassDef) else {}
        self._open.append(found.node)
        try:
            if isinstance(found.node, ast.ClassDef):
                return self._class(found)
            return self.schema(found.node, found.scope)
        finally:
            self._open.pop()

    def _class(self, owner: Definition) -> Schema:
        kinds = lineage(owner)
        if constants.is_enum(owner):
            return _enumeration(owner, kinds.words)
        if "Protocol" in kinds.words:
            return {}
        found = fields(owner)
        if "NamedTuple" in kinds.words:
            return self._tuple_record(found)
        if found:
            return self.record(found)
        bases = (self.schema(root.node, root.scope) for root in kinds.roots)
        return next(filter(None, bases), {"type": "object"})

    def _called(self, node: ast.Call, scope: Scope) -> Schema:
        """A type that a call makes: `NewType("Id", str)`, `TypedDict("Row", {…})`."""
        word = scope.word(node.func)
        if word == "NewType" and len(node.args) == 2:
            return self.schema(node.args[1], scope)
        if word == "TypeVar":
            bounds = [k.value for k in node.keywords if k.arg == "bound"] or node.args[1:]
            return self._union(bounds, scope) if bounds else {}
        made = made_class(node, scope)
        return self._class(Definition(made, scope)) if made else {}

    # -------------------------------------------------------------- records

    def record(self, found: list[Field]) -> Schema:
        """The object that has these fields."""
        return {
            "type": "object",
            "properties": {field.name: self._field(field) for field in found},
            "required": [field.name for field in found if field.required],
            "additionalProperties": False,
        }

    def _tuple_record(self, found: list[Field]) -> Schema:
        items = [{"title": field.name, **self._field(field)} for field in found]
        least = sum(field.required for field in found)
        bounds: Schema = {"minItems": least, "maxItems": len(items)}
        return {"type": "array", **({"prefixItems": items} if items else {}), **bounds}

    def _field(self, field: Field) -> Schema:
        schema = with_default(
            self.schema(field.annotation, field.scope), field.default, field.scope
        )
        return {**schema, "description": field.note} if field.note else schema

    # -------------------------------------------------------------- generics

    def _generic(self, node: ast.Subscript, scope: Scope) -> Schema:
        if scope.find(node.value) is not None:
            return self._named(node.value, scope)
        word = scope.word(node.value)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if word in ("tuple", "Tuple"):
            return self._tuple(parts, scope)
        if not parts:
            return {}
        if word == "Optional":
            return allowing(self.schema(parts[0], scope), None)
        if word == "Union":
            return self._union(parts, scope)
        if word == "Literal":
            return _literal(parts, scope)
        if word == "Annotated":
            return {**self.schema(parts[0], scope), **_described(parts[1:], scope)}
        if word in _WRAPPERS:
            return self.schema(parts[0], scope)
        return self._collection(word, parts, scope)

    def _collection(self, word: str, parts: list[ast.expr], scope: Scope) -> Schema:
        schema = known(word)
        if word in _ARRAYS:
            return _with(schema, "items", self.schema(parts[0], scope))
        if word == "Counter":
            return {**schema, "additionalProperties": {"type": "integer"}}
        if word in _OBJECTS and len(parts) == 2:
            names = self.schema(parts[0], scope)
            if names.get("type") == "string" and "enum" in names:
                schema = {**schema, "propertyNames": {"enum": names["enum"]}}
            return _with(schema, "additionalProperties", self.schema(parts[1], scope))
        return schema

    def _tuple(self, parts: list[ast.expr], scope: Scope) -> Schema:
        schema = known("tuple")
        if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is ...:
            return _with(schema, "items", self.schema(parts[0], scope))
        open_end = [n for n, part in enumerate(parts) if isinstance(part, ast.Starred)]
        if open_end:
            return {**schema, "minItems": len(parts) - len(open_end)}
        items = [self.schema(part, scope) for part in parts]
        bounds: Schema = {"minItems": len(items), "maxItems": len(items)}
        return {**schema, **({"prefixItems": items} if items else {}), **bounds}

    def _union(self, parts: Sequence[ast.expr], scope: Scope) -> Schema:
        options: list[Schema] = []
        for part in parts:
            schema = self.schema(part, scope)
            if not schema:
                return {}
            options += [option for option in schema.get("anyOf", [schema]) if option not in options]
        if {"type": "number"} in options:
            options = [option for option in options if option != {"type": "integer"}]
        some = [option for option in options if option != _NULL]
        if not some:
            return dict(_NULL)
        schema = some[0] if len(some) == 1 else {"anyOf": some}
        return schema if len(some) == len(options) else allowing(schema, None)


# ------------------------------------------------------------------ parts of schemas


def known(word: str) -> Schema:
    """The schema of a type that Python brings along; {} for another one."""
    if word in _ARRAYS:
        return {"type": "array"}
    if word in _OBJECTS:
        return {"type": "object"}
    return dict(_SCALARS.get(word, {}))


def allowing(schema: Schema, value: Any) -> Schema:
    """A schema that allows a value, too: null, or a default that is of another type."""
    kind = _KINDS[type(value)]
    if not schema or _accepts(schema, kind, value):
        return schema
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": kind}]}
    kinds = _kinds(schema)
    wider = {} if kind in kinds else {"type": [*kinds, kind]}
    return {**schema, **wider, **({"enum": [*schema["enum"], value]} if "enum" in schema else {})}


def _accepts(schema: Schema, kind: str, value: Any) -> bool:
    """Whether a schema names a type, and the value where it lists values."""
    if "anyOf" in schema:
        return any(_accepts(option, kind, value) for option in schema["anyOf"])
    kinds = _kinds(schema)
    named = not kinds or kind in kinds or (kind == "integer" and "number" in kinds)
    return named and value in schema.get("enum", [value])


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def with_default(schema: Schema, node: ast.AST | None, scope: Scope) -> Schema:
    """A schema with the default that the source gives, where that can be told and is JSON."""
    if node is None:
        return schema
    try:
        value = constants.value(node, scope)
    except ValueError:
        return schema
    return {**allowing(schema, value), "default": value}


def _with(schema: Schema, key: str, inner: Schema) -> Schema:
    return {**schema, key: inner} if inner else schema


def _described(marks: list[ast.expr], scope: Scope) -> Schema:
    """The description among what an annotation is marked with."""
    for mark in marks:
        said: ast.expr | None = mark
        if isinstance(mark, ast.Call):
            said = next((k.value for k in mark.keywords if k.arg == "description"), None)
            said = said or (mark.args[0] if mark.args and scope.word(mark.func) == "Doc" else None)
        if isinstance(said, ast.Constant) and isinstance(said.value, str):
            return {"description": " ".join(said.value.split())}
    return {}


def _literal(parts: Iterable[ast.expr], scope: Scope) -> Schema:
    try:
        return _enum(list(_literals(parts, scope, 0)))
    except ValueError:
        return {}


def _literals(parts: Iterable[ast.expr], scope: Scope, depth: int) -> Iterator[Any]:
    """The values of a Literal, those of Literals inside included."""
    for part in parts:
        found = scope.followed(part) or Definition(part, scope)
        inner = found.node
        if isinstance(inner, ast.Subscript) and found.scope.word(inner.value) == "Literal":
            if depth > _DEPTH:
                raise ValueError("literals stand for each other")
            listed = inner.slice.elts if isinstance(inner.slice, ast.Tuple) else [inner.slice]
            yield from _literals(listed, found.scope, depth + 1)
        else:
            yield constants.value(part, scope)


def _enumeration(owner: Definition, words: set[str]) -> Schema:
    """An enumeration's values; its plain type where the source does not tell them."""
    try:
        schema = _enum(list(constants.members(owner).values()))
    except ValueError:
        schema = {}
    mixed = sorted(words & {"str", "int", "float"})
    return schema or (known(mixed[0]) if mixed else {})


def _enum(values: list[Any]) -> Schema:
    distinct = list({repr(value): value for value in values}.values())
    kinds = list(dict.fromkeys(_KINDS[type(value)] for value in distinct))
    if not distinct:
        return {}
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": distinct}

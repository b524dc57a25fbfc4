"""What the state of an environment is made of: as planned, or else as its class declares it.

Plans of imported environments name no entities. Their classes mostly do, as typed dictionaries or
data classes that the state's attributes hold; the source is parsed for them, never run.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from ..records import Attribute, Entity, Environment, ValueType

_NAMED: dict[str, ValueType] = {
    "str": "str",
    "int": "int",
    "float": "float",
    "Decimal": "float",
    "bool": "bool",
    "date": "date",
    "datetime": "datetime",
    "Any": "str",
}
_SEQUENCES = frozenset("list List set Set frozenset tuple Tuple Sequence deque".split())
_OPTIONAL = frozenset(("Optional", "NotRequired"))
_LISTS: dict[ValueType, ValueType] = {"str": "list[str]", "int": "list[int]"}


class Schema(NamedTuple):
    """Kinds of records, and single values."""

    entities: tuple[Entity, ...]
    scalars: tuple[Attribute, ...]


def schema_of(environment: Environment) -> Schema:
    """The schema of the plan; where it has none, what the class's source declares.

    Nothing is found where the source declares nothing either, or does not parse.
    """
    plan = environment.plan
    if plan.entities or plan.scalars:
        return Schema(plan.entities, plan.scalars)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the class's style, no matter here
            classes = [n for n in ast.parse(environment.source).body if isinstance(n, ast.ClassDef)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Schema((), ())
    return _declared(environment.class_name, classes)


def _declared(class_name: str, classes: list[ast.ClassDef]) -> Schema:
    """Annotated classes as entities, in the collections of the state that mention them."""
    kinds = {node.name: _attributes(node) for node in classes if node.name != class_name}
    kinds = {name: attributes for name, attributes in kinds.items() if attributes}
    collections: dict[str, str] = {}
    scalars: list[Attribute] = []
    for name, annotation in _state(class_name, classes).items():
        mentioned = _mentioned(annotation) & kinds.keys()
        if not mentioned:
            scalars.append(_attribute(name, annotation))
        collections |= dict.fromkeys(mentioned, name)
    entities = (
        Entity(
            name=name,
            collection=collections.get(name, ""),
            key=attributes[0].name,
            attributes=attributes,
        )
        for name, attributes in kinds.items()
    )
    return Schema(tuple(entities), tuple(scalars))


def _mentioned(annotation: ast.expr) -> set[str]:
    """The names in an annotation, also those that stand in quotes."""
    parts = [part for part in ast.walk(annotation) if isinstance(part, ast.Name | ast.Constant)]
    return {part.id if isinstance(part, ast.Name) else str(part.value) for part in parts}


def _attributes(node: ast.ClassDef) -> tuple[Attribute, ...]:
    return tuple(
        _attribute(part.target.id, part.annotation)
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    )


def _state(class_name: str, classes: list[ast.ClassDef]) -> dict[str, ast.expr]:
    """The annotations of the public attributes of `self` that the class assigns in `__init__`."""
    found: dict[str, ast.expr] = {}
    for start in (part for node in classes if node.name == class_name for part in node.body):
        if isinstance(start, ast.FunctionDef) and start.name == "__init__":
            for target, annotation in _assigned(start):
                match target:
                    case ast.Attribute(value=ast.Name(id="self"), attr=name) if name[0] != "_":
                        found.setdefault(name, annotation)
    return found


def _assigned(start: ast.FunctionDef) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets with their annotations; what has none is a dictionary, as most of a state is."""
    for node in ast.walk(start):
        match node:
            case ast.AnnAssign(target=target, annotation=annotation):
                yield target, _unquoted(annotation)
            case ast.Assign(targets=targets):
                yield from ((target, ast.Name("dict")) for target in targets)


def _unquoted(annotation: ast.expr) -> ast.expr:
    match annotation:
        case ast.Constant(value=str() as text) if text.isidentifier():
            return ast.Name(text)
    return annotation


def _attribute(name: str, annotation: ast.expr) -> Attribute:
    kind, values, optional = _typed(annotation)
    return Attribute(name=name, type=kind, values=values, optional=optional)


def _typed(annotation: ast.expr) -> tuple[ValueType, tuple[str, ...], bool]:
    """(value type, values of an enumeration, whether None is allowed) of an annotation."""
    match _unquoted(annotation):
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return *_typed(left)[:2], True
        case ast.Subscript(value=ast.Name(id=outer), slice=inner) if outer in _OPTIONAL:
            return *_typed(inner)[:2], True
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            constants = [n.value for n in ast.walk(inner) if isinstance(n, ast.Constant)]
            return "str", tuple(c for c in constants if isinstance(c, str)), None in constants
        case ast.Subscript(value=ast.Name(id=outer), slice=inner) if outer in _SEQUENCES:
            first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
            return _LISTS.get(_typed(first)[0], "list[dict]"), (), False
        case ast.Name(id=outer) if outer in _SEQUENCES:
            return "list[str]", (), False
        case ast.Name(id=outer) | ast.Attribute(attr=outer):
            return _NAMED.get(outer, "dict"), (), False
    return "dict", (), False

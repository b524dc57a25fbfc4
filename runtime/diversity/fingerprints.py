"""What environments are compared by: multisets of tokens from their state and from their tools.

A *signature* says what things are called, word by word and with their types; two environments that
share tokens speak of the same things. A *shape* leaves out every name: it is what stays the same
when a copy is given other words. The order of entities, attributes and tools never matters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..records import Attribute, Environment, Operation, Parameter
from .schema import Schema, schema_of
from .words import words

Tokens = Counter[str]


def schema_signature(environment: Environment) -> Tokens:
    """Words of entities, of attributes and scalars (alone and with the type), of the values of
    enumerations, and of references (from which entity to which)."""
    schema = schema_of(environment)
    tokens: Tokens = Counter()
    for entity in schema.entities:
        tokens.update(f"entity {word}" for word in words(entity.name))
        for attribute in entity.attributes:
            tokens.update(_named(attribute))
            if attribute.references:
                tokens.update(_link(entity.name, attribute.references))
    for scalar in schema.scalars:
        tokens.update(_named(scalar))
    return tokens


def tool_signature(environment: Environment) -> Tokens:
    """Words of the tools' names (with whether it is a query), of parameters (alone and with the
    type), of the values and references they take, and of what is returned."""
    tokens: Tokens = Counter()
    for operation in environment.plan.operations:
        tokens.update(f"{operation.kind} {word}" for word in words(operation.name))
        for parameter in operation.parameters:
            tokens.update(_named(parameter))
            if parameter.references:
                tokens.update(f"> {word}" for word in words(parameter.references))
        tokens.update(f"= {word}" for key in operation.returns for word in words(key))
    return tokens


def _named(field: Attribute | Parameter) -> Iterator[str]:
    for word in words(field.name):
        yield word
        yield f"{word}: {field.type}"
    for value in field.values:
        yield f"one of {' '.join(words(value))}"


def _link(source: str, target: str) -> Iterator[str]:
    yield from (f"{word} > {other}" for word in words(source) for other in words(target))


def schema_shape(environment: Environment) -> Tokens:
    """The entities without their names: what fields each has, and also what it refers to and what
    refers to it (one round of Weisfeiler-Lehman relabelling, Shervashidze et al. 2011). Larger
    entities count for more: each stands once for every field."""
    schema = schema_of(environment)
    own = _own_shapes(schema)
    tokens: Tokens = Counter()
    for entity in schema.entities:
        outward = sorted(own.get(a.references, "?") for a in entity.attributes if a.references)
        inward = sorted(
            own[other.name]
            for other in schema.entities
            for attribute in other.attributes
            if attribute.references == entity.name
        )
        tokens[own[entity.name]] += len(entity.attributes)
        tokens[f"{own[entity.name]} > {outward} < {inward}"] += len(entity.attributes)
    tokens.update(f"scalar {_kind(scalar)}" for scalar in schema.scalars)
    return tokens


def tool_shape(environment: Environment) -> Tokens:
    """The tools without their names: what each takes, and also how much it returns, writes,
    refuses and keeps. Tools with more parameters count for more."""
    own = _own_shapes(schema_of(environment))
    tokens: Tokens = Counter()
    for operation in environment.plan.operations:
        taken = sorted(
            f"{_kind(p)}{'' if p.required else '?'} {own.get(p.references or '', '')}"
            for p in operation.parameters
        )
        shape = f"{operation.kind} {taken}"
        tokens[shape] += 1 + len(taken)
        tokens[f"{shape} {_extent(operation)}"] += 1 + len(taken)
    return tokens


def _own_shapes(schema: Schema) -> dict[str, str]:
    """By entity: the kinds of its fields, in an order of their own."""
    return {
        entity.name: str(sorted(_kind(field, entity.key) for field in entity.attributes))
        for entity in schema.entities
    }


def _kind(field: Attribute | Parameter, key: str = "") -> str:
    """A field without its name: type, number of values, and whether key, reference or optional."""
    marks = [
        "key" if field.name == key else "",
        "reference" if field.references else "",
        "or none" if isinstance(field, Attribute) and field.optional else "",
    ]
    return " ".join([field.type, str(len(field.values)), *filter(None, marks)])


def _extent(operation: Operation) -> tuple[bool, int, int, int, int]:
    """How much an operation returns, writes, refuses and keeps."""
    return (
        operation.many,
        len(operation.returns),
        len(operation.writes),
        len(operation.errors),
        len(operation.rules),
    )

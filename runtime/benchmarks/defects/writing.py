"""Defects in what a class writes: lost, wrong, elsewhere, too much, or shared."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from ...records import Attribute, Entity
from .anatomy import Anatomy, Edit
from .checking import key_of
from .syntax import Method, constant, own_name, parameters, short, stored

_AMOUNTS = {ast.Add: "-=", ast.Sub: "+="}


def lost_update(anatomy: Anatomy) -> Iterator[Edit]:
    """One of the writes is missing."""
    for method in anatomy.writers():
        for statement in anatomy.writes(method):
            if not _counts(anatomy, statement):
                piece = anatomy.source.without(statement)
                yield anatomy.edit(method, statement, f"drops the write {short(statement)}", piece)


def counter_not_advanced(anatomy: Anatomy) -> Iterator[Edit]:
    """A counter that numbers new records stays as it is."""
    for method in anatomy.writers():
        for statement in anatomy.writes(method):
            if not _counts(anatomy, statement):
                continue
            piece = anatomy.source.without(statement)
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
                counter = next(
                    t for t in statement.targets[0].elts if stored(t) in _counters(anatomy)
                )
                piece = anatomy.source.put(counter, "_")
            yield anatomy.edit(method, statement, f"does not advance {short(statement)}", piece)


def _counters(anatomy: Anatomy) -> set[str]:
    return {scalar.name for scalar in anatomy.scalars("int")}


def _counts(anatomy: Anatomy, statement: ast.stmt) -> bool:
    """Whether a statement advances a counter of the state."""
    return any(
        stored(node) in _counters(anatomy) and isinstance(node.ctx, ast.Store)
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute)
    )


def wrong_update(anatomy: Anatomy) -> Iterator[Edit]:
    """A write has the wrong sign, amount or value."""
    for method in anatomy.writers():
        for statement in anatomy.writes(method):
            if _counts(anatomy, statement):
                continue
            if isinstance(statement, ast.AugAssign) and type(statement.op) in _AMOUNTS:
                yield from _wrong_amounts(anatomy, method, statement)
            elif isinstance(statement, ast.Assign):
                yield from _wrong_assignment(anatomy, method, statement)
        for _, entity, record in anatomy.created(method):
            for field, value in zip(record.keys, record.values, strict=True):
                attribute = anatomy.attribute(key_of_constant(field), entity)
                if attribute is not None:
                    yield from _wrong_values(anatomy, method, attribute, value)


def _wrong_assignment(anatomy: Anatomy, method: Method, statement: ast.Assign) -> Iterator[Edit]:
    """An attribute of a record is set to something else."""
    target = statement.targets[0]
    if not isinstance(target, ast.Subscript) or isinstance(statement.value, ast.Dict):
        return
    root = anatomy.roots(target.value, anatomy.records(method))
    entity = anatomy.collections.get(root[0]) if root else None
    attribute = anatomy.attribute(key_of(target), entity) if entity else None
    if attribute is not None:
        yield from _wrong_values(anatomy, method, attribute, statement.value)


def _wrong_amounts(anatomy: Anatomy, method: Method, node: ast.AugAssign) -> Iterator[Edit]:
    source = anatomy.source
    target, value = source.text(node.target), source.text(node.value)
    for text in (f"{target} {_AMOUNTS[type(node.op)]} {value}", f"{target} {_sign(node)} 1"):
        if text != source.text(node):
            piece = source.put(node, text)
            yield anatomy.edit(method, node, f"{short(node)} becomes {text}", piece)


def _sign(node: ast.AugAssign) -> str:
    return "+=" if isinstance(node.op, ast.Add) else "-="


def _wrong_values(
    anatomy: Anatomy, method: Method, attribute: Attribute, value: ast.expr
) -> Iterator[Edit]:
    source, key = anatomy.source, attribute.name
    if isinstance(value, ast.Constant):
        texts = [repr(other) for other in attribute.values if other != value.value]
    elif attribute.references or isinstance(value, ast.IfExp):
        texts = []
    elif attribute.type in ("int", "float"):
        texts = [f"{source.text(value)} + 1"]
    elif attribute.type in ("date", "datetime"):
        given = _dates_at_hand(anatomy, method)
        texts = [text for text in given if text != source.text(value)]
    elif attribute.type == "bool":
        texts = [f"not ({source.text(value)})"]
    elif attribute.type == "str" and not attribute.values and isinstance(value, ast.Name):
        texts = [f"{value.id}.upper()"]
    else:
        texts = [f"{source.text(value)}[1:]"] if attribute.type.startswith("list") else []
    for text in texts:
        description = f"sets {key} to {text} instead of {short(value)}"
        yield anatomy.edit(method, value, description, source.put(value, text))


def _dates_at_hand(anatomy: Anatomy, method: Method) -> list[str]:
    now = [f"self.{scalar.name}" for scalar in anatomy.scalars("date", "datetime")]
    operation = anatomy.operation(method)
    given = operation.parameters if operation else ()
    return now + [p.name for p in given if p.type in ("date", "datetime") and p.required]


def wrong_record(anatomy: Anatomy) -> Iterator[Edit]:
    """A write goes to another record of the same collection."""
    for method in anatomy.writers():
        known = anatomy.records(method)
        for statement in anatomy.writes(method):
            for node in ast.walk(statement):
                collection = _record_of(anatomy, node, known)
                if isinstance(node, ast.expr) and collection:
                    first = f"next(iter(self.{collection}.values()))"
                    description = f"{short(statement)} goes to the first of {collection}"
                    piece = anatomy.source.put(node, first)
                    yield anatomy.edit(method, statement, description, piece)


def _record_of(anatomy: Anatomy, node: ast.AST, known: dict[str, str]) -> str:
    """The collection of the record that a write `record["key"]` names by `node`."""
    outer = anatomy.source.parents.get(node)
    if not isinstance(outer, ast.Subscript) or outer.value is not node:
        return ""
    entity_name = known.get(node.id, "") if isinstance(node, ast.Name) else ""
    if isinstance(node, ast.Subscript) and stored(node.value) in anatomy.collections:
        entity_name = stored(node.value)
    entity = anatomy.collections.get(entity_name)
    stored_there = entity is not None and anatomy.attribute(key_of(outer), entity) is not None
    return entity_name if stored_there and isinstance(outer.ctx, ast.Store) else ""


def wrong_foreign_key(anatomy: Anatomy) -> Iterator[Edit]:
    """Two ids change places when a record is written."""
    for method in anatomy.writers():
        for statement, entity, record in anatomy.created(method):
            ids = [
                (str(key.value), value)
                for key, value in zip(record.keys, record.values, strict=True)
                if isinstance(key, ast.Constant) and _holds_id(anatomy, entity, str(key.value))
            ]
            for (one, first), (other, second) in pairwise(ids):
                if ast.unparse(first) != ast.unparse(second):
                    source = anatomy.source
                    pieces = (
                        source.put(first, source.text(second)),
                        source.put(second, source.text(first)),
                    )
                    description = f"swaps {one} and {other} of the new record"
                    yield anatomy.edit(method, statement, description, *pieces)


def _holds_id(anatomy: Anatomy, entity: Entity, name: str) -> bool:
    attribute = anatomy.attribute(name, entity)
    return attribute is not None and bool(attribute.references) and name != entity.key


def side_effect(anatomy: Anatomy) -> Iterator[Edit]:
    """A success also writes to what it has nothing to do with."""
    for method in anatomy.tools("change"):
        known = anatomy.records(method)
        mine = {root for s in anatomy.writes(method) for root in anatomy.roots(s, known)}
        for result in [*anatomy.results(method)][-2:]:
            for entity in anatomy.plan.entities:
                for text in _meddling(entity)[:2]:
                    near = "its own" if entity.collection in mine else "other"
                    description = f"also writes to {near} records: {text}"
                    piece = anatomy.source.ahead(result, text)
                    yield anatomy.edit(method, result, description, piece)


def _meddling(entity: Entity) -> list[str]:
    """Statements that change an attribute of an entity's first record."""
    first = f"next(iter(self.{entity.collection}.values()))"
    found = []
    for attribute in entity.attributes:
        if attribute.name == entity.key or attribute.references:
            continue
        if attribute.values:
            found.append(f'{first}["{attribute.name}"] = "{attribute.values[-1]}"')
        elif attribute.type == "int" and not attribute.optional:
            found.append(f'{first}["{attribute.name}"] += 1')
        elif attribute.optional:
            found.append(f'{first}["{attribute.name}"] = None')
    return found


def alias_between_records(anatomy: Anatomy) -> Iterator[Edit]:
    """A new record shares a list with an older one that has the same content."""
    for method in anatomy.writers():
        for statement, entity, record in anatomy.created(method):
            for key, value in zip(record.keys, record.values, strict=True):
                attribute = anatomy.attribute(key_of_constant(key), entity)
                if attribute is None or not attribute.type.startswith("list"):
                    continue
                name, text = attribute.name, anatomy.source.text(value)
                same = f'other["{name}"] == ({text})'
                records = f"self.{entity.collection}.values()"
                shared = f'next((other["{name}"] for other in {records} if {same}), {text})'
                description = f"a new record may share its {name} with another"
                piece = anatomy.source.put(value, shared)
                yield anatomy.edit(method, statement, description, piece)


def key_of_constant(key: ast.expr | None) -> str:
    """The text of a constant key."""
    return str(key.value) if isinstance(key, ast.Constant) and constant(key, str) else ""


def wrong_calculation(anatomy: Anatomy) -> Iterator[Edit]:
    """A figure is worked out wrongly: another sign, sum for max, a number off by one."""
    for method in anatomy.helpers() + anatomy.tools("change"):
        asked = {n for c in anatomy.checks() for n in ast.walk(c.node.test)}
        for node in ast.walk(method):
            if anatomy.source.quoted(node) or node in asked:
                continue
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
                sign = "+" if not isinstance(node.op, ast.Add) else "-"
                left, right = anatomy.source.text(node.left), anatomy.source.text(node.right)
                piece = anatomy.source.put(node, f"({left} {sign} {right})")
                yield anatomy.edit(method, node, f"{short(node)} with {sign}", piece)
            if isinstance(node, ast.Call) and own_name(node.func) in _OTHER_FIGURE:
                other = _OTHER_FIGURE[own_name(node.func)]
                if isinstance(node.func, ast.Name):
                    piece = anatomy.source.put(node.func, other)
                    yield anatomy.edit(method, node, f"{short(node)} by {other}", piece)


_OTHER_FIGURE = {"min": "max", "max": "min", "any": "all", "all": "any"}


def wrong_argument_used(anatomy: Anatomy) -> Iterator[Edit]:
    """Two parameters of one type are taken for each other in a call of a helper."""
    for method in anatomy.tools("change"):
        given = parameters(method)
        for node in ast.walk(method):
            if not isinstance(node, ast.Call) or own_name(node.func) not in anatomy.methods:
                continue
            names = [a for a in node.args if isinstance(a, ast.Name) and a.id in given]
            if own_name(node.func) in anatomy.validators or len(names) < 2:
                continue
            for one, other in pairwise(names):
                pieces = (
                    anatomy.source.put(one, other.id),
                    anatomy.source.put(other, one.id),
                )
                description = f"{short(node)} with {one.id} and {other.id} swapped"
                yield anatomy.edit(method, node, description, *pieces)

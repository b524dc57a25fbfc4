"""Defects in what a class refuses: checks that are missing, wrong, late, or answered wrongly."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from .anatomy import Anatomy, Check, Edit
from .syntax import Method, constant, names_given, own_name, parameters, short

_BORDERS: dict[type[ast.cmpop], str] = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}


def type_validation_dropped(anatomy: Anatomy) -> Iterator[Edit]:
    """A check of types, or the part of it for one argument, is gone."""
    yield from _dropped(anatomy, "type")
    for method in anatomy.tools("query") + anatomy.tools("change"):
        for call in ast.walk(method):
            if isinstance(call, ast.Call):
                yield from _unvalidated(anatomy, method, call)


def _unvalidated(anatomy: Anatomy, method: Method, call: ast.Call) -> Iterator[Edit]:
    """A validating call without one of its arguments, or that asks for less."""
    called, given = own_name(call.func), parameters(method)
    if called == "isinstance" and isinstance(call.args[0], ast.Name) and call.args[0].id in given:
        piece = anatomy.source.put(call, "True")
        yield anatomy.edit(method, call, f"takes {short(call)} for granted", piece)
    if called not in anatomy.validators:
        return
    keywords = [word for word in call.keywords if word.arg in given]
    rows = [row for row in call.args if isinstance(row, ast.Tuple) and row.elts]
    entries = [row for row in call.args if isinstance(row, ast.Dict)]
    for word in keywords if len(keywords) > 1 else ():
        piece = anatomy.source.put(word.value, "None" if _takes_none(call) else '""')
        yield anatomy.edit(method, call, f"{called} does not look at {word.arg}", piece)
    for row in rows if len(rows) > 1 else ():
        piece = anatomy.source.put(row, short(rows[0] if row is not rows[0] else rows[1]))
        yield anatomy.edit(method, row, f"{called} does not look at {short(row.elts[0])}", piece)
    for entry in entries:
        for key, value in zip(entry.keys, entry.values, strict=True):
            if key is not None and isinstance(value, ast.Name) and value.id in given:
                piece = anatomy.source.put(value, "None")
                yield anatomy.edit(method, call, f"{called} does not look at {value.id}", piece)


def _takes_none(call: ast.Call) -> bool:
    """Whether a validator seems to let None pass."""
    first = call.args[0] if call.args else None
    optional = isinstance(first, ast.Constant) and first.value is True
    return optional or "optional" in own_name(call.func)


def existence_check_dropped(anatomy: Anatomy) -> Iterator[Edit]:
    """Whether a record is there is not asked."""
    yield from _dropped(anatomy, "existence")


def rule_dropped(anatomy: Anatomy) -> Iterator[Edit]:
    """A business rule, or one of the conditions that break it, is not looked at."""
    yield from _dropped(anatomy, "rule")


def _dropped(anatomy: Anatomy, purpose: str) -> Iterator[Edit]:
    for check in anatomy.checks():
        if check.purpose != purpose:
            continue
        test, source = check.node.test, anatomy.source
        if not source.text(check.node).startswith("elif") and not check.node.orelse:
            piece = source.without(check.node)
            yield anatomy.edit(check.method, check.node, f"drops the check {short(test)}", piece)
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
            for part in test.values:
                description = f"drops {short(part)} from the check {short(test)}"
                piece = source.put(part, "False")
                yield anatomy.edit(check.method, part, description, piece)


def rule_inverted(anatomy: Anatomy) -> Iterator[Edit]:
    """A rule refuses what it should let pass, and the other way round."""
    for check in anatomy.checks("rule"):
        test = check.node.test
        description = f"inverts the check {short(test)}"
        parts = test.values if _is(test, ast.And) and isinstance(test, ast.BoolOp) else []
        lead = [part for part in parts if names_given(part)]
        if lead:  # `name is not None and …` stays a question about what is given
            rest = [part for part in parts if part not in lead]
            text = " and ".join(
                [*map(anatomy.source.text, lead), f"not ({' and '.join(map(ast.unparse, rest))})"]
            )
        else:
            text = f"not ({anatomy.source.text(test)})"
        yield anatomy.edit(check.method, check.node, description, anatomy.source.put(test, text))


def border_moved(anatomy: Anatomy) -> Iterator[Edit]:
    """A comparison of a rule takes in its border, or leaves it out."""
    for check in anatomy.checks("rule"):
        for node in _asked(check, ast.Compare):
            if isinstance(node, ast.Compare) and len(node.ops) == 1:
                other = _BORDERS.get(type(node.ops[0]))
                if other and not anatomy.source.quoted(node):
                    left, right = node.left, node.comparators[0]
                    text = f"{anatomy.source.text(left)} {other} {anatomy.source.text(right)}"
                    description = f"{short(node)} becomes {' '.join(text.split())}"
                    piece = anatomy.source.put(node, text)
                    yield anatomy.edit(check.method, node, description, piece)


def limit_off_by_one(anatomy: Anatomy) -> Iterator[Edit]:
    """A number that a rule compares with is one more or less."""
    for check in anatomy.checks("rule"):
        for node in _asked(check, ast.Constant):
            assert isinstance(node, ast.Constant)
            yield from _shifted(anatomy, check.method.name, node)
    for statement in anatomy.body.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            yield from _shifted(anatomy, short(statement.targets[0]), statement.value)


def _shifted(anatomy: Anatomy, where: str, node: ast.Constant) -> Iterator[Edit]:
    value, key = node.value, isinstance(anatomy.source.parents[node], ast.Subscript | ast.Slice)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if key or anatomy.source.quoted(node):
        return
    for shift in (1, -1):
        text = repr(value + shift)
        pieces = (anatomy.source.put(node, text if not text.startswith("-") else f"({text})"),)
        yield Edit(f"{where}, line {node.lineno}", f"{value} becomes {text}", pieces)


def condition_confused(anatomy: Anatomy) -> Iterator[Edit]:
    """A rule joins its conditions the wrong way: and for or, any for all."""
    for check in anatomy.checks("rule"):
        test = check.node.test
        if isinstance(test, ast.BoolOp) and not any(map(names_given, test.values)):
            word = " or " if isinstance(test.op, ast.And) else " and "
            text = word.join(f"({anatomy.source.text(part)})" for part in test.values)
            description = f"joins {short(test)} by{word}".rstrip()
            yield anatomy.edit(check.method, test, description, anatomy.source.put(test, text))
        for node in _asked(check, ast.Call):
            if isinstance(node, ast.Call) and own_name(node.func) in ("any", "all"):
                other = "all" if own_name(node.func) == "any" else "any"
                piece = anatomy.source.put(node.func, other)
                description = f"asks {other} for {short(node)}"
                yield anatomy.edit(check.method, node, description, piece)


def wrong_case(anatomy: Anatomy) -> Iterator[Edit]:
    """A rule asks for another value of an enumeration."""
    for check in anatomy.checks("rule"):
        for node in _asked(check, ast.Compare):
            if isinstance(node, ast.Compare) and constant(node.comparators[0], str):
                asked = node.comparators[0]
                assert isinstance(asked, ast.Constant)
                for other in others_of(anatomy, key_of(node.left), asked.value):
                    description = f"{short(node)} asks for {other!r}"
                    piece = anatomy.source.put(asked, repr(other))
                    yield anatomy.edit(check.method, node, description, piece)


def others_of(anatomy: Anatomy, name: str, value: object) -> list[str]:
    """The other values of the enumeration of that name which has this value."""
    found = [
        attribute.values
        for entity in anatomy.plan.entities
        for attribute in entity.attributes
        if attribute.name == name and value in attribute.values
    ]
    return [other for other in found[0] if other != value] if found else []


def key_of(node: ast.AST) -> str:
    """`key` of `something["key"]`, the name of a name."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return node.id if isinstance(node, ast.Name) else ""


# ------------------------------------------------------------------ the answer


def silent_success(anatomy: Anatomy) -> Iterator[Edit]:
    """A refusal is answered with success, and nothing is done."""
    for check in anatomy.checks():
        operation = anatomy.operation(check.method)
        if operation is None:
            continue
        data = "[]" if operation.many else "{}"
        said = '"message": "Done."' if operation.kind == "change" else f'"data": {data}'
        piece = anatomy.source.put(check.refusal, f'return {{"success": True, {said}}}')
        description = f"answers {short(check.node.test)} with success"
        yield anatomy.edit(check.method, check.refusal, description, piece)


def wrong_error(anatomy: Anatomy) -> Iterator[Edit]:
    """A refusal gives the planned code of another one."""
    planned = [error for o in anatomy.plan.operations for error in o.errors]
    for check in anatomy.checks():
        operation = anatomy.operation(check.method)
        codes, own = _codes(planned), _codes(operation.errors if operation else planned)
        text = anatomy.source.text(check.refusal)
        said = [code for code in dict.fromkeys(codes) if f'"{code}' in text or f"'{code}" in text]
        for code in sorted(said, key=len)[-1:]:  # the longest, of which others may be beginnings
            for other in own:
                if other != code:
                    piece = anatomy.source.put(check.refusal, text.replace(code, other, 1))
                    description = f"refuses with {other} instead of {code}"
                    yield anatomy.edit(check.method, check.refusal, description, piece)


def _codes(errors: Iterable[str]) -> list[str]:
    """The codes of planned errors; some plans have clauses only."""
    found = [code[0] for error in errors if (code := re.match(r"[a-z][a-z0-9_]*(?=:)", error))]
    return [*dict.fromkeys(found), "invalid_argument"] if found else []


def _asked(check: Check, kind: type[ast.AST]) -> Iterator[ast.AST]:
    """Parts of a check's test."""
    return (node for node in ast.walk(check.node.test) if isinstance(node, kind))


def _is(test: ast.expr, operator: type[ast.boolop]) -> bool:
    return isinstance(test, ast.BoolOp) and isinstance(test.op, operator)

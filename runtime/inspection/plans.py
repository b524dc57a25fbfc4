"""The plan gate: does a plan hold together well enough to write a class from it?"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ..records import Attribute, EnvironmentPlan, Finding, Operation, Parameter
from ..tools import SUBMIT
from .graph import graph_faults

GATE = "plan"


def check_plan(
    plan: EnvironmentPlan, *, tools: tuple[int, int] = (10, 25), min_rules: int = 5
) -> tuple[Finding, ...]:
    """What is wrong with a plan; empty when it can be built.

    Args:
        tools: The fewest and the most operations that are accepted, both inclusive.
        min_rules: The fewest business rules that are accepted.
    """
    checks: tuple[Callable[[EnvironmentPlan], Iterator[Finding]], ...] = (
        _names,
        _uniqueness,
        _keys,
        _references,
        _enumerations,
        _rules,
        _facts,
        _effects,
        _writes,
        _returns,
        _errors,
        _graph,
    )
    findings = [finding for check in checks for finding in check(plan)]
    return (*findings, *_counts(plan, tools, min_rules))


def _finding(where: str, message: str) -> Finding:
    return Finding(gate=GATE, where=where, message=message)


# ------------------------------------------------------------------ names


def _names(plan: EnvironmentPlan) -> Iterator[Finding]:
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", plan.class_name) or keyword.iskeyword(
        plan.class_name
    ):
        yield _finding(
            "class_name",
            f"{plan.class_name!r} is no class name; give one in PascalCase, such as LibraryEnv.",
        )
    for where, name in _identifiers(plan):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name) or name == "self":
            yield _finding(
                where,
                f"{name!r} is no public snake_case Python name; "
                "use lower-case letters, digits and _ after a first letter, and no keyword.",
            )


def _identifiers(plan: EnvironmentPlan) -> Iterator[tuple[str, str]]:
    """Each place that becomes a Python name or a state key, with that name."""
    for entity in plan.entities:
        yield f"entity {entity.name}", entity.collection
        yield from ((f"entity {entity.name}", field.name) for field in entity.attributes)
    yield from (("scalars", field.name) for field in plan.scalars)
    for operation in plan.operations:
        yield f"operation {operation.name}", operation.name
        yield from ((f"operation {operation.name}", field.name) for field in operation.parameters)


def _uniqueness(plan: EnvironmentPlan) -> Iterator[Finding]:
    stored = [entity.collection for entity in plan.entities]
    stored += [field.name for field in plan.scalars]
    operations = [operation.name for operation in plan.operations]
    yield from _twice("entities", "entity name", (entity.name for entity in plan.entities))
    yield from _twice("state", "collection or scalar", stored)
    yield from _twice("operations", "operation", operations)
    if SUBMIT.name in operations:
        message = f"{SUBMIT.name!r} is the built-in tool that ends a task; choose another name."
        yield _finding(f"operation {SUBMIT.name}", message)
    yield from _twice("rules", "rule id", (rule.id for rule in plan.rules))
    for entity in plan.entities:
        yield from _twice(f"entity {entity.name}", "attribute", _field_names(entity.attributes))
    for operation in plan.operations:
        where = f"operation {operation.name}"
        yield from _twice(where, "parameter", _field_names(operation.parameters))
    for name in sorted(set(stored) & set(operations)):
        yield _finding(
            f"operation {name}",
            f"{name!r} is also a collection or scalar, whose attribute would hide the method; "
            "rename the operation, for instance to begin with a verb.",
        )


def _field_names(fields: Iterable[Attribute | Parameter]) -> Iterator[str]:
    return (field.name for field in fields)


def _twice(where: str, kind: str, names: Iterable[str]) -> Iterator[Finding]:
    for name, times in Counter(names).items():
        if times > 1:
            yield _finding(
                where, f"the {kind} {name!r} stands there {times} times; keep one or rename."
            )


# ------------------------------------------------------------------ entities


def _keys(plan: EnvironmentPlan) -> Iterator[Finding]:
    for entity in plan.entities:
        found = [field for field in entity.attributes if field.name == entity.key]
        where = f"entity {entity.name}"
        if not found:
            yield _finding(
                where,
                f"its key {entity.key!r} is none of its attributes "
                f"({', '.join(_field_names(entity.attributes))}); add it, as an attribute of "
                "type str.",
            )
        elif found[0].type != "str" or found[0].optional:
            optional = "optional " if found[0].optional else ""
            yield _finding(
                where,
                f"its key {entity.key!r} is an {optional}attribute of type {found[0].type}; "
                "a key must be of type str and not optional.",
            )


def _fields(plan: EnvironmentPlan) -> Iterator[tuple[str, Attribute]]:
    """Each attribute of the state with the place where the plan declares it."""
    for entity in plan.entities:
        yield from ((f"{entity.name}.{field.name}", field) for field in entity.attributes)
    yield from ((f"scalar {field.name}", field) for field in plan.scalars)


def _typed(plan: EnvironmentPlan) -> Iterator[tuple[str, Attribute | Parameter]]:
    """Each attribute and parameter with the place where the plan declares it."""
    yield from _fields(plan)
    for operation in plan.operations:
        yield from ((f"{operation.name}({field.name})", field) for field in operation.parameters)


def _references(plan: EnvironmentPlan) -> Iterator[Finding]:
    entities = [entity.name for entity in plan.entities]
    for where, field in _typed(plan):
        if field.references is None:
            continue
        if field.references not in entities:
            yield _finding(
                where,
                f"it references {field.references!r}, which is no entity; "
                f"name one of {', '.join(entities)}.",
            )
        if field.type not in ("str", "list[str]"):
            yield _finding(
                where,
                f"it references {field.references!r} with type {field.type}; "
                "keys are strings, so use str, or list[str] for several.",
            )


def _enumerations(plan: EnvironmentPlan) -> Iterator[Finding]:
    for where, field in _typed(plan):
        if field.values and field.type != "str":
            yield _finding(
                where,
                f"it lists allowed values but is of type {field.type}; "
                "only str takes an enumeration: change the type or drop the values.",
            )


# ------------------------------------------------------------------ rules, operations


def _rules(plan: EnvironmentPlan) -> Iterator[Finding]:
    known = {rule.id for rule in plan.rules}
    for operation in plan.operations:
        for rule in operation.rules:
            if rule not in known:
                yield _finding(
                    f"operation {operation.name}",
                    f"it names the rule {rule!r}, which the plan does not have; "
                    f"known are {', '.join(sorted(known)) or 'none'}.",
                )
    owned = {rule for operation in plan.operations for rule in operation.rules}
    for lost in plan.rules:
        if lost.id not in owned:
            yield _finding(
                f"rule {lost.id}",
                "no operation has to keep it; name it in the rules of each operation it binds, "
                "or drop it.",
            )


def _effects(plan: EnvironmentPlan) -> Iterator[Finding]:
    stored = [entity.collection for entity in plan.entities]
    stored += [field.name for field in plan.scalars]
    for operation in plan.operations:
        for effect in operation.refusal_effects:
            if effect not in stored:
                yield _finding(
                    f"operation {operation.name}",
                    f"its refusal effect {effect!r} is no state attribute; "
                    f"name one of {', '.join(stored)}, or none.",
                )


def _state_names(plan: EnvironmentPlan) -> set[str]:
    """What a write or a fact may name: scalars, entities and their attributes."""
    return {
        *(field.name for field in plan.scalars),
        *(entity.name for entity in plan.entities),
        *(f"{entity.name}.{field.name}" for entity in plan.entities for field in entity.attributes),
    }


def _facts(plan: EnvironmentPlan) -> Iterator[Finding]:
    known = _state_names(plan) - {entity.name for entity in plan.entities}
    for rule in plan.rules:
        for fact in rule.depends:
            if fact not in known:
                yield _finding(
                    f"rule {rule.id}",
                    f"it depends on {fact!r}, which is no Entity.attribute and no scalar of the "
                    "plan; name facts of the state.",
                )


def _writes(plan: EnvironmentPlan) -> Iterator[Finding]:
    known = _state_names(plan)
    for operation in plan.operations:
        where = f"operation {operation.name}"
        for name in operation.writes:
            if name not in known:
                yield _finding(
                    where,
                    f"it writes {name!r}, which is no Entity, Entity.attribute or scalar of the "
                    "plan.",
                )
        if operation.kind == "change" and not operation.writes:
            yield _finding(where, "it is a change and writes nothing; list what it may change.")
        if operation.kind == "query" and operation.writes:
            yield _finding(where, "it is a query and must write nothing; make it a change, or not.")


def _returns(plan: EnvironmentPlan) -> Iterator[Finding]:
    entities = {entity.name for entity in plan.entities}
    for operation in plan.operations:
        where = f"operation {operation.name}"
        if operation.kind == "query" and not operation.returns:
            yield _finding(where, "it is a query and returns nothing; list the keys of its data.")
        for name in operation.returns:
            if name not in entities and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                yield _finding(
                    where,
                    f"it returns {name!r}, which is no snake_case key and no entity; "
                    f"the entities are {', '.join(sorted(entities))}.",
                )


def _errors(plan: EnvironmentPlan) -> Iterator[Finding]:
    for operation in plan.operations:
        where = f"operation {operation.name}"
        for error in operation.errors:
            if not re.fullmatch(r"[a-z][a-z0-9_]*: \S.*", error, re.DOTALL):
                yield _finding(
                    where,
                    f"its error {error!r} is no `code: clause`; "
                    "write it such as 'loan_not_found: no loan has this id'.",
                )
        codes = error_codes(operation)
        yield from _twice(where, "error code", codes)
        if INVALID in codes:
            yield _finding(where, f"{INVALID!r} is understood for every operation; leave it out.")


INVALID = "invalid_argument"
"""The code of every operation's refusal of an argument of the wrong type or form."""


def error_codes(operation: Operation) -> list[str]:
    """The codes that the plan gives to the operation's refusals."""
    return [error.partition(":")[0].strip() for error in operation.errors]


def _graph(plan: EnvironmentPlan) -> Iterator[Finding]:
    """Not before the names are right: with wrong ones nothing could be found."""
    if not [*_references(plan), *_returns(plan), *_facts(plan), *_writes(plan)]:
        yield from (_finding(where, message) for where, message in graph_faults(plan))


def _counts(plan: EnvironmentPlan, tools: tuple[int, int], min_rules: int) -> Iterator[Finding]:
    fewest, most = tools
    if not fewest <= len(plan.operations) <= most:
        yield _finding(
            "operations",
            f"the plan has {len(plan.operations)}; between {fewest} and {most} are expected.",
        )
    if len(plan.rules) < min_rules:
        yield _finding(
            "rules", f"the plan has {len(plan.rules)}; at least {min_rules} are expected."
        )
    if not plan.entities:
        yield _finding("entities", "the plan has none; an environment needs at least one.")
    kinds = {operation.kind for operation in plan.operations}
    for kind in ("query", "change"):
        if kind not in kinds:
            yield _finding("operations", f"none is a {kind}; add at least one.")

"""The graph of a plan: what can be found, read and changed by which operations."""

from __future__ import annotations

from collections.abc import Iterator

from ..records import EnvironmentPlan, Operation

Fault = tuple[str, str]
"""A place of the plan and what is wrong with it."""


def returned_keys(plan: EnvironmentPlan, operation: Operation) -> tuple[str, ...]:
    """The keys of the `data` of a success: an entity's name stands for all its attributes."""
    fields = {e.name: [attribute.name for attribute in e.attributes] for e in plan.entities}
    names = (key for name in operation.returns for key in fields.get(name, [name]))
    return tuple(dict.fromkeys(names))


def graph_faults(plan: EnvironmentPlan) -> Iterator[Fault]:
    """What no sequence of operations can find, read or change."""
    yield from _unfound(plan)
    yield from _unreadable(plan)
    yield from _unchangeable(plan)


def discoverable(plan: EnvironmentPlan) -> frozenset[str]:
    """The entities whose keys an agent can come by, beginning with no key at all."""
    found: set[str] = set()
    while True:
        more = {
            name
            for operation in plan.operations
            if operation.kind == "query" and _needs(operation) <= found
            for name in _gives(plan, operation)
        }
        if more <= found:
            return frozenset(found)
        found |= more


def _needs(operation: Operation) -> set[str]:
    """The entities a key of which the operation cannot do without."""
    return {f.references for f in operation.parameters if f.required and f.references}


def _gives(plan: EnvironmentPlan, operation: Operation) -> Iterator[str]:
    """The entities whose keys the operation returns, under their own name or a reference's."""
    keys = set(returned_keys(plan, operation))
    for entity in plan.entities:
        named = {entity.key} | {
            field.name
            for other in plan.entities
            for field in other.attributes
            if field.references == entity.name
        }
        if keys & named:
            yield entity.name


def _unfound(plan: EnvironmentPlan) -> Iterator[Fault]:
    """Entities whose keys no query leads to, and what cannot be called without them."""
    found = discoverable(plan)
    for entity in (e for e in plan.entities if e.name not in found):
        users = [o.name for o in plan.operations if entity.name in _needs(o)]
        needed = f" (needed by {', '.join(users)})" if users else ""
        yield (
            f"entity {entity.name}",
            f"its records cannot be found: no query returns {entity.key!r}{needed} without a key "
            "that cannot be found either; add a query that lists or searches them and returns it. "
            "A parameter that holds what users know themselves, such as a card number, references "
            "nothing.",
        )


def _unreadable(plan: EnvironmentPlan) -> Iterator[Fault]:
    """Attributes, and facts that rules depend on, that no query returns."""
    queries = [operation for operation in plan.operations if operation.kind == "query"]
    read = {key for operation in queries for key in returned_keys(plan, operation)}
    for entity in plan.entities:
        hidden = [field.name for field in entity.attributes if field.name not in read]
        if hidden:
            yield (
                f"entity {entity.name}",
                f"no query returns {', '.join(hidden)}; let one return them, for instance "
                f"{entity.name!r} in the returns of the query that looks a record up.",
            )
    for rule in plan.rules:
        for fact in rule.depends:
            if "." not in fact and fact not in read:
                yield (
                    f"rule {rule.id}",
                    f"it depends on {fact!r}, which no query returns, so that an agent could not "
                    "know it; add it to the returns of a query.",
                )


def _unchangeable(plan: EnvironmentPlan) -> Iterator[Fault]:
    """Rules none of whose facts can ever change."""
    written = {name for operation in plan.operations for name in operation.writes}
    for rule in plan.rules:
        facts = [fact for fact in rule.depends if "." in fact]
        if facts and not any({fact, fact.partition(".")[0]} & written for fact in facts):
            yield (
                f"rule {rule.id}",
                f"no operation writes any of {', '.join(facts)}, on which it depends; add an "
                "operation that changes one, or drop the rule.",
            )

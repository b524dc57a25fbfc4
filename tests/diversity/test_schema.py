"""Schemas of plans, and of classes whose plans name no entities."""

from __future__ import annotations

import pytest

from envscaler.runtime.diversity import schema_of
from envscaler.runtime.records import Attribute, Environment


def test_a_plan_with_entities_speaks_for_itself(library: Environment) -> None:
    assert schema_of(library) == (library.plan.entities, library.plan.scalars)


def test_an_imported_class_tells_its_schema(imported: Environment) -> None:
    schema = schema_of(imported)
    assert [(e.name, e.collection) for e in schema.entities] == [
        ("MemberInfo", "members"),
        ("Class_", "classes"),
    ]
    assert schema.entities[0].attributes == (
        Attribute(name="member_id", type="str"),
        Attribute(name="email", type="str"),
        Attribute(name="level", type="str", values=("basic", "gold")),
        Attribute(name="joined", type="str", optional=True),
        Attribute(name="points", type="int", optional=True),
        Attribute(name="tags", type="list[str]"),
        Attribute(name="visits", type="list[dict]"),
    )
    assert [(a.name, a.type) for a in schema.entities[1].attributes] == [
        ("starts", "datetime"),
        ("seats", "int"),
    ]
    assert [(a.name, a.type) for a in schema.scalars] == [
        ("current_time", "str"),
        ("waiting", "dict"),
    ]


@pytest.mark.parametrize("source", ["", "class GymEnv(:", "x = 1", "\0", "(" * 5000])
def test_a_source_that_says_nothing_gives_an_empty_schema(
    imported: Environment, source: str
) -> None:
    assert schema_of(imported.model_copy(update={"source": source})) == ((), ())

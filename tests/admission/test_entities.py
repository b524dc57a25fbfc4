from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.admission.entities import (
    _MOST_SPECIFIC,
    choices_of,
    entities_of,
    scalars_of,
    singular,
    value_type,
)
from envscaler.runtime.inspection import check_state
from envscaler.runtime.records import EnvironmentPlan, ValueType

NAMES = ("title", "pages", "price", "out", "tags", "due")
FIELDS: tuple[st.SearchStrategy[Any], ...] = (
    st.text(max_size=5),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.lists(st.text(max_size=3), max_size=3),
    st.none() | st.dates().map(str),
)
RECORDS = st.dictionaries(
    st.text("abc123", min_size=1, max_size=3),
    st.fixed_dictionaries(dict(zip(NAMES, FIELDS, strict=True))),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(books=RECORDS, films=RECORDS, today=st.dates().map(str), count=st.integers())
def test_a_state_fits_the_plan_that_is_read_off_it(
    books: dict[str, Any], films: dict[str, Any], today: str, count: int
) -> None:
    for key, record in books.items():
        record["book_id"] = key
    state = {"books": books, "films": films, "today": today, "count": count}
    entities = entities_of(state)
    plan = EnvironmentPlan(
        class_name="Shop",
        summary="",
        introduction="",
        entities=entities,
        scalars=scalars_of(state, entities),
        rules=(),
        operations=(),
    )
    assert check_state(plan, state) == ()
    assert [entity.collection for entity in entities] == ["books", "films"]
    assert [scalar.name for scalar in plan.scalars] == ["today", "count"]


def test_the_library_reads_as_its_plan(plan: EnvironmentPlan, state: dict[str, Any]) -> None:
    planned = {e.collection: e for e in plan.entities}
    for entity in entities_of(state):
        other = planned[entity.collection]
        assert (entity.name, entity.key) == (other.name, other.key)
        assert {(f.name, f.type, f.references, f.optional) for f in entity.attributes} == {
            (f.name, f.type, f.references, f.optional) for f in other.attributes
        }


@pytest.mark.parametrize(
    "value",
    [{}, [], {"a": 1}, {"a": {"x": 1}, "b": {"y": 1}}, {"a": {"x": 1}, "b": None}, {"a": {}}],
)
def test_what_is_no_map_of_like_records_is_no_entity(value: Any) -> None:
    assert entities_of({"things": value}) == ()
    assert [field.name for field in scalars_of({"things": value}, ())] == ["things"]


def test_a_key_that_no_field_repeats_is_named_after_the_entity() -> None:
    (entity,) = entities_of({"branches": {"N": {"city": "York"}, "S": {"city": "Bath"}}})
    assert (entity.name, entity.key) == ("Branch", "branch_id")
    assert [field.name for field in entity.attributes] == ["city"]


def test_a_field_references_the_collection_that_its_name_points_at() -> None:
    people = {"1": {"id": "1"}, "2": {"id": "2"}}
    state = {"users": people, "teams": people, "notes": {"n": {"team": "1", "text": "2", "x": "9"}}}
    notes = entities_of(state)[-1]
    references = {field.name: field.references for field in notes.attributes}
    assert references == {"team": "Team", "text": None, "x": None}


def test_collections_of_one_name_become_entities_of_two() -> None:
    state = {"item": {"a": {"n": 1}}, "items": {"b": {"n": 1}}}
    assert [entity.name for entity in entities_of(state)] == ["Item", "Item2"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False], "bool"), ([1, 2], "int"), ([1, 2.5], "float"), (["2024-05-31"], "date"),
        (["2024-05-31T10:00:00"], "datetime"), (["2024-05-31", "soon"], "str"), ([None], "str"),
        ([None, 3], "int"), ([["a"], []], "list[str]"), ([[1]], "list[int]"),
        ([[{}]], "list[dict]"), ([{}], "dict"), ([[1.5]], "list[str]"), ([1, "a"], "str"),
    ],
)  # fmt: skip
def test_a_type_is_the_narrowest_that_fits(values: list[Any], kind: str) -> None:
    assert value_type(values) == kind


def test_every_type_of_a_plan_is_tried() -> None:
    assert set(_MOST_SPECIFIC) == set(get_args(ValueType))


@pytest.mark.parametrize(
    ("many", "one"),
    [("books", "book"), ("branches", "branch"), ("entries", "entry"), ("boxes", "box"),
     ("status", "status"), ("address", "address"), ("houses", "house"), ("sheep", "sheep")],
)  # fmt: skip
def test_collections_have_a_name_for_one_record(many: str, one: str) -> None:
    assert singular(many) == one


def test_choices_are_the_values_of_attributes_that_are_named_so(state: dict[str, Any]) -> None:
    assert choices_of(state, entities_of(state)) == {"status": ("active", "blocked")}

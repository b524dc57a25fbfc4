from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime import state as states
from envscaler.runtime.inspection import check_state
from envscaler.runtime.records import EnvironmentPlan
from envscaler.runtime.state import Json


def test_a_state_that_fits_has_no_findings(plan: EnvironmentPlan, state: dict[str, Any]) -> None:
    assert check_state(plan, state) == ()


FAULTS: dict[str, tuple[states.Path, Json, str]] = {
    "a date in words": (("today",), "May 10th", "an ISO 8601 date"),
    "a date with a time": (("today",), "2024-05-10T08:00:00", "an ISO 8601 date"),
    "a number in quotes": (("next_loan",), "3", "an integer was expected"),
    "a bool for an integer": (("next_loan",), True, "an integer was expected"),
    "a float for an integer": (("books", "B1", "copies"), 2.0, "an integer"),
    "a bool for a float": (("books", "B1", "price"), False, "a number"),
    "infinity": (("books", "B1", "price"), float("inf"), "a number"),
    "null where nothing is optional": (("books", "B1", "title"), None, "a string was expected"),
    "a value outside the enumeration": (("members", "M1", "status"), "gone", "'blocked'"),
    "a key that differs from its attribute": (("books", "B1", "book_id"), "B7", "key 'B1'"),
    "a reference to no record": (("loans", "L1", "book_id"), "B9", "a key of 'books'"),
    "a list item that refers to no record": (
        ("members", "M1", "favourites"),
        ["B1", "B9"],
        "\"B9\" was given, a key of 'books'",
    ),
    "a list with a number among strings": (("books", "B1", "tags"), ["a", 1], "list of strings"),
    "an unknown attribute": (("books", "B1", "colour"), "red", "no such attribute"),
    "an unknown state attribute": (("shelves",), {}, "no such state attribute"),
    "an empty collection": (("loans",), {}, "a non-empty object from loan_id to Loan records"),
    "a collection that is a list": (("loans",), [], "a non-empty object"),
    "a record that is text": (("loans", "L1"), "lent", "an object with the attributes of Loan"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_of_a_state_is_found(
    plan: EnvironmentPlan, state: dict[str, Any], name: str
) -> None:
    path, value, message = FAULTS[name]
    wrong = states.patch(state, [states.Difference(path, "set", None, value)])
    findings = check_state(plan, wrong)
    assert any(f.where == ".".join(path) and message in f.message for f in findings), findings


def test_a_state_that_is_no_object_is_named(plan: EnvironmentPlan) -> None:
    (finding,) = check_state(plan, [1])
    assert finding.message.startswith("[1] was given, an object")


def test_missing_attributes_are_found(plan: EnvironmentPlan, state: dict[str, Any]) -> None:
    wrong = copy.deepcopy(state)
    del wrong["today"], wrong["books"]["B2"]["pages"]
    findings = check_state(plan, wrong)
    assert [f.where for f in findings] == ["today", "books.B2.pages"]


def test_the_same_fault_in_many_records_is_said_three_times(
    plan: EnvironmentPlan, state: dict[str, Any]
) -> None:
    wrong = copy.deepcopy(state)
    book = wrong["books"]["B1"] | {"pages": "many"}
    wrong["books"] |= {f"C{n}": book | {"book_id": f"C{n}"} for n in range(10)}
    findings = check_state(plan, wrong)
    assert len(findings) == 3
    assert findings[-1].message.endswith("(7 more like this)")


# ------------------------------------------------------------------ invariants

SMALL = EnvironmentPlan.model_validate(
    {
        "class_name": "YardEnv",
        "summary": "",
        "introduction": "",
        "entities": [
            {
                "name": "Boat",
                "collection": "boats",
                "key": "id",
                "attributes": [
                    {"name": "id", "type": "str"},
                    {"name": "length", "type": "float"},
                    {"name": "kind", "type": "str", "values": ["sail", "motor"]},
                    {"name": "afloat", "type": "bool"},
                    {"name": "built", "type": "date", "optional": True},
                    {"name": "marks", "type": "list[int]"},
                    {"name": "towed_by", "type": "str", "references": "Boat", "optional": True},
                    {"name": "fleet", "type": "list[str]", "references": "Boat"},
                ],
            }
        ],
        "scalars": [{"name": "now", "type": "datetime"}, {"name": "notes", "type": "dict"}],
        "rules": [],
        "operations": [],
    }
)

KEYS = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=4, unique=True)


def boat(key: str, keys: list[str]) -> st.SearchStrategy[dict[str, Json]]:
    return st.fixed_dictionaries(
        {
            "id": st.just(key),
            "length": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
            "kind": st.sampled_from(["sail", "motor"]),
            "afloat": st.booleans(),
            "built": st.none() | st.dates().map(lambda day: day.isoformat()),
            "marks": st.lists(st.integers(), max_size=3),
            "towed_by": st.none() | st.sampled_from(keys),
            "fleet": st.lists(st.sampled_from(keys), max_size=3),
        }
    )


@st.composite
def valid_states(draw: st.DrawFn) -> dict[str, Json]:
    keys = draw(KEYS)
    return {
        "boats": {key: draw(boat(key, keys)) for key in keys},
        "now": draw(st.datetimes()).isoformat(),
        "notes": draw(st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)),
    }


WRONG: dict[str, list[Json]] = {
    "id": [None, 1, "some other key"],
    "length": [None, "1.5", True, [1.5]],
    "kind": [None, "", "Sail", 0],
    "afloat": [None, 0, 1, "true"],
    "built": ["", "2024-13-01", "2024-01-01T00:00:00", 20240101, False],
    "marks": [None, [1, "2"], [True], [None], {}, 1],
    "towed_by": ["no such boat", 0, ["no such boat"], False],
    "fleet": [None, "no such boat", ["no such boat"], [1]],
}


@settings(max_examples=50)
@given(valid_states())
def test_every_valid_state_is_accepted(state: dict[str, Json]) -> None:
    assert check_state(SMALL, state) == ()


@settings(max_examples=50)
@given(valid_states(), st.data())
def test_any_single_wrong_value_is_rejected(state: dict[str, Json], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(state["boats"])))
    field = data.draw(st.sampled_from(sorted(WRONG)))
    state["boats"][key][field] = data.draw(st.sampled_from(WRONG[field]))
    assert [finding.where for finding in check_state(SMALL, state)] == [f"boats.{key}.{field}"]


@settings(max_examples=50)
@given(valid_states(), st.data())
def test_any_missing_or_extra_name_is_rejected(state: dict[str, Json], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(state["boats"])))
    place = data.draw(st.sampled_from([state, state["boats"][key]]))
    if data.draw(st.booleans()):
        place["surplus"] = 1
    else:
        del place[data.draw(st.sampled_from(sorted(place)))]
    assert len(check_state(SMALL, state)) == 1

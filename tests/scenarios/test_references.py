"""References between the calls of a plan: every form, and what is said of a wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.runtime.errors import PlanError
from envscaler.runtime.scenarios.references import referred, resolve

RESULTS: dict[int, Any] = {
    1: {
        "success": True,
        "data": [
            {"id": "U1", "name": "Ada", "size": 2, "free": True, "price": 2.5, "left": None},
            {"id": "U2", "name": "Ben", "size": 2, "free": False, "price": 4, "left": None},
            {"id": "U3", "name": "Smith & Sons", "size": 3, "free": True, "price": 4},
            "odd",
        ],
    },
    2: {
        "success": True,
        "data": {"D-1": {"id": "D-1", "name": "Dana"}, "D-2": {"id": "D-2", "name": "Eli"}},
    },
    3: {"success": False, "error": "No."},
    4: {"new": {"loans": "x"}, "data": []},
}
NEW: dict[int, dict[str, list[str]]] = {
    1: {},
    2: {},
    3: {},
    4: {"loans": ["L9"], "fees": ["F1", "F2"]},
}


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("$1.success", True),
        ("$1.data[0].id", "U1"),
        ("$1.data[-2].id", "U3"),
        ("$1.data[name=Ben].id", "U2"),
        ("$1.data[name = Ben ].id", "U2"),
        ('$1.data[name="Ben"].id', "U2"),
        ("$1.data[name=Smith & Sons].id", "U3"),
        ("$1.data[size=2&free=true].id", "U1"),
        ("$1.data[size=2&name=Ben&free=false].id", "U2"),
        ("$1.data[price=2.5]", RESULTS[1]["data"][0]),
        ("$2.data[D-1].name", "Dana"),
        ("$2.data[name=Eli].id", "D-2"),
        ("$2.data", RESULTS[2]["data"]),
        ("$4.new.loans", "L9"),
        ("$3.error", "No."),
        (["$1.data[0].id", {"who": "$2.data[D-2].name"}], ["U1", {"who": "Eli"}]),
        ({"$1.data": "plain"}, {"$1.data": "plain"}),
    ],
)
def test_a_reference_is_replaced_by_what_it_points_to(reference: Any, value: Any) -> None:
    assert resolve(reference, RESULTS, NEW) == value


@pytest.mark.parametrize(
    "text", ["", "$", "$5", "$20.00", "a $1.data", "$x.data", "1.data", 7, None, True]
)
def test_other_values_stay_as_they_are(text: Any) -> None:
    assert resolve(text, RESULTS, NEW) == text
    assert referred(text) == set()


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("$9.data", ["'$9.data'", "call 9", "not made before"]),
        ("$1.date", ["no 'date'", "['data', 'success']"]),
        ("$3.data", ["no 'data'", "['error', 'success']"]),
        ("$1.data.id", ["no 'id'", "a list"]),
        ("$1.success.x", ["no 'x'", "a bool"]),
        ("$1.data[4]", ["item 4", "list of 4"]),
        ("$1.data[-5]", ["item -5", "list of 4"]),
        ("$1.data[name=Cleo].id", ["selects 0 of 4", "must select one"]),
        ("$1.data[size=2].id", ["selects 2 of 4"]),
        ("$1.data[Ada]", ["cannot select [Ada]", "list"]),
        ("$1.success[0]", ["cannot select [0]", "bool"]),
        ("$2.data[0]", ["cannot select [0]", "dict"]),
        ("$2.data[]", ["cannot select []"]),
        ("$4.new.fees", ["the one key", "'fees'", "['F1', 'F2']"]),
        ("$4.new.tours", ["the one key", "'tours'", "'loans': ['L9']"]),
        ("$1.new.loans", ["the one key", "it added {}"]),
        ("$1.data[name=[x]].id", ["no reference", ".name, [index]"]),
        ("$2.data.D-1.name", ["no reference"]),
        ("$1.data[0].id and more", ["no reference"]),
        (["U1", {"deep": "$9.x"}], ["'$9.x'"]),
    ],
)
def test_a_wrong_reference_says_what_stands_there(reference: Any, words: list[str]) -> None:
    with pytest.raises(PlanError) as error:
        resolve(reference, RESULTS, NEW)
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize(
    ("value", "calls"),
    [
        ({}, set()),
        ([], set()),
        ({"a": "$1.data", "b": ["$12.new.x", {"c": "$3.y[0]"}], "d": 4}, {1, 3, 12}),
    ],
)
def test_the_calls_that_an_argument_refers_to_are_known(value: Any, calls: set[int]) -> None:
    assert referred(value) == calls

"""States: differences and patches undo each other, equality is that of JSON."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.state import at, canonical, describe, diff, digest, patch, same

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, 1.5]),
    st.text("ab.", max_size=2),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
states = st.dictionaries(st.text("abc", max_size=2), values, max_size=4)


@given(states, states)
def test_a_patch_with_the_differences_gives_the_new_state(old: Any, new: Any) -> None:
    assert same(patch(old, diff(old, new)), new)


@given(states, states)
def test_a_patch_writes_to_neither_state(old: Any, new: Any) -> None:
    before = copy.deepcopy((old, new))
    patch(old, diff(old, new))
    assert canonical([old, new]) == canonical(list(before))


@given(states, states)
def test_equal_states_and_only_they_have_no_differences(old: Any, new: Any) -> None:
    assert (not list(diff(old, new))) == same(old, new)
    assert not list(diff(old, copy.deepcopy(old)))


@given(states, states)
def test_differences_come_in_path_order_and_never_inside_each_other(old: Any, new: Any) -> None:
    paths = [difference.path for difference in diff(old, new)]
    assert paths == sorted(paths)
    assert not any(p != q and q[: len(p)] == p for p in paths for q in paths)


@given(states)
def test_a_digest_does_not_depend_on_the_order_of_keys(state: Any) -> None:
    turned = {key: state[key] for key in reversed(state)}
    assert digest(turned) == digest(state)
    assert len(digest(state)) == 64


def test_untouched_values_are_shared_with_the_old_state() -> None:
    old = {"a": {"x": {"n": 1}}, "b": {"y": 2}}
    new = patch(old, diff(old, {"a": {"x": {"n": 2}}, "b": {"y": 2}}))
    assert new["b"] is old["b"]
    assert old["a"] == {"x": {"n": 1}}


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (0, -0.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
        ([1], [1.0], True),
        ([1], [True], False),
        ([1, 2], [2, 1], False),
        ([1], (1,), False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": None}, {}, False),
        ({}, [], False),
        (2**53 + 1, float(2**53), False),
    ],
)
def test_equality_is_that_of_json_values(left: Any, right: Any, equal: bool) -> None:
    assert same(left, right) == equal
    assert same(right, left) == equal


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ({"a": 1}, {"a": 1, "b": {"c": 2}}, [(("b",), "add", None, {"c": 2})]),
        ({"a": {"b": 1}}, {"a": {}}, [(("a", "b"), "remove", 1, None)]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [(("a",), "set", [1, 2], [1, 3])]),
        ({"a": {"b": 1}}, {"a": [1]}, [(("a",), "set", {"b": 1}, [1])]),
        ({"a": None}, {"a": {"b": 1}}, [(("a",), "set", None, {"b": 1})]),
    ],
)
def test_a_difference_carries_the_whole_value_of_its_place(old: Any, new: Any, kinds: Any) -> None:
    assert [tuple(difference) for difference in diff(old, new)] == kinds


def test_a_value_is_found_at_its_path_or_there_is_an_error() -> None:
    state = {"a": {"b": [1]}}
    assert at(state, ()) == state
    assert at(state, ("a", "b")) == [1]
    for path in (("a", "c"), ("a", "b", "0"), ("z",)):
        with pytest.raises(KeyError):
            at(state, path)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (1, 2, "1 -> 2"),
        ([1, 2, 3], [1, 9, 3], "from item 1 on: [2] -> [9]; 2 other items as before"),
        ([1], [1, 2], "from item 1 on: [] -> [2]; 1 other items as before"),
        ([2, 1], [1], "from item 0 on: [2] -> []; 1 other items as before"),
        ([1], None, "[1] -> None"),
    ],
)
def test_a_change_is_described_by_what_differs(old: Any, new: Any, shown: str) -> None:
    assert describe(old, new) == shown

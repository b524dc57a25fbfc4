"""In process, over values that the test itself makes; for generated code see test_shared."""

from __future__ import annotations

import itertools
import json
import random
from collections import OrderedDict, defaultdict, deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.sandbox.inside.guard import Rejected
from envscaler.runtime.sandbox.sharing.shared import SharedState


class Liar:
    """Says that everything is equal to it, and will not be copied."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("asked")

    def __hash__(self) -> int:
        return 1

    def __deepcopy__(self, memo: object) -> object:
        raise AssertionError("copied")

    __copy__ = __len__ = __iter__ = __bool__ = __deepcopy__


def shared(**names: Any) -> tuple[SharedState, dict[str, Any]]:
    """The state of a module that has these names."""
    return SharedState(__name__, names), names


def test_objects_are_never_asked() -> None:
    liar, key = Liar(), Liar()
    state, names = shared(D={"a": liar, key: [liar]}, S={key}, L=[liar])
    assert state.change() is None
    names["D"]["a"] = Liar()
    names["S"].clear()
    names["L"].append(key)
    names["D"][key].append(key)
    assert state.change() == "D"
    state.restore()
    assert state.change() is None
    assert names["D"]["a"] is liar
    assert list(map(id, names["S"])) == [id(key)]


@pytest.mark.parametrize(
    ("old", "new"),
    [(1, True), (1, 1.0), (0.0, -0.0), ("a", b"a"), ((1,), (True,)), ((1, []), (1, [])), ([], [])],
)
def test_lookalikes_are_changes(old: object, new: object) -> None:
    state, names = shared(L=[old])
    names["L"][0] = new
    assert state.change() == "L"
    state.restore()
    assert names["L"][0] is old


@pytest.mark.parametrize("text", ["123456", '"some text"', "1.5", "NaN", "[1.5, true]"])
def test_an_equal_constant_is_no_change(text: str) -> None:
    def value() -> Any:
        value = json.loads(text)
        return tuple(value) if isinstance(value, list) else value

    first = value()
    state, names = shared(D={"k": first}, L=[first])
    names["D"]["k"] = value()
    names["L"].append(names["L"].pop())
    assert state.change() is None
    assert names["D"]["k"] is first


def test_moving_an_item_from_one_container_to_the_next_is_seen() -> None:
    first, second = object(), object()
    state, names = shared(A=[first, second], B=[], C=deque(), D={"a": first}, E={})
    for source, target in itertools.permutations("ABC", 2):
        if names[source]:
            names[target].insert(0, names[source].pop())
            assert state.change() in (source, target)
            state.restore()
    names["E"]["a"] = names["D"].pop("a")
    assert state.change() == "D"


def test_names_of_the_module_come_back_in_order() -> None:
    state, names = shared(A=1, B=2)
    names["A"] = names.pop("A")
    names["C"] = 3
    assert state.change() == "A"
    state.restore()
    assert [name for name in names if name[0] != "_"] == ["A", "B"]


def test_what_cannot_be_compared_is_told_instead_of_refused() -> None:
    names: dict[str, Any] = {"DICE": random.Random(1), "OTHER": iter([1]), "L": []}
    with pytest.raises(Rejected, match=r"`DICE`.*`random.Random`(.|\n)*`OTHER`"):
        SharedState(__name__, dict(names))
    state = SharedState(__name__, names, native=False)
    assert "`DICE`" in (state.opaque() or "")
    names["L"].append(1)
    assert state.change() == "L"
    assert shared(L=[])[0].opaque() is None


def test_what_resists_ends_it() -> None:
    class Meta(type):
        pass

    class Thing(metaclass=Meta):
        mark = 0

    state = SharedState(__name__, {"Thing": Thing}, native=False)
    assert state.change() is None
    Thing.mark = 1
    Meta.mark = property(lambda cls: 2)  # type: ignore[attr-defined]
    assert state.change() == "Thing.mark"
    with pytest.raises(Rejected, match=r"`Thing.mark`.*cannot be put back"):
        state.restore()


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
keys = st.integers(0, 3) | st.booleans() | st.text(max_size=1) | st.tuples(st.integers(0, 1))
values = st.recursive(
    plain | st.sets(keys, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=3)
        | st.dictionaries(st.text(max_size=1), inner, max_size=3).map(OrderedDict)
        | st.dictionaries(keys, inner, max_size=3).map(lambda d: defaultdict(list, d))
        | st.lists(inner, max_size=3).map(deque)
        | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=12,
)


_HOLDING = (dict, list, tuple, deque, set)


def picture(value: Any) -> Any:
    """All there is to see of a value: types, order, texts and which containers it is made of."""
    if isinstance(value, dict):
        return type(value), id(value), [(picture(k), picture(v)) for k, v in value.items()]
    if isinstance(value, list | tuple | deque | set):
        constant = isinstance(value, tuple) and not any(isinstance(v, _HOLDING) for v in value)
        return type(value), constant or id(value), [picture(item) for item in value]
    return type(value), repr(value)


def containers(value: Any) -> list[Any]:
    inner = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inner, list | tuple | deque | set):
        return []
    found = [value] if not isinstance(value, tuple) else []
    return found + [each for item in inner for each in containers(item)]


def disturb(container: Any, how: int, value: Any) -> None:
    """Change a container, or try to."""
    if isinstance(container, dict) and how == 0:
        container[how] = value
    elif isinstance(container, dict) and container and how == 1:
        key = next(iter(container))
        container[key] = container.pop(key)
    elif isinstance(container, set) and how == 0:
        container.add(7)
    elif isinstance(container, set) and container and how == 1:
        item = container.pop()
        container.add(item)
    elif isinstance(container, list | deque) and how == 0:
        container.append(value)
    elif isinstance(container, list | deque) and container and how == 1:
        container[0] = value
    else:
        container.clear()


@settings(deadline=None, max_examples=150)
@given(st.lists(values, max_size=4), st.data())
def test_any_change_is_seen_and_undone(held: list[Any], data: st.DataObject) -> None:
    state, names = shared(held=held)
    assert state.change() is None
    before = picture(names["held"])
    for _ in range(3):
        for _ in range(data.draw(st.integers(0, 2))):
            target = data.draw(st.sampled_from(containers(held)))
            disturb(target, data.draw(st.integers(0, 2)), data.draw(values))
        changed = picture(names["held"]) != before
        assert (state.change() is not None) is changed
        state.restore()
        assert picture(names["held"]) == before
        assert state.change() is None

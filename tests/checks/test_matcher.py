"""The matcher against an oracle that tries every renaming of the keys that the system made."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envscaler.runtime.checks import Grader, matcher
from envscaler.runtime.records import Call, Change, Checks, Outcome
from envscaler.runtime.state import diff, same

State = dict[str, Any]
MADE = ("orders", "payments")
INITIAL: State = {
    "orders": {"O1": {"order_id": "O1", "amount": 1, "first": "Y1", "lines": {}, "tags": []}},
    "payments": {"Y1": {"payment_id": "Y1", "order_id": "O1", "amount": 1, "by": {"who": None}}},
    "accounts": {
        "A1": {"name": "Ada", "balance": 5, "last": "O1", "orders": ["O1"], "open": True},
        "A2": {"name": "Ben", "balance": 5.5, "last": None, "orders": [], "open": False},
    },
    "counter": 2,
    "today": "2024-05-10",
}
KEYS = {"orders": ["O2", "O3", "O4", "O5"], "payments": ["Y2", "Y3", "Y4", "Y5"]}
quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


# ------------------------------------------------------------------ random end states

small = st.integers(1, 2)


@st.composite
def effects(draw: st.DrawFn) -> State:
    """What a plan adds; orders and payments are named by their place in the lists."""
    orders = draw(st.integers(0, 3))
    payments = draw(st.integers(0, 3))
    order = st.one_of(st.none(), st.integers(0, orders - 1)) if orders else st.none()
    payment = st.one_of(st.none(), st.integers(0, payments - 1)) if payments else st.none()
    lines = st.dictionaries(st.sampled_from(["a", "b"]), small, max_size=2)
    return {
        "orders": [(draw(small), draw(payment), draw(lines)) for _ in range(orders)],
        "payments": [(draw(small), draw(order), draw(order)) for _ in range(payments)],
        "last": {"A1": draw(order), "A2": draw(order)},
        "listed": draw(st.lists(order, max_size=3)),
        "balance": draw(st.sampled_from([5, 5.0, 6, 4.5])),
        "counter": draw(st.integers(2, 3)),
    }


def carried_out(done: State, names: dict[str, list[str]], backwards: bool = False) -> State:
    """The end state of these effects when the system numbers new records like this."""
    final = copy.deepcopy(INITIAL)
    orders, payments = names["orders"], names["payments"]

    def order(place: int | None) -> str | None:
        return None if place is None else orders[place]

    for n, (amount, first, lines) in enumerate(done["orders"]):
        paid = None if first is None else payments[first]
        record = {"order_id": orders[n], "amount": amount, "first": paid, "lines": lines}
        final["orders"][orders[n]] = {**record, "tags": [orders[n], "new"]}
    for n, (amount, of, by) in enumerate(done["payments"]):
        record = {"payment_id": payments[n], "order_id": order(of), "amount": amount}
        final["payments"][payments[n]] = {**record, "by": {"who": order(by)}}
    for account, last in done["last"].items():
        final["accounts"][account]["last"] = order(last) or INITIAL["accounts"][account]["last"]
    final["accounts"]["A2"]["orders"] = [order(place) for place in done["listed"]]
    final["accounts"]["A1"]["balance"] = done["balance"]
    final["counter"] = done["counter"]
    return turned(final) if backwards else final


def turned(value: Any) -> Any:
    """The same JSON value with every dict filled the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


namings = st.fixed_dictionaries({name: st.permutations(keys) for name, keys in KEYS.items()})


def checks_of(final: State, goals: int) -> Checks:
    """Strict checks of an end state, its changes dealt out to goals."""
    found = list(diff(INITIAL, final))
    changes = [
        Change(
            path=d.path, kind=d.kind, value=d.new, goal=n % min(goals, len(found)),
            made=d.kind == "add" and d.path[0] in MADE,
        )
        for n, d in enumerate(found)
    ]  # fmt: skip
    texts = tuple(f"goal {n}" for n in range(min(goals, len(found))))
    return Checks(goals=texts, outcomes=(Outcome(changes=tuple(changes), calls=()),))


# ------------------------------------------------------------------ the oracle


def renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def renamings(left: State, right: State) -> Iterator[dict[str, str]]:
    """Every way to call the new records of `left` as those of `right`."""
    pairings = []
    for name in MADE:
        mine, yours = (sorted(s[name].keys() - INITIAL[name].keys()) for s in (left, right))
        if len(mine) != len(yours):
            return
        pairings.append(
            [dict(zip(mine, order, strict=True)) for order in itertools.permutations(yours)]
        )
    for orders, payments in itertools.product(*pairings):
        yield orders | payments


def equal(left: State, right: State) -> bool:
    return any(same(renamed(left, names), right) for names in renamings(left, right))


# ------------------------------------------------------------------ wrong end states


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path


def replaced(state: State, path: tuple[str, ...], value: Any) -> State:
    changed = copy.deepcopy(state)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def looked_up(state: State, path: tuple[str, ...]) -> Any:
    for key in path:
        state = state[key]
    return state


VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    2,
    2.0,
    1.5,
    "",
    "x",
    "O1",
    "O2",
    "O3",
    "Y2",
    [],
    ["O2"],
    {},
]


@st.composite
def disturbances(draw: st.DrawFn, state: State) -> State:
    """The state with one leaf replaced, or a record removed, copied or added."""
    kind = draw(st.sampled_from(["leaf", "leaf", "leaf", "remove", "copy", "junk"]))
    if kind == "leaf":
        path = draw(st.sampled_from(sorted(leaves(state))))
        return replaced(state, path, draw(st.sampled_from(VALUES)))
    changed = copy.deepcopy(state)
    records = changed[draw(st.sampled_from([*MADE, "accounts"]))]
    key = draw(st.sampled_from(sorted(records)))
    if kind == "remove":
        del records[key]
    else:
        new = draw(st.sampled_from(["O2", "O3", "Y2", "Y3", "Z9"]))
        records.setdefault(new, {"amount": 1} if kind == "junk" else copy.deepcopy(records[key]))
    return changed


# ------------------------------------------------------------------ properties


@quick
@given(effects(), namings, namings, st.integers(1, 3), st.data())
def test_the_score_is_1_exactly_for_the_accepted_state_under_some_renaming(
    grader: Grader, done: State, one: Any, other: Any, goals: int, data: st.DataObject
) -> None:
    wanted = carried_out(done, one)
    if same(wanted, INITIAL):
        return
    checks = checks_of(wanted, goals)
    right = [carried_out(done, other), carried_out(done, other, backwards=True)]
    wrong = [data.draw(disturbances(state)) for state in (wanted, right[0], right[0])]
    again = carried_out(data.draw(effects()), other)
    scores = grader.scores(checks, [(INITIAL, s, None) for s in [*right, *wrong, again, INITIAL]])
    assert [score.error for score in scores] == [""] * len(scores)
    assert [score.reward for score in scores[:2]] == [1, 1]
    for state, score in zip([*wrong, again], scores[2:], strict=False):
        assert (score.reward == 1) == equal(state, wanted), state
    assert scores[-1].reward == 0
    assert scores[-1].frame


@quick
@given(effects(), namings, namings, st.data())
def test_a_side_effect_scores_0_whatever_else_was_done(
    grader: Grader, done: State, one: Any, other: Any, data: st.DataObject
) -> None:
    wanted, final = carried_out(done, one), carried_out(done, other)
    if same(wanted, INITIAL):
        return
    untouched = [
        path for path in leaves(INITIAL)
        if same(looked_up(wanted, path), looked_up(INITIAL, path))
    ]  # fmt: skip
    path = data.draw(st.sampled_from(sorted(untouched)))
    old = looked_up(INITIAL, path)
    value = data.draw(st.sampled_from([v for v in VALUES if not same(v, old)]))
    taken = data.draw(st.sampled_from(["O2", "O3", "O4", "O5", "extra"]))
    states = [replaced(final, path, value), replaced(final, ("accounts", "A3"), {"name": "Cleo"})]
    if taken not in final["orders"]:
        states.append(replaced(final, ("orders", taken), {"order_id": taken, "amount": 1}))
    scores = grader.scores(checks_of(wanted, 2), [(INITIAL, s, None) for s in states])
    assert [(s.reward, s.frame, s.error) for s in scores] == [(0, False, "")] * len(states)


# ------------------------------------------------------------------ bindings by example


def scored(grader: Grader, wanted: State, *finals: State) -> list[float | None]:
    cases = [(INITIAL, final, None) for final in finals]
    return [score.reward for score in grader.scores(checks_of(wanted, 1), cases)]


NAMES = {"orders": ["O2", "O3", "O4", "O5"], "payments": ["Y2", "Y3", "Y4", "Y5"]}
CROSSED = {"orders": ["O3", "O2", "O4", "O5"], "payments": ["Y2", "Y3", "Y4", "Y5"]}
NOTHING: State = {
    "orders": [], "payments": [], "last": {}, "listed": [], "balance": 5, "counter": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    "done",
    [
        {"orders": [(1, None, {}), (1, None, {})]},
        {"orders": [(1, None, {}), (1, None, {})], "payments": [(1, 0, None), (1, 1, None)]},
        {"orders": [(1, None, {}), (1, None, {})], "payments": [(1, 1, None)]},
        {"orders": [(1, 1, {}), (1, 0, {})], "payments": [(1, 0, None), (1, 1, None)]},
        {"orders": [(1, 0, {}), (1, 1, {})], "payments": [(1, 0, None), (1, 1, None)]},
        {"orders": [(1, None, {}), (1, None, {})], "last": {"A1": 0, "A2": 1}},
        {"orders": [(1, None, {}), (1, None, {})], "listed": [1, 0, 1]},
    ],
    ids=["alone", "both paid", "one paid", "crosswise", "mutual", "named outside", "listed"],
)
def test_equal_new_records_are_bound_by_what_refers_to_them(grader: Grader, done: State) -> None:
    done = {**NOTHING, **done}
    wanted, crossed = carried_out(done, NAMES), carried_out(done, CROSSED)
    assert scored(grader, wanted, wanted, crossed) == [1, 1]


def test_payments_on_the_wrong_one_of_two_orders_are_refused(grader: Grader) -> None:
    orders: list[Any] = [(1, None, {}), (2, None, {})]
    wanted = carried_out({**NOTHING, "orders": orders, "payments": [(1, 0, None)]}, NAMES)
    wrong = {**NOTHING, "orders": orders, "payments": [(1, 1, None)]}
    finals = [carried_out(wrong, NAMES), carried_out(wrong, CROSSED)]
    assert [reward != 1 for reward in scored(grader, wanted, *finals)] == [True, True]


@pytest.mark.parametrize("first", ["junk", "right"])
def test_an_extra_record_does_not_hide_behind_the_key_of_the_right_one(
    grader: Grader, first: str
) -> None:
    wanted = carried_out({**NOTHING, "orders": [(1, None, {})]}, NAMES)
    junk, right = ({**NOTHING, "orders": [(n, None, {})]} for n in (2, 1))
    final = carried_out({**NOTHING, "orders": [(1, None, {})]}, CROSSED)
    final["orders"]["O2"] = carried_out(junk, NAMES)["orders"]["O2"]
    assert scored(grader, wanted, final if first == "junk" else turned(final)) == [0]
    assert scored(grader, wanted, carried_out(right, CROSSED)) == [1]


def test_new_records_of_two_collections_may_have_the_same_keys(grader: Grader) -> None:
    names = {"orders": ["2", "3", "4", "5"], "payments": ["2", "3", "4", "5"]}
    crossed = {"orders": ["3", "2", "4", "5"], "payments": ["3", "2", "4", "5"]}
    done = {**NOTHING, "orders": [(1, None, {}), (2, None, {})], "payments": [(1, 0, 0), (2, 1, 1)]}
    wanted, final = carried_out(done, names), carried_out(done, crossed)
    junk = copy.deepcopy(final)
    junk["payments"]["4"] = {"amount": 9}
    assert scored(grader, wanted, wanted, final, junk) == [1, 1, 0]


def test_an_old_value_that_looks_like_a_new_key_stays_what_it_is(grader: Grader) -> None:
    initial = copy.deepcopy(INITIAL)
    initial["accounts"]["A2"]["name"] = "O3"
    initial["payments"]["O3"] = {"payment_id": "O3", "amount": 3}
    final = replaced(initial, ("orders", "O3"), {"order_id": "O3", "amount": 3})
    final["payments"]["O3"]["amount"] = 4
    wanted = Outcome(
        changes=(
            Change(path=("orders", "O2"), kind="add", goal=0, made=True,
                   value={"order_id": "O2", "amount": 3}),
            Change(path=("payments", "O3", "amount"), kind="set", value=4, goal=0),
        ),
        calls=(Call(tool="x"),),
    )  # fmt: skip
    (score,) = grader.scores(Checks(goals=("g",), outcomes=(wanted,)), [(initial, final, None)])
    assert score.reward == 1


# ------------------------------------------------------------------ what differs

confusable = st.sampled_from([True, False, 1, 0, 1.0, 0.0, None, "1", "a"])
values = st.recursive(
    confusable,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)


@quick
@given(st.dictionaries(st.sampled_from("abc"), values), st.data())
def test_the_matcher_sees_the_differences_that_the_states_have(old: State, data: Any) -> None:
    new = data.draw(st.just(old) | st.dictionaries(st.sampled_from("abc"), values))
    new = {key: copy.deepcopy(new[key]) for key in data.draw(st.permutations(list(new)))}
    seen = matcher.differences(old, new, [])  # type: ignore[no-untyped-call]
    assert seen == [list(difference.path) for difference in diff(old, new)]

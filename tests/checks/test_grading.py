"""What a check accepts: kinds of changes, rules, several outcomes, guards and answers."""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.runtime.checks import GRADER, Grader, specification
from envscaler.runtime.records import Change, Checks, Loosening, Outcome, ReferenceGuard, Score
from envscaler.runtime.state import Difference, Path, patch

State = dict[str, Any]
INITIAL: State = {
    "rooms": {
        "R1": {"room_id": "R1", "free": True, "price": 80, "tags": ["sea"], "guest": None},
        "R2": {"room_id": "R2", "free": True, "price": 95.5, "tags": [], "guest": None},
    },
    "stays": {"S1": {"stay_id": "S1", "room_id": "R1", "note": "late", "extras": {"dog": 1}}},
    "today": "2024-05-10",
    "next_stay": 2,
}


def change(path: str, value: Any = None, kind: str = "set", **more: Any) -> Change:
    fields = {"path": tuple(path.split(".")), "kind": kind, "value": value, "goal": 0, **more}
    return Change.model_validate(fields)


def checks(*outcomes: list[Change], **more: Any) -> Checks:
    goals = 1 + max(c.goal for outcome in outcomes for c in outcome)
    return Checks(
        goals=tuple(f"goal {n}" for n in range(goals)),
        outcomes=tuple(Outcome(changes=tuple(outcome), calls=()) for outcome in outcomes),
        **more,
    )


def state(**changes: Any) -> State:
    """The initial state with values set by their paths (`__` between the keys)."""
    found: State = INITIAL
    for path, value in changes.items():
        found = patch(found, [Difference(tuple(path.split("__")), "set", None, value)])
    return found


def without(path: Path, base: State = INITIAL) -> State:
    found: State = patch(base, [Difference(path, "remove", None, None)])
    return found


def score(grader: Grader, asked: Checks, final: State, answer: Any = None) -> Score:
    return grader.scores(asked, [(INITIAL, final, answer)])[0]


def accepts(grader: Grader, asked: Checks, final: State, answer: Any = None) -> bool:
    verdict = score(grader, asked, final, answer)
    assert verdict.reward is not None, verdict.error
    return verdict.reward == 1


# ------------------------------------------------------------------ kinds of changes

NEW = {"stay_id": "S2", "room_id": "R2", "note": "", "extras": {}}
KINDS: list[tuple[Change, State, bool]] = [
    (change("rooms.R1.price", 81), state(rooms__R1__price=81), True),
    (change("rooms.R1.price", 81), state(rooms__R1__price=81.0), True),
    (change("rooms.R1.price", 81), state(rooms__R1__price=81.5), False),
    (change("rooms.R1.price", 81), state(rooms__R1__price="81"), False),
    (change("rooms.R1.price", 1), state(rooms__R1__price=True), False),
    (change("rooms.R1.free", False), state(rooms__R1__free=0), False),
    (change("rooms.R1.free", False), state(rooms__R1__free=None), False),
    (change("rooms.R1.price", None), state(rooms__R1__price=None), True),
    (change("rooms.R1.price", None), without(("rooms", "R1", "price")), False),
    (change("rooms.R1.tags", ["sea", "tv"]), state(rooms__R1__tags=["sea", "tv"]), True),
    (change("rooms.R1.tags", ["sea", "tv"]), state(rooms__R1__tags=["tv", "sea"]), False),
    (change("rooms.R1.tags", ["sea", 1]), state(rooms__R1__tags=["sea", True]), False),
    (change("rooms.R1.tags", [{"a": 1}]), state(rooms__R1__tags=[{"a": 1.0}]), True),
    (change("rooms.R1.guest", {"n": {"x": 1}}), state(rooms__R1__guest={"n": {"x": 1}}), True),
    (change("rooms.R1.guest", {"n": {"x": 1}}), state(rooms__R1__guest={"n": {"x": 2}}), False),
    (change("stays.S1.extras.dog", 2), state(stays__S1__extras={"dog": 2}), True),
    (change("stays.S1.extras.dog", 2), state(stays__S1__extras={"dog": 2, "cat": 1}), False),
    (change("stays.S1.extras.cat", 1, "add"), state(stays__S1__extras__cat=1), True),
    (change("stays.S1.extras.cat", 1, "add"), state(stays__S1__extras__bird=1), False),
    (change("stays.S1", kind="remove"), without(("stays", "S1")), True),
    (change("stays.S1", kind="remove"), INITIAL, False),
    (change("stays.S1", kind="remove"), state(stays__S1={}), False),
    (change("stays.S2", NEW, "add", made=True), state(stays__S2=NEW), True),
    (change("stays.S2", NEW, "add", made=True), state(stays__S7={**NEW, "stay_id": "S7"}), True),
    (change("stays.S2", NEW, "add", made=True), state(stays__S7={**NEW, "stay_id": "S8"}), False),
    (change("stays.S2", NEW, "add"), state(stays__S7={**NEW, "stay_id": "S7"}), False),
    (change("stays.S2", NEW, "add", made=True), state(stays__S2={**NEW, "more": 1}), False),
]


@pytest.mark.parametrize(("wanted", "final", "right"), KINDS)
def test_a_change_is_accepted_only_as_it_is(
    grader: Grader, wanted: Change, final: State, right: bool
) -> None:
    assert accepts(grader, checks([wanted]), final) == right


def test_what_was_touched_and_brought_back_belongs_to_its_goal(grader: Grader) -> None:
    kept = change("rooms.R2.free", kind="keep", goal=1)
    price = change("rooms.R2.price", 90, goal=1)
    asked = checks([change("rooms.R1.free", False), price, kept])
    done = {"rooms__R1__free": False, "rooms__R2__price": 90}
    assert score(grader, asked, state(**done)).goals == (True, True)
    partly = score(grader, asked, state(**done, rooms__R2__free=False))
    assert (partly.reward, partly.goals, partly.frame) == (0.5, (True, False), True)


def test_a_record_made_and_dropped_again_must_be_gone(grader: Grader) -> None:
    dropped = change("stays.S2", kind="keep")
    asked = checks([change("stays.S3", {"stay_id": "S3"}, "add", made=True), dropped])
    assert accepts(grader, asked, state(stays__S3={"stay_id": "S3"}))
    assert accepts(grader, asked, state(stays__S2={"stay_id": "S2"}))
    assert not accepts(grader, asked, state(stays__S3={"stay_id": "S3"}, stays__S2=NEW))


# ------------------------------------------------------------------ rules

RULES: list[tuple[str, tuple[Any, ...], list[Any], list[Any]]] = [
    ("text", (), ["x", " a b "], ["", "  ", None, 1, ["x"]]),
    ("text", ("late", "dog"), ["Dogs, LATE arrival"], ["late", "a dog", ""]),
    ("one_of", ("a", 2, None), ["a", 2.0, None], ["b", True, "2", "", False]),
    ("one_of", (), [], ["a", None]),
    ("between", (1, 5), [1, 5, 2.5], [0, 5.01, True, None, "3"]),
    ("between", (-0.5, 0.5), [0, -0.5], [1, False]),
    (
        "between",
        ("2024-05-01", "2024-05-31"),
        ["2024-05-01", "2024-05-31", "2024-05-10"],
        ["2024-04-30", "2024-06-01", "2024-05-1x", "2024-05-10x", "2024-5-10", "2024-05-1٣", 9],
    ),
    (
        "between",
        ("2024-05-01T08:00", "2024-05-01T18:00"),
        ["2024-05-01T09:30"],
        ["2024-05-01 09:30", "2024-05-01T09:3~", "2024-05-01T18:01"],
    ),
    ("shape", ("AA-00a",), ["QX-12f", "QX-127"], ["qX-12f", "QX-1ff", "QX-12", "QX_12f", 12, None]),
    ("shape", ("00",), ["42"], ["4²", "٣٣", "4"]),
    ("shape", (), [""], ["x", None]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "right", "wrong"), RULES)
@pytest.mark.parametrize("where", ["set", "field"])
def test_a_rule_stands_in_place_of_equality(
    grader: Grader, where: str, kind: Any, values: Any, right: list[Any], wrong: list[Any]
) -> None:
    rule = Loosening(kind=kind, values=values)
    if where == "set":
        asked = checks([change("stays.S1.note", "other", loose={"": rule})])
        finals = [state(stays__S1__note=value) for value in [*right, *wrong]]
    else:
        loose = {"extras.note": rule}
        record = {"stay_id": "S2", "extras": {"note": "other", "dog": 1}}
        asked = checks([change("stays.S2", record, "add", made=True, loose=loose)])
        finals = [
            state(stays__S5={"stay_id": "S5", "extras": {"note": value, "dog": 1}})
            for value in [*right, *wrong]
        ]
    accepted = [accepts(grader, asked, final) for final in finals]
    assert accepted == [True] * len(right) + [False] * len(wrong)


def test_a_field_beside_a_loosened_one_stays_strict(grader: Grader) -> None:
    loose = {"note": Loosening(kind="text")}
    asked = checks([change("stays.S2", NEW, "add", made=True, loose=loose)])
    assert accepts(grader, asked, state(stays__S2={**NEW, "note": "any"}))
    assert not accepts(grader, asked, state(stays__S2={**NEW, "note": "any", "room_id": "R1"}))


def stay(key: str, note: str) -> State:
    return {"stay_id": key, "note": note}


@pytest.mark.parametrize("keys", [("S2", "S3"), ("S3", "S2")])
@pytest.mark.parametrize(
    ("rules", "notes"),
    [
        ((("apple",), ("pear",)), ("an apple", "a pear")),
        ((("apple",), ("apple", "pear")), ("apple pie", "apple and pear")),
        ((("apple",), None), ("apple", "exactly")),
        ((("a",), None), ("exactly a", "exactly")),
    ],
)
def test_new_records_that_only_rules_tell_apart_are_bound_by_them(
    grader: Grader, keys: tuple[str, str], rules: Any, notes: tuple[str, str]
) -> None:
    asked = checks(
        [
            change(
                f"stays.S{n + 2}", stay(f"S{n + 2}", "exactly"), "add", made=True,
                loose={} if words is None else {"note": Loosening(kind="text", values=words)},
            )
            for n, words in enumerate(rules)
        ]
    )  # fmt: skip
    finals = state(
        **{f"stays__{key}": stay(key, note) for key, note in zip(keys, notes, strict=True)}
    )
    assert accepts(grader, asked, finals)
    spoilt = state(**{f"stays__{key}": stay(key, "plum") for key in keys})
    assert not accepts(grader, asked, spoilt)


@pytest.mark.parametrize("values", [("a",), (None, "3"), (1, "3"), (1, 2, 3)])
def test_a_rule_that_makes_no_sense_is_an_error_and_not_a_verdict(
    grader: Grader, values: Any
) -> None:
    rule = Loosening(kind="between", values=values)
    asked = checks([change("next_stay", 3, loose={"": rule})])
    verdict = score(grader, asked, state(next_stay=3))
    assert verdict.reward is None
    assert "exception" in verdict.error


# ------------------------------------------------------------------ several outcomes

BOOKED = [
    [change("rooms.R1.free", False), change("rooms.R1.guest", "Ada"), change("today", "A", goal=1)],
    [change("rooms.R2.free", False), change("rooms.R2.guest", "Ada"), change("today", "B", goal=1)],
]


@pytest.mark.parametrize(
    ("final", "reward"),
    [
        (state(rooms__R1__free=False, rooms__R1__guest="Ada", today="A"), 1),
        (state(rooms__R2__free=False, rooms__R2__guest="Ada", today="B"), 1),
        (state(rooms__R2__free=False, rooms__R2__guest="Ada", today="A"), 0.5),
        (state(rooms__R1__free=False, rooms__R2__guest="Ada", today="A"), 0),
        (state(rooms__R1__free=False, rooms__R1__guest="Ada"), 0.5),
        (state(today="B"), 0.5),
        (INITIAL, 0),
        (
            state(
                rooms__R1__free=False, rooms__R1__guest="Ada", rooms__R2__free=False,
                rooms__R2__guest="Ada", today="A",
            ),
            0,
        ),
    ],
)  # fmt: skip
def test_accepted_outcomes_are_not_mixed(grader: Grader, final: State, reward: float) -> None:
    assert score(grader, checks(*BOOKED), final).reward == reward


def test_an_extra_outcome_can_only_raise_the_reward(grader: Grader) -> None:
    finals = [state(today="A"), state(rooms__R1__free=False, today="B"), INITIAL]
    for final in finals:
        both, one = (score(grader, checks(*given), final) for given in (BOOKED, BOOKED[:1]))
        assert (both.reward or 0) >= (one.reward or 0)


# ------------------------------------------------------------------ guards and answers

GUARD = ReferenceGuard(text="g", collection="stays", attribute="room_id", target="rooms")
LIST = ReferenceGuard(text="g", collection="rooms", attribute="tags", target="stays")


@pytest.mark.parametrize(
    ("guard", "final", "held"),
    [
        (GUARD, INITIAL, True),
        (GUARD, state(stays__S1__room_id="R9"), False),
        (GUARD, state(stays__S1__room_id=None), True),
        (GUARD, state(stays__S1__room_id=["R1", "R2"]), True),
        (GUARD, state(stays__S1__room_id=["R1", "R9"]), False),
        (GUARD, state(stays__S1__room_id={"id": "R1"}), False),
        (GUARD, state(stays__S1__room_id=[["R1"]]), False),
        (GUARD, without(("rooms", "R1")), False),
        (LIST, INITIAL, False),
        (LIST, state(rooms__R1__tags=["S1"]), True),
    ],
)
def test_a_guard_asks_that_references_resolve(
    grader: Grader, guard: ReferenceGuard, final: State, held: bool
) -> None:
    path = [change("stays.S1.room_id", None, "keep"), change("rooms.R1.tags", None, "keep")]
    verdict = score(
        grader, checks([*path, change("rooms.R1", None, "keep")], guards=(guard,)), final
    )
    assert verdict.guards == held, verdict.error
    assert held or verdict.reward == 0


@pytest.mark.parametrize(
    ("wanted", "given", "right"),
    [
        ("R1", " r1 ", True),
        ("two  rooms", "Two rooms", True),
        ("R1", "R1.", False),
        (2, 2.0, True),
        (2, "2", False),
        (1, True, False),
        (False, False, True),
        (False, 0, False),
        (0, None, False),
        (["R1", "R2"], ["R1", "R2"], True),
        (["R1", "R2"], ["R2", "R1"], False),
        ({"a": 1}, {"a": 1.0}, True),
    ],
)
def test_an_answer_is_a_further_goal(grader: Grader, wanted: Any, given: Any, right: bool) -> None:
    asked = checks([change("next_stay", 3)])
    asked = asked.model_copy(update={"answer": wanted, "goals": ("goal 0", "answer")})
    assert accepts(grader, asked, state(next_stay=3), given) == right
    assert score(grader, asked, INITIAL, given).reward == (0.5 if right else 0)


# ------------------------------------------------------------------ the grader


def test_a_crashed_check_has_no_reward_and_harms_no_neighbour(grader: Grader) -> None:
    asked = checks([change("next_stay", 3)], guards=(GUARD,))
    finals = [state(next_stay=3), state(next_stay=3, stays=[]), state(next_stay=3)]
    scores = grader.scores(asked, [(INITIAL, final, None) for final in finals])
    assert [verdict.reward for verdict in scores] == [1, None, 1]
    assert "AttributeError" in scores[1].error


def test_checks_without_goals_or_outcomes_are_errors(grader: Grader) -> None:
    for empty in (Checks(goals=(), outcomes=()), Checks(goals=("g",), outcomes=())):
        assert score(grader, empty, INITIAL).reward is None


def test_the_specification_counts_the_goals_that_changes_name() -> None:
    asked = checks([change("next_stay", 3, goal=2)])
    assert specification(asked)["goals"] == 3


def test_the_version_of_the_grader_names_the_text_of_the_matcher() -> None:
    assert GRADER.startswith("1-")
    assert len(GRADER) == 10


def test_states_nested_to_wear_the_matcher_out_are_graded_like_others(grader: Grader) -> None:
    stay = {"stay_id": "S2", "room_id": "R2", "note": "", "extras": {}}
    asked = checks([change("stays.S2", stay, "add", made=True)])
    deep: Any = "'\""
    for _ in range(60):
        deep = {"k": deep}
    made = {**INITIAL["stays"], "X1": deep, "X2": {**stay, "extras": deep}}
    for _ in range(4):
        verdict = score(grader, asked, {**INITIAL, "stays": made})
        assert (verdict.reward, verdict.error) == (0.0, "")
    right = {**INITIAL["stays"], "S7": {**stay, "stay_id": "S7"}}
    assert accepts(grader, asked, {**INITIAL, "stays": right})

"""Ideas: thresholds, near-duplicates, a wide choice, and no trace of the order they came in."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.bundled import recording_path
from envscaler.runtime.embedding import Vectors
from envscaler.runtime.errors import ConfigurationError
from envscaler.runtime.ideas import IdeaSettings, merge_ideas, select_ideas
from envscaler.runtime.records import EnvironmentIdea, SourceTask


def idea(
    summary: str,
    introduction: str = "",
    scores: tuple[int, int] = (8, 8),
    tasks: Sequence[str] = (),
) -> EnvironmentIdea:
    return EnvironmentIdea(
        summary=summary,
        introduction=introduction,
        usefulness=scores[0],
        modelability=scores[1],
        tasks=tuple(SourceTask(text=text) for text in tasks),
    )


LIBRARY = idea(
    "A lending library",
    "Members borrow books and return them; loans are extended.",
    tasks=["Return my book."],
)
LIBRARIES = idea(
    "A library that lends books",
    "Books, members and loans; overdue loans are fined.",
    (9, 9),
    ["Extend my loan.", "Return my book."],
)
CLINIC = idea(
    "A dental clinic", "Dentists treat patients by appointment.", tasks=["Move my visit."]
)
WEAK = idea("A poem generator", "Verses.", (9, 6))
POOL = [
    LIBRARY,
    LIBRARIES,
    CLINIC,
    WEAK,
    idea("A parcel depot", "Drivers, tours, stops."),
    idea("Bakery orders", "Cakes are baked to order."),
    idea("", ""),
    idea("図書館", "本の貸出"),
]


def test_near_duplicates_become_the_best_rated_with_the_tasks_of_all() -> None:
    kept, lost = merge_ideas([LIBRARY, CLINIC, LIBRARIES])
    assert {i.summary for i in kept} == {LIBRARIES.summary, CLINIC.summary}
    (joined,) = (i for i in kept if i.summary == LIBRARIES.summary)
    assert {task.text for task in joined.tasks} == {"Extend my loan.", "Return my book."}
    assert len(joined.tasks) == 2
    assert lost == [(LIBRARY, f"near-duplicate of {LIBRARIES.summary!r}")]


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ((7, 7), None),
        ((10, 7), None),
        ((7, 6), "rated too low: modelability 6 of 7"),
        ((6, 7), "rated too low: usefulness 6 of 7"),
        ((1, 1), "rated too low: usefulness 1 of 7"),
    ],
)
def test_both_scores_must_reach_the_threshold(scores: tuple[int, int], reason: str | None) -> None:
    given = idea("A dental clinic", scores=scores)
    assert merge_ideas([given]) == (([given], []) if reason is None else ([], [(given, reason)]))


def test_each_threshold_can_be_set() -> None:
    assert merge_ideas([WEAK], IdeaSettings(least_modelability=6)) == ([WEAK], [])
    assert merge_ideas([LIBRARIES], IdeaSettings(least_usefulness=10))[0] == []
    assert len(merge_ideas([LIBRARY, LIBRARIES], IdeaSettings(similar=0.99))[0]) == 2
    assert len(merge_ideas([LIBRARY, CLINIC], IdeaSettings(similar=0))[0]) == 1


def test_a_weak_idea_lends_its_tasks_to_nobody() -> None:
    weak = LIBRARY.model_copy(update={"usefulness": 3})
    kept, _ = merge_ideas([weak, LIBRARIES])
    assert kept == [LIBRARIES.model_copy(update={"tasks": kept[0].tasks})]
    assert {task.text for task in kept[0].tasks} == {task.text for task in LIBRARIES.tasks}


def test_words_that_every_idea_uses_make_no_duplicates() -> None:
    users = "Users and staff of the system; the system tracks records and enforces constraints."
    kept, lost = merge_ideas([idea("A dental clinic", users), idea("A bakery", users)])
    assert (len(kept), lost) == (2, [])


def test_nothing_comes_of_nothing() -> None:
    assert merge_ideas([]) == ([], [])


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(POOL), max_size=8).flatmap(
        lambda ideas: st.tuples(st.just(ideas), st.permutations(ideas))
    )
)
def test_the_order_of_ideas_does_not_count(
    pair: tuple[list[EnvironmentIdea], list[EnvironmentIdea]],
) -> None:
    one, other = pair
    assert merge_ideas(one) == merge_ideas(other)


@settings(deadline=None)
@given(st.lists(st.sampled_from(POOL), max_size=8))
def test_no_idea_and_no_task_of_a_good_one_is_lost(ideas: list[EnvironmentIdea]) -> None:
    kept, lost = merge_ideas(ideas)
    assert len(kept) + len(lost) == len(ideas)
    good = [i for i in ideas if min(i.usefulness, i.modelability) >= 7]
    assert {t.id for i in kept for t in i.tasks} == {t.id for i in good for t in i.tasks}
    assert merge_ideas(kept)[0] == kept


def test_systems_of_different_domains_that_all_take_bookings_stay_apart() -> None:
    told = {
        "Hotel reservation system": "keeps record of rooms, guests and bookings. Front desk staff "
        "use it to find free rooms, make, change and cancel bookings and take payments.",
        "Restaurant reservation system": "keeps record of tables, guests and bookings. Hosts use "
        "it to find free tables, make, change and cancel bookings and note requests.",
        "Flight booking system": "keeps record of flights, seats, passengers and bookings. Agents "
        "use it to search flights, book seats, change and cancel bookings and refund fares.",
    }
    ideas = [
        EnvironmentIdea(
            summary=summary,
            introduction=f"A {summary.lower()} {introduction}",
            usefulness=8,
            modelability=8,
            tasks=(SourceTask(text=summary),),
        )
        for summary, introduction in told.items()
    ]
    kept, dropped = merge_ideas(ideas)
    assert {idea.summary for idea in kept} == set(told)
    assert dropped == []


def recorded_ideas() -> list[EnvironmentIdea]:
    answers = [json.loads(line) for line in recording_path().read_text().splitlines()]
    found = []
    for answer in answers:
        if answer["step"] == "mine tasks":
            (ideas,) = re.findall(
                r"\[\[ ## ideas ## \]\]\n(.*?)\n\n\[\[", answer["completion"], re.S
            )
            found += [
                EnvironmentIdea.model_validate({**idea, "tasks": ()}) for idea in json.loads(ideas)
            ]
    return found


def test_the_recorded_ideas_are_of_four_domains() -> None:
    ideas = recorded_ideas()
    kept, _ = merge_ideas(ideas)
    assert len(ideas) >= 12
    domains = ["food bank", "theatre", "tool library", "veterinary"]
    assert [sum(d in i.summary.lower() for i in kept) for d in domains] == [1, 1, 1, 1]
    assert len(kept) == 4


@settings(deadline=None)
@given(st.lists(st.sampled_from(POOL), min_size=1, max_size=8), st.data())
def test_ideas_of_equal_wording_always_become_one(
    ideas: list[EnvironmentIdea], data: st.DataObject
) -> None:
    doubled = data.draw(st.sampled_from(ideas))
    other = doubled.model_copy(update={"introduction": f"{doubled.introduction.upper()}  "})
    kept, _ = merge_ideas([*ideas, other])
    assert len(kept) == len(merge_ideas(ideas)[0])


# ------------------------------------------------------------------ many ideas, given vectors


def spread(points: Sequence[Sequence[float]]) -> tuple[list[EnvironmentIdea], Vectors]:
    """Ideas that `placed` embeds at the points, brought to length 1."""
    found = np.asarray(points, dtype=np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    ideas = [
        idea(f"idea {json.dumps(row)}", "", (7 + n % 4, 8)) for n, row in enumerate(found.tolist())
    ]
    return ideas, found


def placed(texts: Sequence[str]) -> Vectors:
    rows = [json.loads(text[text.index("[") : text.index("]") + 1]) for text in texts]
    return np.asarray(rows, dtype=np.float32)


def where(ideas: Sequence[EnvironmentIdea]) -> Vectors:
    return placed([i.summary for i in ideas])


def radius(centers: Vectors, points: Vectors) -> float:
    """The farthest that any point is from the nearest center."""
    apart = np.linalg.norm(points[:, None] - centers[None], axis=2)
    return float(apart.min(axis=1).max())


POINTS = st.lists(
    st.tuples(*[st.integers(-9, 9)] * 3).filter(any), min_size=1, max_size=8, unique=True
)


def test_every_duplicate_is_near_what_it_was_merged_into_and_what_is_kept_lies_apart() -> None:
    ideas, _ = spread(np.random.default_rng(0).normal(size=(2500, 5)).tolist())
    kept, lost = merge_ideas(ideas, IdeaSettings(similar=0.9), placed)
    assert 0 < len(lost) < 2500 == len(kept) + len(lost)
    found = where(kept)
    assert (np.triu(found @ found.T, 1) < 0.9).all()
    leaders = placed([reason for _, reason in lost])
    assert ((where([i for i, _ in lost]) * leaders).sum(axis=1) >= 0.9 - 1e-6).all()
    assert {reason.split("'")[1] for _, reason in lost} <= {i.summary for i in kept}


def test_as_many_ideas_as_are_wanted_are_all_kept() -> None:
    kept, lost = select_ideas(POOL, len(POOL))
    assert {i.id for i in kept} == {i.id for i in POOL}
    assert lost == []
    assert select_ideas([], 3) == ([], [])


def test_the_best_rated_is_chosen_and_then_the_other_domains() -> None:
    near = [idea("A library", f"Books are lent, case {n}.", (7, 7)) for n in range(4)]
    best, clinic = idea("A library", "Books.", (9, 9)), CLINIC
    kept, lost = select_ideas([*near, clinic, best], 2)
    assert {i.id for i in kept} == {best.id, clinic.id}
    assert {reason for _, reason in lost} == {
        "not needed to cover the domains: nearest to 'A library'"
    }


def test_of_ideas_equally_far_off_the_best_rated_is_chosen() -> None:
    far = [idea(f"far {row}", scores=(7, 7 + n)) for n, row in enumerate(["[0, 1]", "[0.02, 1]"])]
    first = idea("first [1, 0]", scores=(10, 10))
    assert {i.id for i in select_ideas([first, *far], 2, placed)[0]} == {first.id, far[1].id}


@pytest.mark.parametrize("count", [0, -1])
def test_fewer_than_one_idea_cannot_be_wanted(count: int) -> None:
    with pytest.raises(ConfigurationError, match="give at least 1"):
        select_ideas(POOL, count)


@settings(deadline=None)
@given(st.lists(st.sampled_from(POOL), max_size=8), st.integers(1, 8), st.data())
def test_a_choice_does_not_depend_on_the_order_and_loses_nothing(
    ideas: list[EnvironmentIdea], count: int, data: st.DataObject
) -> None:
    kept, lost = select_ideas(ideas, count)
    assert select_ideas(data.draw(st.permutations(ideas)), count) == (kept, lost)
    assert len(kept) == min(count, len(ideas))
    assert sorted(i.id for i in [*kept, *(i for i, _ in lost)]) == sorted(i.id for i in ideas)


@settings(deadline=None)
@given(POINTS, st.integers(1, 4))
def test_no_pick_of_as_many_ideas_covers_more_than_about_twice_as_closely(
    points: list[tuple[int, int, int]], count: int
) -> None:
    ideas, found = spread(points)
    kept, _ = select_ideas(ideas, count, placed)
    best = min(
        radius(found[list(pick)], found) for pick in combinations(range(len(found)), len(kept))
    )
    assert radius(where(kept), found) <= 2 / 0.95 * best + 1e-3


def test_a_choice_covers_more_closely_than_random_picks_do() -> None:
    ideas, found = spread(np.random.default_rng(1).normal(size=(300, 4)).tolist())
    kept, _ = select_ideas(ideas, 20, placed)
    picks = [random.Random(seed).sample(range(300), 20) for seed in range(100)]
    assert radius(where(kept), found) < min(radius(found[pick], found) for pick in picks)

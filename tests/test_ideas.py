"""Merging of ideas: thresholds, near-duplicates, and no trace of the order they came in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.ideas import LEAST_SCORE, merge_ideas
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
WEAK = idea("A poem generator", "Verses.", (9, LEAST_SCORE - 1))
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
    ("scores", "kept"),
    [((7, 7), True), ((10, 7), True), ((7, 6), False), ((6, 7), False), ((10, 1), False)],
)
def test_both_scores_must_reach_the_threshold(scores: tuple[int, int], kept: bool) -> None:
    good, lost = merge_ideas([idea("A dental clinic", scores=scores)])
    assert bool(good) == kept
    assert [reason for _, reason in lost] == (
        [] if kept else [f"rated too low: usefulness {scores[0]}, modelability {scores[1]} of 7"]
    )


def test_the_threshold_can_be_set() -> None:
    assert merge_ideas([WEAK], least=6) == ([WEAK], [])
    assert merge_ideas([LIBRARIES], least=10)[0] == []


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


@given(st.lists(st.sampled_from(POOL), max_size=8))
def test_no_idea_and_no_task_of_a_good_one_is_lost(ideas: list[EnvironmentIdea]) -> None:
    kept, lost = merge_ideas(ideas)
    assert len(kept) + len(lost) == len(ideas)
    good = [i for i in ideas if min(i.usefulness, i.modelability) >= LEAST_SCORE]
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

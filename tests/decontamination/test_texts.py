from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.decontamination import Decontaminator, Limits
from envscaler.runtime.decontamination.fingerprints import grams, words
from envscaler.runtime.decontamination.signatures import Benchmark, item
from envscaler.runtime.records import EnvironmentIdea, Scenario, SourceTask, UserProfile

WORD = st.text("abcdefghij", min_size=1, max_size=6)
TEXT = st.lists(WORD, min_size=5, max_size=60).map(" ".join)


def benchmark(*texts: str) -> Benchmark:
    return Benchmark("B", "here", tuple(item(f"t{n}", [t]) for n, t in enumerate(texts)), ())


def swapped(text: str, every: int) -> str:
    """The text with every so many words replaced."""
    return " ".join("otter" if n % every == 3 else w for n, w in enumerate(text.split()))


@given(TEXT)
def test_a_text_overlaps_itself_fully(text: str) -> None:
    overlaps = Decontaminator([benchmark(text)]).task(text)
    assert overlaps and {overlap.value for overlap in overlaps} == {1.0}
    assert all(overlap.over for overlap in overlaps)


@given(TEXT, TEXT)
def test_texts_without_a_common_word_do_not_overlap(left: str, right: str) -> None:
    other = right.translate(str.maketrans("abcdefghij", "klmnopqrst"))
    assert Decontaminator([benchmark(left)]).task(other) == ()


@settings(max_examples=40)
@given(st.lists(TEXT, min_size=2, max_size=6, unique=True), TEXT, st.randoms())
def test_the_order_of_items_does_not_matter(texts: list[str], text: str, random: Random) -> None:
    known = benchmark(*texts)
    items = list(known.items)
    random.shuffle(items)
    turned = Benchmark(known.name, known.origin, tuple(items), ())
    asked = f"{texts[0]} {text}"
    assert Decontaminator([turned]).task(asked) == Decontaminator([known]).task(asked)


@given(TEXT, TEXT)
def test_a_share_lies_between_nothing_and_all(left: str, right: str) -> None:
    for overlap in Decontaminator([benchmark(left)]).task(f"{right} {left[: len(left) // 2]}"):
        assert 0 < overlap.value <= 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don't stop, mia_li_3668!", ["don", "t", "stop", "mia", "li", "3668"]),
        ("ＦＵＬＬ width", ["full", "width"]),
        ("Straße", ["strasse"]),
        ("取消 order 12", ["取", "消", "order", "12"]),
        ("…", []),
    ],
)
def test_words_are_letters_and_digits_in_one_case(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_text_has_one_run_of_words_from_each_place() -> None:
    assert len(grams("a b c d e f g", 5)) == 3
    assert grams("a b c d", 5) == frozenset()


def test_every_task_of_a_benchmark_is_refused(
    known: Decontaminator, tasks: tuple[str, ...]
) -> None:
    for n, text in enumerate(tasks):
        refusal = known.refusal(SourceTask(text=text))
        assert refusal.startswith("decontaminated: 100 % of the runs of ")
        assert f"Lighthouse task {n} (limit " in refusal


@pytest.mark.parametrize(
    "edited",
    [
        lambda text: swapped(text, 9),
        lambda text: f"{text} Then feed the cat, sweep the stairs and go to bed.",
        lambda text: f"Good morning, I hope the night was calm over there. {text}",
        lambda text: text.upper().replace(" ", "\n"),
        lambda text: text.replace("Monday", "Friday").replace("twelve", "seven"),
    ],
)
def test_a_light_edit_is_refused(
    edited: Callable[[str], str], known: Decontaminator, tasks: tuple[str, ...]
) -> None:
    for text in tasks:
        assert known.refusal(SourceTask(text=edited(text))), edited(text)


def test_another_task_of_the_same_domain_is_not_refused(known: Decontaminator) -> None:
    text = "The lamp of the northern tower is broken: order a new one and tell the keeper when."
    assert known.refusal(SourceTask(text=text)) == ""


def test_few_common_words_are_no_evidence(known: Decontaminator, tasks: tuple[str, ...]) -> None:
    shared = " ".join(tasks[0].split()[:7])
    text = f"{shared} because the harbour said so"
    assert known.refusal(SourceTask(text=text)) == ""
    strict = Decontaminator(known.benchmarks, Limits(runs=1))
    assert "of five words" in strict.refusal(SourceTask(text=text))


def test_an_idea_is_refused_for_one_of_its_tasks(
    known: Decontaminator, tasks: tuple[str, ...]
) -> None:
    clean = EnvironmentIdea(
        summary="A bakery", introduction="It bakes bread.", usefulness=8, modelability=8,
        tasks=(SourceTask(text="Bake four loaves of rye for the Saturday market, please."),),
    )  # fmt: skip
    assert known.refusal(clean) == ""
    assert known.idea(clean) == ()
    stained = clean.model_copy(update={"tasks": (*clean.tasks, SourceTask(text=tasks[2]))})
    assert "Lighthouse task 2" in known.refusal(stained)
    told = clean.model_copy(update={"introduction": f"A place where one can: {tasks[4]}"})
    assert "Lighthouse task 4" in known.refusal(told)


def test_a_scenario_is_refused_for_what_its_user_wants(
    known: Decontaminator, tasks: tuple[str, ...]
) -> None:
    scenario = Scenario.model_validate(
        {"environment": "env_1", "initial_state": {}, "task": "Help the caller.",
         "solutions": [], "checks": {"goals": [], "outcomes": []}}
    )  # fmt: skip
    assert known.refusal(scenario) == ""
    user = UserProfile(knows="The hour.", wants=tasks[1])
    assert "Lighthouse task 1" in known.refusal(scenario.model_copy(update={"user": user}))

"""Sifting: what falls out before a model is asked, why, and what must stay."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.errors import ConfigurationError
from envscaler.runtime.readers import read_tasks
from envscaler.runtime.records import SourceTask
from envscaler.runtime.sifting import Sifted, Sifting, sift


def sifted(texts: Sequence[str], **settings: object) -> Sifted:
    tasks = [SourceTask(text=text, origin=f"t:{n}") for n, text in enumerate(texts, start=1)]
    return sift(tasks, Sifting(**settings))  # type: ignore[arg-type]


def reason(text: str, **settings: object) -> str | None:
    dropped = sifted([text], **settings).dropped
    return dropped[0][1] if dropped else None


def test_the_bundled_tasks_all_stay() -> None:
    assert sift(read_tasks()) == (read_tasks(), ())


def test_nothing_comes_of_nothing() -> None:
    assert sift([]) == ((), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Do.", "too short: 3 characters of 20"),
        ("word " * 1000, "too long: 4999 characters of 4000"),
        ("12 + 30 = 42; 7 * 6 = 42; ???", "no words: nothing but signs and digits"),
        (
            "\u2605\u2605\u2605\u2605 --- *** --- \u2605\u2605\u2605\u2605",
            "no words: nothing but signs and digits",
        ),
    ],
)
def test_texts_of_unfit_form_fall_out(text: str, says: str) -> None:
    assert reason(text) == says


def test_lengths_can_be_set() -> None:
    assert reason("Do it.", least=6, most=6) is None
    assert reason("Do it.", least=7) == "too short: 6 characters of 7"
    assert reason("Do it.", least=1, most=5) == "too long: 6 characters of 5"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("Count the people in the attached photo and tell me.", "attached photo"),
        ("Look at the picture below and name every bird.", "picture below"),
        ("What does the sign in this image say in English?", "in this image"),
        ("Transcribe this audio recording into plain text.", "Transcribe this audio recording"),
        ("<image> How many dogs are there on the sofa?", "<image>"),
        ("Describe ![a chart](chart.png) in three sentences.", "![a chart]("),
    ],
)
def test_texts_about_an_input_that_is_no_text_fall_out(text: str, match: str) -> None:
    assert reason(text) == f"about more than text: {match!r}"


@pytest.mark.parametrize(
    "text",
    [
        "Add two images to the gallery of the hotel and publish it.",
        "Delete the oldest video of my channel, but keep its comments.",
        "Order prints of photo 17 and pay with my voucher.",
        "Update my account with the following profile picture: https://a.example/me.png",
    ],
)
def test_texts_about_stored_images_stay(text: str) -> None:
    assert reason(text) is None


# ------------------------------------------------------------------ languages

FOREIGN = {
    "de": "Bitte stornieren Sie meine Buchung für Freitag und erstatten Sie mir den Betrag.",
    "fr": "Réserve une table pour quatre personnes samedi soir et préviens le restaurant.",
    "es": "Cancela mi cita con el dentista y reserva otra para el lunes por la mañana.",
    "pt": "Por favor cancele a reserva do hotel e devolva o pagamento ao cliente.",
    "pl": "Zarezerwuj stolik dla czterech osób na sobotę wieczorem i powiadom restaurację o tym.",
    "ru": "Отмените моё бронирование на пятницу и верните деньги на мою карту до понедельника.",
    "zh": "请帮我取消周五的预订，并把款项退回我的银行卡。",
    "ja": "予約をキャンセルして、返金してください。来週の月曜日に変更したいです。",
}


@pytest.mark.parametrize("code", FOREIGN)
def test_other_languages_fall_out_unless_asked_for(code: str) -> None:
    assert reason(FOREIGN[code]) == f"another language: {code}, not en"
    assert reason(FOREIGN[code], languages=("en", code)) is None
    assert reason(FOREIGN[code], languages=()) is None


@pytest.mark.parametrize(
    "text",
    [
        "Reserve Café de Flore for Zoë",
        "Translate 'guten Morgen, wie geht es Ihnen' for me",
        "Play La Vie en Rose by Edith Piaf on Spotify, please",
        "Move Mr Kowalczyk's visit from Łódź to Kraków",
        "Ship 20 kg Lindt Schokolade to Bahnhofstrasse 12, Zürich, and Gruyère cheese to Genève",
    ],
)
def test_short_texts_and_foreign_names_are_not_misjudged(text: str) -> None:
    assert reason(text) is None


def test_an_english_text_falls_out_where_another_language_is_wanted() -> None:
    text = "Please cancel my booking for Friday and refund the amount to my credit card."
    assert reason(text, languages=("fr", "de")) == "another language: en, not fr or de"


# ------------------------------------------------------------------ near-duplicates

REFUND = "Refund order 1182 to the customer's card and send her a short note about it"


def test_the_first_of_near_duplicates_stays() -> None:
    other = REFUND.upper().replace("1182", "97") + "!"
    kept, dropped = sifted([REFUND, "Book the small hall for the choir on Monday", other, REFUND])
    assert [task.origin for task in kept] == ["t:1", "t:2"]
    assert [(task.origin, why) for task, why in dropped] == [
        ("t:3", "near-duplicate of t:1: 100% alike"),
        ("t:4", "near-duplicate of t:1: 100% alike"),
    ]


def test_the_threshold_of_near_duplicates_can_be_set() -> None:
    changed = REFUND.replace("short", "long")
    assert len(sifted([REFUND, changed]).kept) == 1
    assert len(sifted([REFUND, changed], similar=0.95).kept) == 2
    assert len(sifted([REFUND, REFUND], similar=1).kept) == 1


def test_near_duplicates_are_found_in_scripts_without_spaces_too() -> None:
    told = FOREIGN["zh"]
    kept, dropped = sifted([told, told.replace("周五", "周三")], languages=("zh",))
    assert (len(kept), len(dropped)) == (1, 1)


def test_a_task_that_fell_out_before_hides_no_later_one() -> None:
    text = "Look at the attached photo and book the room that it shows for Monday"
    kept, _ = sifted([text, text.replace("attached photo", "floor plan")], similar=0.5)
    assert [task.origin for task in kept] == ["t:2"]


WORDS = ["book", "hall", "refund", "choir", "12", "Monday", "the", "card", "图", "note"]
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join), max_size=8
)


@settings(deadline=None, max_examples=50)
@given(TEXTS)
def test_each_task_comes_out_once_in_its_order_and_a_second_time_changes_nothing(
    texts: list[str],
) -> None:
    kept, dropped = sifted(texts)
    assert sorted(t.origin for t in [*kept, *(t for t, _ in dropped)]) == [
        f"t:{n}" for n in range(1, len(texts) + 1)
    ]
    assert list(kept) == sorted(kept, key=lambda task: task.origin)
    assert sift(kept) == (kept, ())


@settings(deadline=None, max_examples=50)
@given(TEXTS.filter(bool))
def test_what_is_given_again_is_always_dropped(texts: list[str]) -> None:
    assert len(sifted(texts * 2).kept) == len(sifted(texts).kept)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"similar": 0}, "similar is 0: give more than 0"),
        ({"similar": 1.5}, "similar is 1.5"),
        ({"least": 9, "most": 8}, "least is 9 and most 8"),
        ({"least": -1}, "least is -1"),
        ({"languages": ("english",)}, "the language 'english' is unknown: give ISO 639-1"),
    ],
)
def test_settings_that_cannot_be_kept_are_refused(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        sifted(["Book a hall for the choir."], **settings)

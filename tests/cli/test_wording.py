from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.cli.wording import (
    clean,
    counted,
    duration,
    money,
    one_line,
    shown,
    thousands,
)

ANY = st.text(st.characters(codec=None), max_size=60)


@given(ANY)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    left = {unicodedata.category(char) for char in clean(text) if char not in "\n\t"}
    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    assert clean(clean(text)) == clean(text)


@given(ANY, st.integers(1, 40))
def test_one_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit and len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x9b31mred", "31mred"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("left\u202eright", "leftright"),
        ("\x07\x00bell", "bell"),
        ("naïve 👩‍🔧 [bold]", "naïve 👩‍🔧 [bold]"),
    ],
)
def test_text_is_cleaned(given: str, expected: str) -> None:
    assert clean(given) == expected


def test_values_are_shown_as_json_on_one_line() -> None:
    assert shown({"a": ["b\n\x1b", None]}) == '{"a": ["b\\n\\u001b", null]}'


def test_figures_are_short() -> None:
    assert [thousands(n) for n in (0, 999, 3400, 1_200_000)] == ["0", "999", "3.4k", "1.2M"]
    assert [duration(s) for s in (7, 760.4, 7395)] == ["0:07", "12:40", "2:03:15"]
    assert counted(1, "tool") == "1 tool" and counted(2, "tool") == "2 tools"
    costs = [(0.0, 3, 0), (0.01234, 3, 0), (12.5, 3, 1), (0.0, 3, 3)]
    assert [money(*cost) for cost in costs] == ["$0", "$0.0123", "at least $12.50", "price unknown"]

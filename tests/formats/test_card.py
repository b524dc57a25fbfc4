"""The dataset card says what is in the export, and nothing that changes with time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envscaler.runtime.formats.card import card
from envscaler.runtime.formats.export import Export


def front_matter(text: str) -> str:
    assert text.startswith("---\n")
    return text.split("---\n")[1]


def test_the_card_counts_what_is_there(export: Export) -> None:
    text = card(export, left_out=1)
    assert "| environments | 1 | 1 admitted by inspection |" in text
    assert "| scenarios | 2 | 1 with a certificate that holds |" in text
    assert "| trajectories | 2 | mean reward 1.000, 1 masked |" in text
    assert "| tools per environment | 3 | 3.0 | 3 |" in text
    assert "| sharp: strict paths | 1 of 1 | 20 | 19 | 95.0% |" in text
    assert "1 of the 2 scenarios are not in it" in text
    assert "`i1`" in text and "`g1`" in text


def test_only_tables_with_rows_are_configs(export: Export) -> None:
    assert "config_name: trajectories" in front_matter(card(export, 0))
    assert "trajectories" not in front_matter(card(replace(export, trajectories=()), 0))
    assert "configs" not in front_matter(card(Export(), 0))


def test_an_empty_export_has_a_card() -> None:
    text = card(Export(), 0)
    assert "No certificates" in text
    assert "Written by: not recorded. Graded by: not recorded." in text


@pytest.mark.parametrize(
    ("copies", "category"), [(1, "n<1K"), (1_000, "1K<n<10K"), (10_000, "10K<n<100K")]
)
def test_the_size_category_is_that_of_the_largest_table(
    export: Export, copies: int, category: str
) -> None:
    sized = replace(export, environments=export.environments * copies)
    assert f"size_categories:\n- {category}\n" in card(sized, 0)

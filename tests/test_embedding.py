"""Embeddings without a model: TF-IDF over the words of a domain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.embedding import open_embedder, tfidf


@settings(deadline=None)
@given(st.lists(st.text("ab sn図書館, 1", max_size=12), max_size=6))
def test_rows_are_of_length_one_or_all_zero(texts: list[str]) -> None:
    vectors = tfidf(texts)
    assert vectors.dtype == np.float32
    assert len(vectors) == len(texts)
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.logical_or(np.isclose(lengths, 1), lengths == 0).all()


def test_texts_of_one_domain_are_nearer_than_texts_of_two() -> None:
    loan, loans, tooth = tfidf(
        [
            "A library lends books.",
            "Library of books that readers borrow.",
            "A dentist pulls teeth.",
        ]
    )
    assert loan @ loans > 0.2 > loan @ tooth


def test_words_of_every_system_and_endings_do_not_count() -> None:
    plain, dressed = tfidf(["parcel", "The system keeps track of parcels and their bookings"])
    assert plain @ dressed == pytest.approx(1)


def test_words_of_any_script_count() -> None:
    left, right, other = tfidf(["図書館", "図書館", "動物園"])
    assert left @ right == pytest.approx(1)
    assert left @ other == 0


def test_columns_are_limited() -> None:
    letters = "abcdefghijklmnopqr"
    words = [a + b + c for a in letters for b in letters for c in letters]
    assert tfidf([" ".join(words)]).shape == (1, 4096)


def test_the_name_opens_it() -> None:
    assert open_embedder() is tfidf
    assert open_embedder("tfidf") is tfidf

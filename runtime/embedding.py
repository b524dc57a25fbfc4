"""Embeddings: texts as vectors whose product says how alike they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .models import ModelSettings

Vectors = NDArray[np.float32]
"""(n, d): one row of length 1 for each text, all zeros for a text without words."""
Embedder = Callable[[Sequence[str]], Vectors]
"""Embeds texts; the rows of one call are comparable with one another, not with another call's."""

TFIDF = "tfidf"
"""The embedder that needs no model."""
_MOST_WORDS = 4096
"""Columns of TF-IDF at most, so that 30,000 texts take half a gigabyte."""
_STOP = frozenset(
    "a an and are as at be by for from in into is it its of on or that the their them they this to "
    "with who which while can may must also each such same once every all any one no not only "
    "system systems management record records recorded keep keeps kept track tracks user users use "
    "uses staff customer customers operation operations constraint constraints rule rules enforce "
    "enforces follow offer offers make take find look search list add update change cancel move "
    "create register booking bookings book booked reservation reservations reserve reserved "
    "appointment appointments scheduling schedule order orders service services platform online "
    "date dates time day days status".split()
)
"""Words that any system of records is described with; they tell no domain from another."""
_ENDING = re.compile(r"(?:ies|es|s|ing|ed|y|e)$")


def open_embedder(name: str = TFIDF, settings: ModelSettings | None = None) -> Embedder:
    """The embedder of a name: `tfidf`, or a hosted model such as `openai/text-embedding-3-small`.

    The settings give a hosted model its address, key, timeout and retries.

    Raises:
        ConfigurationError: the model's provider is unknown, or its key is missing.
    """
    if name == TFIDF:
        return tfidf
    from .models import ModelSettings
    from .models.embedding import HostedEmbedder

    return HostedEmbedder(name, settings or ModelSettings())


def tfidf(texts: Sequence[str]) -> Vectors:
    """Logarithmic TF-IDF over the words of a domain, endings cut off (Salton and Buckley 1988)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(map(_words, texts)):
        return np.zeros((len(texts), 1), dtype=np.float32)
    weigh = TfidfVectorizer(
        analyzer=_words, sublinear_tf=True, max_features=_MOST_WORDS, dtype=np.float32
    )
    vectors: Vectors = weigh.fit_transform(texts).toarray()
    return vectors


def _words(text: str) -> list[str]:
    words = (word for word in re.findall(r"[^\W\d_]{3,}", text.lower()) if word not in _STOP)
    stems = (_ENDING.sub("", word) for word in words)
    return [stem for stem in stems if stem not in _STOP]

"""Environments of a data set that are too much alike to count as two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from ..records import Environment, Part
from .fingerprints import Tokens, schema_shape, schema_signature, tool_shape, tool_signature
from .schema import schema_of
from .similarity import jaccards

if TYPE_CHECKING:
    from .similarity import Matrix

SAME_WORDS = 0.3
"""Similarity of signatures from which two environments have one domain. Of 26 environments (15
recorded plans, of which seven domains were planned twice, and 11 others), two of one domain had at
least 0.36 and two of different domains at most 0.19."""
SAME_SHAPE = 0.4
"""Similarity of shapes from which one environment is taken for a copy of the other in other words.
Of the same environments, two of different domains had at most 0.12 and two of one domain at most
0.26; a copy with all names changed, one more attribute and two tools less had at least 0.55, and
0.44 where that was a quarter of the tools."""


class NearDouble(Part):
    """Two environments that are too much alike."""

    first: int
    """The places of the two among the compared environments."""
    second: int
    names: tuple[str, str]
    """Their class names."""
    words: float
    """Mean similarity of their signatures, in [0, 1]."""
    shape: float | None
    """Mean similarity of their shapes; None where one has no entities to go by."""
    by: Literal["words", "shape"]
    """What they were found by: the same words, or the same shape under other words."""


def near_doubles(
    environments: Sequence[Environment], limit: float = SAME_WORDS
) -> tuple[NearDouble, ...]:
    """The pairs whose state and tools are too much alike, the most alike first.

    A pair is one when its signatures have a similarity of at least `limit`, in [0, 1]: the mean of
    state and tools, or that of the tools where one has no known state. Or when its shapes have one
    of at least `SAME_SHAPE`, as those of a copy with all names changed. Shapes are compared only
    where both have entities: tools without known records look alike by chance.
    """
    named = _mean(environments, (schema_signature, tool_signature))
    formed = _mean(environments, (schema_shape, tool_shape))
    has_entities = [bool(schema_of(environment).entities) for environment in environments]
    found: list[NearDouble] = []
    for n, m in combinations(range(len(environments)), 2):
        shape = round(float(formed[n, m]), 6) if has_entities[n] and has_entities[m] else None
        if (alike := named[n, m] >= limit) or (shape is not None and shape >= SAME_SHAPE):
            pair = NearDouble(
                first=n,
                second=m,
                names=(environments[n].class_name, environments[m].class_name),
                words=round(float(named[n, m]), 6),
                shape=shape,
                by="words" if alike else "shape",
            )
            found.append(pair)
    return tuple(sorted(found, key=lambda pair: -max(pair.words, pair.shape or 0.0)))


def _mean(
    environments: Sequence[Environment], sides: Sequence[Callable[[Environment], Tokens]]
) -> Matrix:
    """By pair: the mean similarity in what both have tokens of; 0 where there is nothing."""
    import numpy as np

    total = np.zeros((len(environments), len(environments)))
    compared = np.zeros_like(total)
    for side in sides:
        bags = [side(environment) for environment in environments]
        known = np.array([bool(bag) for bag in bags], dtype=float)
        both = np.outer(known, known)
        total += jaccards(bags) * both
        compared += both
    return total / np.maximum(compared, 1)

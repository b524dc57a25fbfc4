"""How alike environments are, seen from three sides, and how many different ones there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..records import Environment, Part
from .fingerprints import Tokens, schema_signature, tool_signature
from .words import words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

View = Literal["description", "schema", "tools"]
VIEWS: tuple[View, ...] = ("description", "schema", "tools")


class Neighbour(Part):
    """The environment that is most like another one."""

    index: int
    """Its place among the compared environments."""
    similarity: float


class Diversity(Part):
    """How different environments are in one view."""

    view: View
    environments: int
    """How many could be compared: the others have nothing in this view."""
    mean_distance: float | None
    """Mean of 1 - similarity over all pairs, in [0, 1]; None with fewer than two environments."""
    vendi: float | None
    """Vendi score, from 1 (all alike) to `environments` (nothing shared); None without any."""


@dataclass(frozen=True)
class Similarities:
    """Symmetric matrices of similarities in [0, 1], with 1 on the diagonal.

    `description` is the cosine of TF-IDF vectors of summary and introduction (Salton and Buckley
    1988); `schema` and `tools` are the weighted Jaccard similarity of the signatures (Ruzicka
    1958): the sum of the smaller over the sum of the larger counts. An environment that has nothing
    in a view is like no other there, and counts neither for its diversity nor as a neighbour.
    """

    names: tuple[str, ...]
    """Class names, in the order of rows and columns."""
    description: Matrix
    schema: Matrix
    tools: Matrix
    known: dict[View, tuple[bool, ...]]
    """By view: which environments have something there."""

    def matrix(self, view: View) -> Matrix:
        return {"description": self.description, "schema": self.schema, "tools": self.tools}[view]

    def nearest(self, view: View) -> tuple[Neighbour | None, ...]:
        """The nearest neighbour of each environment, the first of several; None without any."""
        matrix = self.matrix(view)
        known = [n for n, something in enumerate(self.known[view]) if something]
        found: list[Neighbour | None] = [None] * len(self.names)
        for n in known if len(known) > 1 else ():
            best = max((m for m in known if m != n), key=matrix[n].__getitem__)
            found[n] = Neighbour(index=best, similarity=round(float(matrix[n, best]), 6))
        return tuple(found)

    def diversity(self, view: View) -> Diversity:
        import numpy as np

        known = np.flatnonzero(self.known[view])
        matrix = self.matrix(view)[np.ix_(known, known)]
        pairs = matrix[np.triu_indices(len(known), k=1)]
        return Diversity(
            view=view,
            environments=len(known),
            mean_distance=round(float(1 - pairs.mean()), 6) if len(pairs) else None,
            vendi=round(vendi_score(matrix), 6) if len(known) else None,
        )


def similarities(environments: Sequence[Environment]) -> Similarities:
    """Compare environments with each other in the three views."""
    described = [_described(environment) for environment in environments]
    schemas = [schema_signature(environment) for environment in environments]
    tools = [tool_signature(environment) for environment in environments]
    return Similarities(
        names=tuple(environment.class_name for environment in environments),
        description=_cosines(described),
        schema=jaccards(schemas),
        tools=jaccards(tools),
        known={
            "description": tuple(map(bool, described)),
            "schema": tuple(map(bool, schemas)),
            "tools": tuple(map(bool, tools)),
        },
    )


def vendi_score(matrix: Matrix) -> float:
    """How many different items there are, in effect (Friedman and Dieng 2023, "The Vendi Score").

    exp(-Σ λ ln λ) over the eigenvalues λ of K/n, where K is the n x n matrix of similarities:
    symmetric, positive semidefinite, 1 on the diagonal. From 1 (all alike) to n (all different).
    """
    import numpy as np

    values = np.linalg.eigvalsh(matrix / len(matrix))
    values = values[values > 1e-12]  # none is negative but by rounding, and 0 ln 0 is 0
    return float(np.exp(-(values * np.log(values)).sum()))


def jaccards(bags: Sequence[Tokens]) -> Matrix:
    """The weighted Jaccard similarity of each pair of multisets; of two empty ones it is 0."""
    import numpy as np

    # A token that stands three times is three tokens of a set: then products of rows count what
    # two multisets share.
    sets = [
        {f"{token} {n}": 1 for token, count in bag.items() for n in range(count)} for bag in bags
    ]
    if not any(sets):
        return np.eye(len(bags))
    from sklearn.feature_extraction import DictVectorizer

    rows = DictVectorizer().fit_transform(sets)
    shared = (rows @ rows.T).toarray()
    sizes = shared.diagonal()
    return _tidy(shared / np.maximum(sizes[:, None] + sizes[None, :] - shared, 1))


def _described(environment: Environment) -> Tokens:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    text = f"{environment.plan.summary} {environment.plan.introduction}"
    return Counter(word for word in words(text) if word not in ENGLISH_STOP_WORDS)


def _cosines(bags: Sequence[Tokens]) -> Matrix:
    import numpy as np
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.feature_extraction.text import TfidfTransformer

    if not any(bags):
        return np.eye(len(bags))
    rows = TfidfTransformer(sublinear_tf=True).fit_transform(DictVectorizer().fit_transform(bags))
    return _tidy((rows @ rows.T).toarray())


def _tidy(matrix: Matrix) -> Matrix:
    """The matrix without what rounding did to it: symmetric, in [0, 1], 1 on the diagonal."""
    import numpy as np

    even = np.clip((matrix + matrix.T) / 2, 0.0, 1.0)
    np.fill_diagonal(even, 1.0)
    return even

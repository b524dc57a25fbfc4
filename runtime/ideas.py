"""Ideas to go on with: good ones, each domain once, and if they are too many, a wide choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .embedding import Embedder, Vectors, tfidf
from .errors import ConfigurationError
from .records import EnvironmentIdea

SIMILAR = 0.27
"""Cosine similarity by TF-IDF from which two ideas are one. In 300 pools of 4 to 20 ideas,
drawn from 16 recorded and 11 written ones, it left no domain in two parts, and of different domains
joined none but cinema and theatre; 0.20 joined others, and 0.30 split a domain in 16 pools."""
_BLOCK = 1024
_TIED = 0.05
"""Ideas that are nearly as far off as the farthest, by this share, are preferred by rating."""

Turned = list[tuple[EnvironmentIdea, str]]
"""Ideas turned away, each with the reason, sorted by id."""


@dataclass(frozen=True)
class IdeaSettings:
    """What an idea must reach."""

    least_usefulness: int = 7
    """Of 10; upstream EnvScaler's threshold, as the next."""
    least_modelability: int = 7
    similar: float = SIMILAR
    """Cosine similarity from which two ideas are one, on the scale of the embedder; the default is
    measured for TF-IDF."""


def merge_ideas(
    ideas: Sequence[EnvironmentIdea],
    settings: IdeaSettings = IdeaSettings(),
    embedder: Embedder = tfidf,
) -> tuple[list[EnvironmentIdea], Turned]:
    """(ideas to go on with, ideas turned away with the reason), each sorted by id.

    An idea is turned away when a score is too low. Near-duplicates become one: the best rated of
    them, with the tasks of all; ideas of equal wording always do. The result does not depend on
    the order in which ideas came. 10,000 ideas take ten seconds by TF-IDF.

    Raises:
        ModelUnavailable: a hosted embedder does not answer.
    """
    weak = [(idea, reason) for idea in ideas if (reason := _weakness(idea, settings))]
    good = sorted((idea for idea in ideas if not _weakness(idea, settings)), key=_rank)
    worded: dict[str, list[EnvironmentIdea]] = {}
    for idea in good:
        worded.setdefault(_wording(idea), []).append(idea)
    same = list(worded.values())
    groups: dict[int, list[EnvironmentIdea]] = {}
    for n, leader in enumerate(_leaders(_embedded([a for a, *_ in same], embedder), settings)):
        groups.setdefault(leader, []).extend(same[n])
    kept = [_joined(group) for group in groups.values()]
    doubles = [
        (other, f"near-duplicate of {leader.summary!r}")
        for leader, *others in groups.values()
        for other in others
    ]
    return sorted(kept, key=lambda idea: idea.id), _sorted(weak + doubles)


def select_ideas(
    ideas: Sequence[EnvironmentIdea], count: int, embedder: Embedder = tfidf
) -> tuple[list[EnvironmentIdea], Turned]:
    """(at most `count` ideas that cover them all, the others with the reason), each sorted by id.

    Greedy k-center (Gonzalez 1985): the best rated idea, and then again and again one of those
    farthest from all that are chosen, of which the best rated is taken. No choice of as many ideas
    brings every idea more than 2.11 times as near to a chosen one. Does not depend on the order in
    which ideas came.

    Raises:
        ConfigurationError: the count is below 1.
        ModelUnavailable: a hosted embedder does not answer.
    """
    if count < 1:
        raise ConfigurationError(f"{count} ideas are wanted; give at least 1")
    ranked = sorted(ideas, key=_rank)
    if len(ranked) <= count:
        return sorted(ranked, key=lambda idea: idea.id), []
    chosen, nearest = _centers(_embedded(ranked, embedder), count)
    kept, taken = [ranked[n] for n in chosen], set(chosen)
    spare = [
        (idea, f"not needed to cover the domains: nearest to {ranked[nearest[n]].summary!r}")
        for n, idea in enumerate(ranked)
        if n not in taken
    ]
    return sorted(kept, key=lambda idea: idea.id), _sorted(spare)


def _weakness(idea: EnvironmentIdea, settings: IdeaSettings) -> str:
    if idea.usefulness < settings.least_usefulness:
        return f"rated too low: usefulness {idea.usefulness} of {settings.least_usefulness}"
    if idea.modelability < settings.least_modelability:
        return f"rated too low: modelability {idea.modelability} of {settings.least_modelability}"
    return ""


def _rank(idea: EnvironmentIdea) -> tuple[int, str]:
    """The best rated first."""
    return -idea.modelability - idea.usefulness, idea.id


def _wording(idea: EnvironmentIdea) -> str:
    return " ".join(f"{idea.summary}\n{idea.introduction}".casefold().split())


def _embedded(ideas: Sequence[EnvironmentIdea], embedder: Embedder) -> Vectors:
    """The summary counts three times, for it names the domain."""
    return embedder([" ".join([idea.summary] * 3 + [idea.introduction]) for idea in ideas])


def _leaders(vectors: Vectors, settings: IdeaSettings) -> list[int]:
    """For each row the nearest earlier leader, or the row itself where none is similar."""
    owners: list[int] = []
    leaders: list[int] = []
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        first = len(leaders)
        known = block @ vectors[leaders].T
        inside = block @ block.T
        for n in range(len(block)):
            fresh = [leader - start for leader in leaders[first:]]
            near = np.concatenate([known[n], inside[n, fresh]])
            best = int(near.argmax()) if len(near) else -1
            if best >= 0 and near[best] >= settings.similar:
                owners.append(leaders[best])
            else:
                owners.append(start + n)
                leaders.append(start + n)
    return owners


def _centers(vectors: Vectors, count: int) -> tuple[list[int], NDArray[np.intp]]:
    """The chosen rows, and for each row the nearest chosen one; ties go to the earlier row."""
    squares = np.einsum("nd,nd->n", vectors, vectors)

    def distances(center: int) -> Vectors:
        apart: Vectors = squares + squares[center] - 2 * (vectors @ vectors[center])
        return np.sqrt(np.maximum(apart, 0))

    chosen = [0]
    nearest = np.zeros(len(vectors), dtype=np.intp)
    apart = distances(0)
    while len(chosen) < count:
        apart[chosen] = -1
        center = int(np.argmax(apart >= (1 - _TIED) * apart.max()))
        chosen.append(center)
        new = distances(center)
        nearest[new < apart] = center
        apart = np.minimum(apart, new)
    return chosen, nearest


def _joined(group: Sequence[EnvironmentIdea]) -> EnvironmentIdea:
    tasks = {task.id: task for idea in group for task in idea.tasks}
    return group[0].model_copy(update={"tasks": tuple(tasks[key] for key in sorted(tasks))})


def _sorted(turned: Turned) -> Turned:
    return sorted(turned, key=lambda lost: (lost[0].id, lost[1]))

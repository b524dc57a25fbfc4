"""Merging of ideas: near-duplicates by the words they use, scores by threshold."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from .records import EnvironmentIdea

LEAST_SCORE = 7
"""Least usefulness and modelability of an idea: upstream EnvScaler's threshold."""
SIMILAR = 0.23
"""Cosine similarity from which two ideas are one. Of twice 16 recorded ideas over four domains and
three written ones, those of one domain had at least 0.29 and those of two at most 0.16."""
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


def merge_ideas(
    ideas: Sequence[EnvironmentIdea], least: int = LEAST_SCORE
) -> tuple[list[EnvironmentIdea], list[tuple[EnvironmentIdea, str]]]:
    """(ideas to go on with, ideas turned away with the reason).

    An idea is turned away when a score is below `least`. Near-duplicates become one: the best rated
    of them, with the tasks of all. The result does not depend on the order in which ideas came.
    """
    weak = [
        (i, f"rated too low: usefulness {i.usefulness}, modelability {i.modelability} of {least}")
        for i in ideas
        if min(i.usefulness, i.modelability) < least
    ]
    good = sorted(
        (i for i in ideas if min(i.usefulness, i.modelability) >= least),
        key=lambda i: (-i.modelability - i.usefulness, i.id),
    )
    vectors = _vectors(good)
    leaders: dict[int, list[int]] = {}
    for n in range(len(good)):
        near = max(leaders, key=lambda m: _cosine(vectors[m], vectors[n]), default=None)
        if near is not None and _cosine(vectors[near], vectors[n]) >= SIMILAR:
            leaders[near].append(n)
        else:
            leaders[n] = []
    kept = [_joined(good[n], [good[m] for m in merged]) for n, merged in leaders.items()]
    doubles = [
        (good[m], f"near-duplicate of {good[n].summary!r}")
        for n, merged in leaders.items()
        for m in merged
    ]
    return sorted(kept, key=lambda i: i.id), sorted(weak + doubles, key=lambda lost: lost[0].id)


def _joined(leader: EnvironmentIdea, others: Sequence[EnvironmentIdea]) -> EnvironmentIdea:
    tasks = {task.id: task for idea in (leader, *others) for task in idea.tasks}
    return leader.model_copy(update={"tasks": tuple(tasks[key] for key in sorted(tasks))})


def _vectors(ideas: Sequence[EnvironmentIdea]) -> list[dict[str, float]]:
    """TF-IDF vectors of length 1; the summary counts three times (Salton and Buckley 1988)."""
    counts = [Counter(_words(" ".join([i.summary] * 3 + [i.introduction]))) for i in ideas]
    spread = Counter(word for count in counts for word in count)
    made = []
    for count in counts:
        vector = {
            word: (1 + math.log(n)) * (math.log((1 + len(ideas)) / (1 + spread[word])) + 1)
            for word, n in count.items()
        }
        length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
        made.append({word: weight / length for word, weight in vector.items()})
    return made


def _words(text: str) -> list[str]:
    words = (word for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in _STOP)
    stems = (re.sub(r"(ies|es|s|ing|ed)$", "", word) for word in words)
    return [stem for stem in stems if stem not in _STOP]


def _cosine(left: dict[str, float], right: dict[str, float]) -> float:
    return sum(weight * right.get(word, 0.0) for word, weight in left.items())

"""The row about upstream's method: every step copies the whole state and compares it in full.

Our own code for the published method: calls in process; after each call a deep copy of the state,
all of which are kept; a recursive comparison with the copy before, which copies both sides again
for each dict that it goes into, and what it found there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial

from ..sandbox.values.plain import decode
from ..state import Json
from .measuring import MICRO, pairs, taking_turns
from .readings import Reading, Target, speedup
from .scale import Scale, cores
from .sides import Crew, Duel
from .workloads import SHOP, Request

_ENTITIES = (10, 100)
"""In each of two tables."""
_BATCHED = {10: Target(20.0, at_least=True), 100: Target(100.0, at_least=True)}
_SINGLE = {10: Target(5.0, at_least=True), 100: Target(40.0, at_least=True)}
_STEPS = {10: 100, 100: 20}
"""Steps of a round with upstream's method; more would only take longer."""
_EPISODE = 10


class CopyingEpisode:
    """An instance in process that is stepped by upstream's method."""

    def __init__(self, thing: object) -> None:
        self.thing = thing
        self.states: list[Json] = [deepcopy(vars(thing))]

    def step(self, tool: str, arguments: dict[str, Json]) -> tuple[Json, Json]:
        """The result of a call, and the differences that it made."""
        result = getattr(self.thing, tool)(**arguments)
        if len(self.states) > _EPISODE:
            del self.states[:-1]
        self.states.append(deepcopy(vars(self.thing)))
        return result, copying_difference(*self.states[-2:])


def copying_difference(old: dict[str, Json], new: dict[str, Json]) -> dict[str, Json]:
    """Where two dicts differ, found on copies of both; dicts inside are compared alike."""
    old, new = deepcopy(old), deepcopy(new)
    found: dict[str, Json] = {}
    for key in old.keys() | new.keys():
        if key not in old or key not in new:
            found[key] = {"old": old.get(key), "new": new.get(key)}
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            if inner := copying_difference(old[key], new[key]):
                found[key] = inner
        elif old[key] != new[key]:
            found[key] = {"old": old[key], "new": new[key]}
    return deepcopy(found)


def upstream(scale: Scale) -> Iterator[Reading]:
    """Steps a second of sealed workers over those of upstream's method in process."""
    for entities in _ENTITIES:
        yield from _compared(scale, entities)


def _compared(scale: Scale, entities: int) -> Iterator[Reading]:
    crew = Crew(cores())
    with Duel(SHOP, 2 * entities, scale.batch, [crew]) as duel:
        [side] = duel.sealed.values()
        many = [_mixed(duel, scale.batch, n) for n in range(scale.rounds + 1)]
        few = [_mixed(duel, scale.singles, n) for n in range(scale.rounds + 1)]
        steps = min(_STEPS[entities], scale.batch)
        episode = CopyingEpisode(SHOP.made(decode(duel.texts[0])))
        sides: dict[str, Callable[[int], object]] = {
            "upstream": lambda n: [episode.step(c.tool, c.arguments) for c in many[n][:steps]],
            "batched": lambda n: side.call(many[n]),
            "single": lambda n: [side.call([request]) for request in few[n]],
        }
        seconds = taking_turns(sides, scale.rounds)
    row = partial(speedup, "upstream", measure="us")
    base = [took * MICRO / steps for took in seconds["upstream"]]
    for name, calls, targets in (
        ("batched", scale.batch, _BATCHED),
        ("single", scale.singles, _SINGLE),
    ):
        ours = [took * MICRO / calls for took in seconds[name]]
        case = f"{name}, 2 x {entities} entities"
        yield row(case, pairs(base, ours, 1), target=targets[entities])


def _mixed(duel: Duel, count: int, seed: int) -> list[Request]:
    """Look-ups and updates by turns, one for each of the first instances."""
    looks = duel.domain.requests("look", duel.records, count, seed)
    updates = duel.domain.requests("update", duel.records, count, seed)
    return [(looks, updates)[n % 2][n] for n in range(min(count, duel.instances))]

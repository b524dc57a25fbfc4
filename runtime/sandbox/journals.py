"""Instances as the host knows them: what they were built from and the calls made since."""

from __future__ import annotations

from functools import cached_property

import msgspec
import orjson

from ..errors import DataError, GeneratedCodeError
from ..state import Json
from .lanes import Lane
from .protocol import Build, Step
from .reports import received
from .values.plain import DEPTH, NATURAL, brackets, shallow

CHECKPOINT = 512
"""Calls after which an image of an instance is fetched, so that replays stay short."""


class Recipe(msgspec.Struct, frozen=True, gc=False):
    """What an instance is built from."""

    state: bytes
    """JSON text for the constructor, or an image."""
    seed: int
    image: bool = False
    """Whether `state` is a pickled object, which only sealed workers read."""


class Origin(msgspec.Struct, frozen=True):
    """A point in the life of an instance that it can be brought back to."""

    recipe: Recipe
    calls: tuple[tuple[str, bytes], ...] = ()
    """Tools and arguments (JSON text) of the calls since."""
    text: bytes = b""
    """JSON text of the state; empty where it is what the constructor makes."""


class Snapshot(Origin, frozen=True, dict=True):
    """All that an instance needs to go on identically, here or in another pool.

    It goes on by repeating its calls, so that nothing is lost of what is private, or is not quite
    JSON, or depends on chance. Two snapshots are equal if they tell the same story.
    """

    @cached_property
    def state(self) -> dict[str, Json]:
        """The state.

        Raises:
            GeneratedCodeError: the worker was tampered with and sent something else.
        """
        value = received(self.text)
        if not isinstance(value, dict):
            raise GeneratedCodeError("the source tampers with its worker: a state is a dict")
        return value

    @property
    def seed(self) -> int:
        """The seed of the instance."""
        return self.recipe.seed


class Journal:
    """How to make an instance, and where it is live."""

    __slots__ = ("calls", "deaths", "kills", "lane", "lost", "origin", "patience", "recipe")

    def __init__(self, origin: Origin, lane: Lane) -> None:
        self.lane = lane
        self.kills = 0
        """How many workers its calls have ended."""
        self.begin(origin)

    def begin(self, origin: Origin) -> None:
        """Start from a point; the worker no longer holds the instance."""
        self.origin = origin
        """What differences are taken against, and `reset` goes back to."""
        self.recipe = origin.recipe
        self.calls = [Step(-1, *call) for call in origin.calls] if origin.calls else []
        self.deaths = 0
        """How often bringing it back has failed."""
        self.lost = ""
        """Why the instance cannot be made again; empty unless that happened."""
        self.patience = 1
        """How many times the usual number of calls may go by before the next image."""

    def build(self, instance: int) -> Build:
        """What makes the instance as it is now."""
        recipe = self.recipe
        return Build(instance, recipe.state, recipe.seed, recipe.image, self._repeated())

    def snapshot(self, text: bytes) -> Snapshot:
        """The present, where `text` is the state."""
        return Snapshot(self.recipe, self._repeated(), text)

    def _repeated(self) -> tuple[tuple[str, bytes], ...]:
        calls = self.calls
        return tuple([(call.tool, call.arguments) for call in calls]) if calls else ()


def origin_of(state: dict[str, Json] | bytes | Snapshot, seed: int, number: int) -> Origin:
    """Raises DataError where an initial state is not JSON."""
    if isinstance(state, Snapshot):
        return state
    if isinstance(state, bytes):
        return Origin(Recipe(state, seed))
    try:
        text = orjson.dumps(state, None, NATURAL)
    except TypeError as error:
        raise DataError(
            f"the initial state number {number} is not JSON: {error}; expected are str, int, "
            "float, bool, None, and lists and str-keyed dicts of them"
        ) from None
    if brackets(text) > DEPTH and not shallow(state):
        raise DataError(
            f"the initial state number {number} nests deeper than {DEPTH} levels; flatten it"
        )
    return Origin(Recipe(text, seed))

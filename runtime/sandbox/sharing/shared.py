"""What all instances of a source share: noticed when a call changes it, and put back.

Shared is whatever the names of the module lead to: containers, attributes of classes and functions,
defaults, enclosed variables, objects made while the source ran. It is compared by identity, so
that neither looking nor putting back runs generated code.

Covered: all of that, at any depth, for what the source defines; attributes of the classes and
functions that it imports; registrations with abstract base classes.
Not covered: attributes of the methods of classes that it imports; keys that change places with
each other among the annotations of one function, as long as nothing else has changed.
"""

from __future__ import annotations

import enum
import gc
import struct
import types
from contextlib import suppress
from ctypes import string_at
from itertools import chain
from typing import Any

from ..inside.guard import Rejected
from .registries import Registries
from .surroundings import Surroundings

_name = type.__dict__["__name__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_POINTER = struct.calcsize("P")
_ALIKE = frozenset(
    {str, bytes, int, float, bool, complex, type(None), type, types.FunctionType, types.ModuleType}
)
_SEVERAL = 10
"""So many faults of one source are told at once."""


class SharedState:
    """What the instances of a source share, as it is right after the source ran.

    With `native`, what cannot be compared and put back is refused; otherwise `opaque` tells of it.

    Raises:
        Rejected: naming what may not be shared, why, and what to write instead.
    """

    def __init__(self, module: str, names: dict[str, Any], *, native: bool = True) -> None:
        names.setdefault("__warningregistry__", {})  # else the first warning would add it
        found = Surroundings(module, names)
        if native and found.faults:
            raise Rejected("\n".join(found.faults[:_SEVERAL]))
        self._faults = found.faults
        self._places = found.places
        self._nodes = [node for place in found.places for node in place.nodes]
        self._views = [view for place in found.places for view in place.views]
        self._classes = found.classes
        self._registries = Registries()
        self._remember()

    def objects(self) -> set[int]:
        """The ids of what all share and what is known by its identity: no copy can stand for it."""
        waiting = [*self._nodes, *self._held]
        found: set[int] = set()
        while waiting:
            item = waiting.pop()
            if not _alike(item):
                found.add(id(item))
            if type(item) is tuple:  # which is no place where anything could change
                waiting += item
        return found

    def opaque(self) -> str | None:
        """What cannot be compared, and why; None when everything can."""
        return self._faults[0] if self._faults else None

    def change(self) -> str | None:
        """The name of something shared that is not what it was, such as `Shop.cache`, or None."""
        if self._untouched():
            return None
        changes = (place.change() for place in self._places)
        name = next((name for name in changes if name), None) or self._registries.change()
        if name is None:  # an equal constant in place of another, or only another memory layout
            self.restore()
        return name

    def restore(self) -> None:
        """Let everything shared hold what it held at first, in the very same containers.

        Raises:
            Rejected: something resists; this process must not go on with the source.
        """
        for place in self._places:
            with suppress(Exception):  # what resists is told below
                place.restore()
        self._registries.restore()
        for place in self._places:
            name = place.change()
            if name is not None:
                raise Rejected(f"`{name}`, which all instances share, cannot be put back")
        self._remember()

    def _remember(self) -> None:
        self._held = self._look()
        self._addresses = _addresses(self._held)

    def _untouched(self) -> bool:
        """Whether all is plainly as it was: the quick look, some microseconds."""
        same = _addresses(self._look()) == self._addresses
        return same and not self._registries.touched()

    def _look(self) -> tuple[object, ...]:
        found = gc.get_referents(*self._nodes)
        found += chain.from_iterable(self._views)
        found += map(_name, self._classes)
        found += map(_qualname, self._classes)
        return tuple(found)


def _alike(item: object) -> bool:
    """Whether an equal object is as good as this one, or it is found by its name."""
    if type(item) in _ALIKE or isinstance(item, enum.Enum):
        return True
    return type(item) is tuple and not item


def _addresses(items: tuple[object, ...]) -> bytes:
    """Where the items of a tuple are in memory: as bytes, many are compared at once."""
    return string_at(id(items) + tuple.__basicsize__, len(items) * _POINTER)

"""Images of instances: pickled objects that only sealed workers read."""

from __future__ import annotations

import io
import pickle
from collections.abc import Set
from typing import Any

_PROTOCOL = 5
_SETS = (set, frozenset)


class Unpictured(Exception):
    """Something belongs to an instance that no image holds."""


class _Camera(pickle.Pickler):
    """Pickles what copies can stand for."""

    def __init__(self, file: io.BytesIO, known: Set[int]) -> None:
        super().__init__(file, _PROTOCOL)
        self._known = known

    def persistent_id(self, item: Any) -> None:
        """Raises `Unpictured` for sets, whose order is lost, and for what all instances share."""
        if id(item) in self._known or type(item) in _SETS:
            raise Unpictured(f"no image holds this {type(item).__name__} as it is")


def image(content: object, known: Set[int]) -> bytes:
    """The image of an object; it has been tried whether it can be read.

    `known` are the ids of objects that must stay what they are.

    Raises:
        Unpictured: it would not be the same again. Pickling itself may raise anything.
    """
    file = io.BytesIO()
    _Camera(file, known).dump(content)
    pickled = file.getvalue()
    pickle.loads(pickled)
    return pickled


def pictured(pickled: bytes) -> Any:
    """What an image shows."""
    return pickle.loads(pickled)

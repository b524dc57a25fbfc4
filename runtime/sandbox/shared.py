"""Containers that every instance of a source sees: no call may change them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any


class Shared:
    """A list, dict or set of the module or of a class, and what it held after loading."""

    __slots__ = ("live", "name", "original")

    def __init__(self, name: str, live: Any) -> None:
        self.name = name
        self.live = live
        self.original = copy.deepcopy(live)

    def changed(self) -> bool:
        """Whether it holds something else now."""
        return bool(self.live != self.original)

    def restore(self) -> None:
        """Let it hold again what it held after loading."""
        fresh = copy.deepcopy(self.original)
        self.live.clear()
        if isinstance(self.live, list):
            self.live.extend(fresh)
        else:
            self.live.update(fresh)


def shared(module: str, names: Mapping[str, Any]) -> list[Shared]:
    """The shared containers of a module whose content can be compared."""
    found = _containers("", names)
    for name, value in names.items():
        if isinstance(value, type) and value.__module__ == module:
            found += _containers(f"{name}.", vars(value))
    return [container for container in found if not container.changed()]


def _containers(prefix: str, names: Mapping[str, Any]) -> list[Shared]:
    return [
        Shared(prefix + name, value)
        for name, value in names.items()
        if isinstance(value, dict | list | set) and not name.startswith("__")
    ]

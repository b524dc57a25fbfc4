"""Classes registered with abstract base classes, which `isinstance` asks, in this process."""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]
from abc import ABCMeta, get_cache_token

from .places import derives


class Registries:
    """What was registered with every abstract base class when this was made."""

    def __init__(self) -> None:
        self._kinds = _abstract_classes()
        self._before = [_registered(kind) for kind in self._kinds]
        self._token = get_cache_token()

    def touched(self) -> bool:
        """Whether anything was registered since; at once."""
        return get_cache_token() != self._token

    def change(self) -> str | None:
        """The name of a `register` that was called since, or None."""
        if not self.touched():
            return None
        for kind, before in zip(self._kinds, self._before, strict=True):
            if list(map(id, _registered(kind))) != list(map(id, before)):
                return f"{_name(kind)}.register"
        return "register of a class made in a method"

    def restore(self) -> None:
        """Forget what was registered since."""
        if not self.touched():
            return
        kinds = _abstract_classes()
        for kind in kinds:  # all of them first: nothing that is known already is registered again
            _abc._reset_registry(kind)
            _abc._reset_caches(kind)
        for kind, before in zip(self._kinds, self._before, strict=True):
            for registered in before:
                _abc._abc_register(kind, registered)
        for kind in kinds:
            _abc._reset_caches(kind)
        self._token = get_cache_token()


_name = type.__dict__["__name__"].__get__


def _registered(kind: type) -> list[type]:
    found = [reference() for reference in _abc._get_dump(kind)[0]]
    return sorted((each for each in found if each is not None), key=id)


def _abstract_classes() -> list[type]:
    found: dict[int, type] = {}
    waiting: list[type] = [object]
    while waiting:
        kind = waiting.pop()
        if id(kind) not in found:
            found[id(kind)] = kind
            waiting += type.__subclasses__(kind)
    return [kind for kind in found.values() if derives(type(kind), ABCMeta)]

"""Any Python state as JSON: what is hashed, compared and shown of objects that are not JSON.

Equal states give equal projections in every process: nothing depends on addresses, on the order of
sets or on the order in which keys and attributes were first set. JSON values stand for themselves,
and so do strings and numbers of derived types; a tuple is a list. Everything else is an object with
a mark, which starts with "$":

    {"$type": "shop.Cart", "items": []}     an object: its attributes
    {"$ref": "#/carts/7"}                   what is shown there, as a JSON pointer
    {"$set": [1, 2]}, {"$bytes": "00ff"}    and so on, see scalars.py and `_Walk`
    {"$:7": …, "$$x": …}                    a dict: the keys 7 and "$x"

Attributes are read without running the object's code. Only public ones count, unless an object has
no others or the private ones are asked for. Objects of C that cannot be pickled, functions and
classes are their names alone. Two members of a set that look alike are not told apart.
"""

from __future__ import annotations

import contextlib
import types
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from ...state import Json, canonical
from .scalars import bases, contents, named, number, scalar_of, text_of

DEPTH = 60
"""How deep a projection may nest: a little less than any other JSON of the sandbox."""
NODES = 1_000_000
"""How many values a projection may hold."""

_flags_of = type.__dict__["__flags__"].__get__
_HEAP, _IMMUTABLE = 1 << 9, 1 << 8


class Unprojectable(ValueError):
    """A state is too deep or too large to be shown."""


def project(value: object, *, private: bool = False) -> Json:
    """The projection of a value; with `private` also of attributes that start with `_`.

    Raises:
        Unprojectable: it nests deeper than `DEPTH` or holds more than `NODES` values.
    """
    return _Walk(private).value(value)


def attributes(objects: Mapping[str, object], *, private: bool = False) -> dict[str, Json]:
    """The attributes of several named objects, projected together: they may refer to each other.

    Raises:
        Unprojectable: see `project`.
    """
    walk = _Walk(private)
    walk.shown = {id(thing): ((name,), thing) for name, thing in objects.items()}
    return {name: walk.attributes(name, thing) for name, thing in objects.items()}


class _Walk:
    """One walk over a state: where it is, what it has shown and what it is inside of."""

    def __init__(self, private: bool) -> None:
        self.private = private
        self.path: _Path = ()
        self.shown: dict[int, tuple[_Path, object]] = {}
        self._inside: dict[int, _Path] = {}
        self._shapes: dict[int, _Shape] = {}
        self._kinds: list[type] = []
        self._count = 0

    def value(self, value: object) -> Json:
        """The projection of what stands at the present path."""
        kind = type(value)
        self._count += 1
        if value is None or kind is bool:
            return value
        if kind is str:
            return value if value.isascii() else text_of(value)  # type: ignore[attr-defined, arg-type]
        shape = self._shapes.get(id(kind)) or self._learn(kind)
        return shape(value, kind)

    def attributes(self, name: str, thing: object) -> dict[str, Json]:
        """The attributes that count of an object at the path `name`."""
        self.path = (name,)
        every = _attributes(thing, type(thing))
        return self._items(every if self.private else _public(every))

    def _learn(self, kind: type) -> _Shape:
        """How the values of a class are shown."""
        scalar = scalar_of(kind)
        if scalar is not None:
            shape: _Shape = lambda value, _: scalar(value)  # noqa: E731
        elif issubclass(kind, _CONTAINERS):
            shape = self._repeated(self._container)
        elif kind is types.MethodType:
            shape = self._method
        elif _native(kind):
            shape = self._repeated(self._pickled)
        else:
            shape = self._repeated(self._typed) if _frozen(kind) else self._object
        self._shapes[id(kind)] = shape
        self._kinds.append(kind)  # while it is here, no other class has its id
        return shape

    # -------------------------------------------------------------- steps

    def _enter(self, path: _Path) -> None:
        self.path = path
        if self._count > NODES:
            raise Unprojectable(f"the state holds more than {NODES} values; keep less in it")
        if len(path) > DEPTH:
            raise Unprojectable(
                f"the state nests deeper than {DEPTH} levels below {_written(path[:5])}; "
                "keep long chains in a list"
            )

    def _repeated(self, shape: _Shape) -> _Shape:
        """For values: shown wherever they are, but not inside themselves."""

        def repeated(value: object, kind: type) -> Json:
            if id(value) in self._inside:
                return {"$ref": _written(self._inside[id(value)])}
            self._inside[id(value)] = self.path
            shown = shape(value, kind)
            del self._inside[id(value)]
            return shown

        return repeated

    def _items(self, content: dict[Any, object]) -> dict[str, Json]:
        before, shown = self.path, {}
        for key, item in self._sorted(content):
            self._enter((*before, key))
            shown[key] = self.value(item)
        self.path = before
        return shown

    def _list(self, values: Iterable[object]) -> list[Json]:
        before, shown = self.path, []
        for index, item in enumerate(values):
            self._enter((*before, str(index)))
            shown.append(self.value(item))
        self.path = before
        return shown

    def _marked(self, mark: str, values: Iterable[object]) -> dict[str, Json]:
        before = self.path
        self._enter((*before, mark))
        shown = {mark: self._list(values)}
        self.path = before
        return shown

    def _trial(self, value: object) -> bytes:
        """What a value would look like if it came next."""
        walk = _Walk(self.private)
        if scalar_of(type(value)) is None:
            walk.path, walk._count = (*self.path, "$"), self._count
            walk.shown, walk._inside = dict(self.shown), dict(self._inside)
        text = canonical(walk.value(value))
        self._count = max(self._count, walk._count)
        return text

    # -------------------------------------------------------------- containers

    def _container(self, value: Any, kind: type) -> Json:
        every = {} if kind.__base__ is object else _attributes(value, kind)
        chosen = every if self.private else _public(every)
        if not chosen:
            return self._content(value, kind)
        before = self.path
        self._enter((*before, "$items"))
        content = self._content(value, kind)
        self.path = before
        return {"$type": named(kind), "$items": content, **self._items(chosen)}

    def _content(self, value: Any, kind: type) -> Json:
        if issubclass(kind, dict):
            return self._items(value)
        if issubclass(kind, list):
            return self._list(list.__iter__(value))
        if issubclass(kind, tuple):
            return self._list(tuple.__iter__(value))
        if issubclass(kind, deque):
            bound = {} if value.maxlen is None else {"maxlen": value.maxlen}
            return self._marked("$deque", deque.__iter__(value)) | bound
        frozen = issubclass(kind, frozenset)
        members = (frozenset if frozen else set).__iter__(value)
        return self._marked("$frozenset" if frozen else "$set", sorted(members, key=self._trial))

    def _sorted(self, content: dict[Any, object]) -> list[tuple[str, object]]:
        """Keys and values in the order of the keys' texts, public ones first."""
        entries = [(self._key(key), value) for key, value in dict.items(content)]
        entries.sort(key=_first)
        if len({key for key, _ in entries}) < len(entries):
            entries.sort(key=lambda entry: (entry[0], self._trial(entry[1])))
            entries = [(f"{key}#{index}", value) for index, (key, value) in enumerate(entries)]
        if any(key[:1] == "_" for key, _ in entries):
            entries.sort(key=lambda entry: entry[0][:1] == "_")
        return entries

    def _key(self, key: Any) -> str:
        if type(key) is str and key[:1] != "$" and key.isascii():
            return key
        text = text_of(key) if issubclass(type(key), str) else None
        if isinstance(text, str):
            return f"${text}" if text[:1] == "$" else text
        return "$:" + self._trial(key).decode()

    # -------------------------------------------------------------- objects

    def _object(self, value: object, kind: type) -> Json:
        if id(value) in self.shown:
            return {"$ref": _written(self.shown[id(value)][0])}
        every = _attributes(value, kind)
        if any(name[:1] != "_" for name in every):
            self.shown[id(value)] = (self.path, value)
            chosen = every if self.private else _public(every)
            return {"$type": named(kind), **number(value, kind), **self._items(chosen)}
        return self._repeated(self._typed)(value, kind)

    def _typed(self, value: object, kind: type) -> Json:
        every = _attributes(value, kind)
        chosen = every if self.private else _public(every) or every
        return {"$type": named(kind), **number(value, kind), **self._items(chosen)}

    def _method(self, value: Any, kind: type) -> Json:
        return {"$function": value.__qualname__, **self._items({"of": value.__self__})}

    def _pickled(self, value: object, kind: type) -> Json:
        """An object of C as its pickle would have it."""
        try:
            parts = value.__reduce_ex__(2)
        except Exception:  # it has no pickle: all that is known is its type
            parts = ()
        if kind is object or isinstance(parts, str) or len(parts) < 2:
            return {"$type": named(kind)}
        plain = [*parts[1:3], *(list(part) for part in parts[3:5] if part is not None)]
        return {"$type": named(kind), **number(value, kind), **self._marked("$parts", plain)}


_Path = tuple[str, ...]
_Shape = Callable[[Any, type], Json]
_CONTAINERS = (dict, list, tuple, set, frozenset, deque)
_first = itemgetter(0)


def _written(path: _Path) -> str:
    steps = (step.replace("~", "~0").replace("/", "~1") for step in path)
    return "#" + "".join(f"/{step}" for step in steps)


def _attributes(value: object, kind: type) -> dict[str, object]:
    """What is in the slots and in the `__dict__` of an object."""
    found: dict[str, object] = {}
    for base in reversed(bases(kind)):
        for name, member in contents(base).items():
            if type(member) is types.MemberDescriptorType:
                with contextlib.suppress(AttributeError):  # a slot that nothing is in
                    found[name] = member.__get__(value)
    with contextlib.suppress(AttributeError):  # slots only
        found.update(object.__getattribute__(value, "__dict__"))
    return found


def _public(every: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in every.items() if name[:1] != "_"}


def _native(kind: type) -> bool:
    """Whether a class is written in C."""
    return not _flags_of(kind) & _HEAP or bool(_flags_of(kind) & _IMMUTABLE)


def _frozen(kind: type) -> bool:
    """Whether a class is a frozen dataclass."""
    for base in bases(kind):
        parameters = contents(base).get("__dataclass_params__")
        if parameters is not None:
            return bool(parameters.frozen)
    return False

"""Places that hold things which all instances of a source share, and what each held at first.

Reading and putting back use the methods of the builtin types themselves, so that what generated
classes override is never called. Things are compared by identity; only of constants such as texts
and numbers an equal one of the same type will do as well.
"""

from __future__ import annotations

import gc
import sys
import types
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from operator import is_
from typing import Any

MISSING = object()
"""Stands for what is not there."""
_MARK = (object(),)  # between two containers, or an item could move to the next one unseen
_EQUAL = (int, str, bytes, bool)
_Entries = list[tuple[Any, Any]]


class Place:
    """A container, or the attributes of something, and the entries it had when it was met."""

    def __init__(self, name: str, thing: Any) -> None:
        self.name = name
        self.thing = thing
        self.before = self.read()
        self.nodes: tuple[object, ...] = (thing, _MARK)
        """What Python's garbage collector finds the values of this place in, in a fixed order."""
        self.views: tuple[Iterable[object], ...] = ()
        """Iterables of what it does not find, and what has to be the same, too."""

    def read(self) -> _Entries:
        """The present entries: keys or labels, and values."""
        raise NotImplementedError

    def write(self, now: _Entries) -> None:
        """Put the first entries back in place of the present ones."""
        raise NotImplementedError

    def label(self, key: object) -> str:
        """What to call the entry of this key."""
        return self.name

    def change(self) -> str | None:
        """The name of what is not as it was, or None."""
        for old, new in zip_longest(self.before, self.read(), fillvalue=(MISSING, MISSING)):
            if not (same(old[0], new[0]) and same(old[1], new[1])):
                return self.label(new[0] if old[0] is MISSING else old[0])
        return None

    def restore(self) -> None:
        """Let this place hold its first entries again, each the very object it was."""
        now = self.read()
        flat = [item for entry in now for item in entry]
        first = [item for entry in self.before for item in entry]
        if len(flat) != len(first) or not all(map(is_, flat, first)):
            self.write(now)


def same(old: Any, new: Any) -> bool:
    """Whether nobody can tell two values apart; of other objects than constants, only itself."""
    if type(old) is tuple is type(new):
        return len(old) == len(new) and all(map(_is_same, old, new))
    return _is_same(old, new)


def _is_same(old: Any, new: Any) -> bool:
    kind = type(old)
    if old is new or kind is not type(new):
        return old is new
    if kind is float:
        return bool(old.hex() == new.hex())
    return any(kind is each for each in _EQUAL) and bool(old == new)


def members(kind: type) -> types.MappingProxyType[str, Any]:
    """The attributes that a class itself has, whatever its metaclass says."""
    return _members(kind)  # type: ignore[no-any-return]


def line(kind: type) -> tuple[type, ...]:
    """A class and its bases, in the order in which attributes are looked up."""
    return _line(kind)  # type: ignore[no-any-return]


def derives(kind: type, base: type) -> bool:
    """Whether a class is another one or made from it."""
    return any(each is base for each in line(kind))


_members = type.__dict__["__dict__"].__get__
_line = type.__dict__["__mro__"].__get__

# ------------------------------------------------------------------ containers


class Dict(Place):
    """A dict of any kind but an ordered one."""

    def __init__(self, name: str, thing: Any) -> None:
        super().__init__(name, thing)
        self.views = (dict.keys(thing),) if self.before else ()
        self.copy = dict.copy(thing)  # it knows the hashes, so that no key is asked for one later

    def read(self) -> _Entries:
        return list(dict.items(self.thing))

    def write(self, now: _Entries) -> None:
        dict.clear(self.thing)
        dict.update(self.thing, self.copy)


class Names(Dict):
    """A dict of names: those of a module, or the attributes of an object."""

    def label(self, key: object) -> str:
        return dotted(self.name, key)


class Values(Dict):
    """A dict whose keys are looked at only when something else has changed as well."""

    def __init__(self, name: str, thing: Any) -> None:
        super().__init__(name, thing)
        self.views = ()


class Ordered(Place):
    """An OrderedDict, in which the order alone can change."""

    def __init__(self, name: str, thing: Any) -> None:
        super().__init__(name, thing)
        self.views = (OrderedDict.keys(thing),)

    def read(self) -> _Entries:
        return [(key, dict.__getitem__(self.thing, key)) for key in OrderedDict.keys(self.thing)]

    def write(self, now: _Entries) -> None:
        OrderedDict.clear(self.thing)
        for key, value in self.before:
            OrderedDict.__setitem__(self.thing, key, value)


class List(Place):
    """A list."""

    def read(self) -> _Entries:
        return list(enumerate(list.__iter__(self.thing)))

    def write(self, now: _Entries) -> None:
        list.__setitem__(self.thing, slice(None), [value for _, value in self.before])


class Deque(Place):
    """A deque."""

    def read(self) -> _Entries:
        return list(enumerate(deque.__iter__(self.thing)))

    def write(self, now: _Entries) -> None:
        deque.clear(self.thing)
        deque.extend(self.thing, [value for _, value in self.before])


class Set(Place):
    """A set. Its order hangs on its past; refilled once, it has the order of every later refill."""

    def __init__(self, name: str, thing: Any) -> None:
        self.copy = set(thing)
        self.thing = thing
        self.write([])
        super().__init__(name, thing)

    def read(self) -> _Entries:
        return [(None, value) for value in set.__iter__(self.thing)]

    def write(self, now: _Entries) -> None:
        set.clear(self.thing)
        set.update(self.thing, self.copy)


# ------------------------------------------------------------------ attributes


class Class(Place):
    """The attributes of a class; their order does not count, as it cannot be put back."""

    def __init__(self, name: str, thing: Any) -> None:
        super().__init__(name, thing)
        [content] = gc.get_referents(members(thing))
        self.nodes = (content, _MARK)
        self.views = (dict.keys(content),)

    def read(self) -> _Entries:
        return sorted(members(self.thing).items(), key=_key)

    def write(self, now: _Entries) -> None:
        before = dict(self.before)
        for name, value in now:
            if name not in before:
                type.__delattr__(self.thing, name)
            elif before[name] is value:
                del before[name]
        for name, value in before.items():
            type.__setattr__(self.thing, name, value)

    def label(self, key: object) -> str:
        return dotted(self.name, key)

    def change(self) -> str | None:
        before, now = dict(self.before), dict(self.read())
        for name in sorted(before.keys() | now.keys()):
            if not same(before.get(name, MISSING), now.get(name, MISSING)):
                return self.label(name)
        return None


class Attributes(Place):
    """What a thing keeps outside dicts: slots, and the inner attributes of builtin types."""

    def __init__(self, name: str, thing: Any, descriptors: list[Any]) -> None:
        self.descriptors = descriptors
        super().__init__(name, thing)
        self.nodes = (thing,)
        if any(value is MISSING for _, value in self.before):
            self.views = (self,)

    def __iter__(self) -> Iterator[object]:
        return (value for _, value in self.read())

    def read(self) -> _Entries:
        return [(each.__name__, _get(each, self.thing)) for each in self.descriptors]

    def write(self, now: _Entries) -> None:
        entries = zip(self.descriptors, self.before, now, strict=True)
        for descriptor, (_, old), (_, new) in entries:
            if old is not new and old is MISSING:
                descriptor.__delete__(self.thing)
            elif old is not new:
                descriptor.__set__(self.thing, old)

    def label(self, key: object) -> str:
        return dotted(self.name, key)


class Cell(Attributes):
    """A variable that a function encloses."""

    def label(self, key: object) -> str:
        return self.name


def _key(entry: tuple[str, object]) -> str:
    return entry[0]


def dotted(name: str, key: object) -> str:
    """The name of an attribute of something named: `Shop.add`."""
    text = key if type(key) is str else f"an attribute of type {type(key).__name__}"
    return f"{name}.{text}" if name else text


def _get(descriptor: Any, thing: Any) -> object:
    try:
        return descriptor.__get__(thing, type(thing))
    except (AttributeError, ValueError):  # a slot that is not set, an empty cell
        return MISSING


def descriptors(kind: type, names: str) -> list[Any]:
    """Descriptors of a builtin type, by their names."""
    return [members(kind)[name] for name in names.split()]


# From Python 3.14 on, looking at the annotations may run generated code.
_ANNOTATIONS = "__annotate__" if sys.version_info >= (3, 14) else "__annotations__"
FUNCTION = descriptors(
    types.FunctionType,
    "__code__ __defaults__ __kwdefaults__ __dict__ __name__ __qualname__ __doc__ __module__ "
    + _ANNOTATIONS,
)
CELL = descriptors(types.CellType, "cell_contents")
CLASS = descriptors(type, "__name__ __qualname__ __bases__")

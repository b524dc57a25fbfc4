"""The walk from the names of a module to every place that all instances of a source share."""

from __future__ import annotations

import collections
import copyreg
import datetime
import decimal
import enum
import functools
import gc
import operator
import re
import struct
import types
import typing
from collections import OrderedDict, defaultdict, deque
from collections.abc import Container, Iterator
from contextlib import suppress
from typing import Any

from ..language.vocabulary import IMPORTED_MODULES
from . import places
from .places import Place, derives, dotted, line, members

_POINT = collections.namedtuple("_POINT", "x")
_TUPLE_GETTER = type(members(_POINT)["x"])
_ABC_DATA = type(members(collections.abc.Sized)["_abc_impl"])
_VALUES = (str, int, float, complex, bool, bytes, range, types.NoneType, types.EllipsisType)
_DATES = (datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone)
_MATTER = (datetime.tzinfo, decimal.Decimal, re.Pattern, re.Match, types.NotImplementedType)
_CODE = (types.CodeType, types.ModuleType, types.WrapperDescriptorType, types.MethodDescriptorType)
_SLOTS = (types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType)
_CONSTANTS = frozenset({*_VALUES, *_DATES, *_MATTER, *_CODE, *_SLOTS, _ABC_DATA})
"""Builtin types whose values never change, and hold nothing that does."""
_NONE: dict[str, str] = {}
_PAIRS = (tuple, frozenset, slice, types.MappingProxyType, types.GenericAlias, types.UnionType)
_VIEWS: tuple[type, ...] = tuple(
    type(view) for view in (_NONE.keys(), _NONE.values(), _NONE.items())
)
_CALLS = (types.MethodType, types.BuiltinFunctionType, types.MethodWrapperType, staticmethod)
_HOLDERS = frozenset(
    {*_PAIRS, *_VIEWS, *_CALLS, classmethod, functools.partial, operator.itemgetter}
)
"""Builtin types whose values do not change, but may hold some that do."""
_INNER = {property: "__doc__", _TUPLE_GETTER: "__doc__", defaultdict: "default_factory"}
"""Builtin types with attributes that can be set."""
_CONTAINERS: dict[type, type[Place]] = {
    dict: places.Dict,
    defaultdict: places.Dict,
    OrderedDict: places.Ordered,
    list: places.List,
    set: places.Set,
    deque: places.Deque,
}
_KNOWN = {*_CONSTANTS, *_HOLDERS, *_INNER, *_CONTAINERS, object}

_PACKAGE = __name__.partition(".")[0]
_POINTER = struct.calcsize("P")
_UNCHANGEABLE = 1 << 8  # a flag of builtin types
_name, _module, _flags, _size, _dict_at, _weak_at, _annotations = (
    descriptor.__get__
    for descriptor in places.descriptors(
        type,
        "__name__ __module__ __flags__ __basicsize__ __dictoffset__ __weakrefoffset__ "
        "__annotations__",
    )
)
_slotnames: Any = vars(copyreg)["_slotnames"]  # what copying an object looks up
_content = members(types.ModuleType)["__dict__"].__get__


class Surroundings:
    """Every place that the names of a module lead to, and what is there but cannot be watched."""

    def __init__(self, module: str, names: dict[str, Any]) -> None:
        self.places: list[Place] = []
        self.faults: list[str] = []
        self.classes: list[type] = []
        """Those of the source itself."""
        self._module = module
        self._names = names
        self._seen: dict[int, object] = {}  # keeps alive what it numbers
        self._queue: deque[tuple[str, Any, bool]] = deque()
        self._import = dict(names.get("__builtins__", ())).get("__import__", __import__)
        for hidden in ("__builtins__", "__warningregistry__", "__loader__", "__spec__"):
            self._seen[id(names.get(hidden))] = names.get(hidden)
        self._walk_names("", names, True)
        while self._queue:  # nearest first, so that things get their shortest name
            self._walk(*self._queue.popleft())

    def _walk(self, name: str, value: Any, ours: bool) -> None:
        """Look at a value; what is wrong with it counts only if it is ours."""
        kind = type(value)
        if _is_in(kind, _CONSTANTS) or id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if derives(kind, type):
            self._walk_class(name, value)
        elif kind is types.FunctionType:
            self._walk_function(name, value, ours)
        elif derives(kind, types.ModuleType):
            for key, item in _content(value).items():
                self._queue.append((dotted(name, key), item, False))
        elif _is_of_typing(kind):
            origin = getattr(value, "__origin__", None)  # which takes the attributes that are set
            self._queue.append((name, origin, False))
        else:
            self._walk_object(name, value, ours)

    def _walk_names(self, name: str, names: dict[Any, Any], ours: bool) -> None:
        self._seen[id(names)] = names
        self.places.append(places.Names(name, names))
        self._queue.extend((dotted(name, key), item, ours) for key, item in dict.items(names))

    # -------------------------------------------------------------- classes and functions

    def _walk_class(self, name: str, kind: type) -> None:
        if _flags(kind) & _UNCHANGEABLE:
            return
        _settle(kind)
        content = members(kind)
        self.places.append(places.Class(name, kind))
        if content.get("__module__") != self._module:
            return
        if derives(kind, enum.Flag):
            self._refuse(name, "is a Flag, which grows as it is used", "use an Enum or plain texts")
        if derives(kind, type):
            self._refuse(name, "is a metaclass, which may act behind its classes", "do without it")
        self.classes.append(kind)
        self.places.append(places.Attributes(name, kind, places.CLASS))
        self._queue.extend((dotted(name, key), item, True) for key, item in content.items())
        self._queue.extend((_name(base), base, True) for base in (*line(kind), type(kind)))

    def _walk_function(self, name: str, function: types.FunctionType, ours: bool) -> None:
        self.places.append(places.Attributes(name, function, places.FUNCTION))
        self._walk_names(name, function.__dict__, ours)
        own = function.__globals__ is self._names
        if not own and not (ours and _is_from_outside(function)):
            return
        variables = function.__code__.co_freevars
        if function.__globals__ is vars(functools) and "dispatch" in variables:
            self._refuse(
                name, "is a singledispatch function, which changes as it is used", "use isinstance"
            )
            return
        self._walk_imports(function.__code__)
        for variable, cell in zip(variables, function.__closure__ or (), strict=True):
            self._walk_cell(f"{variable} of {name}", cell, own)
        held = (*(function.__defaults__ or ()), function.__kwdefaults__)
        self._queue.extend((f"a default of {name}", item, own) for item in held)
        with suppress(Exception):  # from Python 3.14 on, they are computed only now
            notes = function.__annotations__
            if id(notes) not in self._seen:
                self._seen[id(notes)] = notes
                self.places.append(places.Values(f"{name}.__annotations__", notes))

    def _walk_imports(self, code: types.CodeType) -> None:
        """Modules that a function may import, going by the names it uses."""
        for name in IMPORTED_MODULES.intersection(code.co_names):
            with suppress(ImportError):
                self._queue.append((name, self._import(name, fromlist=("*",)), False))
        for inner in code.co_consts:
            if type(inner) is types.CodeType:
                self._walk_imports(inner)

    def _walk_cell(self, name: str, cell: types.CellType, ours: bool) -> None:
        if id(cell) not in self._seen:
            self._seen[id(cell)] = cell
            self.places.append(places.Cell(name, cell, places.CELL))
            self._queue.extend((name, item, ours) for item in gc.get_referents(cell))

    # -------------------------------------------------------------- other objects

    def _walk_object(self, name: str, value: Any, ours: bool) -> None:
        kind = type(value)
        base = next(each for each in line(kind) if _is_in(each, _KNOWN))
        fault = _fault(kind, base, value)
        if fault:
            if ours:
                self._refuse(name, *fault)
            return
        self._queue.append((_name(kind), kind, ours))
        if derives(kind, enum.Flag):
            return
        if base in _CONTAINERS:
            self.places.append(_CONTAINERS[base](name, value))
        attributes = _attributes(kind)
        if attributes:
            self.places.append(places.Attributes(name, value, attributes))
        for each in attributes:
            if each.__name__ == "__dict__":
                self._walk_names(name, each.__get__(value), ours)
        self._queue.extend((name, item, ours) for item in gc.get_referents(value))

    def _refuse(self, name: str, what: str, remedy: str) -> None:
        self.faults.append(f"`{name}`, which all instances share, {what}; {remedy}")


def _is_in(kind: type, known: Container[Any]) -> bool:
    """Whether a type is one of those; a metaclass of generated code is not asked."""
    return type(kind) is type and kind in known


def _settle(kind: type) -> None:
    """Let a class have the attributes that Python adds when it first needs them."""
    for ask in (_annotations, _slotnames):
        with suppress(Exception):  # what fails adds nothing later on, either
            ask(kind)


def _is_of_typing(kind: type) -> bool:
    """Whether a value of this class is made of types only, such as `list[str] | None`."""
    return members(kind).get("__module__") == "typing" and vars(typing).get(_name(kind)) is kind


def _is_from_outside(function: types.FunctionType) -> bool:
    """Whether a function is not one of the stand-ins that this package gives to generated code."""
    return str(function.__globals__.get("__name__")).partition(".")[0] != _PACKAGE


def _attributes(kind: type) -> list[Any]:
    """The descriptors of everything that can be set on instances of a class."""
    owners = line(kind)
    found = [each for owner in owners for each in _slots(owner)]
    dicts = (members(owner).get("__dict__") for owner in owners)
    found += [each for each in dicts if type(each) is types.GetSetDescriptorType][:1]
    if not _flags(kind) & _UNCHANGEABLE:
        found += places.descriptors(object, "__class__")
    return found


def _slots(owner: type) -> Iterator[Any]:
    if _is_in(owner, _INNER):
        yield from places.descriptors(owner, _INNER[owner])
    elif not _is_in(owner, _KNOWN):
        for each in members(owner).values():
            if type(each) is types.MemberDescriptorType and each.__objclass__ is owner:
                yield each


def _fault(kind: type, base: type, value: Any) -> tuple[str, str] | None:
    """Why a value cannot be compared and put back, and what to do about it."""
    if base is OrderedDict and not all(
        _is_in(type(key), _CONSTANTS) for key in OrderedDict.keys(value)
    ):
        return "is an OrderedDict with objects as keys", "use texts or numbers as keys"
    if base is not object or _is_plain(kind):
        return None
    module = _module(kind)
    title = _name(kind) if module == "builtins" else f"{module}.{_name(kind)}"
    what = f"is of type `{title}`"
    if derives(kind, BaseException):
        return f"{what} and remembers where it was raised", "make a new one where it is raised"
    if any("__next__" in members(owner) for owner in line(kind)):
        return (
            f"{what} and moves on as it is used",
            "use a list or tuple, or count in an attribute of self",
        )
    return (
        f"{what}, whose content cannot be compared",
        "make it inside the method that needs it, or keep plain data in attributes of self",
    )


def _is_plain(kind: type) -> bool:
    """Whether instances hold nothing but slots and a dict, going by their size in memory."""
    owners = line(kind)
    fields = sum(1 for owner in owners for _ in _slots(owner))
    fields += (_dict_at(kind) > 0) + (_weak_at(kind) > 0)
    return bool(_size(kind) == object.__basicsize__ + _POINTER * fields)

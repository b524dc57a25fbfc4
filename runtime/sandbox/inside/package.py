"""Environments from installed packages: an instance is several named objects.

The code is trusted as far as its import goes, which happens before the worker seals itself; what it
does afterwards, it does sealed. It runs unedited: clock and chance come from virtual.py; private or
non-JSON state is no obstacle, for an instance is shown through its projection and rebuilt by
repeating its calls. What the modules hold is put back after every call: instances share nothing,
and state that a class keeps in its module is lost. Not covered: modules that a tool imports only
when it is called; state and random numbers of other libraries.
"""

from __future__ import annotations

import copy
import importlib
import sys
import types
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

from ...errors import ConfigurationError
from ...state import Json
from ..language import virtual
from ..language.virtual import Chance
from ..protocol import PackageObject
from ..schemas import schema
from ..sharing.shared import SharedState
from ..values import projection
from ..values.plain import NotJson, plain

_CONTAINERS = (dict, list, set, bytearray)


class PackageSubject:
    """Imported classes, and how instances are made of them; a thing is a dict of named objects."""

    def __init__(
        self, objects: Mapping[str, PackageObject], classes: Mapping[str, type], chance: Chance
    ) -> None:
        self.name = "+".join(objects)
        self.chance = chance
        self.draws = True
        self.known: set[int] = set()
        """Whether results may depend on the number of state changes: nobody can tell by looking."""
        self._objects = dict(objects)
        self._classes = dict(classes)
        self._methods = {name: public_methods(kind) for name, kind in classes.items()}
        self._tools = _tools(self._methods)
        self._described = list(self._describe())  # now, while source files can be read
        modules = _modules(classes.values())
        self._shared = [SharedState(m.__name__, vars(m), native=False) for m in modules]
        self.known.update(*(shared.objects() for shared in self._shared))
        self._kept = {
            id(value): value
            for module in modules
            for value in vars(module).values()
            if not isinstance(value, _CONTAINERS)
        }

    @property
    def tools(self) -> list[str]:
        """The names of all tools: `Object__method` where several objects have the method."""
        return list(self._tools)

    def describe(self) -> list[Json]:
        """The tools as the model sees them: {"name", "description", "parameters"} each."""
        return self._described

    def _describe(self) -> Iterator[Json]:
        for owner, methods in self._methods.items():
            tools = schema.described_class(self._classes[owner], methods)
            for method, tool in zip(methods, tools, strict=True):
                plain = method in self._tools
                yield {**tool, "name": method if plain else f"{owner}__{method}"}

    # -------------------------------------------------------------- instances

    def construct(self, state: Mapping[str, Any], seed: int) -> dict[str, object]:
        """Fresh objects in their first state; the keys of `state` choose which there are.

        Raises:
            ValueError: a key names no object, or a state cannot be taken.
        """
        unknown = sorted(state.keys() - self._objects.keys())
        if unknown:
            known = ", ".join(self._objects)
            raise ValueError(f"the state names objects that do not exist: {unknown}; use {known}")
        self.chance.begin(seed, "create")
        try:
            made = {name: self._made(name, state[name]) for name in self._objects if name in state}
            return self._severed(made)
        finally:
            self._put_back()

    def _made(self, name: str, state: Json) -> object:
        source = self._objects[name]
        thing = self._classes[name]()
        if source.load is not None:
            getattr(thing, source.load)(state, **source.options)
        elif isinstance(state, dict):
            for attribute, value in state.items():
                setattr(thing, attribute, value)
        else:
            raise ValueError(
                f"the state of {name!r} must be an object of attributes, not {state!r}"
            )
        return thing

    def _severed(self, things: dict[str, object]) -> dict[str, object]:
        """The things without a hold on containers of their modules, which all instances see.

        Objects that stand in a module on their own, such as a marker for "none given", stay what
        they are: code compares them by identity.
        """
        try:
            return copy.deepcopy(things, dict(self._kept))
        except Exception:  # a lock, a connection: such a thing has to stay as it was made
            return things

    def state(self, thing: Mapping[str, object], *, private: bool = False) -> dict[str, Json]:
        """What the state of an instance is: the projected public attributes of each object.

        With `private` also the private ones, which tell whether a call changed anything.
        """
        return projection.attributes(thing, private=private)

    # -------------------------------------------------------------- tools

    def tool(self, thing: Mapping[str, object], name: str) -> Callable[..., Json] | None:
        """What calls a tool of an instance with keyword arguments; None where it has no such tool.

        `Object__method` always works; `method` where one object of the instance has it.
        """
        owner, dot, method = name.rpartition("__")
        owners = [
            other
            for other in thing
            if method in self._methods[other] and (not dot or other == owner)
        ]
        if len(owners) != 1:
            return None
        return partial(self._call, getattr(thing[owners[0]], method))

    def _call(self, method: Callable[..., object], /, **arguments: Any) -> Json:
        """The result of a method as it is where that is JSON, else its projection."""
        try:
            result = method(**arguments)
            try:
                return plain(result, "result")
            except NotJson:
                return projection.project(result)
        finally:
            self._put_back()

    def _put_back(self) -> None:
        for shared in self._shared:
            if shared.change() is not None:
                shared.restore()


def imported(objects: Mapping[str, PackageObject], chance: Chance) -> PackageSubject:
    """Import the classes of an environment, with virtual clock and chance in this whole process.

    Raises:
        ConfigurationError: naming the class that cannot be had, and why.
    """
    chance.begin(0, "load")
    virtual.install(chance)
    classes = {name: _imported(name, source) for name, source in objects.items()}
    return PackageSubject(objects, classes, chance)


def _imported(name: str, source: PackageObject) -> type:
    module, colon, path = source.target.partition(":")
    if not (module and colon and path):
        raise ConfigurationError(
            f"the object {name!r} comes from {source.target!r}; expected `package.module:Class`"
        )
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        raise ConfigurationError(
            f"{source.target!r}, the class of the object {name!r}, cannot be imported: "
            f"{type(error).__name__}: {error}; install its package and what that needs"
        ) from error
    if not isinstance(found, type):
        raise ConfigurationError(f"{source.target!r} is no class but a {type(found).__name__}")
    if source.load is not None and not callable(getattr(found, source.load, None)):
        raise ConfigurationError(f"{source.target!r} has no method {source.load!r} to load a state")
    return found


def public_methods(kind: type) -> list[str]:
    """The methods without `_` in front that a class has from its own package, its bases' first."""
    root = kind.__module__.partition(".")[0]
    found: dict[str, object] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.partition(".")[0] == root:
            found |= vars(base)
    callable_kinds = (types.FunctionType, classmethod, staticmethod)
    return [
        name
        for name, value in found.items()
        if isinstance(value, callable_kinds) and not name.startswith("_")
    ]


def _tools(methods: Mapping[str, list[str]]) -> list[str]:
    """The names of the tools: plain where one object has the method, else `Object__method`."""
    every = Counter(chain.from_iterable(methods.values()))
    return [
        method if every[method] == 1 else f"{owner}__{method}"
        for owner, names in methods.items()
        for method in names
    ]


def _modules(classes: Collection[type]) -> list[types.ModuleType]:
    """The modules of classes, and those of the same packages that they lead to by name."""
    found: dict[str, types.ModuleType] = {}
    names = [base.__module__ for kind in classes for base in kind.__mro__[:-1]]
    roots = {kind.__module__.partition(".")[0] for kind in classes}
    while names:
        name = names.pop()
        module = sys.modules.get(name)
        if module is None or name in found or name.partition(".")[0] not in roots:
            continue
        found[name] = module
        for value in list(vars(module).values()):
            if isinstance(value, types.ModuleType):
                names.append(value.__name__)
            elif isinstance(value, type | types.FunctionType):
                names.append(str(value.__module__))
    return list(found.values())

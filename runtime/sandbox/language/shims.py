"""What generated code finds when it imports or calls a builtin: a small, deterministic Python.

Modules are copies of the public names of the allowed ones, and cannot be changed.
"""

from __future__ import annotations

import builtins
import importlib
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..inside.guard import MODULE
from . import inert, virtual
from .virtual import Chance
from .vocabulary import (
    BUILTINS,
    IMPORTED_BUILTINS,
    IMPORTED_MODULES,
    NATIVE_MODULES,
    OFFERED,
    REMOVED,
    attribute_fault,
    module_fault,
    private_fault,
)

_BACKPORTS = "typing_extensions"
# Loaded while files can still be opened: allowed modules import these in passing.
_PRELOADED = ("_strptime", "encodings.ascii", "encodings.idna", "encodings.latin_1", "locale")
for _name in (*sorted(IMPORTED_MODULES - inert.MODULES - {_BACKPORTS}), *_PRELOADED):
    importlib.import_module(_name)

# The interpreter itself imports these in the name of the running code, say for date formats; it
# takes the real module, whatever the import gives.
_INNER = ("_io", "_strptime", "copyreg", "io", "locale", "operator", "time", "warnings")

_module_of = type.__dict__["__module__"].__get__  # a metaclass cannot come between
_CLASS_HINT = "a class is shared by all instances; use an attribute of self"


class _Shim(types.ModuleType):
    """A module whose names cannot be changed."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"the module {self.__name__!r} cannot be changed (attribute {name!r})")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"the module {self.__name__!r} cannot be changed (attribute {name!r})")


def modules(chance: Chance, *, native: bool) -> dict[str, types.ModuleType]:
    """The modules that can be imported, by name."""
    names = sorted(NATIVE_MODULES if native else IMPORTED_MODULES)
    shims = {name: _shim(name, _content(name, chance, native=native)) for name in names}
    for name in names:
        owner, dot, last = name.rpartition(".")
        if dot:
            vars(shims.setdefault(owner, _shim(owner, {})))[last] = shims[name]
    return shims


def _shim(name: str, content: Mapping[str, object]) -> types.ModuleType:
    module = _Shim(name)
    vars(module).update(content)
    return module


def _content(name: str, chance: Chance, *, native: bool) -> dict[str, object]:
    """The names of a module as generated code meets it."""
    if name in ("random", "secrets", "uuid"):
        return chance.module(name)
    if name == "time":
        return virtual.clock()
    if name == "datetime":
        return _public(name) | virtual.dates(native=native)
    wrapping = inert.WRAPPING if name == "functools" else {}
    return (_public(name) if native else _imported(name)) | wrapping


def _imported(name: str) -> dict[str, object]:
    """The names of a module as imported classes meet it."""
    if name in inert.MODULES:
        return inert.module(name)
    if name == _BACKPORTS:  # what an installed one has beyond typing depends on its version
        return {"override": lambda method: method, **_public("typing")}
    offered = OFFERED.get(name)
    return _public(name) | inert.stand_ins(name) if offered is None else _public(name, offered)


def _public(name: str, names: Iterable[str] = ()) -> dict[str, object]:
    """The public names of a module, or those given; no other modules, and nothing REMOVED."""
    module = importlib.import_module(name)
    names = names or getattr(module, "__all__", None) or [k for k in vars(module) if k[0] != "_"]
    kept = {key: getattr(module, key) for key in names if key not in REMOVED.get(name, ())}
    return {key: value for key, value in kept.items() if not isinstance(value, types.ModuleType)}


# ------------------------------------------------------------------ builtins


def guarded_builtins(chance: Chance, *, native: bool) -> dict[str, object]:
    """The builtins of generated code."""
    offered = BUILTINS if native else (*BUILTINS, *IMPORTED_BUILTINS)
    names = {name: getattr(builtins, name) for name in offered}
    names |= {name: value for name, value in vars(builtins).items() if _is_exception(value)}
    names["__import__"] = _importer(modules(chance, native=native), native)
    names["__build_class__"] = builtins.__build_class__
    names["print"] = _print
    return names | _attribute_builtins(native)


def _attribute_builtins(native: bool) -> dict[str, object]:
    """getattr and its like, held to the same names as written attributes."""

    def checked(name: object) -> str:
        if type(name) is not str:
            raise TypeError(f"attribute name must be a string, not {type(name).__name__}")
        fault = attribute_fault(name, native=native)
        if fault:
            raise AttributeError(fault)
        return name

    def writable(owner: object) -> object:
        if native and isinstance(owner, type):
            raise AttributeError(_CLASS_HINT)
        return owner

    def guarded_getattr(owner: object, name: object, *default: object) -> object:
        found = checked(name)
        own = owner if isinstance(owner, type) else type(owner)
        fault = None if _module_of(own) == MODULE else private_fault(found, ())
        if fault:
            raise AttributeError(fault)
        return getattr(owner, found, *default)

    def guarded_hasattr(owner: object, name: object) -> bool:
        return hasattr(owner, checked(name))

    def guarded_setattr(owner: object, name: object, value: object) -> None:
        setattr(writable(owner), checked(name), value)

    def guarded_delattr(owner: object, name: object) -> None:
        delattr(writable(owner), checked(name))

    return {
        "getattr": guarded_getattr,
        "hasattr": guarded_hasattr,
        "setattr": guarded_setattr,
        "delattr": guarded_delattr,
    }


def _is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _print(*values: object, **options: object) -> None:
    """Nobody reads what generated code prints."""


def _importer(
    shims: Mapping[str, types.ModuleType], native: bool
) -> Callable[..., types.ModuleType]:
    inner = {name: _shim(name, {}) for name in _INNER}

    def guarded_import(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> types.ModuleType:
        if name in inner and name not in shims:
            return inner[name]
        if level or name not in shims:
            fault = module_fault(name, native=native)
            raise ImportError(fault or "relative imports lead nowhere here")
        return shims[name] if fromlist else shims[name.partition(".")[0]]

    return guarded_import

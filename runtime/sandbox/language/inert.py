"""Stand-ins that imported classes meet: logs that nobody reads, locks that nobody contends for.

None of them keeps anything, so that instances stay apart and a state need not hold them.
"""

from __future__ import annotations

import functools
import operator
import sys
import types
from collections.abc import Callable
from typing import Any

from .vocabulary import OFFERED, attribute_fault


class _Silent:
    """A logger, handler, formatter, filter or stream: takes everything and does nothing."""

    __slots__ = ()
    level = 0
    name = "root"
    propagate = True

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setattr__(self, name: str, value: object) -> None:
        """What is set here would be shared by all who log."""

    @property
    def handlers(self) -> list[object]:
        return []

    def getChild(self, suffix: str) -> _Silent:
        return self

    def hasHandlers(self) -> bool:
        return True

    def isEnabledFor(self, level: int) -> bool:
        return False

    def getEffectiveLevel(self) -> int:
        return 0


def _nothing(*_: object, **__: object) -> None:
    """Does nothing."""


for _name in """
    addFilter addHandler close critical debug emit error exception fatal flush handle info log
    removeFilter removeHandler setFormatter setLevel setStream warn warning write writelines
""".split():
    setattr(_Silent, _name, staticmethod(_nothing))

_SILENT = _Silent()


class _Lock:
    """A lock that is always free: calls run one at a time."""

    __slots__ = ()

    def __init__(self, value: int = 1) -> None:
        pass

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        return True

    def release(self, n: int = 1) -> None:
        pass

    def locked(self) -> bool:
        return False

    def __enter__(self) -> bool:
        return True

    def __exit__(self, *_: object) -> None:
        pass


class _Warnings:
    """The context `warnings.catch_warnings()`."""

    __slots__ = ()

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> list[object]:
        return []

    def __exit__(self, *_: object) -> None:
        pass


def stateless(value: object) -> bool:
    """Whether a value is such a stand-in: an attribute that holds one is no part of the state."""
    return type(value) in (_Silent, _Lock)


def module(name: str) -> dict[str, object]:
    """The names of the stand-in for one of MODULES."""
    return _MODULES[name]()


_LEVELS = {"CRITICAL": 50, "ERROR": 40, "WARNING": 30, "INFO": 20, "DEBUG": 10, "NOTSET": 0}


def _logging() -> dict[str, object]:
    kinds = "FileHandler Filter Formatter Handler Logger LoggerAdapter NullHandler StreamHandler"
    names = {level: name for name, level in _LEVELS.items()}
    return {
        **dict.fromkeys(OFFERED["logging"], _nothing),
        **dict.fromkeys(kinds.split(), _Silent),
        **_LEVELS,
        "FATAL": _LEVELS["CRITICAL"],
        "WARN": _LEVELS["WARNING"],
        "getLogger": lambda name=None: _SILENT,
        "getLevelName": lambda level: names.get(level, f"Level {level}"),
    }


def _os() -> dict[str, object]:
    return {
        "environ": types.MappingProxyType({}),
        "getenv": lambda key, default=None: default,
        "linesep": "\n",
        "sep": "/",
    }


def _sys() -> dict[str, object]:
    given = {name: getattr(sys, name) for name in OFFERED["sys"]}
    return {**given, "stderr": _SILENT, "stdout": _SILENT}


def _threading() -> dict[str, object]:
    return dict.fromkeys(OFFERED["threading"], _Lock)


def _traceback() -> dict[str, object]:
    return {"format_exc": _format_exc, "print_exc": _nothing}


def _format_exc(limit: int | None = None, chain: bool = True) -> str:
    """The exception alone: where the runtime's own files lie is nobody's business."""
    error = sys.exc_info()[1]
    return "NoneType: None\n" if error is None else f"{type(error).__name__}: {error}\n"


def _warnings() -> dict[str, object]:
    return {**dict.fromkeys(OFFERED["warnings"], _nothing), "catch_warnings": _Warnings}


_MODULES: dict[str, Callable[[], dict[str, object]]] = {
    "logging": _logging,
    "os": _os,
    "sys": _sys,
    "threading": _threading,
    "traceback": _traceback,
    "warnings": _warnings,
}
MODULES = frozenset(_MODULES)
"""Modules of which imported classes meet a stand-in only."""


# ------------------------------------------------------------------ names of real modules


def stand_ins(name: str) -> dict[str, object]:
    """The harmless form of names that a module does not offer as they are."""
    return _STAND_INS.get(name, {})


def _remembering_nothing(function: Any) -> Any:
    """`functools.cache` without a memory, which all instances would share."""

    @functools.wraps(function)
    def computed(*values: object, **named: object) -> object:
        return function(*values, **named)

    computed.cache_clear = _nothing  # type: ignore[attr-defined]
    return computed


def _uncached(maxsize: object = 128, typed: bool = False) -> Any:
    """`functools.lru_cache`, with or without parentheses."""
    return _remembering_nothing(maxsize) if callable(maxsize) else _remembering_nothing


def _checked(maker: Callable[..., Any], *, every: bool) -> Callable[..., Any]:
    """A maker of getters, held to the names that may be written as attributes."""

    def checked(*names: Any, **options: Any) -> Any:
        for name in names if every else names[:1]:
            if type(name) is not str:
                raise TypeError(f"attribute name must be a string, not {type(name).__name__}")
            for part in name.split("."):
                if fault := attribute_fault(part, native=False):
                    raise AttributeError(fault)
        return maker(*names, **options)

    return checked


def _wraps(wrapped: Any) -> Callable[[Any], Any]:
    """`functools.wraps` that takes over what describes a function, and nothing else."""
    return lambda wrapper: _update_wrapper(wrapper, wrapped)


def _update_wrapper(wrapper: Any, wrapped: Any) -> Any:
    return functools.update_wrapper(wrapper, wrapped, _DESCRIPTIVE, ())


_DESCRIPTIVE = ("__name__", "__qualname__", "__doc__")
WRAPPING: dict[str, object] = {"wraps": _wraps, "update_wrapper": _update_wrapper}
"""What copies attributes by text, held to harmless ones."""
_STAND_INS: dict[str, dict[str, object]] = {
    "functools": {
        "cache": _remembering_nothing,
        "lru_cache": _uncached,
        "cached_property": functools.cached_property,
    },
    "operator": {
        "attrgetter": _checked(operator.attrgetter, every=True),
        "methodcaller": _checked(operator.methodcaller, every=False),
    },
}

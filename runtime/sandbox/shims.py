"""What generated code finds when it imports or calls a builtin: a small, deterministic Python.

Modules are copies of the public names of the allowed ones. The clock stands still; random numbers
and uuids derive from an instance's seed and the number of its successful state changes, so that
one more look-up renames nothing. Our own classes (native) have neither clock nor chance.
"""

from __future__ import annotations

import builtins
import calendar
import datetime
import importlib
import random
import time
import types
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from .policy import IMPORTED_MODULES, NATIVE_MODULES, REMOVED, attribute_fault

NOW = datetime.datetime(2025, 1, 1, 12, 0, 0)
"""The virtual clock's only reading, in UTC."""

# Loaded while files can still be opened: allowed modules import these in passing.
for _name in (
    *IMPORTED_MODULES,
    "_strptime",
    "encodings.ascii",
    "encodings.latin_1",
    "encodings.utf_8",
    "encodings.idna",
    "locale",
):
    importlib.import_module(_name)


class Chance:
    """The virtual source of randomness: one stream for each (seed, number of state changes)."""

    def __init__(self) -> None:
        self._key = ""
        self._stream: random.Random | None = None

    def begin(self, seed: int, writes: int | str) -> None:
        """Start the stream of the next call; nothing is computed until it is drawn from."""
        self._key = f"{seed}:{writes}"
        self._stream = None

    @property
    def stream(self) -> random.Random:
        if self._stream is None:
            self._stream = random.Random(self._key)
        return self._stream


class _Shim(types.ModuleType):
    """A module whose names cannot be changed."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"the module {self.__name__!r} cannot be changed (attribute {name!r})")

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)
        raise AssertionError


def _shim(name: str, content: Mapping[str, object]) -> types.ModuleType:
    module = _Shim(name)
    vars(module).update(content)
    return module


def _public(name: str) -> dict[str, object]:
    """The public names of a module, without other modules and without what the policy removes."""
    module = importlib.import_module(name)
    names = getattr(module, "__all__", None) or [key for key in vars(module) if key[0] != "_"]
    kept = {key: getattr(module, key) for key in names if key not in REMOVED.get(name, ())}
    return {key: value for key, value in kept.items() if not isinstance(value, types.ModuleType)}


def modules(chance: Chance, *, native: bool) -> dict[str, types.ModuleType]:
    """The modules that can be imported, by name."""
    special: dict[str, dict[str, object]] = {"datetime": _datetime(native)}
    if not native:
        special |= {"random": _random(chance), "secrets": _secrets(chance)}
        special |= {"time": _time(), "uuid": _uuid(chance)}
    names = sorted(NATIVE_MODULES if native else IMPORTED_MODULES)
    shims = {name: _shim(name, special.get(name) or _public(name)) for name in names}
    vars(shims["collections"])["abc"] = shims["collections.abc"]
    return shims


# ------------------------------------------------------------------ builtins


def guarded_builtins(chance: Chance, *, native: bool) -> dict[str, object]:
    """The builtins of generated code."""
    safe = {name: getattr(builtins, name) for name in _BUILTINS}
    safe |= {name: value for name, value in vars(builtins).items() if _is_exception(value)}

    def checked(name: object) -> str:
        if type(name) is not str:
            raise TypeError(f"attribute name must be a string, not {type(name).__name__}")
        fault = attribute_fault(name, native=native)
        if fault:
            raise AttributeError(fault)
        return name

    def guarded_getattr(owner: object, name: object, *default: object) -> object:
        return getattr(owner, checked(name), *default)

    def guarded_hasattr(owner: object, name: object) -> bool:
        return hasattr(owner, checked(name))

    def guarded_setattr(owner: object, name: object, value: object) -> None:
        if isinstance(owner, type):
            raise AttributeError(f"class {owner.__name__} is shared by all instances; use self")
        setattr(owner, checked(name), value)

    def guarded_delattr(owner: object, name: object) -> None:
        if isinstance(owner, type):
            raise AttributeError(f"class {owner.__name__} is shared by all instances; use self")
        delattr(owner, checked(name))

    return {
        **safe,
        "getattr": guarded_getattr,
        "hasattr": guarded_hasattr,
        "setattr": guarded_setattr,
        "delattr": guarded_delattr,
        "print": _print,
        "__import__": _importer(modules(chance, native=native)),
        "__build_class__": builtins.__build_class__,
    }


_BUILTINS = [
    "None",
    "True",
    "False",
    "Ellipsis",
    "NotImplemented",
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "complex",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "hash",
    "hex",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "oct",
    "ord",
    "pow",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "zip",
]


def _is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _print(*values: object, **options: object) -> None:
    """Nobody reads what generated code prints."""


def _importer(shims: dict[str, types.ModuleType]) -> Callable[..., types.ModuleType]:
    def guarded_import(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> types.ModuleType:
        if level or name not in shims:
            raise ImportError(f"the module {name!r} may not be imported")
        return shims[name] if fromlist else shims[name.partition(".")[0]]

    return guarded_import


# ------------------------------------------------------------------ clock


def _datetime(native: bool) -> dict[str, object]:
    def now(kind: type[datetime.date], zone: datetime.tzinfo | None = None) -> Any:
        if native:
            raise RuntimeError("the current time is part of the state: read it from an attribute")
        if not issubclass(kind, datetime.datetime):
            return kind(NOW.year, NOW.month, NOW.day)
        plain = kind(NOW.year, NOW.month, NOW.day, NOW.hour, NOW.minute, NOW.second)
        return plain if zone is None else plain.replace(tzinfo=datetime.UTC).astimezone(zone)

    def utcnow(kind: type[datetime.date]) -> Any:
        return now(kind)

    body = {"__slots__": (), "today": classmethod(utcnow)}
    virtual_date = _Lookalike("date", (datetime.date,), dict(body))
    clock = {"now": classmethod(now), "utcnow": classmethod(utcnow)}
    virtual_datetime = _Lookalike("datetime", (datetime.datetime,), body | clock)
    return _public("datetime") | {"date": virtual_date, "datetime": virtual_datetime}


class _Lookalike(type):
    """A virtual class that counts instances of the real class as its own."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


def _time() -> dict[str, object]:
    moment = NOW.replace(tzinfo=datetime.UTC).timestamp()
    still = NOW.utctimetuple()

    def broken(seconds: float | None = None) -> time.struct_time:
        return time.gmtime(moment if seconds is None else seconds)

    def strftime(form: str, when: Any = still) -> str:
        return time.strftime(form, when)

    def sleep(seconds: float) -> None:
        """The clock stands still, so nobody has to wait."""

    seconds = dict.fromkeys(("time", "monotonic", "perf_counter", "process_time"), lambda: moment)
    nanoseconds = {f"{name}_ns": lambda: int(moment) * 10**9 for name in seconds}
    return {
        **seconds,
        **nanoseconds,
        "gmtime": broken,
        "localtime": broken,
        "mktime": lambda when: float(calendar.timegm(when)),
        "strftime": strftime,
        "strptime": time.strptime,
        "struct_time": time.struct_time,
        "asctime": lambda when=still: time.asctime(when),
        "ctime": lambda seconds=None: time.asctime(broken(seconds)),
        "sleep": sleep,
        "timezone": 0,
        "tzname": ("UTC", "UTC"),
    }


# ------------------------------------------------------------------ chance

_DRAWS = [
    "betavariate",
    "choice",
    "choices",
    "expovariate",
    "gammavariate",
    "gauss",
    "getrandbits",
    "lognormvariate",
    "normalvariate",
    "paretovariate",
    "randbytes",
    "randint",
    "random",
    "randrange",
    "sample",
    "seed",
    "shuffle",
    "triangular",
    "uniform",
    "vonmisesvariate",
    "weibullvariate",
    "getstate",
    "setstate",
]


def _random(chance: Chance) -> dict[str, object]:
    def draw(name: str) -> Callable[..., Any]:
        return lambda *values, **named: getattr(chance.stream, name)(*values, **named)

    class Random(random.Random):
        """Seeded by the virtual source where no seed is given."""

        def __init__(self, x: Any = None) -> None:
            super().__init__(chance.stream.getrandbits(64) if x is None else x)

    return {name: draw(name) for name in _DRAWS} | {"Random": Random}


def _secrets(chance: Chance) -> dict[str, object]:
    def token(size: int | None = None) -> bytes:
        return chance.stream.randbytes(32 if size is None else size)

    def url_safe(size: int | None = None) -> str:
        import base64

        return base64.urlsafe_b64encode(token(size)).rstrip(b"=").decode()

    return {
        "token_bytes": token,
        "token_hex": lambda size=None: token(size).hex(),
        "token_urlsafe": url_safe,
        "choice": lambda values: chance.stream.choice(values),
        "randbelow": lambda bound: chance.stream.randrange(bound),
        "randbits": lambda count: chance.stream.getrandbits(count),
        "compare_digest": lambda left, right: left == right,
    }


def _uuid(chance: Chance) -> dict[str, object]:
    def draw(version: int) -> Callable[..., uuid.UUID]:
        return lambda *_, **__: uuid.UUID(int=chance.stream.getrandbits(128), version=version)

    return _public("uuid") | {"uuid1": draw(1), "uuid4": draw(4), "getnode": lambda: 0}

"""Clock and chance of imported classes: the same in every run.

The clock stands still; random numbers and uuids derive from an instance's seed and the number of
its successful state changes, so that one more look-up renames nothing. Our own classes (native)
have neither. Generated classes meet all this in shims; installed packages meet it in the real
modules, which `install` changes for the whole process.
"""

from __future__ import annotations

import base64
import calendar
import datetime
import importlib
import os
import random
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from random import Random
from types import ModuleType
from typing import Any

NOW = datetime.datetime(2025, 1, 1, 12, 0, 0)
"""The virtual clock's only reading, in UTC."""

# What `install` replaces, and this module goes on to use.
_gmtime, _strftime, _asctime = time.gmtime, time.strftime, time.asctime
_Date, _Datetime = datetime.date, datetime.datetime

_DRAWS = """
    betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate
    normalvariate paretovariate randbytes randint random randrange sample seed shuffle
    triangular uniform vonmisesvariate weibullvariate getstate setstate
"""


class Chance:
    """The virtual source of randomness: one stream for each (seed, number of state changes)."""

    def __init__(self) -> None:
        self._key = ""
        self._stream: Random | None = None

    def begin(self, seed: int, writes: int | str) -> None:
        """Start the stream of the next call; nothing is computed until it is drawn from."""
        self._key = f"{seed}:{writes}"
        self._stream = None

    @property
    def stream(self) -> Random:
        """The stream of the present call."""
        if self._stream is None:
            self._stream = Random(self._key)
        return self._stream

    def module(self, name: str) -> dict[str, object]:
        """The names of the module random, secrets or uuid, drawing from here."""
        return {"random": _random, "secrets": _secrets, "uuid": _uuid}[name](self)


def _random(chance: Chance) -> dict[str, object]:
    def draw(name: str) -> Callable[..., Any]:
        return lambda *values, **named: getattr(chance.stream, name)(*values, **named)

    class VirtualRandom(Random):
        """Seeded by the virtual source where no seed is given."""

        __module__, __qualname__ = "random", "Random"

        def seed(self, a: Any = None, version: int = 2) -> None:
            super().seed(chance.stream.getrandbits(64) if a is None else a, version)

    return {"Random": VirtualRandom, **{name: draw(name) for name in _DRAWS.split()}}


def _secrets(chance: Chance) -> dict[str, object]:
    def token(size: int | None = None) -> bytes:
        return chance.stream.randbytes(32 if size is None else size)

    def url_safe(size: int | None = None) -> str:
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

    kept = "NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500 UUID uuid3 uuid5"
    names: dict[str, object] = {name: getattr(uuid, name) for name in kept.split(" ")}
    drawn = {f"uuid{n}": draw(n) for n in (1, 4, 6, 7, 8) if hasattr(uuid, f"uuid{n}")}
    return names | drawn | {"getnode": lambda: 0}


# ------------------------------------------------------------------ clock


def dates(*, native: bool) -> dict[str, object]:
    """The classes `date` and `datetime`; the native ones refuse to tell the time."""

    def now(kind: type[datetime.date], zone: datetime.tzinfo | None = None) -> Any:
        if native:
            raise RuntimeError("the current time is part of the state: read it from an attribute")
        if not issubclass(kind, _Datetime):
            return kind(NOW.year, NOW.month, NOW.day)
        plain = kind(NOW.year, NOW.month, NOW.day, NOW.hour, NOW.minute, NOW.second)
        return plain if zone is None else plain.replace(tzinfo=datetime.UTC).astimezone(zone)

    def utcnow(kind: type[datetime.date]) -> Any:
        return now(kind)

    today: dict[str, object] = {"today": classmethod(utcnow)}
    readings = {"now": classmethod(now), "utcnow": classmethod(utcnow)}
    return {"date": _lookalike(_Date, today), "datetime": _lookalike(_Datetime, today | readings)}


def _lookalike(real: Any, readings: Mapping[str, object]) -> type:
    """A subclass that tells another time, and otherwise passes for the class itself."""

    def represent(self: object) -> str:
        text: str = real.__repr__(self)
        return f"datetime.{text}" if type(self) is virtual else text

    body = {"__slots__": (), "__module__": "datetime", "__repr__": represent, **readings}
    virtual = _Lookalike(real.__name__, (real,), body)
    return virtual


class _Lookalike(type):
    """A virtual class that counts instances of the real class as its own; subclasses do not."""

    def __instancecheck__(cls, instance: object) -> bool:
        real = cls.__mro__[1]
        if isinstance(real, _Lookalike):
            return super().__instancecheck__(instance)
        return isinstance(instance, real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        real = cls.__mro__[1]
        if isinstance(real, _Lookalike):
            return super().__subclasscheck__(subclass)
        return issubclass(subclass, real)


def clock() -> dict[str, object]:
    """The names of the module time."""
    moment = NOW.replace(tzinfo=datetime.UTC).timestamp()

    def broken(seconds: float | None = None) -> time.struct_time:
        return _gmtime(moment if seconds is None else seconds)

    def strftime(form: str, when: Any = None) -> str:
        return _strftime(form, broken() if when is None else when)

    def sleep(seconds: float) -> None:
        """The clock stands still, so nobody has to wait."""

    readings = ("time", "monotonic", "perf_counter", "process_time")
    return {
        **dict.fromkeys(readings, lambda: moment),
        **{f"{name}_ns": lambda: int(moment) * 10**9 for name in readings},
        "gmtime": broken,
        "localtime": broken,
        "mktime": lambda when: float(calendar.timegm(when)),
        "strftime": strftime,
        "strptime": time.strptime,
        "struct_time": time.struct_time,
        "asctime": lambda when=None: _asctime(broken() if when is None else when),
        "ctime": lambda seconds=None: _asctime(broken(seconds)),
        "sleep": sleep,
        "timezone": 0,
        "tzname": ("UTC", "UTC"),
    }


# ------------------------------------------------------------------ the real modules


def install(chance: Chance) -> None:
    """Put clock and chance into the real modules, for this whole process and for good.

    What is imported afterwards needs no edit to be deterministic; what was imported before keeps
    what it took by `from ... import`. Local time becomes UTC.
    """
    importlib.import_module("_strptime")  # the interpreter does so in passing: a seal forbids it
    os.environ["TZ"] = "UTC0"
    time.tzset()
    _change(datetime, dates(native=False))
    _change(time, clock() | _other_clocks())
    system = {"SystemRandom": _system_random(chance)}
    _change(random, chance.module("random") | system)
    _change(secrets, chance.module("secrets") | system)
    _change(uuid, chance.module("uuid"))
    _change(os, dict.fromkeys(("urandom", "getrandom"), _entropy(chance)))


def _other_clocks() -> dict[str, object]:
    """What of the module time no shim offers."""
    now = NOW.replace(tzinfo=datetime.UTC).timestamp()
    return {
        "thread_time": lambda: now,
        "thread_time_ns": lambda: int(now) * 10**9,
        "clock_gettime": lambda clock: now,
        "clock_gettime_ns": lambda clock: int(now) * 10**9,
        "altzone": 0,
        "daylight": 0,
    }


def _system_random(chance: Chance) -> type[Random]:
    class SystemRandom(Random):
        """Keeps no state of its own, as the real one: each number comes from the present call."""

        __module__, __qualname__ = "random", "SystemRandom"

        def random(self) -> float:
            return chance.stream.random()

        def getrandbits(self, k: int, /) -> int:
            return chance.stream.getrandbits(k)

        def seed(self, *values: Any, **named: Any) -> None:
            super().seed(0)  # nothing draws from it, but it is there to be seen

    return SystemRandom


def _entropy(chance: Chance) -> Callable[..., bytes]:
    return lambda size, flags=0: chance.stream.randbytes(size)


def _change(module: ModuleType, names: Mapping[str, object]) -> None:
    vars(module).update({name: value for name, value in names.items() if hasattr(module, name)})

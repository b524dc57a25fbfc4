"""Clock and chance of imported classes: the same in every run.

The clock stands still; random numbers and uuids derive from an instance's seed and the number of
its successful state changes, so that one more look-up renames nothing. Our own classes (native)
have neither.
"""

from __future__ import annotations

import base64
import calendar
import datetime
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

NOW = datetime.datetime(2025, 1, 1, 12, 0, 0)
"""The virtual clock's only reading, in UTC."""

_DRAWS = """
    betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate
    normalvariate paretovariate randbytes randint random randrange sample seed shuffle
    triangular uniform vonmisesvariate weibullvariate getstate setstate
"""


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
        """The stream of the present call."""
        if self._stream is None:
            self._stream = random.Random(self._key)
        return self._stream

    def module(self, name: str) -> dict[str, object]:
        """The names of the module random, secrets or uuid, drawing from here."""
        return {"random": _random, "secrets": _secrets, "uuid": _uuid}[name](self)


def _random(chance: Chance) -> dict[str, object]:
    def draw(name: str) -> Callable[..., Any]:
        return lambda *values, **named: getattr(chance.stream, name)(*values, **named)

    class Random(random.Random):
        """Seeded by the virtual source where no seed is given."""

        def __init__(self, x: Any = None) -> None:
            super().__init__(chance.stream.getrandbits(64) if x is None else x)

    return {"Random": Random, **{name: draw(name) for name in _DRAWS.split()}}


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
    return names | {"uuid1": draw(1), "uuid4": draw(4), "getnode": lambda: 0}


# ------------------------------------------------------------------ clock


def dates(*, native: bool) -> dict[str, object]:
    """The classes `date` and `datetime`; the native ones refuse to tell the time."""

    def now(kind: type[datetime.date], zone: datetime.tzinfo | None = None) -> Any:
        if native:
            raise RuntimeError("the current time is part of the state: read it from an attribute")
        if not issubclass(kind, datetime.datetime):
            return kind(NOW.year, NOW.month, NOW.day)
        plain = kind(NOW.year, NOW.month, NOW.day, NOW.hour, NOW.minute, NOW.second)
        return plain if zone is None else plain.replace(tzinfo=datetime.UTC).astimezone(zone)

    def utcnow(kind: type[datetime.date]) -> Any:
        return now(kind)

    body: dict[str, object] = {"__slots__": (), "today": classmethod(utcnow)}
    readings = {"now": classmethod(now), "utcnow": classmethod(utcnow)}
    return {
        "date": _Lookalike("date", (datetime.date,), dict(body)),
        "datetime": _Lookalike("datetime", (datetime.datetime,), body | readings),
    }


class _Lookalike(type):
    """A virtual class that counts instances of the real class as its own."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.__mro__[1])


def clock() -> dict[str, object]:
    """The names of the module time."""
    moment = NOW.replace(tzinfo=datetime.UTC).timestamp()

    def broken(seconds: float | None = None) -> time.struct_time:
        return time.gmtime(moment if seconds is None else seconds)

    def strftime(form: str, when: Any = None) -> str:
        return time.strftime(form, broken() if when is None else when)

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
        "asctime": lambda when=None: time.asctime(broken() if when is None else when),
        "ctime": lambda seconds=None: time.asctime(broken(seconds)),
        "sleep": sleep,
        "timezone": 0,
        "tzname": ("UTC", "UTC"),
    }

"""What a value that holds no others is in a projection; see projection.py."""

from __future__ import annotations

import datetime
import decimal
import enum
import hashlib
import math
import numbers
import pathlib
import re
import types
import uuid
import zoneinfo
from array import array
from collections.abc import Callable
from random import Random
from typing import Any

from ...state import Json

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_CLOCK = ("hour", "minute", "second", "microsecond")
_DATE = ("year", "month", "day")
_Datetime, _Time = datetime.datetime, datetime.time

_module_of = type.__dict__["__module__"].__get__
_qualname_of = type.__dict__["__qualname__"].__get__
contents = type.__dict__["__dict__"].__get__
"""The `__dict__` of a class, whatever its metaclass says."""
bases = type.__dict__["__mro__"].__get__
"""The `__mro__` of a class, whatever its metaclass says."""


def scalar_of(kind: type) -> Callable[[Any], Json] | None:
    """What makes JSON of the values of a class; None where they hold other values."""
    for base, scalar in _SCALARS.items():
        if kind is base or issubclass(kind, base):
            return scalar
    return None


def named(kind: type) -> str:
    """The name of a class with that of its file, as in `shop.Cart`, whatever its metaclass says."""
    return f"{str(_module_of(kind)).rpartition('.')[2]}.{_qualname_of(kind)}"


def text_of(value: str) -> Json:
    """A string as it is, or marked where half a surrogate pair keeps it from being text."""
    text = str.__getitem__(value, slice(None))
    try:
        text.encode()
    except UnicodeEncodeError:
        return {"$text": text.encode("unicode_escape").decode()}
    return text


def number(value: Any, kind: type) -> dict[str, Json]:
    """For the reader, what a number of another library comes to; asks the number itself."""
    if not any("__float__" in contents(base) for base in bases(kind)):
        return {}  # the question below would run code of the class's metaclass
    if not issubclass(kind, numbers.Real):
        return {}
    try:
        return {"$about": _float(float(value))}
    except (OverflowError, ValueError):  # too large, or no number at all
        return {}


def _int(value: int) -> Json:
    number = int.__index__(value)
    return number if _SMALLEST <= number <= _LARGEST else {"$int": hex(number)}


def _float(value: float) -> Json:
    real = float.__add__(value, 0.0)
    return float.__pos__(value) if math.isfinite(real) else {"$float": repr(real)}


def _enum(value: enum.Enum) -> Json:
    content = object.__getattribute__(value, "__dict__")
    return {"$enum": named(type(value)), "name": content["_name_"] or content["_value_"]}


def _datetime(value: datetime.datetime) -> Json:
    parts = [getattr(_Datetime, name).__get__(value) for name in _DATE + _CLOCK]
    fold = _Datetime.fold.__get__(value)
    return _zoned("$datetime", _Datetime(*parts, fold=fold), _Datetime.tzinfo.__get__(value))


def _time(value: datetime.time) -> Json:
    parts = [getattr(_Time, name).__get__(value) for name in _CLOCK]
    return _zoned("$time", _Time(*parts), _Time.tzinfo.__get__(value))


def _zoned(mark: str, plain: Any, zone: datetime.tzinfo | None) -> Json:
    fold = {"fold": 1} if plain.fold else {}
    known = {} if zone is None else {"zone": _zone(zone)}
    return {mark: plain.isoformat(), **fold, **known}


def _zone(zone: datetime.tzinfo) -> str:
    if isinstance(zone, datetime.timezone | zoneinfo.ZoneInfo):
        return str(zone)
    return named(type(zone))


def _random(value: Random) -> Json:
    words = array("I", super(Random, value).getstate()).tobytes()
    rest = repr(object.__getattribute__(value, "__dict__").get("gauss_next"))
    return {"$random": hashlib.sha256(words + rest.encode()).hexdigest()}


def _function(value: types.FunctionType) -> Json:
    return {"$function": f"{value.__module__}.{value.__qualname__}"}


_SCALARS: dict[type, Callable[[Any], Json]] = {
    str: text_of,
    bool: bool,
    int: _int,
    float: _float,
    enum.Enum: _enum,
    bytes: lambda value: {"$bytes": bytes.hex(value)},
    bytearray: lambda value: {"$bytearray": bytearray.hex(value)},
    complex: lambda value: {"$complex": complex.__repr__(value)},
    decimal.Decimal: lambda value: {"$decimal": decimal.Decimal.__str__(value)},
    _Datetime: _datetime,
    datetime.date: lambda value: {"$date": datetime.date.isoformat(value)},
    _Time: _time,
    datetime.timedelta: lambda value: {"$timedelta": datetime.timedelta.__str__(value)},
    uuid.UUID: lambda value: {"$uuid": uuid.UUID.__str__(value)},
    pathlib.PurePath: lambda value: {"$path": pathlib.PurePath.__str__(value)},
    re.Pattern: lambda value: {"$pattern": repr(value.pattern), "flags": value.flags},
    Random: _random,
    types.FunctionType: _function,
    types.BuiltinFunctionType: lambda value: {"$function": value.__qualname__},
    types.ModuleType: lambda value: {"$module": value.__name__},
    type: lambda value: {"$class": named(value)},
}

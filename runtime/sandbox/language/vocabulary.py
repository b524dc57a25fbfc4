"""The words of generated source: modules, builtins and special names it may use.

Every refusal names the thing, says why and what to write instead: it is fed to the model that is
to mend the source.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Container


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _hints(*groups: tuple[str, str]) -> dict[str, str]:
    return {word: hint for words, hint in groups for word in words.split()}


# ------------------------------------------------------------------ modules

NATIVE_MODULES = frozenset(
    _words("""
    __future__ abc base64 bisect calendar collections collections.abc copy dataclasses datetime
    decimal enum fractions functools hashlib heapq itertools json math numbers operator re
    statistics string textwrap typing unicodedata
    """)
)
"""Modules that our classes and checks may import."""
VIRTUAL_MODULES = frozenset(_words("random secrets time uuid"))
"""Modules that only imported classes may import, and meet in a deterministic form."""
OFFERED = {
    "ast": _words("literal_eval"),
    "io": _words("BytesIO StringIO"),
    "logging": _words("""
        CRITICAL DEBUG ERROR FATAL INFO NOTSET WARN WARNING FileHandler Filter Formatter Handler
        Logger LoggerAdapter NullHandler StreamHandler basicConfig critical debug disable error
        exception fatal getLevelName getLogger info log warn warning
        """),
    "os": _words("environ getenv linesep path sep"),
    "os.path": _words(
        "basename commonpath commonprefix dirname isabs join normpath sep split splitext"
    ),
    "pathlib": _words("PurePath PurePosixPath PureWindowsPath"),
    "sys": _words("byteorder float_info maxsize stderr stdout version_info"),
    "threading": _words("BoundedSemaphore Lock RLock Semaphore"),
    "traceback": _words("format_exc print_exc"),
    "urllib": _words("parse"),
    "types": _words("MappingProxyType SimpleNamespace"),
    "warnings": _words("catch_warnings filterwarnings resetwarnings simplefilter warn"),
}
"""Modules of which imported classes meet only so much: what is pure, or does nothing here."""
IMPORTED_MODULES = (
    NATIVE_MODULES
    | VIRTUAL_MODULES
    | OFFERED.keys()
    | frozenset(
        _words("""
        binascii cmath contextlib csv difflib fnmatch hmac html ipaddress pprint struct
        typing_extensions urllib.parse zlib
        """)
    )
)
"""Modules that imported classes may import."""

_BY_TEXT = "it reaches attributes by text; write a lambda"
_SETTING = "it changes a setting that all instances share"
REMOVED = {
    "calendar": {"setfirstweekday": f"{_SETTING}; make a calendar.Calendar(firstweekday)"},
    "contextlib": _hints(("chdir redirect_stderr redirect_stdout", _SETTING)),
    "csv": _hints(
        (
            "field_size_limit register_dialect unregister_dialect",
            f"{_SETTING}; pass the options to csv.reader or csv.writer",
        )
    ),
    "dataclasses": {"make_dataclass": "write a class statement"},
    "decimal": _hints(
        (
            "getcontext localcontext setcontext DefaultContext BasicContext ExtendedContext",
            f"{_SETTING}; use Decimal.quantize and round",
        ),
    ),
    "functools": _hints(
        (
            "cache cached_property lru_cache",
            "what it remembers is hidden state; compute it each time, or keep it in the state",
        ),
        ("singledispatch singledispatchmethod", "it registers for all; use isinstance and if"),
    ),
    "hashlib": {"algorithms_available": "it depends on the machine; name the algorithm"},
    "operator": _hints(("attrgetter methodcaller", _BY_TEXT)),
    "statistics": {"NormalDist": "it draws random numbers; use mean, stdev and math"},
    "string": {"Formatter": "it reaches attributes by text; write an f-string"},
    "typing": _hints(
        ("ForwardRef get_type_hints", "it runs text as code; name the types"),
        ("get_overloads clear_overloads", "overloads are for readers only; call the function"),
    ),
}
"""Names that allowed modules do not offer here, and why."""
_STAND_INS = {
    "functools": {"cache", "cached_property", "lru_cache"},
    "operator": {"attrgetter", "methodcaller"},
}
"""Those of them that imported classes meet in a harmless form."""

CLOCK = frozenset({"now", "today", "utcnow"})
CLOCK_HINT = "the current time is part of the state: read it from an attribute such as self.now"
_CHANCE_HINT = "results must be the same each time: number new records with a counter in the state"
_NO_FILES = "files and processes are out of reach; keep data in the state"
_INSIDE = "it reaches into the interpreter; write plain classes and functions"
_MODULE_HINTS = {
    **_hints(
        ("time", CLOCK_HINT),
        ("random secrets uuid", _CHANCE_HINT),
        ("os sys io pathlib shutil glob tempfile subprocess platform signal getpass", _NO_FILES),
        (
            "logging warnings traceback pprint",
            "nobody reads what is logged; remove it, or return the text in the result",
        ),
        (
            "threading _thread asyncio multiprocessing concurrent queue sched contextvars",
            "calls run one at a time, so there is nothing to lock or to wait for; remove it",
        ),
        (
            "requests httpx aiohttp urllib http socket ssl smtplib email ftplib",
            "there is no network; keep what the other side knows in the state",
        ),
        (
            "pickle marshal shelve sqlite3 sqlalchemy redis",
            "the state is plain JSON values; keep it in attributes of self",
        ),
        (
            "zoneinfo pytz dateutil tzlocal",
            "tables of time zones are out of reach; use datetime.timezone with a fixed offset, "
            "timedelta and calendar",
        ),
        ("numpy pandas scipy", "use math, statistics and plain lists"),
        ("pydantic attr attrs msgspec", "use plain dicts, TypedDict or dataclasses"),
        ("typing_extensions", "import the name from typing"),
        ("contextlib", "use try and finally"),
        ("ast builtins code ctypes dis gc importlib inspect types weakref", _INSIDE),
    )
}


def module_fault(name: str, *, native: bool) -> str | None:
    """Why a module may not be imported, or None."""
    allowed = NATIVE_MODULES if native else IMPORTED_MODULES
    if name in allowed:
        return None
    listed = f"these may be: {', '.join(sorted(allowed))}"
    hint = _MODULE_HINTS.get(name.partition(".")[0], listed)
    return f"the module `{name}` may not be imported; {hint}"


def member_fault(module: str, name: str, *, native: bool) -> str | None:
    """Why a name of an allowed module may not be used, or None."""
    if name in REMOVED.get(module, ()) and (native or name not in _STAND_INS.get(module, ())):
        return f"`{module}.{name}` is not available; {REMOVED[module][name]}"
    if name.startswith("_") and not name.endswith("__"):
        return f"`{module}.{name}` is not available; use the public names of `{module}`"
    offered = OFFERED.get(module)
    if offered is None or name in offered or name.endswith("__"):
        return None
    return f"`{module}.{name}` is not available; of `{module}` there is only {', '.join(offered)}"


# ------------------------------------------------------------------ builtins

BUILTINS = _words("""
    None True False Ellipsis NotImplemented abs all any ascii bin bool bytearray bytes callable
    chr classmethod complex dict divmod enumerate filter float format frozenset hash hex int
    isinstance issubclass iter len list map max min next object oct ord pow property range repr
    reversed round set slice sorted staticmethod str sum super tuple type zip
""")
"""Builtins that are handed through as they are; exceptions are, too."""
IMPORTED_BUILTINS = _words("dir locals memoryview vars")
"""Further ones for imported classes."""
_FORBIDDEN = _hints(
    ("open", "files are out of reach; keep data in the state"),
    ("input", "nobody can answer; take a parameter instead"),
    ("id", "addresses differ from run to run; use a key of the state"),
    ("eval", "it runs text as code; write the code itself, or compute the value step by step"),
    ("exec compile breakpoint memoryview", "write the code itself"),
    ("globals locals vars dir", "name the attributes you mean"),
    ("exit quit help", "return a value instead"),
)


def builtin_fault(name: str, *, native: bool) -> str | None:
    """Why a builtin may not be used, and what to do without it; None for any other name."""
    if name not in _FORBIDDEN or (not native and name in IMPORTED_BUILTINS):
        return None
    return f"`{name}` is not available; {_FORBIDDEN[name]}"


# ------------------------------------------------------------------ special names

_SPECIAL = frozenset(
    f"__{name}__"
    for name in _words("""
    init post_init new str repr eq ne lt le gt ge hash bool len iter next contains reversed
    getitem setitem delitem missing enter exit call format int float complex index bytes
    neg pos invert abs round trunc floor ceil divmod rdivmod
    add sub mul truediv floordiv mod pow matmul and or xor lshift rshift
    radd rsub rmul rtruediv rfloordiv rmod rpow rmatmul rand ror rxor rlshift rrshift
    iadd isub imul itruediv ifloordiv imod ipow iand ior ixor
    name doc slots all match_args annotations author version
    """)
)
_IMPORTED_SPECIAL = _SPECIAL | {
    f"__{name}__" for name in _words("class dict module qualname copy deepcopy getattr length_hint")
}
_SPECIAL_HINTS = {
    "__class__": "write type(x), as in type(self).__name__",
    "__dict__": "name the attributes you mean, as in self.x = init_config['x']",
    "__import__": "write an import statement",
    "__file__": "there is no file; keep data in the state",
    "__del__": "when it would run differs from run to run; write a method and call it",
    **dict.fromkeys(
        ("__getattr__", "__getattribute__", "__setattr__", "__delattr__"),
        "set each attribute in __init__, and check values in the methods that change them",
    ),
    **dict.fromkeys(
        ("__copy__", "__deepcopy__", "__getstate__", "__setstate__", "__reduce__"),
        "the state is plain JSON values, which need none",
    ),
}
_FRAMES = frozenset(
    _words("""
    f_back f_builtins f_code f_globals f_locals tb_frame tb_next gi_frame gi_code cr_frame cr_code
    ag_frame ag_code co_code func_globals mro
    """)
)


_RECORD_METHODS = frozenset(_words("_asdict _fields _field_defaults _make _replace"))


@functools.cache
def _library_names() -> frozenset[str]:
    """The private attributes that classes of the library have."""
    found: set[str] = set()
    for name in NATIVE_MODULES:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type):
                found |= {key for key in vars(value) if key[:1] == "_" and key[-2:] != "__"}
    return frozenset(found) - _RECORD_METHODS


def private_fault(name: str, own: Container[str]) -> str | None:
    """Why a private attribute of something that need not be one's own may not be used, or None.

    `own` are the private names that the source defines itself.
    """
    if name[:1] != "_" or name[:2] == "__" or name in _RECORD_METHODS:
        return None
    if name in own and name not in _library_names():
        return None
    return f"the private attribute `{name}` is not available; use public names of other objects"


def special_fault(name: str, *, native: bool) -> str | None:
    """Why a name with `__` at both ends may not be used, or None; None for other names."""
    special = name.startswith("__") and name.endswith("__")
    if special and name not in (_SPECIAL if native else _IMPORTED_SPECIAL):
        hint = _SPECIAL_HINTS.get(name, "it reaches into the interpreter; use ordinary names")
        return f"the special name `{name}` is not available; {hint}"
    return None


def attribute_fault(name: str, *, native: bool) -> str | None:
    """Why an attribute of this name may not be used, or None."""
    if name in _FRAMES:
        return (
            f"the attribute `{name}` is not available; it reaches into the interpreter: "
            "give an attribute of your own another name"
        )
    return special_fault(name, native=native)

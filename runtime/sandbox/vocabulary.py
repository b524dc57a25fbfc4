"""The words of generated source: modules, builtins and special names it may use."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NATIVE_MODULES = frozenset(
    _words("""
    __future__ abc base64 bisect calendar collections collections.abc copy dataclasses datetime
    decimal enum fractions functools hashlib heapq itertools json math numbers operator re
    statistics string textwrap typing unicodedata
    """)
)
"""Modules that our classes and checks may import."""
IMPORTED_MODULES = NATIVE_MODULES | {"random", "secrets", "time", "uuid"}
"""Modules that imported classes may import: the further ones are virtual."""
REMOVED = {
    "dataclasses": {"make_dataclass"},
    "functools": {"cache", "cached_property", "lru_cache"},
    "operator": {"attrgetter", "methodcaller"},
    "decimal": {"getcontext", "localcontext", "setcontext"},
    "calendar": {"setfirstweekday"},
    "statistics": {"NormalDist"},
    "string": {"Formatter"},
    "typing": {"ForwardRef", "get_type_hints"},
}
"""Names that allowed modules do not offer here: they reach attributes by text or keep state."""

BUILTINS = _words("""
    None True False Ellipsis NotImplemented abs all any ascii bin bool bytearray bytes callable
    chr classmethod complex dict divmod enumerate filter float format frozenset hash hex int
    isinstance issubclass iter len list map max min next object oct ord pow property range repr
    reversed round set slice sorted staticmethod str sum super tuple type zip
""")
"""Builtins that are handed through as they are; exceptions are, too."""

_DUNDERS = frozenset(
    f"__{name}__"
    for name in _words("""
    init post_init new str repr eq ne lt le gt ge hash bool len iter next contains reversed
    getitem setitem delitem missing enter exit call format int float index neg pos abs round
    add radd sub rsub mul rmul truediv floordiv mod iadd isub and or name doc slots all
    match_args annotations
    """)
)
_IMPORTED_DUNDERS = _DUNDERS | {"__author__", "__class__", "__dict__", "__version__"}
_FRAMES = frozenset(
    _words("""
    f_back f_builtins f_code f_globals f_locals tb_frame tb_next gi_frame gi_code cr_frame cr_code
    ag_frame ag_code co_code func_globals mro
    """)
)
FORBIDDEN_NAMES = {
    "open": "files are out of reach; keep data in the state",
    "input": "nobody can answer; take a parameter instead",
    "id": "addresses differ from run to run; use a key of the state",
    **dict.fromkeys(
        ("exec", "eval", "compile", "breakpoint", "memoryview", "dir"), "write the code itself"
    ),
    **dict.fromkeys(("globals", "locals", "vars"), "name the attributes you mean"),
    **dict.fromkeys(("exit", "quit", "help"), "return a value instead"),
}
"""Builtins that are missing, and what to do without them."""
CLOCK = frozenset({"now", "today", "utcnow"})
CLOCK_HINT = "the current time is part of the state: read it from an attribute such as self.now"
_CHANCE_HINT = "results must be the same each time: number new records with a counter in the state"


def module_fault(name: str, *, native: bool) -> str | None:
    """Why a module may not be imported, or None."""
    allowed = NATIVE_MODULES if native else IMPORTED_MODULES
    if name in allowed:
        return None
    if name in IMPORTED_MODULES:
        hint = CLOCK_HINT if name == "time" else _CHANCE_HINT
    else:
        hint = f"these may be: {', '.join(sorted(allowed))}"
    return f"the module `{name}` may not be imported; {hint}"


def special_fault(name: str, *, native: bool) -> str | None:
    """Why a name with `__` at both ends may not be used, or None; None for other names."""
    special = name.startswith("__") and name.endswith("__")
    if special and name not in (_DUNDERS if native else _IMPORTED_DUNDERS):
        return f"the special name `{name}` is not available"
    return None


def attribute_fault(name: str, *, native: bool) -> str | None:
    """Why an attribute of this name may not be used, or None."""
    if name in _FRAMES:
        return f"the attribute `{name}` is not available"
    return special_fault(name, native=native)

"""What of a text or a tool is compared: hashes of word n-grams, names and parameters.

A hash is the first 32 bits of BLAKE2b (RFC 7693), personalised by what is hashed, so that no text
can be read back out of shipped signatures. Two unequal n-grams share a hash once in 4.3 billion:
over the shipped 10⁵ n-grams a foreign one is taken for known once in 40 000.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from ..records import ToolSpec
from ..state import Json

LONG, SHORT = 8, 5
"""Words of an n-gram: eight as in PaLM's check (Chowdhery et al. 2022, section 8), and five, which
outlive more edits and are all that a short text has."""

_LETTERWISE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
"""Scripts that set no spaces between words: each letter counts as a word."""
_WORD = re.compile(rf"[{_LETTERWISE}]|[^\W_{_LETTERWISE}]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BYTES = 4


def words(text: str) -> list[str]:
    """The words of a text: letters and digits only, case and compatibility forms folded."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def grams(text: str, size: int) -> frozenset[int]:
    """The hashes of all runs of `size` words; none when the text is shorter."""
    found = words(text)
    return frozenset(
        hashed("gram", " ".join(found[at : at + size])) for at in range(len(found) - size + 1)
    )


def hashed(kind: str, text: str) -> int:
    """32 bits of a text, different for each kind of thing (at most 16 ASCII letters)."""
    made = blake2b(text.encode(), digest_size=_BYTES, person=kind.encode())
    return int.from_bytes(made.digest(), "big")


# ------------------------------------------------------------------ tools


@dataclass(frozen=True)
class ToolPrint:
    """A tool without its words."""

    name: int
    """Of the words of its name, so that `getUser` and `get_user` are one."""
    telling: bool
    """Whether the name says more than what any system of records offers."""
    parameters: frozenset[int]
    """The names."""
    typed: frozenset[int]
    """The names with their types."""


def tool_print(tool: ToolSpec) -> ToolPrint:
    """The fingerprint of a tool; parameters inside of parameters do not count."""
    name = _name_words(tool.name)
    properties: Mapping[str, Json] = tool.parameters.get("properties") or {}
    keys = {key: " ".join(_name_words(key)) for key in properties}
    return ToolPrint(
        hashed("tool", " ".join(name)),
        not _GENERIC.issuperset(name),
        frozenset(hashed("parameter", key) for key in keys.values()),
        frozenset(
            hashed("typed", f"{keys[key]}:{_kind(schema)}") for key, schema in properties.items()
        ),
    )


def descriptions(tools: Iterable[ToolSpec]) -> list[str]:
    """What the tools and their parameters say of themselves."""
    return [text for tool in tools for text in (tool.description, *_described(tool))]


def _described(tool: ToolSpec) -> Iterable[str]:
    for schema in (tool.parameters.get("properties") or {}).values():
        if isinstance(schema, Mapping) and isinstance(schema.get("description"), str):
            yield schema["description"]


def _name_words(name: str) -> Sequence[str]:
    return words(_HUMP.sub(" ", name))


_KINDS = {"dict": "object", "float": "number", "integer": "number", "list": "array",
          "tuple": "array", "bool": "boolean", "str": "string", "int": "number"}  # fmt: skip


def _kind(schema: Json) -> str:
    """The first JSON type a schema allows besides null; benchmarks write Python's names too."""
    if not isinstance(schema, Mapping):
        return "any"
    for part in schema.get("anyOf") or schema.get("oneOf") or ():
        if (kind := _kind(part)) not in ("null", "any"):
            return kind
    given = schema.get("type", "any")
    kinds = [given] if isinstance(given, str) else [kind for kind in given if kind != "null"]
    return _KINDS.get(kinds[0], kinds[0]) if kinds else "any"


_GENERIC = frozenset(
    "get list find search show view read fetch check add create new make update edit change modify "
    "set delete remove cancel book order log login logout in out sign up off status state info "
    "information details detail all by id name for of the to and from user users customer "
    "customers account accounts item items product products record records entry entries message "
    "messages send reservation reservations booking bookings orders payment payments balance "
    "history date time type types open close start stop current my".split()
)
"""Names made of these words alone tell no system from another."""

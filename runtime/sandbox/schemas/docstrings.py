"""Docstrings of tools: what a tool does and what each parameter means.

Google's sections, NumPy's underlined ones and reST's fields are understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PARAMETERS = frozenset(
    """args arguments parameters params attributes keyword_args keyword_arguments
    other_parameters""".split()
)
_LEFT_OUT = frozenset(
    "returns return yields yield raises raise examples example see_also references".split()
)
"""Sections that say nothing to the caller; others, such as Constraints, stay in the text."""
_TITLE = re.compile(r"^([A-Za-z]+(?: [A-Za-z]+)?):(?:\s|$)")
_UNDERLINE = re.compile(r"^(?:-{3,}|={3,})\s*$")
_HEADING = re.compile(r"^[A-Z][\w /-]*:")
_ENTRY = re.compile(
    r"^(?:[-*+•] )?[*`]{0,3}(?P<name>\w+)[*`]{0,3}\s*(?:\((?P<type>.*?)\))?[*`]{0,3}"
    r"\s*(?::|\s-{1,2}\s)(?P<text>.*)$"
)
_NUMPY = re.compile(r"^(?P<names>\*{0,2}\w+(?:, ?\*{0,2}\w+)*)\s*(?::\s*(?P<type>.*))?$")
_FIELD = re.compile(r"^[:@](?P<key>[a-z]+)(?:\s+(?P<rest>[^:]+?))?:(?:\s+(?P<text>.*))?$")
_TELLING = frozenset("param parameter arg argument key keyword".split())
_FIELDS = _TELLING | frozenset("type return returns rtype raise raises except exception".split())
_ASIDE = re.compile(r",?\s*\b(?:optional|required|keyword[- ]only|defaults?\b.*)$", re.IGNORECASE)
_WORDS = {
    "string": "str",
    "integer": "int",
    "boolean": "bool",
    "number": "float",
    "dictionary": "dict",
    "array": "list",
}


class Docstring(NamedTuple):
    """A docstring, taken apart."""

    description: str
    notes: dict[str, str]
    """What is said of each parameter, in one line."""
    types: dict[str, str]
    """The type that is said of a parameter, as an expression."""


def read(text: str) -> Docstring:
    """The parts of a docstring from which `inspect.cleandoc` has taken the margin."""
    found = Docstring("", {}, {})
    kept: list[str] = []
    for title, numpy, lines in _sections(text.splitlines()):
        name = _key(title)
        if name in _PARAMETERS and numpy:
            _read_numpy(lines, found)
        elif name in _PARAMETERS:
            _read_entries(lines, found)
        elif name not in _LEFT_OUT:
            kept += [f"{title}:"] if title else []
            kept += _without_fields(lines, found)
    description = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return found._replace(description=description)


def _sections(lines: list[str]) -> Iterator[tuple[str, bool, list[str]]]:
    """Title (empty for plain text), whether it is underlined, and lines of each section."""
    title, numpy = "", False
    block: list[str] = []
    for number, line in enumerate(lines):
        below = lines[number + 1] if number + 1 < len(lines) else ""
        after_blank = number > 0 and not lines[number - 1].strip()
        fresh = _start(title, numpy, line, below, after_blank=after_blank)
        if fresh is not None:
            yield title, numpy, block
            title, numpy = fresh, _known(fresh) and bool(_UNDERLINE.match(below))
            block = [] if title else [line]
        elif not _UNDERLINE.match(line):
            block.append(line)
    yield title, numpy, block


def _start(title: str, numpy: bool, line: str, below: str, *, after_blank: bool) -> str | None:
    """The title of the section that a line begins; None where it goes on with the one before."""
    if not line.strip() or line[0].isspace():
        return None
    if _UNDERLINE.match(below) and not _UNDERLINE.match(line):
        return line.strip().rstrip(":")
    if numpy:
        return None
    heading = _TITLE.match(line)
    if heading and _known(heading[1]):
        return heading[1]
    return "" if title and (after_blank or _HEADING.match(line)) else None


def _known(title: str) -> bool:
    return _key(title) in _PARAMETERS | _LEFT_OUT


def _key(title: str) -> str:
    return title.lower().replace(" ", "_")


def _read_entries(lines: list[str], found: Docstring) -> None:
    """Google's `name (type): text`; deeper lines go on with an entry."""
    some = [line for line in lines if line.strip()]
    margin = len(some[0]) - len(some[0].lstrip()) if some else 0
    name = ""
    for line in some:
        deeper = bool(line[: margin + 1].isspace())
        entry = None if deeper else _ENTRY.match(line.strip())
        if entry:
            name = entry["name"]
            _note(found, name, entry["text"], entry["type"])
        elif name:
            _note(found, name, line)


def _read_numpy(lines: list[str], found: Docstring) -> None:
    """NumPy's `name : type` with the text on deeper lines."""
    names: list[str] = []
    for line in filter(str.strip, lines):
        entry = None if line[0].isspace() else _NUMPY.match(line.strip())
        if entry:
            names = [name.strip(" *") for name in entry["names"].split(",")]
        for name in names:
            _note(found, name, "" if entry else line, entry["type"] if entry else None)


def _without_fields(lines: list[str], found: Docstring) -> list[str]:
    """The lines without reST's fields, `:param type name: text`, which are noted."""
    kept: list[str] = []
    inside, name = False, ""
    for number, line in enumerate(lines):
        field = _FIELD.match(line)
        if field and field["key"] in _FIELDS:
            inside, name = True, _read_field(field, found)
        elif inside and line.strip() and (line[0].isspace() or lines[number - 1].strip()):
            _note(found, name, line)
        else:
            inside = inside and not line.strip()
            kept.append(line)
    return kept


def _read_field(field: re.Match[str], found: Docstring) -> str:
    """Note one field; the parameter that deeper lines go on with, or an empty text."""
    kind, _, name = (field["rest"] or "").rpartition(" ")
    name = name.lstrip("*")
    if field["key"] in _TELLING:
        _note(found, name, field["text"] or "", kind)
        return name
    if field["key"] == "type":
        _note(found, name, "", field["text"])
    return ""


def _note(found: Docstring, name: str, text: str, kind: str | None = None) -> None:
    if name:
        found.notes[name] = f"{found.notes.get(name, '')} {text.strip()}".strip()
    if name and kind:
        found.types[name] = _expression(kind)


def _expression(kind: str) -> str:
    """A type as people write it, as Python writes it: `list of str, optional` is `list[str]`."""
    while (shorter := _ASIDE.sub("", kind.strip(" ,.`"))) != kind:
        kind = shorter
    kind = re.sub(r"\b[A-Za-z]+\b", lambda word: _WORDS.get(word[0].lower(), word[0]), kind)
    parts = (re.sub(r"^(list|set)s? of (\w+?)s?$", r"\1[\2]", part) for part in kind.split(" or "))
    return " | ".join(parts)

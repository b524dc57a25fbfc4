"""The source of a class as text: its methods, what a cut answer holds of them, and joining parts.

Nothing is executed here; `ast` only says where things begin and end.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

Method = ast.FunctionDef | ast.AsyncFunctionDef
Import = ast.Import | ast.ImportFrom


def methods(source: str, class_name: str | None = None) -> tuple[str, ...]:
    """The names of the methods of the class, or of the first one when none has this name; empty
    when the text is no Python."""
    found = _class(source, class_name)
    return (
        tuple(member.name for member in found.body if isinstance(member, Method)) if found else ()
    )


def whole(source: str) -> str:
    """The text up to the end of the last complete method, for an answer that was cut.

    A text that is Python, or in which no class begins, is returned as it is.
    """
    begun = re.search(r"^class \w", source, re.MULTILINE)
    if _parsed(source) is not None or begun is None:
        return source
    first = re.search(r"^([ \t]+)(@|def |async def )", source[begun.start() :], re.MULTILINE)
    start = re.compile(rf"{first[1] if first else '    '}(@|def |async def )")
    lines = source.rstrip().split("\n")
    for number in reversed([n for n, line in enumerate(lines) if start.match(line)]):
        shorter = "\n".join(lines[:number]).rstrip() + "\n"
        if _parsed(shorter) is not None:
            return shorter
    return source


def joined(source: str, part: str, class_name: str) -> str:
    """The module with what the part defines put in the place of what has the same name, or added:
    methods and attributes of the class, and constants, functions and classes beside it.

    A part that is a whole module (its class has an `__init__`) is the new module, unless it lacks
    methods that the old one has. Further imports go to the top. A part without a class, or that is
    no Python, is returned as it is, so that a gate can say what is wrong with it.
    """
    old, new = _class(source, class_name), _class(part, class_name)
    if old is None or new is None:
        return part
    there = methods(part, class_name)
    complete = "__init__" in there and set(methods(source, class_name)) <= set(there)
    if complete and (_beside(part, new) or not _beside(source, old)):
        return part
    beside = _beside_edits(source, old, part, new)
    return _edited(source, [*beside, *_edits(source, old, part, new)])


def tidied(source: str, class_name: str, operations: Collection[str]) -> str:
    """The module without what nothing mentions: imported modules, and public methods that are no
    operations. A part can only replace or add, so that no repair could ever remove them."""
    found, lines = _class(source, class_name), source.split("\n")
    if found is None:
        return source
    spare = [m for m in found.body if isinstance(m, Method) and not m.name.startswith("_")]
    idle = [m for m in spare if m.name not in operations and _unmentioned(lines, m, [m.name])]
    idle_imports = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.Import) and _unmentioned(lines, node, _bound(node))
    ]
    return _edited(source, [_Edit(*_span(node), []) for node in (*idle_imports, *idle)])


def _unmentioned(lines: Sequence[str], node: ast.stmt, names: Iterable[str]) -> bool:
    start, end = _span(node)
    rest = "\n".join((*lines[:start], *lines[end:]))
    return not any(re.search(rf"\b{re.escape(name)}\b", rest) for name in names)


def _bound(node: ast.Import) -> list[str]:
    """The names that an import binds."""
    return [alias.asname or alias.name.partition(".")[0] for alias in node.names]


# ------------------------------------------------------------------ reading


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _class(source: str, name: str | None = None) -> ast.ClassDef | None:
    tree = _parsed(source)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)] if tree else []
    named = [node for node in classes if node.name == name]
    return next(iter(named or classes), None)


def _beside(source: str, owner: ast.ClassDef) -> list[ast.stmt]:
    """What stands at the top level beside a class, docstrings and future imports left out."""
    return [
        node
        for node in ast.parse(source).body
        if not isinstance(node, ast.Expr)
        and not (isinstance(node, ast.ClassDef) and node.name == owner.name)
        and not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
    ]


def _names(node: ast.stmt) -> tuple[str, ...]:
    """The names that a statement defines; none for imports and for statements of other kinds."""
    if isinstance(node, Method | ast.ClassDef):
        return (node.name,)
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    return tuple(target.id for target in targets if isinstance(target, ast.Name))


def _span(node: ast.stmt) -> tuple[int, int]:
    """The lines of a statement with its decorators, from 0, the end excluded."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    return first - 1, node.end_lineno or node.lineno


# ------------------------------------------------------------------ joining


class _Edit(NamedTuple):
    """Lines that take the place of others."""

    start: int
    end: int
    lines: list[str]


def _edited(source: str, edits: Iterable[_Edit]) -> str:
    lines = source.split("\n")
    for start, end, text in sorted(edits, key=lambda edit: edit.start, reverse=True):
        lines[start:end] = text
    return "\n".join(lines)


def _edits(source: str, old: ast.ClassDef, part: str, new: ast.ClassDef) -> list[_Edit]:
    """What the class of the part changes in that of the module."""
    members = [m for m in new.body if not isinstance(m, ast.Expr | ast.Pass)]
    texts = [_text(part, member, _indent(source, old.body[0])) for member in members]
    end = old.end_lineno or old.lineno
    return list(_placed(old.body, [*zip(members, texts, strict=True)], end))


def _beside_edits(source: str, old: ast.ClassDef, part: str, new: ast.ClassDef) -> list[_Edit]:
    """What the part changes beside the class: further imports go to the top, what has no place of
    its own to the class, where all else is known."""
    known = {ast.unparse(node) for node in ast.parse(source).body}
    more = [node for node in _beside(part, new) if ast.unparse(node) not in known]
    imports = [ast.unparse(node) for node in more if isinstance(node, Import)]
    fresh = [(node, _text(part, node, "")) for node in more if not isinstance(node, Import)]
    head, (begin, _) = _head(source), _span(old)
    return [*_placed(_beside(source, old), fresh, begin), _Edit(head, head, imports)]


def _placed(
    old: Sequence[ast.stmt], new: Sequence[tuple[ast.stmt, list[str]]], end: int
) -> Iterator[_Edit]:
    """Each new statement in the place of that of the same name; others go before the next one that
    has a place, or to the end. Of edits at one line the later stands before the earlier."""
    places = {names: _span(node) for node in old if (names := _names(node))}
    for node, text in reversed(new):
        place = places.pop(_names(node), None)
        yield _Edit(*place, text) if place else _Edit(end, end, ["", *text, ""])
        end = place[0] if place else end


def _text(source: str, node: ast.stmt, indent: str) -> list[str]:
    """The lines of a statement, at another indentation worked out anew."""
    start, end = _span(node)
    if _indent(source, node) == indent:
        return source.split("\n")[start:end]
    return textwrap.indent(ast.unparse(node), indent).split("\n")


def _indent(source: str, node: ast.stmt) -> str:
    return source.split("\n")[node.lineno - 1][: node.col_offset]


def _head(source: str) -> int:
    """The number of lines up to the end of the docstring and the imports that begin a module."""
    end = 0
    for node in ast.parse(source).body:
        documented = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not documented and not isinstance(node, Import):
            break
        end = node.end_lineno or end
    return end

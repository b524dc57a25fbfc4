"""The source of a class as text: its methods, what a cut answer holds of them, and joining parts.

Nothing is executed here; `ast` only says where things begin and end.
"""

from __future__ import annotations

import ast
import re

Method = ast.FunctionDef | ast.AsyncFunctionDef


def methods(source: str) -> tuple[str, ...]:
    """The names of the methods of the first class; empty when the text is no Python."""
    found = _class(source)
    return (
        tuple(member.name for member in found.body if isinstance(member, Method)) if found else ()
    )


def whole(source: str) -> str:
    """The text up to the end of the last complete method, for an answer that was cut.

    A text that is Python, or in which no class begins, is returned as it is.
    """
    if _parsed(source) is not None or not re.search(r"^class \w", source, re.MULTILINE):
        return source
    lines = source.rstrip().split("\n")
    starts = [n for n, line in enumerate(lines) if re.match(r"    (@|def |async def )", line)]
    for start in reversed(starts):
        shorter = "\n".join(lines[:start]).rstrip() + "\n"
        if _parsed(shorter) is not None:
            return shorter
    return source


def joined(source: str, part: str, class_name: str) -> str:
    """The module with the part's methods put in the place of those of the same name, or added.

    A part that is a whole class (it has an `__init__`) is the new module, unless it lacks methods
    that the old one has. Imports and other statements that only the part has go to the top. A part
    that is no Python is returned as it is, so that a gate can say what is wrong with it.
    """
    old, new = _class(source, class_name), _class(part, class_name)
    if _parsed(part) is None or old is None or new is None:
        return part
    if "__init__" in methods(part) and set(methods(source)) <= set(methods(part)):
        return part
    return _spliced(source, old, part, new)


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


def _spliced(source: str, old: ast.ClassDef, part: str, new: ast.ClassDef) -> str:
    lines, fresh = source.split("\n"), part.split("\n")
    replaced = {m.name: _span(m) for m in old.body if isinstance(m, Method)}
    added: list[str] = []
    edits: list[tuple[tuple[int, int], list[str]]] = []
    for method in (m for m in new.body if isinstance(m, Method)):
        start, end = _span(method)
        text = fresh[start:end]
        if method.name in replaced:
            edits.append((replaced.pop(method.name), text))
        else:
            added += ["", *text]
    edits.append(((old.end_lineno or 0, old.end_lineno or 0), added))
    for (start, end), text in sorted(edits, key=lambda edit: edit[0], reverse=True):
        lines[start:end] = text
    place = _head(source)
    return "\n".join([*lines[:place], *_missing_head(source, part), *lines[place:]])


def _span(member: Method) -> tuple[int, int]:
    """The lines of a method with its decorators, from 0, the end excluded."""
    first = min([member.lineno, *(d.lineno for d in member.decorator_list)])
    return first - 1, member.end_lineno or member.lineno


def _head(source: str) -> int:
    """The number of lines up to the end of the last import at the top level."""
    body = ast.parse(source).body
    ends = [n.end_lineno or 0 for n in body if isinstance(n, (ast.Import, ast.ImportFrom))]
    return max(ends, default=0)


def _missing_head(source: str, part: str) -> list[str]:
    """What stands at the part's top level beside the class, and not in the module."""
    known = {ast.unparse(node) for node in ast.parse(source).body}
    return [
        text
        for node in ast.parse(part).body
        if not isinstance(node, (ast.ClassDef, ast.Expr))
        and (text := ast.unparse(node)) not in known
        and not text.startswith("from __future__")
    ]

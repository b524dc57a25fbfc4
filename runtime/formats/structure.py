"""What a class's source says of itself: its head, its methods, and which state each one touches.

The source is parsed, never run. Effects are those of the method's own body: what a helper does
stands with the helper, which is listed among the calls. Names that were taken out of the state
(`unit = self.units[key]`, `for unit in self.units.values()`) are followed, so that a write through
them counts; copies are not.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..errors import DataError
from ..state import Json

_MUTATORS = frozenset(
    ("add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove")
) | {"reverse", "setdefault", "sort", "update"}
_WRAPPERS = frozenset(
    ("enumerate", "iter", "list", "max", "min", "next", "reversed", "sorted", "tuple")
)


class ClassAnalysis(NamedTuple):
    """The parts of a class's source."""

    definition: str
    """The source from its top to the end of `__init__`."""
    methods: dict[str, str]
    """The source of each method but `__init__`, without the class's indentation."""
    structure: dict[str, Json]
    """states: {name: {type, used_by, modified_by}}; methods: {name: {calls, reads, writes}}."""


def analyse(source: str, class_name: str, states: Mapping[str, str]) -> ClassAnalysis:
    """Analyse one class of a source text.

    Args:
        source: the module's text.
        class_name: which class.
        states: types of known state attributes; those that `__init__` assigns are added.

    Raises:
        DataError: the source does not parse, nests too deeply, or has no such class.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the generated code's style, no matter here
            tree = ast.parse(source)
        return _analysis(source, tree, class_name, states)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        raise DataError(
            f"The source of class {class_name} cannot be analysed: {fault}; "
            "only environments that passed inspection can be exported."
        ) from fault


def _analysis(
    source: str, tree: ast.Module, class_name: str, states: Mapping[str, str]
) -> ClassAnalysis:
    found = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == class_name]
    if not found:
        raise ValueError("there is no such class at the top level")
    lines = re.split(r"\r\n|\r|\n", source)
    functions = {n.name: n for n in found[-1].body if isinstance(n, ast.FunctionDef)}
    start = functions.pop("__init__", None)
    types = {name: kind or states.get(name, "") for name, kind in _assigned(start).items()}
    types |= {name: kind for name, kind in states.items() if name not in types}
    head = lines[: start.end_lineno] if start else lines
    effects = {
        name: _Effects(node, set(types), set(functions)).as_json()
        for name, node in functions.items()
    }
    return ClassAnalysis(
        "\n".join(head) + "\n",
        {name: _own_text(lines, node) for name, node in functions.items()},
        {"states": _by_state(types, effects), "methods": effects},
    )


def _own_text(lines: list[str], node: ast.FunctionDef) -> str:
    """A method's lines without the indentation of its first one, where they have it."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    indent = " " * node.col_offset
    return "\n".join(line.removeprefix(indent) for line in lines[first - 1 : node.end_lineno])


def _assigned(start: ast.FunctionDef | None) -> dict[str, str]:
    """The public attributes that `__init__` assigns, with their annotations where they have one."""
    types: dict[str, str] = {}
    for node in ast.walk(start) if start else ():
        annotation = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else ""
        for part in (part for target in _targets(node) for part in ast.walk(target)):
            match part:
                case ast.Attribute(value=ast.Name(), attr=name, ctx=ast.Store()) if name[0] != "_":
                    types[name] = annotation or types.get(name, "")
    return types


def _targets(node: ast.AST) -> list[ast.expr]:
    """What an assignment assigns; nothing for any other node."""
    match node:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
            return [target]
    return []


def _by_state(types: Mapping[str, str], effects: Mapping[str, dict[str, list[str]]]) -> Json:
    return {
        state: {
            "type": kind,
            "used_by": sorted(name for name, effect in effects.items() if state in effect["reads"]),
            "modified_by": sorted(
                name for name, effect in effects.items() if state in effect["writes"]
            ),
        }
        for state, kind in types.items()
    }


class _Effects:
    """Which state attributes one method reads and writes, and which methods it calls."""

    def __init__(self, node: ast.FunctionDef, states: set[str], methods: set[str]) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args]
        self._self = arguments[0].arg if arguments else ""
        self._states = states
        self._nodes = list(ast.walk(node))
        self._aliases: defaultdict[str, set[str]] = defaultdict(set)
        self._lists = {
            target.id
            for target, value in self._bindings()
            if isinstance(target, ast.Name) and _is_new_list(value)
        }
        self._follow()
        own = [attribute for n in self._nodes if (attribute := self._own(n))]
        self._calls = {name for name in own if name in methods}
        self._reads = {
            n.attr
            for n in self._nodes
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load) and self._own(n)
        }

    def as_json(self) -> dict[str, list[str]]:
        return {
            "calls": sorted(self._calls),
            "reads": sorted(self._reads & self._states),
            "writes": sorted(self._writes()),
        }

    def _own(self, node: ast.AST) -> str:
        """The attribute's name, where the node is an attribute of `self`."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.attr if node.value.id == self._self else ""
        return ""

    def _follow(self) -> None:
        """Learn which names stand for a piece of the state, until nothing new is learned."""
        known = -1
        while known != (known := sum(map(len, self._aliases.values()))):
            for target, value in self._bindings():
                states = self._roots(value)
                for name in ast.walk(target) if states else ():
                    if isinstance(name, ast.Name):
                        self._aliases[name.id] |= states

    def _bindings(self) -> Iterator[tuple[ast.expr, ast.expr]]:
        for node in self._nodes:
            if isinstance(node, ast.For | ast.comprehension):
                yield node.target, node.iter
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value:
                for target in _targets(node):
                    if isinstance(target, ast.Name | ast.Tuple):
                        yield target, node.value

    def _roots(self, node: ast.expr) -> set[str]:
        """The state attributes that an expression may be a piece of."""
        while not (own := self._own(node)):
            match node:
                case ast.Name(id=name):
                    return set(self._aliases.get(name, ()))
                case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _WRAPPERS:
                    node = first
                case ast.Call(func=ast.Attribute(attr="copy" | "deepcopy")):
                    return set()
                case ast.Call(func=ast.Attribute() as inner):
                    node = inner
                case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                    node = inner
                case ast.GeneratorExp(elt=inner) | ast.ListComp(elt=inner):
                    node = inner
                case _:
                    return set()
        return {own} & self._states

    def _writes(self) -> set[str]:
        written: set[str] = set()
        for node in self._nodes:
            match node:
                case ast.Attribute(ctx=ast.Store() | ast.Del()):
                    written |= self._roots(node)
                case ast.Subscript(value=changed, ctx=ast.Store() | ast.Del()):
                    written |= self._changed(changed)
                case ast.Call(func=ast.Attribute(attr=name, value=changed)) if name in _MUTATORS:
                    written |= self._changed(changed)
        return written

    def _changed(self, node: ast.expr) -> set[str]:
        """The state that changes with this expression's value; a new list is no state."""
        new = isinstance(node, ast.Name) and node.id in self._lists
        return set() if new or _is_new_list(node) else self._roots(node)


def _is_new_list(node: ast.expr) -> bool:
    match node:
        case ast.ListComp() | ast.Call(func=ast.Name(id="list" | "sorted")):
            return True
    return False

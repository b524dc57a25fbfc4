"""What the names of a source stand for, read from its syntax tree and never by running it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

_DEPTH = 20
"""How often a name may lead to another name."""


class Definition(NamedTuple):
    """What a name stands for."""

    node: ast.AST
    """A class, or the expression that the name was given."""
    scope: Scope
    """Where the names inside are looked up."""


class Import(NamedTuple):
    """Where a name comes from."""

    module: str
    level: int
    name: str
    """The name in that module; empty for the module itself."""


Elsewhere = Callable[[Import], "Scope | None"]
"""The scope of another module, where its source is to be read too."""


class Scope:
    """The names that a module or a class gives."""

    def __init__(
        self,
        body: list[ast.stmt],
        outer: Scope | None = None,
        elsewhere: Elsewhere = lambda _: None,
    ) -> None:
        self.outer = outer
        self.types: dict[str, ast.AST] = {}
        """What may be a type: classes, and expressions that are no plain constants."""
        self.values: dict[str, ast.expr] = {}
        """What names were given, types or not."""
        self.functions: dict[str, ast.FunctionDef] = {}
        self.imports: dict[str, Import] = {}
        self._elsewhere: Elsewhere = outer._elsewhere if outer else elsewhere
        self._stars: list[Import] = []
        for statement in statements(body):
            self._learn(statement)

    def _learn(self, statement: Any) -> None:
        if isinstance(statement, ast.ClassDef):
            self.types[statement.name] = statement
        elif isinstance(statement, ast.FunctionDef):
            self.functions[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._assign(target, statement.value, alias=True)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            named = self.word(statement.annotation) == "TypeAlias"
            self._assign(statement.target, statement.value, alias=named)
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                origin = Import(statement.module or "", statement.level, alias.name)
                self.imports[alias.asname or alias.name] = origin
                self._stars += [origin] if alias.name == "*" else []
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                self.imports[alias.asname or name] = Import(name, 0, "")
        elif type(statement).__name__ == "TypeAlias":  # `type X = …`, from Python 3.12 on
            self._assign(statement.name, statement.value, alias=True)

    def _assign(self, target: ast.expr, value: ast.expr, *, alias: bool) -> None:
        if isinstance(target, ast.Name):
            self.values[target.id] = value
            if alias and not isinstance(value, ast.Constant):
                self.types[target.id] = value

    # -------------------------------------------------------------- looking up

    def find(self, node: ast.AST, depth: int = 0, *, values: bool = False) -> Definition | None:
        """What a dotted name stands for, where the source says so.

        With `values` any expression that the name was given will do, else only what may be a type.
        """
        if depth > _DEPTH:
            return None
        if isinstance(node, ast.Name):
            return self._find_name(node, depth, values)
        if isinstance(node, ast.Attribute):
            return self._find_attribute(node, depth, values)
        return None

    def _find_name(self, node: ast.Name, depth: int, values: bool) -> Definition | None:
        given: Any = self.values.get(node.id) if values else None
        if given is not None or node.id in self.types:
            return Definition(given or self.types[node.id], self)
        origins = [self.imports[node.id]] if node.id in self.imports else self._stars
        for origin in origins:
            name = ast.Name(node.id if origin.name == "*" else origin.name)
            module = self._elsewhere(origin)
            found = module.find(name, depth + 1, values=values) if module else None
            if found:
                return found
        return self.outer.find(node, depth, values=values) if self.outer else None

    def _find_attribute(self, node: ast.Attribute, depth: int, values: bool) -> Definition | None:
        owner = self.followed(node.value, depth + 1)
        if owner and isinstance(owner.node, ast.ClassDef):
            for holder in lineage(owner).classes:
                inside = class_scope(holder)
                if node.attr in (inside.values if values else inside.types):
                    return inside.find(ast.Name(node.attr), depth + 1, values=values)
        origin = self._module(node.value)
        module = self._elsewhere(origin) if origin else None
        return module.find(ast.Name(node.attr), depth + 1, values=values) if module else None

    def _module(self, node: ast.AST) -> Import | None:
        """The module that a dotted name may stand for."""
        if isinstance(node, ast.Attribute) and (owner := self._module(node.value)):
            return Import(f"{owner.module}.{node.attr}", owner.level, "")
        if not isinstance(node, ast.Name):
            return None
        origin = self.imports.get(node.id)
        if origin is None:
            return self.outer._module(node) if self.outer else None
        return Import(".".join(filter(None, (origin.module, origin.name))), origin.level, "")

    def followed(self, node: ast.AST, depth: int = 0) -> Definition | None:
        """What a dotted name stands for in the end, where names stand for names."""
        found = self.find(node, depth)
        while found and isinstance(found.node, ast.Name | ast.Attribute) and depth < _DEPTH:
            depth += 1
            found = found.scope.find(found.node, depth)
        return found

    def word(self, node: ast.AST) -> str:
        """The last name of a dotted name, as its own module calls it; empty for anything else."""
        if isinstance(node, ast.Attribute):
            return node.attr
        if not isinstance(node, ast.Name):
            return ""
        origin = self.imports.get(node.id)
        if origin is None:
            return self.outer.word(node) if self.outer else node.id
        return origin.name or node.id


def statements(body: Iterable[ast.AST]) -> Iterator[Any]:
    """The statements of a body, those inside if, try and with included."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.ExceptHandler):
            inner = ("body", "handlers", "orelse", "finalbody")
            yield from statements(s for name in inner for s in getattr(statement, name, ()))


# ------------------------------------------------------------------ classes


class Lineage(NamedTuple):
    """A class, and what it derives from."""

    classes: list[Definition]
    """Those whose source is known, in the order in which attributes are looked up."""
    roots: list[Definition]
    """The expressions of the other base classes."""

    @property
    def words(self) -> set[str]:
        """The names of the other base classes."""
        return {root.scope.word(_bare(root.node)) for root in self.roots}


def lineage(owner: Definition) -> Lineage:
    """A class and its base classes."""
    found: list[Definition] = []
    roots: list[Definition] = []
    _climb(owner, found, roots, [])
    last = {id(one.node): place for place, one in enumerate(found)}
    return Lineage([one for place, one in enumerate(found) if last[id(one.node)] == place], roots)


def _climb(
    owner: Definition, found: list[Definition], roots: list[Definition], above: list[ast.AST]
) -> None:
    found.append(owner)
    if len(above) > _DEPTH or len(found) > _DEPTH**2:
        return
    for base in getattr(owner.node, "bases", ()):
        parent = owner.scope.followed(_bare(base))
        if parent is None or not isinstance(parent.node, ast.ClassDef):
            roots.append(Definition(base, owner.scope))
        elif parent.node is not owner.node and parent.node not in above:
            _climb(parent, found, roots, [*above, owner.node])


def _bare(node: ast.AST) -> ast.AST:
    """`Base` of `Base[int]`."""
    return node.value if isinstance(node, ast.Subscript) else node


def class_scope(owner: Definition) -> Scope:
    """The scope of a class body."""
    return Scope(getattr(owner.node, "body", []), owner.scope)

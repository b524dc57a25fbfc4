"""What the parts of a generated class are for: its checks, its writes, its outputs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ...records import Attribute, Entity, EnvironmentPlan, Operation
from .source import Piece, Source
from .syntax import (
    Method,
    bindings,
    constant,
    copied,
    makes_refusal,
    may_be_silent,
    names_given,
    own_name,
    parameters,
    stored,
    success_of,
    targets,
)

Purpose = Literal["type", "existence", "rule"]


@dataclass(frozen=True)
class Edit:
    """A change of a source that makes it wrong."""

    where: str
    """The method, with its line."""
    description: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Check:
    """A test that ends in a refusal."""

    method: Method
    node: ast.If
    purpose: Purpose

    @property
    def refusal(self) -> ast.Return:
        last = self.node.body[-1]
        assert isinstance(last, ast.Return)
        return last


class Anatomy:
    """A class that keeps our contract, taken apart; what is unusual about it goes unseen.

    Raises:
        SyntaxError: the source is no Python.
        ValueError: it holds no such class.
    """

    def __init__(self, source: str, class_name: str, plan: EnvironmentPlan) -> None:
        self.source, self.plan = Source(source), plan
        classes = [n for n in self.source.tree.body if isinstance(n, ast.ClassDef)]
        named = [node for node in classes if node.name == class_name]
        if not named:
            raise ValueError(
                f"the source has no class {class_name!r}; it has "
                f"{', '.join(node.name for node in classes) or 'none'}"
            )
        self.body = named[0]
        self.methods = {n.name: n for n in self.body.body if isinstance(n, ast.FunctionDef)}
        self.collections = {entity.collection: entity for entity in plan.entities}
        self._operations = {operation.name: operation for operation in plan.operations}
        self._attributes = {*self.collections, *(scalar.name for scalar in plan.scalars)}
        self._records: dict[Method, dict[str, str]] = {}
        self._refusers = {n for n, m in self.methods.items() if makes_refusal(m)}
        self.validators = self._validating()

    # -------------------------------------------------------------- methods

    def operation(self, method: Method) -> Operation | None:
        """The planned operation that a method is; None for a helper."""
        return self._operations.get(method.name)

    def tools(self, kind: Literal["query", "change"]) -> list[Method]:
        """The methods that are operations of a kind."""
        planned = [name for name, found in self._operations.items() if found.kind == kind]
        return [self.methods[name] for name in planned if name in self.methods]

    def helpers(self) -> list[Method]:
        """The methods that are no operations, but for those that only check types or refuse."""
        aside = {"__init__", *self._refusers, *self.validators, *self._operations}
        return [method for name, method in self.methods.items() if name not in aside]

    def working(self) -> list[Method]:
        """Operations and helpers."""
        return [*self.tools("query"), *self.tools("change"), *self.helpers()]

    def edit(self, method: Method, node: ast.AST, description: str, *pieces: Piece) -> Edit:
        """An edit at a node of a method."""
        return Edit(f"{method.name}, line {getattr(node, 'lineno', 1)}", description, pieces)

    # -------------------------------------------------------------- refusals

    def refuses(self, statement: ast.stmt, method: Method) -> bool:
        """Whether a statement ends a method with a refusal, or a helper with what is wrong."""
        if not isinstance(statement, ast.Return) or statement.value is None:
            return False
        value = statement.value
        if isinstance(value, ast.Call) and own_name(value.func) in self._refusers:
            return True
        if success_of(value) is False:
            return True
        told = isinstance(value, ast.JoinedStr) or constant(value, str)
        return told and method.name.startswith("_") and may_be_silent(method)

    def checks(self, *purposes: Purpose) -> Iterator[Check]:
        """The checks of all operations and helpers, some purposes only if told."""
        for check in self._checks:
            if not purposes or check.purpose in purposes:
                yield check

    @cached_property
    def _checks(self) -> list[Check]:
        return [
            Check(method, node, self._purpose(node.test, method))
            for method in self.working()
            for node in ast.walk(method)
            if isinstance(node, ast.If) and self.refuses(node.body[-1], method)
        ]

    def _purpose(self, test: ast.expr, method: Method) -> Purpose:
        looked = [test, *self._origins(test, method)]
        if any(self._types(part) for part in looked) or self._enumerates(test, method):
            return "type"
        return "existence" if self._asks_for_record(test, method) else "rule"

    def _origins(self, test: ast.expr, method: Method) -> list[ast.expr]:
        """What a name that a test asks for truth or None was last assigned before it."""
        asked = test.operand if isinstance(test, ast.UnaryOp) else test
        if isinstance(asked, ast.Compare) and isinstance(asked.ops[0], ast.Is | ast.IsNot):
            asked = asked.left
        names = {asked.id} - parameters(method) if isinstance(asked, ast.Name) else set()
        found: dict[str, ast.expr] = {}
        for node in ast.walk(method):
            if isinstance(node, ast.Assign) and node.lineno < test.lineno:
                for target in node.targets:
                    if isinstance(target, ast.Name) and target.id in names:
                        found[target.id] = node.value
        return [value for value in found.values() if isinstance(value, ast.Call | ast.BoolOp)]

    def _types(self, node: ast.AST) -> bool:
        """Whether an expression looks at the type of something, or has it looked at."""
        called = {
            own_name(n.func)
            for n in ast.walk(node)
            if isinstance(n, ast.Call) and not self.roots(n, {})  # it looks a record up
        }
        return bool(called & ({"isinstance"} | self.validators))

    def _enumerates(self, test: ast.expr, method: Method) -> bool:
        """Whether a parameter is looked for among constants."""
        given = parameters(method)
        return any(
            isinstance(node, ast.Compare)
            and isinstance(node.ops[0], ast.NotIn)
            and isinstance(node.left, ast.Name)
            and node.left.id in given
            and not self.roots(node.comparators[0], {})
            for node in ast.walk(test)
        )

    def _asks_for_record(self, test: ast.expr, method: Method) -> bool:
        """Whether a test asks if records are there."""
        known = self.records(method)
        parts = test.values if isinstance(test, ast.BoolOp) else [test]
        return all(self._absent(part, known) or names_given(part) for part in parts) and any(
            self._absent(part, known) for part in parts
        )

    def _absent(self, part: ast.expr, known: dict[str, str]) -> bool:
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):
            return isinstance(part.operand, ast.Name) and part.operand.id in known
        if not isinstance(part, ast.Compare):
            return False
        if isinstance(part.ops[0], ast.NotIn):
            return stored(part.comparators[0]) in self.collections
        return (
            isinstance(part.ops[0], ast.Is)
            and isinstance(part.left, ast.Name)
            and part.left.id in known
        )

    def _validating(self) -> set[str]:
        """Helpers that look at types and not at the state."""
        found: set[str] = set()
        private = {n: m for n, m in self.methods.items() if n.startswith("_") and n != "__init__"}
        for _ in range(3):  # validators that call validators that call validators
            for name, method in private.items():
                called = {own_name(n.func) for n in ast.walk(method) if isinstance(n, ast.Call)}
                state = {stored(node) for node in ast.walk(method)} & self.collections.keys()
                if called & ({"isinstance", "fullmatch"} | found) and not state:
                    found.add(name)
        return found

    # -------------------------------------------------------------- state

    def roots(self, node: ast.AST, known: dict[str, str]) -> list[str]:
        """The state attributes that an expression is about, directly or by names of records."""
        found = []
        for part in ast.walk(node):
            if stored(part) in self._attributes:
                found.append(stored(part))
            elif isinstance(part, ast.Name) and part.id in known:
                found.append(known[part.id])
        return found

    def records(self, method: Method) -> dict[str, str]:
        """Local names that hold stored values (no copies), and the collection each is of."""
        if method not in self._records:
            self._records[method] = self._traced(method)
        return self._records[method]

    def _traced(self, method: Method) -> dict[str, str]:
        known: dict[str, str] = {}
        bound = [pair for node in ast.walk(method) for pair in bindings(node)]
        for _ in range(3):  # names that come from names that come from names
            for name, value in bound:
                found = [] if copied(value) else self.roots(value, known)
                if found and found[0] in self.collections:
                    known.setdefault(name, found[0])
        return known

    def writes(self, method: Method) -> Iterator[ast.stmt]:
        """The statements of a method that change the state."""
        known = self.records(method)
        for node in ast.walk(method):
            if isinstance(node, ast.stmt) and any(
                self._is_state(target, known) for target in targets(node)
            ):
                yield node

    def _is_state(self, target: ast.expr, known: dict[str, str]) -> bool:
        if isinstance(target, ast.Attribute):
            return stored(target) in self._attributes
        root: ast.expr = target
        while isinstance(root, ast.Subscript):
            root = root.value
        if isinstance(root, ast.Name):
            return root is not target and root.id in known
        return stored(root) in self._attributes

    def writers(self) -> list[Method]:
        """The operations that change something, and the helpers that write."""
        helpers = [method for method in self.helpers() if any(self.writes(method))]
        return [*self.tools("change"), *helpers]

    def scalars(self, *types: str) -> list[Attribute]:
        """The state's single values of some types."""
        return [scalar for scalar in self.plan.scalars if scalar.type in types]

    def attribute(self, name: str, entity: Entity) -> Attribute | None:
        """The planned attribute of that name."""
        return next((field for field in entity.attributes if field.name == name), None)

    def created(self, method: Method) -> Iterator[tuple[ast.Assign, Entity, ast.Dict]]:
        """Where a method puts a new record, written out as a dict, into a collection."""
        literals = {
            name: value
            for node in ast.walk(method)
            for name, value in bindings(node)
            if isinstance(value, ast.Dict)
        }
        for node in ast.walk(method):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Subscript):
                continue
            entity = self.collections.get(stored(node.targets[0].value))
            value: ast.expr | None = node.value
            if isinstance(value, ast.Name):
                value = literals.get(value.id)
            if entity is not None and isinstance(value, ast.Dict):
                yield node, entity, value

    def results(self, method: Method) -> Iterator[ast.Return]:
        """Where an operation returns a success."""
        for node in ast.walk(method):
            if not isinstance(node, ast.Return) or node.value is None:
                continue
            if not self.refuses(node, method) and self._of(node) is method:
                yield node

    def _of(self, node: ast.AST) -> ast.AST:
        """The function that a node belongs to."""
        return next(n for n in self.source.up(node) if isinstance(n, ast.FunctionDef | ast.Lambda))

"""A source that is edited piece by piece, so that everything else of it stays as it was written."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple


class Piece(NamedTuple):
    """New text in place of the bytes from `start` to `end` of a source."""

    start: int
    end: int
    text: str


class Source:
    """A module's text, its syntax tree, and the parent of each node.

    Raises:
        SyntaxError: the text is no Python.
    """

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self._bytes = text.encode()
        lines = self._bytes.splitlines(keepends=True)
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line))
        self.parents = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }

    def text(self, node: ast.expr | ast.stmt) -> str:
        """A node as it is written."""
        start, end = self._span(node)
        return self._bytes[start:end].decode()

    def up(self, node: ast.AST) -> list[ast.AST]:
        """What a node stands in, the nearest first."""
        found: list[ast.AST] = []
        while node in self.parents:
            node = self.parents[node]
            found.append(node)
        return found

    def put(self, node: ast.expr | ast.stmt, text: str) -> Piece:
        """Another text in the place of a node."""
        return Piece(*self._span(node), text)

    def ahead(self, statement: ast.stmt, *lines: str) -> Piece:
        """New lines before a statement, indented as it is."""
        start, _ = self._span(statement)
        indent = "\n" + " " * statement.col_offset
        return Piece(start, start, "".join(line + indent for line in lines))

    def after(self, statement: ast.stmt, *lines: str) -> Piece:
        """New lines after a statement, indented as it is."""
        _, end = self._span(statement)
        indent = "\n" + " " * statement.col_offset
        return Piece(end, end, "".join(indent + line for line in lines))

    def without(self, statement: ast.stmt) -> Piece:
        """Nothing in the place of a statement."""
        return self.put(statement, "pass")

    def moved(self, statement: ast.stmt, target: ast.stmt) -> tuple[Piece, Piece]:
        """A statement before another one of its own block."""
        return self.ahead(target, self.text(statement)), self.without(statement)

    def edited(self, pieces: Iterable[Piece]) -> str:
        """The source with some pieces exchanged, which must not overlap."""
        made = self._bytes
        for piece in sorted(pieces, reverse=True):
            made = made[: piece.start] + piece.text.encode() + made[piece.end :]
        return made.decode()

    def quoted(self, node: ast.AST) -> bool:
        """Whether a node stands in an f-string, where Python 3.11 does not know its place."""
        return any(isinstance(outer, ast.JoinedStr) for outer in self.up(node))

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None  # it was parsed
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[node.end_lineno - 1] + node.end_col_offset

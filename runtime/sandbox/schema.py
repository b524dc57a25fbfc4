"""Tool descriptions from source: signatures and docstrings become JSON Schema.

Works on the syntax tree alone, so annotations need not be resolvable.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_SCALARS: dict[str, Schema] = {
    "str": {"type": "string"},
    "date": {"type": "string"},
    "datetime": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "list": {"type": "array"},
    "tuple": {"type": "array"},
    "set": {"type": "array"},
    "frozenset": {"type": "array"},
    "Sequence": {"type": "array"},
    "Iterable": {"type": "array"},
    "dict": {"type": "object"},
    "Mapping": {"type": "object"},
}
_ALIASES = {
    "List": "list",
    "Tuple": "tuple",
    "Set": "set",
    "FrozenSet": "frozenset",
    "Dict": "dict",
}
_WRAPPERS = {"Annotated", "Final", "ClassVar", "Required", "NotRequired"}
_SECTION = re.compile(
    r"^(Args|Arguments|Parameters|Returns|Return|Raises|Yields|Examples?):", re.MULTILINE
)
_ARGUMENTS = ("Args", "Arguments", "Parameters")
_ENTRY = re.compile(r"^\*{0,2}(\w+)\s*(?:\((.*?)\))?\s*:\s*(.*)$")


def tools(tree: ast.Module, class_name: str, names: list[str]) -> list[Schema]:
    """The tools called `names` of a class: {"name", "description", "parameters"} each."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    types = _Types(classes)
    methods = _methods(classes, class_name)
    return [_tool(methods[name], types) for name in names if name in methods]


def _methods(classes: dict[str, ast.ClassDef], name: str) -> dict[str, ast.FunctionDef]:
    """The methods of a class and of its base classes in the same source."""
    node = classes.get(name)
    if node is None:
        return {}
    found: dict[str, ast.FunctionDef] = {}
    rest = {other: item for other, item in classes.items() if other != name}
    for base in reversed(node.bases):
        found |= _methods(rest, ast.unparse(base))
    return found | {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}


def _tool(method: ast.FunctionDef, types: _Types) -> Schema:
    description, notes = _docstring(ast.get_docstring(method) or "")
    properties: Schema = {}
    required = []
    for argument, default in _parameters(method.args):
        schema = types.schema(argument.annotation)
        if default is None:
            required.append(argument.arg)
        else:
            schema = _with_default(schema, default)
        note = notes.get(argument.arg)
        properties[argument.arg] = {**schema, "description": note} if note else schema
    parameters: Schema = {"type": "object", "properties": properties, "required": required}
    parameters["additionalProperties"] = method.args.kwarg is not None
    return {"name": method.name, "description": description, "parameters": parameters}


def _parameters(args: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Each parameter but self, with its default."""
    positional = [*args.posonlyargs, *args.args]
    gap = [None] * (len(positional) - len(args.defaults))
    pairs = list(zip(positional, [*gap, *args.defaults], strict=True))
    yield from pairs[1:]
    yield from zip(args.kwonlyargs, args.kw_defaults, strict=True)


def _with_default(schema: Schema, node: ast.expr) -> Schema:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return schema
    if value is None:
        schema = _nullable(schema)
    if not isinstance(value, bool | int | float | str | list | dict | None):
        return schema
    return {**schema, "default": value}


def _nullable(schema: Schema) -> Schema:
    kind = schema.get("type")
    if not schema or kind == "null" or (isinstance(kind, list) and "null" in kind):
        return schema
    if "enum" in schema:
        widened = {**schema, "enum": [*schema["enum"], None]}
        return widened if kind is None else {**widened, "type": [kind, "null"]}
    if isinstance(kind, str):
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [*schema["anyOf"], {"type": "null"}]}


# ------------------------------------------------------------------ annotations


class _Types:
    """Annotations of one source as JSON Schema."""

    def __init__(self, classes: dict[str, ast.ClassDef]) -> None:
        self.classes = classes
        self.open: set[str] = set()

    def schema(self, node: ast.expr | None) -> Schema:
        """The schema of an annotation; {} where it says nothing that JSON can express."""
        if isinstance(node, ast.Constant):
            return self._constant(node.value)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._named(_last(node))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union([node.left, node.right])
        if isinstance(node, ast.Subscript):
            return self._generic(_last(node.value), node.slice)
        return {}

    def _constant(self, value: object) -> Schema:
        if value is None:
            return {"type": "null"}
        if not isinstance(value, str):
            return {}
        try:
            return self.schema(ast.parse(value, mode="eval").body)
        except SyntaxError:
            return {}

    def _named(self, name: str) -> Schema:
        name = _ALIASES.get(name, name)
        if name in _SCALARS:
            return dict(_SCALARS[name])
        node = self.classes.get(name)
        if node is None or name in self.open:
            return {"type": "object"} if node else {}
        self.open.add(name)
        try:
            return self._class(node)
        finally:
            self.open.discard(name)

    def _generic(self, name: str, inside: ast.expr) -> Schema:
        name = _ALIASES.get(name, name)
        parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
        if name == "Optional":
            return _nullable(self.schema(inside))
        if name == "Union":
            return self._union(parts)
        if name == "Literal":
            return _literal(parts)
        if name in _WRAPPERS:
            return self.schema(parts[0])
        schema = self._named(name)
        if schema.get("type") == "array":
            return self._with("items", schema, parts[0])
        if schema.get("type") == "object" and len(parts) == 2:
            return self._with("additionalProperties", schema, parts[1])
        return schema

    def _with(self, key: str, schema: Schema, node: ast.expr) -> Schema:
        inner = self.schema(node)
        return {**schema, key: inner} if inner else schema

    def _union(self, parts: list[ast.expr]) -> Schema:
        options: list[Schema] = []
        for part in parts:
            schema = self.schema(part)
            if not schema:
                return {}
            options += schema.get("anyOf", [schema])
        some = [option for option in options if option != {"type": "null"}]
        if not some:
            return {"type": "null"}
        schema = some[0] if len(some) == 1 else {"anyOf": some}
        return schema if len(some) == len(options) else _nullable(schema)

    def _class(self, node: ast.ClassDef) -> Schema:
        bases = [_last(base) for base in node.bases]
        if any(base.endswith(("Enum", "Flag")) for base in bases):
            return _enumeration(node)
        fields = self._fields(node)
        if not fields:
            return {"type": "object"}
        partial = any(
            keyword.arg == "total" and ast.unparse(keyword.value) == "False"
            for keyword in node.keywords
        )
        required = [name for name, (_, optional) in fields.items() if not (partial or optional)]
        return {
            "type": "object",
            "properties": {name: schema for name, (schema, _) in fields.items()},
            "required": required,
            "additionalProperties": False,
        }

    def _fields(self, node: ast.ClassDef) -> dict[str, tuple[Schema, bool]]:
        """The fields of a record class: schema, and whether it may be left out."""
        fields: dict[str, tuple[Schema, bool]] = {}
        for base in node.bases:
            parent = self.classes.get(_last(base))
            if parent is not None and parent is not node:
                fields |= self._fields(parent)
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                optional = item.value is not None or "NotRequired" in ast.unparse(item.annotation)
                fields[item.target.id] = (self.schema(item.annotation), optional)
        return fields


def _last(node: ast.expr) -> str:
    """The last name of a dotted name; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _literal(parts: list[ast.expr]) -> Schema:
    values = [part.value for part in parts if isinstance(part, ast.Constant)]
    return _enum(values)


def _enumeration(node: ast.ClassDef) -> Schema:
    values = [
        item.value.value
        for item in node.body
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant)
    ]
    return _enum(values)


def _enum(values: list[Any]) -> Schema:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    kinds = list(dict.fromkeys(names.get(type(value), "") for value in values))
    if not values or "" in kinds:
        return {}
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": values}


# ------------------------------------------------------------------ docstrings


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """The description of a tool and those of its parameters."""
    sections = list(_SECTION.finditer(text))
    description = text[: sections[0].start()] if sections else text
    notes: dict[str, str] = {}
    for number, section in enumerate(sections):
        if section[1] in _ARGUMENTS:
            end = sections[number + 1].start() if number + 1 < len(sections) else len(text)
            notes |= _notes(text[section.end() : end])
    return description.strip(), notes


def _notes(block: str) -> dict[str, str]:
    """The entries `name (type): text` of an Args section; deeper lines continue an entry."""
    lines = [line for line in block.splitlines() if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    notes: dict[str, str] = {}
    name = ""
    for line in lines:
        entry = _ENTRY.match(line[margin:])
        if entry:
            name = entry[1]
            notes[name] = entry[3].strip()
        elif name:
            notes[name] = f"{notes[name]} {line.strip()}".strip()
    return notes

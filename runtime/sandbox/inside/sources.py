"""Generated sources as a worker runs them: checked, executed, and asked for their class."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ...state import Json
from ..language import policy, shims
from ..language.inert import stateless
from ..language.virtual import Chance
from ..protocol import Load
from ..schemas import schema
from ..sharing.shared import SharedState
from ..values import markers, projection
from .guard import FILE, MODULE, Rejected
from .target import only_class, public_methods

_CHANCE = {"random", "secrets", "uuid"}


class Subject(Protocol):
    """What instances are made of: a class from a source, or classes of installed packages."""

    name: str
    chance: Chance
    known: set[int]
    """Ids of objects that all instances share."""
    draws: bool
    """Whether what a call gives may depend on the number of state changes before."""

    def describe(self) -> list[Json]:
        """{"name", "description", "parameters"} of each tool."""
        ...

    def construct(self, state: Any, seed: int) -> Any:
        """What a first state becomes."""
        ...

    def state(self, thing: Any, *, private: bool = False) -> dict[str, Any]:
        """The state of an object, not copied; with `private` all that a call may change."""
        ...

    def tool(self, thing: Any, name: str) -> Callable[..., Any] | None:
        """What calls a tool of an object with keyword arguments."""
        ...


class Source:
    """One source: parsed, found to keep to the policy, and executed."""

    def __init__(self, load: Load, chance: Chance) -> None:
        self._load = load
        self._chance = chance
        self._native = load.profile == "native"
        self.isolated = load.isolated
        self.tree = self._parsed()
        self._code = compile(self.tree, FILE, "exec", dont_inherit=True)
        self.names = self.executed()
        self._own = SharedState(MODULE, self.names, native=self._native)
        self._library = SharedState(MODULE, _foreign(self.names), native=False)

    @property
    def shared(self) -> SharedState:
        """What all instances see: without modules of their own, everything."""
        return self._library if self.isolated else self._own

    def executed(self) -> dict[str, Any]:
        """The names of a fresh module in which the source has been executed."""
        module = types.ModuleType(MODULE)
        sys.modules[MODULE] = module  # dataclasses and typing look their module up
        names: dict[str, Any] = vars(module)
        if self._load.guarded:
            names["__builtins__"] = shims.guarded_builtins(self._chance, native=self._native)
        exec(self._code, names)
        return names

    def _parsed(self) -> ast.Module:
        try:
            tree = ast.parse(self._load.source, FILE)
        except SyntaxError as error:
            line = f": `{error.text.strip()}`" if error.text else ""
            fault = f"line {error.lineno}: the source does not parse: {error.msg}{line}"
            raise Rejected(fault) from None
        except ValueError as error:
            raise Rejected(f"the source does not parse: {error}") from None
        found = policy.violations(tree, native=self._native) if self._load.guarded else []
        if found:
            raise Rejected("\n".join(found))
        return tree


class SourceFunction:
    """The function of a source."""

    def __init__(self, source: Source, load: Load) -> None:
        self.name = load.name or "check"
        self._function = source.names.get(self.name)
        if not isinstance(self._function, types.FunctionType):
            raise Rejected(f"the source must define the function `{self.name}`")
        self._upstream = load.profile == "upstream"

    def __call__(self, arguments: list[Any]) -> Any:
        """What the function makes of its positional arguments."""
        given = markers.decode(arguments) if self._upstream else arguments
        assert self._function is not None
        return self._function(*given)


class SourceClass:
    """The class of a source, as a `Subject`."""

    def __init__(self, source: Source, load: Load, chance: Chance) -> None:
        self._source = source
        self.chance = chance
        self._native = load.profile == "native"
        self._upstream = load.profile == "upstream"
        self._isolated = source.isolated
        self.name = load.name or only_class(source.tree)
        self._target, self._tools = self._class(source.names)
        self.methods = {} if self._isolated else self._tools
        """The tools, where they take the object as their first argument."""
        self.known = source.shared.objects()
        self.draws = not self._native and not _CHANCE.isdisjoint(_imports(source.tree))

    def _class(self, names: Mapping[str, Any]) -> tuple[Any, dict[str, Callable[..., object]]]:
        target = names.get(self.name)
        if not isinstance(target, type):
            raise Rejected(f"the source must define the class `{self.name}`")
        return target, public_methods(target, MODULE)

    def describe(self) -> list[Json]:
        return schema.tools(self._source.tree, self.name, list(self._tools))

    def construct(self, state: Any, seed: int) -> Any:
        target = self._class(self._source.executed())[0] if self._isolated else self._target
        self.chance.begin(seed, "create")
        if self._native:
            return target(state)
        given = markers.decode(state) if self._upstream else state
        try:
            thing = target(given)
        except TypeError:
            self.chance.begin(seed, "create")
            thing = target()
        for name, value in given.items():
            setattr(thing, name, value)
        return thing

    def state(self, thing: Any, *, private: bool = False) -> dict[str, Any]:
        if private:
            return projection.attributes({self.name: thing}, private=True)
        if self._native:
            return {name: value for name, value in vars(thing).items() if name[:1] != "_"}
        state = {name: value for name, value in vars(thing).items() if not stateless(value)}
        if self._upstream:
            return _marked(state)
        return {name: value for name, value in state.items() if name[:1] != "_"}

    def tool(self, thing: Any, name: str) -> Callable[..., Any] | None:
        return getattr(thing, name) if name in self._tools else None


def _foreign(names: Mapping[str, Any]) -> dict[str, Any]:
    """What a source has from elsewhere."""
    return {
        name: value
        for name, value in names.items()
        if isinstance(value, types.ModuleType) or getattr(value, "__module__", MODULE) != MODULE
    }


def _marked(state: dict[str, Any]) -> dict[str, Any]:
    """A state with typed markers, as upstream's checks see it: what is private is part of it.

    Raises:
        TypeError: something public is of a type that no marker stands for.
    """
    marked: dict[str, Any] = {}
    for name, value in state.items():
        try:
            marked[name] = markers.encode(value)
        except TypeError:
            if name[:1] != "_":
                raise
    return marked


def _imports(tree: ast.Module) -> set[str]:
    """The modules that a source imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found

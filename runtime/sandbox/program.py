"""A loaded source and its instances, inside a worker."""

from __future__ import annotations

import ast
import copy
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from ..state import Json, diff, digest
from . import policy, schema, shims
from .deadline import Deadline, SoftTimeout
from .plain import NotJson, Oversize, decode, encode, text
from .protocol import (
    AnyOperation,
    Build,
    Differ,
    Digest,
    Drop,
    Evaluate,
    Export,
    Limits,
    Load,
    Outcome,
    Step,
)
from .virtual import Chance

FILE = "<generated>"
"""The file name in the tracebacks of generated code."""
MODULE = "generated"
_LOAD_TIMES = 4
_TEXT = 500
"""Characters of an exception's text that are kept."""


class Rejected(Exception):
    """The source cannot be used; its text says why, one fault a line."""


class Instance:
    """An object of the generated class and the JSON text of its state after the last call."""

    __slots__ = ("base", "digest", "object", "seed", "state", "writes")

    def __init__(self, thing: object, seed: int, writes: int, base: bytes, state: bytes) -> None:
        self.object = thing
        self.seed = seed
        self.writes = writes
        self.base = base
        self.state = state
        self.digest = ""


class Program:
    """One source: its class or function, and the instances made of it."""

    def __init__(self, limits: Limits, deadline: Deadline, source: Load) -> None:
        self.limits = limits
        self.deadline = deadline
        self.source = source
        self.chance = Chance()
        self.instances: dict[int, Instance] = {}
        self.shared: list[Shared] = []
        self.target: Any = None
        self.tools: dict[str, Callable[..., object]] = {}

    # -------------------------------------------------------------- loading

    def load(self) -> Outcome:
        """Check, compile and run the source; the value is {"name", "tools"}."""
        self.chance.begin(0, "load")
        return self._attempt(self._load, _LOAD_TIMES)

    def _load(self) -> Outcome:
        tree = self._parse()
        module = types.ModuleType(MODULE)
        sys.modules[MODULE] = module
        if self.source.guarded:
            native = self.source.native
            vars(module)["__builtins__"] = shims.guarded_builtins(self.chance, native=native)
        exec(compile(tree, FILE, "exec", dont_inherit=True), vars(module))
        name, tools = self._target(tree, vars(module))
        self.shared = _shared(vars(module)) if self.source.native else []
        return Outcome("ok", encode({"name": name, "tools": tools}))

    def _parse(self) -> ast.Module:
        try:
            tree = ast.parse(self.source.source, FILE)
        except SyntaxError as error:
            line = f": `{error.text.strip()}`" if error.text else ""
            raise Rejected(
                f"line {error.lineno}: the source does not parse: {error.msg}{line}"
            ) from None
        except ValueError as error:
            raise Rejected(f"the source does not parse: {error}") from None
        found = policy.violations(tree, native=self.source.native) if self.source.guarded else []
        if found:
            raise Rejected("\n".join(found))
        return tree

    def _target(self, tree: ast.Module, names: dict[str, Any]) -> tuple[str, list[Json]]:
        if self.source.kind == "function":
            self.target = names.get(self.source.name or "")
            if not isinstance(self.target, types.FunctionType):
                raise Rejected(f"the source must define the function `{self.source.name}`")
            return self.source.name or "", []
        name = self.source.name or _only_class(tree)
        self.target = names.get(name)
        if not isinstance(self.target, type):
            raise Rejected(f"the source must define the class `{name}`")
        self.tools = _public_methods(self.target)
        return name, schema.tools(tree, name, list(self.tools))

    # -------------------------------------------------------------- operations

    def perform(self, operation: AnyOperation) -> Outcome:
        """Carry out an operation; never raises."""
        if isinstance(operation, Evaluate):
            return self._evaluate(operation)
        if isinstance(operation, Build):
            return self._attempt(lambda: self._build(operation))
        assert not isinstance(operation, Load)
        instance = self.instances[operation.instance]
        if isinstance(operation, Step):
            return self._step(instance, operation)
        return self._attempt(lambda: self._report(instance, operation))

    def _report(self, instance: Instance, operation: Export | Differ | Digest | Drop) -> Outcome:
        if isinstance(operation, Export):
            value = instance.base if operation.base else instance.state
        elif isinstance(operation, Differ):
            value = encode(list(diff(decode(instance.base), decode(instance.state))))
        elif isinstance(operation, Digest):
            instance.digest = instance.digest or digest(decode(instance.state))
            value = encode(instance.digest)
        else:
            del self.instances[operation.instance]
            value = b"null"
        return Outcome("ok", value, writes=instance.writes)

    def _evaluate(self, operation: Evaluate) -> Outcome:
        self.chance.begin(0, "check")

        def work() -> Outcome:
            result = self.target(*decode(operation.arguments))
            value = text(result, self.limits.output_bytes, "result")
            self._refuse_shared_change()
            return Outcome("ok", value)

        outcome = self._attempt(work)
        self._restore_shared()
        return outcome

    def _step(self, instance: Instance, call: Step) -> Outcome:
        tool = self.tools.get(call.tool)
        if tool is None:
            known = ", ".join(self.tools) or "none"
            error = f"there is no tool named {call.tool[:80]!r}; the tools are: {known}"
            return Outcome("exception", error=error, writes=instance.writes)

        def work() -> Outcome:
            self.chance.begin(instance.seed, instance.writes)
            value = text(
                tool(instance.object, **decode(call.arguments)), self.limits.output_bytes, "result"
            )
            state = self._state_text(instance.object, instance.state)
            self._refuse_shared_change()
            return self._commit(instance, state, value)

        outcome = self._attempt(work)
        if outcome.status == "ok":
            return outcome
        self._restore_shared()
        instance.object = self._revive(instance.state, instance.seed)
        return Outcome(outcome.status, error=outcome.error, writes=instance.writes)

    def _commit(self, instance: Instance, state: bytes, value: bytes) -> Outcome:
        if state is not instance.state:
            instance.state = state
            instance.writes += 1
            instance.digest = ""
        return Outcome("ok", value, writes=instance.writes)

    # -------------------------------------------------------------- objects

    def _build(self, order: Build) -> Outcome:
        if order.fresh:
            thing = self._construct(order.state, order.seed)
            state = self._state_text(thing, b"")
            self._refuse_shared_change()
        else:
            thing, state = self._revive(order.state, order.seed), order.state
        base = state if order.base is None else order.base
        self.instances[order.instance] = Instance(thing, order.seed, order.writes, base, state)
        return Outcome("ok", b"null", writes=order.writes)

    def _construct(self, state: bytes, seed: int) -> object:
        """What the constructor makes of a state, as the profile has it."""
        self.chance.begin(seed, "create")
        if self.source.native:
            return self.target(decode(state))
        try:
            thing = self.target(decode(state))
        except TypeError:
            self.chance.begin(seed, "create")
            thing = self.target()
        for name, value in decode(state).items():
            setattr(thing, name, value)
        return thing

    def _revive(self, state: bytes, seed: int) -> object:
        """An object with exactly this state; only what is private comes from the constructor."""
        made: list[object] = []
        self._attempt(lambda: made.append(self._construct(state, seed)) or _DONE)
        thing = made[0] if made else object.__new__(self.target)
        attributes = vars(thing)
        for name in [name for name in attributes if not name.startswith("_")]:
            del attributes[name]
        attributes.update(decode(state))
        return thing

    def _state_text(self, thing: object, last: bytes) -> bytes:
        """JSON text of the public attributes; `last` itself when nothing has changed."""
        state = {name: value for name, value in vars(thing).items() if name[:1] != "_"}
        try:
            if encode(state) == last:
                return last
        except (TypeError, ValueError, RecursionError):
            pass  # the careful way below says what is wrong
        fresh = text(state, self.limits.state_bytes, "state")
        return last if fresh == last else fresh

    # -------------------------------------------------------------- failures

    def _attempt(self, work: Callable[[], Outcome], times: int = 1) -> Outcome:
        """The outcome of work under the soft deadline; whatever it raises is an outcome too."""
        try:
            return self.deadline.run(work, times)
        except BaseException as error:
            self.deadline.off()
            return self._failure(error, times)

    def _failure(self, error: BaseException, times: int) -> Outcome:
        if isinstance(error, SoftTimeout):
            spent = self.limits.soft_seconds * times
            return Outcome("timeout", error=f"stopped after {spent:g} s of CPU time{_place(error)}")
        if isinstance(error, MemoryError):
            return Outcome("memory", error=f"MemoryError: out of memory{_place(error)}")
        if isinstance(error, RecursionError):
            return Outcome("recursion", error=f"RecursionError: calls nest too deep{_place(error)}")
        if isinstance(error, NotJson):
            return Outcome("not json", error=str(error))
        if isinstance(error, Oversize):
            return Outcome("oversize", error=str(error))
        if isinstance(error, Rejected):
            return Outcome("exception", error=str(error))
        return Outcome("exception", error=self._described(error) + _place(error))

    def _described(self, error: BaseException) -> str:
        """Type and text of an exception; both may be made by generated code."""
        name = _NAME(type(error))
        try:
            said = self.deadline.run(lambda: str.__getitem__(str(error), slice(_TEXT)))
        except BaseException:
            self.deadline.off()
            return f"{name}: (its text cannot be had)"
        said = said.encode(errors="replace").decode()
        return f"{name}: {said}" if said else str(name)

    def _refuse_shared_change(self) -> None:
        name = self._restore_shared()
        if name is not None:
            raise Rejected(
                f"`{name}` was changed, which all instances share; "
                "keep what changes on an attribute of self"
            )

    def _restore_shared(self) -> str | None:
        """Undo changes to containers that all instances share; the name of the first one."""
        changed = None
        for shared in self.shared:
            if shared.live != shared.original:
                shared.restore()
                changed = changed or shared.name
        return changed


_DONE = Outcome("ok")
_NAME = type.__dict__["__name__"].__get__


class Shared:
    """A container of the module or a class: every instance sees it, so no call may change it."""

    __slots__ = ("live", "name", "original")

    def __init__(self, name: str, live: Any) -> None:
        self.name = name
        self.live = live
        self.original = copy.deepcopy(live)

    def restore(self) -> None:
        fresh = copy.deepcopy(self.original)
        self.live.clear()
        if isinstance(self.live, list):
            self.live.extend(fresh)
        else:
            self.live.update(fresh)


def _shared(names: dict[str, Any]) -> list[Shared]:
    """The containers that instances share and whose content can be compared."""
    found = _containers("", names)
    for name, value in names.items():
        if isinstance(value, type) and value.__module__ == MODULE:
            found += _containers(f"{name}.", vars(value))
    return [shared for shared in found if shared.live == shared.original]


def _containers(prefix: str, names: Mapping[str, Any]) -> list[Shared]:
    return [
        Shared(prefix + name, value)
        for name, value in names.items()
        if isinstance(value, dict | list | set) and not name.startswith("__")
    ]


def _public_methods(target: type) -> dict[str, Callable[..., object]]:
    """The functions that the class and the classes of its module define, without `_` in front."""
    methods: dict[str, Any] = {}
    for owner in reversed(target.__mro__):
        if owner.__module__ == MODULE:
            methods |= vars(owner)
    return {
        name: value
        for name, value in methods.items()
        if isinstance(value, types.FunctionType) and not name.startswith("_")
    }


def _only_class(tree: ast.Module) -> str:
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and _has_tools(node)]
    if len(names) == 1:
        return names[0]
    listed = f"{len(names)} ({', '.join(names)})" if names else "none"
    raise Rejected(
        f"the source must define one class with public methods, it has {listed}; "
        "start the names of helper classes with `_`"
    )


def _has_tools(node: ast.ClassDef) -> bool:
    methods = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
    record = any(
        ast.unparse(mark).endswith(_RECORDS) for mark in (*node.bases, *node.decorator_list)
    )
    return not (record or node.name.startswith("_")) and any(name[0] != "_" for name in methods)


_RECORDS = ("TypedDict", "NamedTuple", "Enum", "Flag", "Exception", "Error", "dataclass")


def _place(error: BaseException) -> str:
    """Where in the generated source an exception arose: ` (line 42, in rent_unit)`."""
    found = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename == FILE:
            found = f" (line {trace.tb_lineno}, in {code.co_name})"
        trace = trace.tb_next
    return found

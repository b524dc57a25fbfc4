"""A loaded source and its instances, inside a worker."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable
from typing import Any

from ..state import Json, diff, digest
from . import policy, schema, shims
from .guard import FILE, Guard, Rejected, sendable
from .plain import decode, encode, text
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
from .shared import Shared, shared
from .target import only_class, public_methods
from .virtual import Chance

MODULE = "generated"
"""The module that generated code believes to be."""
_LONG = 4
"""Loading, and work on whole states, may take so many times the soft deadline."""
_DONE = Outcome("ok", b"null")


class Instance:
    """An object of the generated class and the JSON text of its state after the last call."""

    __slots__ = ("base", "digest", "seed", "state", "thing", "writes")

    def __init__(self, thing: object, order: Build, state: bytes) -> None:
        self.thing = thing
        self.seed = order.seed
        self.writes = order.writes
        self.base = state if order.base is None else order.base
        self.state = state
        self.digest = ""


class Program:
    """One source: its class or function, and the instances made of it."""

    def __init__(self, limits: Limits, guard: Guard, source: Load) -> None:
        self._limits = limits
        self._guard = guard
        self._source = source
        self._chance = Chance()
        self._instances: dict[int, Instance] = {}
        self._shared: list[Shared] = []
        self._target: Any = None
        self._tools: dict[str, Callable[..., object]] = {}

    # -------------------------------------------------------------- loading

    def load(self) -> Outcome:
        """Check, compile and run the source; the value is {"name", "tools"}."""
        self._chance.begin(0, "load")
        return self._guard.attempt(self._load, _LONG)

    def _load(self) -> Outcome:
        tree = self._parse()
        module = types.ModuleType(MODULE)
        sys.modules[MODULE] = module  # dataclasses and typing look their module up
        names: dict[str, Any] = vars(module)
        if self._source.guarded:
            native = self._source.native
            names["__builtins__"] = shims.guarded_builtins(self._chance, native=native)
        exec(compile(tree, FILE, "exec", dont_inherit=True), names)
        name = self._choose(tree, names)
        self._shared = shared(MODULE, names) if self._source.native else []
        return Outcome("ok", encode({"name": name, "tools": self._describe(tree, name)}))

    def _parse(self) -> ast.Module:
        try:
            tree = ast.parse(self._source.source, FILE)
        except SyntaxError as error:
            line = f": `{error.text.strip()}`" if error.text else ""
            fault = f"line {error.lineno}: the source does not parse: {error.msg}{line}"
            raise Rejected(fault) from None
        except ValueError as error:
            raise Rejected(f"the source does not parse: {error}") from None
        found = policy.violations(tree, native=self._source.native) if self._source.guarded else []
        if found:
            raise Rejected("\n".join(found))
        return tree

    def _choose(self, tree: ast.Module, names: dict[str, Any]) -> str:
        """Find the target, and return its name."""
        function = self._source.kind == "function"
        name = self._source.name or only_class(tree)
        self._target = names.get(name)
        if not isinstance(self._target, types.FunctionType if function else type):
            raise Rejected(f"the source must define the {self._source.kind} `{name}`")
        return name

    def _describe(self, tree: ast.Module, name: str) -> list[Json]:
        if self._source.kind == "function":
            return []
        self._tools = public_methods(self._target, MODULE)
        return schema.tools(tree, name, list(self._tools))

    # -------------------------------------------------------------- operations

    def perform(self, operation: AnyOperation) -> Outcome:
        """Carry out an operation on the loaded source."""
        if isinstance(operation, Evaluate):
            return self._evaluate(operation)
        if isinstance(operation, Build):
            return self._guard.attempt(lambda: self._build(operation))
        assert not isinstance(operation, Load), "a worker loads one source"
        instance = self._instances[operation.instance]
        if isinstance(operation, Step):
            return self._step(instance, operation)
        return self._guard.attempt(lambda: self._report(instance, operation), _LONG)

    def _report(self, instance: Instance, operation: Export | Differ | Digest | Drop) -> Outcome:
        if isinstance(operation, Export):
            value = instance.base if operation.base else instance.state
        elif isinstance(operation, Differ):
            value = encode(list(diff(decode(instance.base), decode(instance.state))))
        elif isinstance(operation, Digest):
            instance.digest = instance.digest or digest(decode(instance.state))
            value = encode(instance.digest)
        else:
            del self._instances[operation.instance]
            value = b"null"
        return Outcome("ok", value, writes=instance.writes)

    def _evaluate(self, operation: Evaluate) -> Outcome:
        self._chance.begin(0, "check")

        def work() -> Outcome:
            result = self._target(*decode(operation.arguments))
            value = text(result, self._limits.output_bytes, "result")
            self._refuse_shared_change()
            return Outcome("ok", value)

        outcome = self._guard.attempt(work)
        self._restore_shared()
        return outcome

    def _step(self, instance: Instance, call: Step) -> Outcome:
        tool = self._tools.get(call.tool)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            error = f"there is no tool named {call.tool[:80]!r}; the tools are: {known}"
            return Outcome("exception", error=sendable(error), writes=instance.writes)
        state = instance.state

        def work() -> Outcome:
            nonlocal state
            outcome, state = self._call(instance, tool, call)
            return outcome

        outcome = self._guard.attempt(work)
        if outcome.status == "ok":  # only now: the deadline may strike until `attempt` is over
            self._commit(instance, state, outcome.writes)
            return outcome
        self._restore_shared()
        instance.thing = self._revive(instance.state, instance.seed)
        return Outcome(outcome.status, error=outcome.error, writes=instance.writes)

    def _call(
        self, instance: Instance, tool: Callable[..., object], call: Step
    ) -> tuple[Outcome, bytes]:
        """What a call comes to, and the state it leads to."""
        self._chance.begin(instance.seed, instance.writes)
        result = tool(instance.thing, **decode(call.arguments))
        value = text(result, self._limits.output_bytes, "result")
        state = self._state_text(instance.thing, instance.state)
        self._refuse_shared_change()
        writes = instance.writes + (state is not instance.state)
        return Outcome("ok", value, writes=writes), state

    def _commit(self, instance: Instance, state: bytes, writes: int) -> None:
        if state is not instance.state:
            instance.state = state
            instance.writes = writes
            instance.digest = ""

    # -------------------------------------------------------------- objects

    def _build(self, order: Build) -> Outcome:
        if order.fresh:
            thing = self._construct(order.state, order.seed)
            state = self._state_text(thing, b"")
            self._refuse_shared_change()
        else:
            thing, state = self._revive(order.state, order.seed), order.state
        self._instances[order.instance] = Instance(thing, order, state)
        return Outcome("ok", b"null", writes=order.writes)

    def _construct(self, state: bytes, seed: int) -> object:
        """What the constructor makes of a state, as the profile has it."""
        self._chance.begin(seed, "create")
        if self._source.native:
            return self._target(decode(state))
        try:
            thing = self._target(decode(state))
        except TypeError:
            self._chance.begin(seed, "create")
            thing = self._target()
        for name, value in decode(state).items():
            setattr(thing, name, value)
        return thing

    def _revive(self, state: bytes, seed: int) -> object:
        """An object with exactly this state; only what is private comes from the constructor."""
        made: list[object] = []

        def work() -> Outcome:
            made.append(self._construct(state, seed))
            return _DONE

        self._guard.attempt(work)
        self._restore_shared()
        thing = made[0] if made else object.__new__(self._target)
        attributes = vars(thing)
        for name in [name for name in attributes if name[:1] != "_"]:
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
        fresh = text(state, self._limits.state_bytes, "state")
        return last if fresh == last else fresh

    # -------------------------------------------------------------- shared containers

    def _refuse_shared_change(self) -> None:
        name = self._restore_shared()
        if name is not None:
            raise Rejected(
                f"`{name}` was changed, which all instances share; "
                "keep what changes on an attribute of self"
            )

    def _restore_shared(self) -> str | None:
        """Undo changes to containers that all instances share; the name of the first one."""
        changed = [container for container in self._shared if container.changed()]
        for container in changed:
            container.restore()
        return changed[0].name if changed else None

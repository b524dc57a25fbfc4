"""What a worker does with its source: instances, calls, reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ...state import diff, digest
from ..language.virtual import Chance
from ..protocol import (
    Build,
    Differ,
    Digest,
    Drop,
    Evaluate,
    Export,
    Failure,
    Limits,
    Load,
    Outcome,
    Step,
)
from ..values.plain import (
    DEPTH,
    NATURAL,
    Oversize,
    brackets,
    decode,
    encode,
    shallow,
    text,
)
from .deadline import TICKS
from .guard import Guard, Rejected
from .image import Unpictured, image, pictured
from .sources import Source, SourceClass, SourceFunction, Subject

_LONG = 2
"""Loading, and work on whole states, may take so many times the soft deadline."""
_DONE = b"null"
_STEP = 1 << 32
"""One more in the upper half of the progress page."""
_SHORT = 2 * DEPTH
"""Bytes of JSON text that cannot nest too deep."""
_STALE = Failure("stale")
_dumps, _loads = orjson.dumps, orjson.loads


class Instance:
    """An object that generated code made, and what its chance depends on."""

    __slots__ = ("mark", "seed", "thing", "writes")

    def __init__(self, thing: Any, seed: int) -> None:
        self.thing = thing
        self.seed = seed
        self.writes = 0
        """Successful state changes so far; counted where the source draws."""
        self.mark = b""
        """What tells whether a call changed anything."""


class Program:
    """One source and the instances made of it."""

    def __init__(
        self,
        limits: Limits,
        guard: Guard,
        load: Load,
        *,
        package: Subject | None,
        progress: memoryview,
    ) -> None:
        self._progress = progress
        self._limits = limits
        self._guard = guard
        self._load = load
        self._chance = Chance() if package is None else package.chance
        self._deadline = guard.deadline
        self._instances: dict[int, Instance] = {}
        self._methods: Mapping[str, Callable[..., object]] = {}
        """The tools that may be called the short way, with the object as first argument."""
        self._draws = package is not None
        self._source: Source | None = None
        self._subject: Any = package
        self._function: SourceFunction | None = None
        self.perform: dict[type, Callable[[Any], Outcome]] = {
            Build: self._repeat,
            Step: self._step,
            Evaluate: self._evaluate,
            Export: lambda order: self._attempt(self._export, order),
            Differ: lambda order: self._attempt(self._differ, order),
            Digest: lambda order: self._attempt(self._digest, order),
            Drop: self._drop,
        }
        """How each kind of operation is carried out."""

    # -------------------------------------------------------------- loading

    def load(self) -> Outcome:
        """Check, compile and run the source; the value is {"name", "tools"}."""
        self._chance.begin(0, "load")
        return self._guard.attempt(self._loaded, _LONG)

    def _loaded(self) -> bytes:
        if self._load.kind == "package":
            return encode({"name": self._subject.name, "tools": self._subject.describe()})
        self._source = Source(self._load, self._chance)
        if self._load.profile != "native" and self._source.shared.opaque() is not None:
            self._source.isolated = True
        if self._load.kind == "function":
            self._function = SourceFunction(self._source, self._load)
            return encode({"name": self._function.name, "tools": []})
        self._subject = SourceClass(self._source, self._load, self._chance)
        self._draws = self._subject.draws
        if not (self._draws or self._load.strict):
            self._methods = self._subject.methods
        return encode({"name": self._subject.name, "tools": self._subject.describe()})

    # -------------------------------------------------------------- operations

    def leak(self) -> str:
        """What was changed of what all instances share, now put back; empty: nothing."""
        if self._source is None:
            return ""
        name = self._source.shared.change()
        if name is None:
            return ""
        self._source.shared.restore()
        return (
            f"`{name}` was changed, which all instances share; "
            "keep what changes on an attribute of self"
        )

    def _attempt(self, work: Callable[[Instance, Any], bytes], order: Any) -> Outcome:
        """The outcome of work on an instance's whole state."""
        instance = self._instances.get(order.instance)
        if instance is None:
            return _STALE
        return self._guard.attempt(lambda: work(instance, order), _LONG)

    def _drop(self, order: Drop) -> Outcome:
        self._instances.pop(order.instance, None)
        return _DONE

    def _evaluate(self, order: Evaluate) -> Outcome:
        function = self._function
        assert function is not None
        self._chance.begin(0, "check")

        def work() -> bytes:
            return text(function(decode(order.arguments)), self._limits.output_bytes, "result")

        return self._guard.attempt(work)

    def _step(self, call: Step) -> Outcome:
        instance = self._instances.get(call.instance)
        if instance is None:
            return _STALE
        deadline = self._deadline
        try:
            try:
                deadline.ticks = 0
                deadline.limit = TICKS
                return self._call(instance, call)
            finally:
                deadline.limit = 0
        except BaseException as error:
            deadline.off()
            return self._failed(call, self._guard.failure(error))

    def _call(self, instance: Instance, call: Step) -> Outcome:
        """What a tool gives; most calls take the short way through."""
        method = self._methods.get(call.tool)
        if method is None:
            return self._call_carefully(instance, call)
        value = method(instance.thing, **decode(call.arguments))
        try:
            result: bytes = _dumps(value, None, NATURAL)
        except TypeError:
            return text(value, self._limits.output_bytes, "result")
        if len(result) > _SHORT or b"null" in result:
            return self._text(value, self._limits.output_bytes, "result")
        return result

    def _call_carefully(self, instance: Instance, call: Step) -> Outcome:
        """As `_call` where calls draw, are looked at strictly, or are no plain methods."""
        tool = self._subject.tool(instance.thing, call.tool)
        if tool is None:
            return Failure("refused", self._unknown(call.tool))
        if self._draws:
            self._chance.begin(instance.seed, instance.writes)
        value = tool(**decode(call.arguments))
        result = self._text(value, self._limits.output_bytes, "result")
        if self._load.strict:
            self._look(instance)
        if self._draws:
            self._count(instance)
        return result

    def _failed(self, call: Step, failure: Failure) -> Failure:
        """A call that failed: the host makes the instance again as it was before."""
        kept = self._load.profile == "upstream" and failure.status == "exception"
        if not kept:
            del self._instances[call.instance]
        return failure

    def _unknown(self, name: str) -> str:
        known = ", ".join(tool["name"] for tool in self._subject.describe()) or "none"
        return f"there is no tool named {name[:80]!r}; the tools are: {known}"[:2000]

    def _text(self, value: object, cap: int, name: str) -> bytes:
        """JSON text of a value; what is not quite JSON takes the careful way, which says so."""
        if self._load.strict:
            return text(value, cap, name)
        try:
            encoded: bytes = _dumps(value, None, NATURAL)
        except TypeError:
            return text(value, cap, name)
        if len(encoded) > cap or (name == "result" and _doubtful(encoded, value)):
            return text(value, cap, name)  # which says what is wrong
        return encoded

    def _look(self, instance: Instance) -> None:
        """Whether the state is JSON and nothing shared was changed, right after a call.

        What imported classes share shows after the order, and their instances are kept apart.
        """
        self._state(instance.thing)
        leak = self.leak() if self._load.profile == "native" else ""
        if leak:
            raise Rejected(leak)

    def _count(self, instance: Instance) -> None:
        mark = encode(self._subject.state(instance.thing, private=True))
        instance.writes += mark != instance.mark
        instance.mark = mark

    # -------------------------------------------------------------- whole states

    def _state(self, thing: object) -> bytes:
        return self._text(self._subject.state(thing), self._limits.state_bytes, "state")

    def _build(self, order: Build) -> bytes:
        self._instances.pop(order.instance, None)
        if order.image:
            if self._source is not None and self._source.isolated:
                self._source.executed()  # an older image takes its class from the last module
            instance = Instance(None, order.seed)
            instance.thing, instance.writes, instance.mark = pictured(order.state)
        else:
            thing = self._subject.construct(decode(order.state), order.seed)
            instance = Instance(thing, order.seed)
            if order.look:
                self._state(instance.thing)
            if self._draws:
                self._count(instance)
                instance.writes = 0
        self._instances[order.instance] = instance
        return _DONE

    def _repeat(self, order: Build) -> Outcome:
        """Make an instance, and make its calls again."""
        outcome = self._guard.attempt(lambda: self._build(order), _LONG)
        if isinstance(outcome, Failure):
            return outcome
        for number, (tool, arguments) in enumerate(order.calls, 1):
            self._progress[0] += _STEP
            made = self._step(Step(order.instance, tool, arguments))
            if isinstance(made, Failure) and order.instance not in self._instances:
                return Failure(made.status, f"call {number} ({tool}): {made.error}"[:2000])
        return _DONE

    def _export(self, instance: Instance, order: Export) -> bytes:
        if not order.image:
            return self._state(instance.thing)
        return self._image(instance)

    def _image(self, instance: Instance) -> bytes:
        """The whole instance for another worker; raises where an image does not tell all."""
        if self._source is not None and self._source.isolated:
            raise Unpictured("a module of its own belongs to the instance")
        content = (instance.thing, instance.writes, instance.mark)
        pickled = image(content, self._subject.known)
        if len(pickled) > self._limits.state_bytes:
            raise Oversize(f"the image of an instance takes {len(pickled)} bytes")
        return pickled

    def _differ(self, instance: Instance, order: Differ) -> bytes:
        before = order.text or self._state(self._subject.construct(decode(order.state), order.seed))
        return encode(list(diff(decode(before), decode(self._state(instance.thing)))))

    def _digest(self, instance: Instance, order: Digest) -> bytes:
        return encode(digest(decode(self._state(instance.thing))))


def _doubtful(encoded: bytes, value: object) -> bool:
    """Whether a text is none that may be sent: NaN becomes null, and some values nest deep."""
    if b"null" in encoded and _loads(encoded) != value:
        return True
    return brackets(encoded) > DEPTH and not shallow(value)

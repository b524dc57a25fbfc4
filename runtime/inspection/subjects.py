"""What the gates look at: one class, opened once, with everything that was tried on it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from random import Random

from ..errors import GeneratedCodeError
from ..records import EnvironmentPlan, Operation, TestCall
from ..sandbox import Call, Pool, Profile, Reply, SealedClass
from ..state import Json
from .misfits import unfit
from .probes import Probe
from .schemas import binding_fault
from .trials import BROKEN, Trial, try_harder, try_tool
from .walks import WALKS, Guide, Wanderer, length, travel

CHANGES = 3
LOOKS = 1
"""Calls of each tool on the tour: those that changed the state on a fresh instance, and others."""


@dataclass
class Subject:
    """A class under inspection; `close` ends the sealed copy that its probes run on."""

    pool: Pool
    plan: EnvironmentPlan
    source: str
    state: dict[str, Json]
    seed: int
    calls: tuple[TestCall, ...] = ()
    """Test calls that are tried too."""
    profile: Profile = "native"

    def _open(self) -> SealedClass:
        planned = self.plan.class_name
        named = re.search(rf"^class {re.escape(planned)}\b", self.source, re.MULTILINE)
        return self.pool.open(
            self.source, planned if named else None, profile=self.profile, strict=True
        )

    @contextmanager
    def fresh(self) -> Iterator[SealedClass]:
        """A sealed copy that shares nothing with the others."""
        sealed = self._open()
        try:
            yield sealed
        finally:
            sealed.close()

    @cached_property
    def sealed(self) -> SealedClass:
        """The copy that the probes run on.

        Raises:
            GeneratedCodeError: the source is refused or does not load.
        """
        return self._open()

    @cached_property
    def broken(self) -> str:
        """Why the class cannot be opened or built from the state; empty when it can."""
        try:
            self.sealed.drop(self.sealed.create([self.state], seed=self.seed))
        except GeneratedCodeError as error:
            return str(error)
        return ""

    @cached_property
    def tree(self) -> ast.Module:
        """The source's syntax; empty when it does not parse, which the loads gate tells."""
        try:
            return ast.parse(self.source)
        except (SyntaxError, ValueError):
            return ast.Module(body=[], type_ignores=[])

    @cached_property
    def trials(self) -> list[Trial]:
        """What was tried: all tools in one sealed copy or, where a call hangs or breaks it, each
        in a copy of its own."""
        offered = {tool["name"] for tool in self.sealed.tools}
        operations = [o for o in self.plan.operations if o.name in offered]
        try:
            with self.fresh() as sealed:
                trials = self._tried(sealed, operations)
        except GeneratedCodeError:
            trials = None
        if trials is None:
            trials = []
            for operation in operations:
                with self.fresh() as sealed:
                    trials += try_tool(sealed, self.plan, self.state, operation, self.seed)
        return trials

    def _tried(self, sealed: SealedClass, operations: Sequence[Operation]) -> list[Trial] | None:
        """The trials of all tools; None as soon as one hung or broke the copy."""
        trials: list[Trial] = []
        for operation in operations:
            trials += try_tool(sealed, self.plan, self.state, operation, self.seed)
            if any(trial.reply.status in BROKEN for trial in trials):
                return None
        return trials

    @cached_property
    def journeys(self) -> list[list[Trial]]:
        """What happened on the walks, and then before and at each test call."""
        operations = self._walkable
        good = self._good
        count = length(operations)
        guides: list[Guide] = [
            Wanderer(self.plan, operations, good, Random(f"{self.seed} walk {n}"), count)
            for n in range(WALKS)
        ]
        with self.fresh() as sealed:
            walked = travel(sealed, self.state, guides, self.seed)
        scripts = [*map(_script, self._bindable)]
        if scripts:
            with self.fresh() as sealed:
                walked += travel(sealed, self.state, scripts, self.seed)
        return walked

    @cached_property
    def walks(self) -> list[list[Probe]]:
        """The calls of each walk."""
        return [[trial.probe for trial in walked] for walked in self.journeys[:WALKS]]

    @cached_property
    def tour(self) -> list[Probe]:
        """A mixture of the single calls that came back, most of which changed something."""
        chosen: list[Probe] = []
        by_tool: dict[tuple[str, bool], list[Probe]] = {}
        for trial in self.trials:
            if trial.probe.kind == "fitting" and trial.reply.status not in BROKEN:
                key = (trial.probe.tool, trial.succeeded and trial.moved)
                by_tool.setdefault(key, []).append(trial.probe)
        random = Random(f"{self.seed} tour")
        for (_, changed), probes in by_tool.items():
            chosen += random.sample(probes, min(len(probes), CHANGES if changed else LOOKS))
        random.shuffle(chosen)
        return chosen

    @cached_property
    def reached(self) -> list[Trial]:
        """Hostile trials of tools that succeed only after other calls."""
        walked = [trial for journey in self.journeys for trial in journey if trial.succeeded]
        at_once = {trial.probe.tool for trial in self.trials if trial.succeeded}
        first = {t.probe.tool: t for t in reversed(walked) if t.probe.tool not in at_once}
        trials: list[Trial] = []
        for operation in self._walkable:
            if operation.name in first:
                with self.fresh() as sealed:
                    trials += try_harder(sealed, operation, first[operation.name], self.seed)
        return trials

    @cached_property
    def observed(self) -> list[Trial]:
        """All that was seen: single calls, walks, test calls, and what those made reachable."""
        return [*self.trials, *chain.from_iterable(self.journeys), *self.reached]

    @cached_property
    def successes(self) -> list[Trial]:
        """The observed successes whose arguments are as planned."""
        planned = {operation.name: operation for operation in self.plan.operations}
        return [
            trial
            for trial in self.observed
            if trial.succeeded
            and not unfit(self.plan, planned[trial.probe.tool], trial.probe.arguments, trial.before)
        ]

    @cached_property
    def _walkable(self) -> list[Operation]:
        """The operations that have a method to call, which did not hang or break a worker."""
        schemas = {tool["name"]: tool["parameters"] for tool in self.sealed.tools}
        hung = {trial.probe.tool for trial in self.trials if trial.reply.status in BROKEN}
        return [
            operation
            for operation in self.plan.operations
            if operation.name in schemas.keys() - hung and _alike(operation, schemas)
        ]

    @property
    def _bindable(self) -> list[TestCall]:
        """The test calls that can be made, with all that goes before them."""
        schemas = {tool["name"]: tool["parameters"] for tool in self.sealed.tools}
        names = {operation.name for operation in self._walkable}
        return [
            call
            for call in self.calls
            if all(
                step.tool in names and not binding_fault(schemas[step.tool], step.arguments)
                for step in _steps(call)
            )
        ]

    @property
    def _good(self) -> dict[str, list[dict[str, Json]]]:
        """Arguments by tool that changed the state, or were given by a test call."""
        found: dict[str, list[dict[str, Json]]] = {}
        for trial in self.trials:
            if trial.succeeded and trial.moved and trial.probe.kind == "fitting":
                found.setdefault(trial.probe.tool, []).append(trial.probe.arguments)
        for probe in chain.from_iterable(map(_steps, self._bindable)):
            found.setdefault(probe.tool, []).append(probe.arguments)
        return found

    def close(self) -> None:
        if "sealed" in vars(self):
            self.sealed.close()


def _alike(operation: Operation, schemas: dict[str, dict[str, Json]]) -> bool:
    """Whether a method takes exactly the planned parameters; the tools gate tells otherwise."""
    schema = schemas[operation.name]
    required = {field.name for field in operation.parameters if field.required}
    names = {field.name for field in operation.parameters}
    return (
        names == set(schema.get("properties", {})) and set(schema.get("required", ())) <= required
    )


def _steps(call: TestCall) -> list[Probe]:
    """A test call with all that goes before it."""
    lead = [Probe(step.tool, step.arguments, "fitting") for step in call.before]
    return [*lead, Probe(call.tool, call.arguments, "fitting")]


def _script(call: TestCall) -> Guide:
    """A guide along a test call."""
    probes = iter(_steps(call))
    return lambda state, tried: next(probes, None)


def walk_calls(instance: int, walk: Sequence[Probe]) -> list[Call]:
    """The calls of a walk, addressed to one instance."""
    return [Call(instance, probe.tool, probe.arguments) for probe in walk]


def told(replies: Sequence[Reply]) -> list[Json]:
    """What replies say, for comparison."""
    return [[reply.status, reply.value, reply.error] for reply in replies]

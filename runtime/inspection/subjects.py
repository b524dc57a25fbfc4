"""What the gates look at: one class, opened once, with everything that was tried on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from random import Random

from ..errors import GeneratedCodeError
from ..records import EnvironmentPlan
from ..sandbox import Call, Pool, Profile, Reply, SealedClass
from ..state import Json
from .probes import Probe
from .trials import Trial, try_tool

WALKS = 2
CHANGES = 3
LOOKS = 1
"""Calls of each tool in a walk: those that changed the state on a fresh instance, and others."""


@dataclass
class Subject:
    """A class under inspection; `close` ends the sealed copy that its probes run on."""

    pool: Pool
    plan: EnvironmentPlan
    source: str
    state: dict[str, Json]
    seed: int
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
    def trials(self) -> list[Trial]:
        """What was tried: each of the plan's tools in a sealed copy of its own."""
        offered = {tool["name"] for tool in self.sealed.tools}
        trials: list[Trial] = []
        for operation in self.plan.operations:
            if operation.name in offered:
                with self.fresh() as sealed:
                    trials += try_tool(sealed, self.plan, self.state, operation, self.seed)
        return trials

    @cached_property
    def walks(self) -> list[list[Probe]]:
        """Sequences of calls for one instance each: a seeded mixture in which each tool that
        came back appears."""
        looking: dict[str, list[Probe]] = {}
        changing: dict[str, list[Probe]] = {}
        for trial in self.trials:
            if trial.probe.kind == "fitting" and trial.reply.status not in ("timeout", "killed"):
                kind = changing if trial.succeeded and trial.moved else looking
                kind.setdefault(trial.probe.tool, []).append(trial.probe)
        return [self._walk(number, changing, looking) for number in range(WALKS)]

    def _walk(
        self, number: int, changing: dict[str, list[Probe]], looking: dict[str, list[Probe]]
    ) -> list[Probe]:
        random = Random(f"{self.seed} walk {number}")
        walk: list[Probe] = []
        for probes in changing.values():
            walk += random.sample(probes, min(len(probes), CHANGES))
        for probes in looking.values():
            walk += random.sample(probes, min(len(probes), LOOKS))
        random.shuffle(walk)
        return walk

    def close(self) -> None:
        if "sealed" in vars(self):
            self.sealed.close()


def walk_calls(instance: int, walk: Sequence[Probe]) -> list[Call]:
    """The calls of a walk, addressed to one instance."""
    return [Call(instance, probe.tool, probe.arguments) for probe in walk]


def told(replies: Sequence[Reply]) -> list[Json]:
    """What replies say, for comparison."""
    return [[reply.status, reply.value, reply.error] for reply in replies]

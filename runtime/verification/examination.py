"""The examination of an export: which claims there are, worked on side by side."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from ..checks import GRADER, Grader, render_functions
from ..formats import Export, read_export
from ..formats.upstream import Upstream, to_upstream
from ..records import Certificate, Difficulty, Environment, Inspection, Scenario
from ..sandbox import Pool
from ..state import Json
from .classes import same_class, same_inspection
from .scenarios import same_certificate, same_trajectory
from .upstream import UpstreamFiles
from .verdicts import Findings, Verdict, judged
from .work import THREADS, Job, work_through

Counted = tuple[int, Job]
"""A piece of work, with the number of verdicts that it gives."""


def verify_export(
    folder: Path,
    *,
    threads: int = THREADS,
    unsafe: bool = False,
    on_start: Callable[[int], None] | None = None,
    on_verdict: Callable[[Verdict], None] | None = None,
) -> list[Verdict]:
    """Executes every claim of the export in a folder again; one verdict an item, in a fixed order.

    Each environment is opened, compared with its record and inspected again; each scenario is
    certified again; each trajectory is replayed and scored again; the checks in `upstream/` run on
    the states before and after the reference solution.

    Args:
        folder: an export, as `write_export` makes it.
        threads: how many items to work on at once.
        unsafe: go on where the platform cannot seal workers.
        on_start: told how many verdicts there will be.
        on_verdict: told of each verdict as soon as it and those before it are there.

    Raises:
        DataError: the export cannot be read, or a row was edited after the export.
        SandboxError: the sealed execution itself failed.
    """
    export, files = read_export(folder), UpstreamFiles.read(folder)
    with Pool(unsafe=unsafe) as pool:
        jobs = Examination(pool, export, files).jobs()
        if on_start:
            on_start(sum(count for count, _ in jobs))
        return work_through([job for _, job in jobs], threads, on_verdict)


@dataclass
class Examination:
    """An export under examination."""

    pool: Pool
    export: Export
    files: UpstreamFiles

    @cached_property
    def environments(self) -> dict[str, Environment]:
        return {environment.id: environment for environment in self.export.environments}

    @cached_property
    def fresh(self) -> Upstream:
        """What `upstream/` must hold."""
        return to_upstream(self.export, render_functions)

    @cached_property
    def fresh_scenarios(self) -> dict[str, Json]:
        return {entry["task_id"]: entry for entry in self.fresh.scenarios}

    @cached_property
    def certificates(self) -> dict[str, Certificate]:
        return {certificate.scenario: certificate for certificate in self.export.certificates}

    @cached_property
    def difficulties(self) -> dict[str, Difficulty]:
        return {difficulty.scenario: difficulty for difficulty in self.export.difficulties}

    @cached_property
    def inspections(self) -> dict[str, Inspection]:
        return {inspection.environment: inspection for inspection in self.export.inspections}

    def jobs(self) -> list[Counted]:
        """The pieces of work, each independent of the others."""
        jobs: list[Counted] = [(1, partial(self._environment, e)) for e in self.export.environments]
        for scenario in self.export.scenarios:
            count = 1 + len(self._trajectories(scenario)) + (scenario.checks.answer is None)
            jobs.append((count, partial(self._scenario, scenario)))
        strangers = self._strangers()
        return [*jobs, (len(strangers), lambda: strangers)]

    def _trajectories(self, scenario: Scenario) -> list[int]:
        """The places of the scenario's trajectories."""
        found = enumerate(self.export.trajectories)
        return [place for place, trajectory in found if trajectory.scenario == scenario.id]

    def _environment(self, environment: Environment) -> list[Verdict]:
        mine = (s for s in self.export.scenarios if s.environment == environment.id)
        state = next((scenario.initial_state for scenario in mine), None)

        def examine(findings: Findings) -> None:
            fresh = self.fresh.metadata[environment.id]
            self.files.compare(environment.id, fresh, findings)
            same_class(self.pool, environment, findings)
            inspection = self.inspections.get(environment.id)
            start = inspection.state if inspection and inspection.state else state
            if start is None:
                findings.note("not inspected again: it has no initial state")
                return
            same_inspection(self.pool, environment, start, inspection, findings)

        return [judged("environment", environment.id, environment.class_name, examine)]

    def _scenario(self, scenario: Scenario) -> list[Verdict]:
        place = self.environments[scenario.environment], scenario
        stored = self.certificates.get(scenario.id)
        with closing(Grader(self.pool)) as grader:
            rated = self.difficulties.get(scenario.id)
            examine = partial(same_certificate, self.pool, grader, *place, stored, rated)
            verdicts = [judged("scenario", scenario.id, scenario.task, examine)]
            for number in self._trajectories(scenario):
                trajectory = self.export.trajectories[number]
                examine = partial(same_trajectory, self.pool, grader, *place, trajectory)
                verdicts.append(judged("trajectory", trajectory.id, trajectory.agent, examine))
        if scenario.checks.answer is None:
            examine = partial(self._upstream, scenario, stored)
            verdicts.append(judged("upstream", scenario.id, scenario.task, examine))
        return verdicts

    def _upstream(self, scenario: Scenario, stored: Certificate | None, findings: Findings) -> None:
        # The functions of another grader are other text; two states alone would not tell a forged
        # check from a right one.
        if stored is None or stored.grader == GRADER:
            self.files.compare(scenario.id, self.fresh_scenarios[scenario.id], findings)
        self.files.run_checks(self.pool, scenario, findings)

    def _strangers(self) -> list[Verdict]:
        """What stands in upstream's files and belongs to no record."""
        known = {s.id for s in self.export.scenarios if s.checks.answer is None}
        names = sorted(self.files.environments.keys() - self.environments.keys())
        names += sorted(self.files.scenarios.keys() - known)
        failure = "it stands in upstream/ but is no record of this export"
        return [Verdict("upstream", name, "", (failure,), ()) for name in names]

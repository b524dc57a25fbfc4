"""Upstream's own files, untouched: whether its classes load and reference solutions earn 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from ..arguments import fit_to_methods
from ..checks import CheckResults, UpstreamGrader
from ..errors import DataError
from ..formats import UpstreamScenario, environments_by_id, read_scenarios
from ..records import Environment
from ..sandbox import Call, Pool, SealedClass
from ..tools import Toolset
from .verdicts import Findings, Kind, Verdict, judged
from .work import THREADS, Job, work_through

_METADATA, _SCENARIOS = "*env_metadata.json", "*scenario*.json"


def is_foreign(folder: Path) -> bool:
    """Whether a folder holds environments in upstream's form, as `…env_metadata.json`."""
    return any(folder.glob(_METADATA))


def verify_foreign(
    folder: Path,
    *,
    threads: int = THREADS,
    unsafe: bool = False,
    on_start: Callable[[int], None] | None = None,
    on_verdict: Callable[[Verdict], None] | None = None,
) -> list[Verdict]:
    """Loads upstream's files as they are and runs every reference solution and check of them.

    One verdict for each environment, then for each scenario. An environment holds when its class
    loads; a scenario when its instance can be made and its reference solution, if there is one,
    earns 1 under upstream's formula. Notes tell what is earned by nothing and under our formula.

    Args:
        folder: holds one `…env_metadata.json` and one `…scenario….json`.
        threads: how many items to work on at once.
        unsafe: go on where the platform cannot seal workers.
        on_start: told how many verdicts there will be.
        on_verdict: told of each verdict as soon as it and those before it are there.

    Raises:
        DataError: a file is missing, doubled, or not of upstream's form.
        SandboxError: the sealed execution itself failed.
    """
    environments = environments_by_id(_file(folder, _METADATA))
    scenarios = read_scenarios(_file(folder, _SCENARIOS))
    with Pool(unsafe=unsafe) as pool:
        jobs = ForeignFiles(pool, environments, scenarios).jobs()
        if on_start:
            on_start(len(jobs))
        return work_through(jobs, threads, on_verdict)


def _file(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise DataError(f"{folder} must hold one file named {pattern}; found: {names}.")
    return found[0]


@dataclass
class ForeignFiles:
    """The environments and scenarios of two files."""

    pool: Pool
    environments: dict[str, Environment]
    """By `env_id`."""
    scenarios: Sequence[UpstreamScenario]

    @cached_property
    def grader(self) -> UpstreamGrader:
        return UpstreamGrader(self.pool)

    def jobs(self) -> list[Job]:
        """One verdict each."""
        environments = [
            _job("environment", name, environment.class_name, partial(self._environment, name))
            for name, environment in self.environments.items()
        ]
        scenarios = [
            _job("scenario", scenario.task_id, scenario.task, partial(self._scenario, scenario))
            for scenario in self.scenarios
        ]
        return environments + scenarios

    def _environment(self, name: str, findings: Findings) -> None:
        environment = self.environments[name]
        with self._opened(environment, environment.class_name) as sealed:
            methods = {method["name"] for method in sealed.tools}
        missing = [tool.name for tool in environment.tools if tool.name not in methods]
        findings.note(f"{len(environment.tools)} tools")
        if missing:
            findings.note(f"no method for {', '.join(missing)}")

    def _scenario(self, scenario: UpstreamScenario, findings: Findings) -> None:
        environment = self.environments.get(scenario.env_id)
        if environment is None:
            findings.fail(f"its environment {scenario.env_id} is not in the metadata file")
            return
        with self._opened(environment, scenario.env_class_name) as sealed:
            _note_misfits(environment, scenario, sealed, findings)
            (instance,) = sealed.create([scenario.init_config])
            start = sealed.snapshot([instance])[0].text
            self._solve(sealed, instance, scenario, findings)
            end = sealed.snapshot([instance])[0].text
        nothing, reference = self.grader.results(scenario, [start, end], start)
        true = sum(result.value is True for result in nothing.start)
        findings.note(f"{len(nothing.start)} checks, {true} true at the start")
        findings.note(f"doing nothing earns {_told(nothing)}")
        if scenario.reference_solution:
            findings.note(f"its reference earns {_told(reference)}")
            _judge_reference(scenario, reference, findings)
        else:
            findings.note("no reference solution")

    def _opened(self, environment: Environment, class_name: str) -> SealedClass:
        return self.pool.open(environment.source, class_name, profile="upstream")

    def _solve(
        self, sealed: SealedClass, instance: int, scenario: UpstreamScenario, findings: Findings
    ) -> None:
        calls = [Call(instance, call.tool, call.arguments) for call in scenario.reference_solution]
        for number, (call, reply) in enumerate(zip(calls, sealed.step(calls), strict=True), 1):
            if reply.status != "ok":
                findings.fail(
                    f"call {number} of its reference ({call.tool}) ends in {reply.status}: "
                    f"{reply.error}; upstream ends an episode there, without a reward"
                )


def _job(kind: Kind, ident: str, what: str, examine: Callable[[Findings], None]) -> Job:
    return lambda: [judged(kind, ident, what, examine)]


def _note_misfits(
    environment: Environment, scenario: UpstreamScenario, sealed: SealedClass, findings: Findings
) -> None:
    """Upstream makes calls whose arguments do not fit the tools; an agent here could not."""
    tools = Toolset(fit_to_methods(environment.tools, sealed.tools))
    for number, call in enumerate(scenario.reference_solution, 1):
        if objection := tools.objection(call.tool, call.arguments):
            findings.note(f"call {number} of its reference would be refused: {objection}")


def _judge_reference(scenario: UpstreamScenario, results: CheckResults, findings: Findings) -> None:
    score = results.score("upstream")
    if score.reward is None:
        findings.fail(f"its reference cannot be rewarded: {score.error}")
    elif score.reward != 1:
        for (item, _), result in zip(scenario.checks, results.end, strict=True):
            if not result.value:
                findings.fail(f"not so after its reference: {item} ({result.reason or 'false'})")


def _told(results: CheckResults) -> str:
    """The rewards under both formulas, in words."""
    scores = ((formula, results.score(formula)) for formula in ("upstream", "strict"))
    return ", ".join(
        f"none {formula} ({score.error})" if score.reward is None else f"{score.reward:g} {formula}"
        for formula, score in scores
    )

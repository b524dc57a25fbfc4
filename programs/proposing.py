"""From an environment to certified scenarios: propose, execute, judge, certify, repair."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import dspy

from ..runtime.checks import Grader
from ..runtime.errors import PlanError, Repairable
from ..runtime.inspection import run_calls
from ..runtime.records import (
    Certificate,
    Checks,
    Environment,
    PlannedCall,
    Scenario,
    Solution,
    TestCall,
)
from ..runtime.sandbox import Pool, SealedClass
from ..runtime.scenarios.alternatives import choices, order_pairs, swapped
from ..runtime.scenarios.certificate import Trial, certify
from ..runtime.scenarios.difficulty import difficulty
from ..runtime.scenarios.effects import Grouping, Row, build_checks, rows
from ..runtime.scenarios.execution import Execution, run_plans
from ..runtime.scenarios.grounding import ungrounded
from ..runtime.scenarios.loosening import tenable
from ..runtime.state import Json, digest
from ..runtime.tools import signature_line
from ..signatures import JudgeEffects, ProposeScenario, RepairScenario
from .briefs import json_text, result_lines, rule_lines, step_line
from .step import Program, Step

SHAPES = (
    "7 to 10 calls, 3 to 5 of them changes; several wishes of one person that depend on each other",
    "5 to 8 calls; one detail is expressly left open (such as 'any free one'), so that two to five "
    "different records would be equally right",
    "5 to 9 calls; a business rule forbids one wish: the solution tries it once (expect refused) "
    "and leaves it undone; the other wishes are carried out",
    "4 to 6 calls, 2 or 3 of them changes; a plain errand",
)
"""What the scenarios of an environment should be like, in turn."""

CALLS = (3, 15)
"""Fewest and most calls of a reference solution."""
LEAST_TOOLS, LEAST_ROWS = 3, 2
"""Distinct tools that a solution uses, and places that it changes."""


def brief(environment: Environment, index: int) -> str:
    """What the scenario of this index should be like; operations take turns in being wanted."""
    changing = [o.name for o in environment.plan.operations if o.kind == "change"]
    wanted = [changing[(3 * index + k) % len(changing)] for k in range(min(3, len(changing)))]
    return (
        f"{SHAPES[index % len(SHAPES)]}. Use at least one of: {', '.join(dict.fromkeys(wanted))}."
    )


@dataclass
class Draft:
    """A proposal under work."""

    environment: Environment
    state: dict[str, Json]
    results: list[str]
    index: int
    task: str
    plan: tuple[PlannedCall, ...]

    def key(self, *more: Json) -> Json:
        calls = [call.model_dump(mode="json") for call in self.plan]
        return [self.environment.source, digest(self.state), self.task, calls, *more]


class ScenarioWriter(Program):
    """Proposes one scenario and works on it until it is certified, or gives up.

    `calls`, the test calls of the environment's inspection, show the model what the tools return.

    Args:
        pool: sealed workers.
        grader: scores end states.
        repairs: how often a proposal is sent back.

    Returns `scenario` (or None), `certificate` of the last attempt that came so far, `difficulty`,
    `execution` of the last reference, `repairs`, `problems` of every attempt, `problem`.
    """

    def __init__(self, pool: Pool, grader: Grader, repairs: int = 2) -> None:
        super().__init__()
        self.propose = Step(ProposeScenario, "propose scenario")
        self.repair = Step(RepairScenario, "repair scenario")
        self.judge = Step(JudgeEffects, "judge effects")
        self._pool, self._grader, self.repairs = pool, grader, repairs

    async def aforward(
        self,
        *,
        environment: Environment,
        state: dict[str, Json],
        index: int = 0,
        calls: Sequence[TestCall] = (),
    ) -> dspy.Prediction:
        made = dspy.Prediction(
            scenario=None, certificate=None, difficulty=None, execution=None,
            repairs=0, problems=[], problem="",
        )  # fmt: skip
        try:
            results = await self._results(environment, state, calls)
            draft = await self._propose(environment, state, results, index)
            for made.repairs in range(self.repairs + 1):
                problems = await self._try(draft, made)
                if not problems:
                    return made
                made.problems.append(problems)
                if made.repairs < self.repairs:
                    draft = await self._mend(draft, problems, made.repairs)
            made.problem = "; ".join(made.problems[-1])
        except Repairable as error:
            made.problem = str(error)
        made.scenario = made.difficulty = None
        return made

    async def _results(
        self, environment: Environment, state: dict[str, Json], calls: Sequence[TestCall]
    ) -> list[str]:
        executed = await asyncio.to_thread(run_calls, self._pool, environment, state, calls)
        return result_lines(executed)

    async def _propose(
        self, environment: Environment, state: dict[str, Json], results: list[str], index: int
    ) -> Draft:
        said = await self.propose.acall(
            introduction=environment.plan.introduction,
            rules=rule_lines(environment.plan.rules),
            tools=tool_lines(environment),
            results=results,
            state=json_text(state),
            brief=brief(environment, index),
            key=[environment.source, digest(state), index],
        )
        return Draft(environment, state, results, index, said.task.strip(), tuple(said.solution))

    async def _mend(self, draft: Draft, problems: list[str], attempt: int) -> Draft:
        said = await self.repair.acall(
            rules=rule_lines(draft.environment.plan.rules),
            tools=tool_lines(draft.environment),
            results=draft.results,
            state=json_text(draft.state),
            brief=brief(draft.environment, draft.index),
            broken_task=draft.task,
            broken_solution=list(draft.plan),
            problems=problems,
            key=draft.key(attempt),
        )
        return replace(draft, task=said.task.strip(), plan=tuple(said.solution))

    async def _try(self, draft: Draft, made: dspy.Prediction) -> list[str]:
        """Executes, judges and certifies a draft into `made`; returns what is wrong with it."""
        run, pairs = await asyncio.to_thread(self._rehearse, draft)
        made.execution = run
        problems = shape_problems(draft.plan, run)
        problems = problems or ungrounded(draft.task, draft.environment.plan, run)
        if problems:
            return problems
        said = await self._judge(draft, run, pairs)
        if said.problems:
            return list(said.problems)
        return await asyncio.to_thread(self._certify, draft, run, said, pairs, made)

    # Workers are open only while something runs in them, not while a model is waited for.

    def _open(self, draft: Draft) -> SealedClass:
        return self._pool.open(draft.environment.source, draft.environment.class_name)

    def _rehearse(self, draft: Draft) -> tuple[Execution, list[tuple[int, int]]]:
        """The run of the reference, and its order-sensitive pairs of calls."""
        with self._open(draft) as sealed:
            (run,) = run_plans(sealed, draft.environment, draft.state, [draft.plan])
            run.problem = misnumbered(draft.plan) or run.problem
            if run.problem:
                return run, []
            return run, order_pairs(sealed, self._grader, draft.environment, run, draft.plan)

    async def _judge(
        self, draft: Draft, run: Execution, pairs: Sequence[tuple[int, int]]
    ) -> dspy.Prediction:
        changed = rows(run)
        return await self.judge.acall(
            rules=rule_lines(draft.environment.plan.rules),
            task=draft.task,
            calls_and_results=[
                step_line(call.n, step) for call, step in zip(run.plan, run.steps, strict=True)
            ],
            changed_rows=[str(row) for row in changed],
            related_records=json_text(_related(run, changed)),
            order_sensitive_pairs=[f"calls {first} and {second}" for first, second in pairs],
            key=draft.key(),
        )

    def _certify(
        self,
        draft: Draft,
        run: Execution,
        said: dspy.Prediction,
        pairs: Sequence[tuple[int, int]],
        made: dspy.Prediction,
    ) -> list[str]:
        with self._open(draft) as sealed:
            try:
                others = self._alternatives(draft, sealed, said, pairs)
            except PlanError as error:
                return [str(error)]
            grouping = _grouping(draft, run, said)
            checks = build_checks(draft.environment.plan, run, grouping, others)
            scenario = _scenario(draft, run, checks)
            certificate = certify(Trial(draft.environment, scenario, sealed, self._grader))
        made.scenario, made.certificate = scenario, certificate
        made.difficulty = difficulty(scenario, run)
        return [] if certificate.holds else failures(certificate)

    def _alternatives(
        self,
        draft: Draft,
        sealed: SealedClass,
        said: dspy.Prediction,
        pairs: Sequence[tuple[int, int]],
    ) -> list[Execution]:
        """Other right solutions, executed: open choices, and orders that the task leaves open."""
        plans = choices(draft.plan, [(c.call, c.argument, c.values) for c in said.choices])
        kept = {frozenset(pair) for pair in said.ordered}
        free = [pair for pair in pairs if frozenset(pair) not in kept]
        plans += [swapped(draft.plan, first, second) for first, second in free]
        runs = run_plans(sealed, draft.environment, draft.state, plans)
        return [run for run in runs if not run.problem]


def tool_lines(environment: Environment) -> list[str]:
    return [signature_line(tool) for tool in environment.tools]


def shape_problems(plan: Sequence[PlannedCall], run: Execution) -> list[str]:
    """Why a plan is no reference solution: it broke off, or does too little or too much."""
    if run.problem:
        return [run.problem]
    found = []
    low, high = CALLS
    if not low <= len(plan) <= high:
        found.append(f"the solution has {len(plan)} calls; it needs {low} to {high}")
    if len({call.tool for call in plan}) < LEAST_TOOLS:
        found.append(f"the solution uses fewer than {LEAST_TOOLS} different tools")
    changed = [row for row in rows(run) if row.kind != "keep" and len(row.path) > 1]
    if len({row.path[:2] for row in changed}) < LEAST_ROWS:
        found.append(f"the solution changes fewer than {LEAST_ROWS} records")
    return found


def misnumbered(plan: Sequence[PlannedCall]) -> str:
    """What is wrong with the numbers of the calls; empty when each is above the one before."""
    numbers = [call.n for call in plan]
    if all(first < second for first, second in itertools.pairwise(numbers)):
        return ""
    return f"the calls are numbered {numbers}; number them 1, 2, 3 and so on"


def _related(run: Execution, changed: Sequence[Row]) -> dict[str, Json]:
    """The records behind the changed rows and those that their values refer to, before."""
    named = {row.path[1] for row in changed if len(row.path) > 1}
    named |= {str(v) for step in run.steps for v in step.arguments.values() if isinstance(v, str)}
    found: dict[str, Json] = {}
    for name, records in run.initial.items():
        if isinstance(records, dict):
            found[name] = {key: record for key, record in records.items() if key in named}
        elif not isinstance(records, list):
            found[name] = records
    return {name: part for name, part in found.items() if part != {}}


def _grouping(draft: Draft, run: Execution, said: dspy.Prediction) -> Grouping:
    proposed = [(item.row, item.field, item.rule) for item in said.loose]
    loose = tenable(draft.environment.plan, draft.task, rows(run), proposed)
    goals = tuple((goal.text, tuple(goal.rows)) for goal in said.goals)
    return Grouping(goals=goals, loose=loose)


def _scenario(draft: Draft, run: Execution, checks: Checks) -> Scenario:
    return Scenario(
        environment=draft.environment.id,
        initial_state=draft.state,
        task=draft.task,
        solutions=(Solution(plan=draft.plan, calls=run.calls),),
        checks=checks,
    )


def failures(certificate: Certificate) -> list[str]:
    """What a certificate found, in words."""
    return list(
        itertools.chain.from_iterable(
            [f"{row.demand}: {failure}" for failure in row.failures] or [row.demand]
            for row in certificate.rows
            if not row.holds
        )
    )

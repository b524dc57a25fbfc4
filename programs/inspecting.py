"""From a plan to an admitted class: write, gate, test by two agents, repair, test again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import dspy

from ..runtime.checks import GRADER
from ..runtime.errors import Repairable
from ..runtime.inspection import (
    ExecutedCall,
    gaps,
    inspect_class,
    rules_tested,
    run_calls,
    untested_tools,
)
from ..runtime.records import (
    Call,
    Environment,
    EnvironmentPlan,
    Finding,
    Inspection,
    Judgement,
    TestCall,
)
from ..runtime.sandbox import Pool
from ..runtime.state import Json, canonical, describe, digest
from ..signatures import JudgeOutcomes, ProposeTestCalls, PySource, RepairClass, WriteClass
from .briefs import json_text, plan_text
from .step import Program, Step

PASS_RATE = 0.85
"""Least (pass + warning) / judged calls: upstream EnvScaler's threshold."""
TOP_UPS = 2
"""How often more test calls are asked for when tools were left untested."""


class CallProposer(Program):
    """Proposes test calls from plan and state, without seeing the code.

    Returns `calls` and `problem`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.propose = Step(ProposeTestCalls, "propose test calls")

    async def aforward(
        self,
        *,
        plan: EnvironmentPlan,
        state: dict[str, Json],
        missing: Sequence[str] = (),
        top_up: int = 0,
    ) -> dspy.Prediction:
        try:
            said = await self.propose.acall(
                plan=plan_text(plan),
                state=json_text(state),
                missing=list(missing),
                key=[plan.id, digest(state), top_up, *missing],
            )
        except Repairable as error:
            return dspy.Prediction(calls=(), problem=str(error))
        return dspy.Prediction(calls=tuple(said.calls), problem="")


class OutcomeJudge(Program):
    """Judges executed test calls against the plan.

    Returns `judgements` and `problem`; calls that the answer passes over get no judgement.
    """

    def __init__(self) -> None:
        super().__init__()
        self.judge = Step(JudgeOutcomes, "judge outcomes")

    async def aforward(
        self, *, environment: Environment, state: dict[str, Json], executed: list[ExecutedCall]
    ) -> dspy.Prediction:
        calls = [item.call.model_dump(mode="json") for item in executed]
        try:
            said = await self.judge.acall(
                plan=plan_text(environment.plan),
                state=json_text(state),
                source=PySource(code=environment.source),
                executed=[f"{n}. {_executed(item)}" for n, item in enumerate(executed, 1)],
                key=[environment.plan.id, environment.source, digest(state), calls],
            )
        except Repairable as error:
            return dspy.Prediction(judgements=(), problem=str(error))
        known = {j.call: j for j in said.judgements if 1 <= j.call <= len(executed)}
        return dspy.Prediction(judgements=tuple(known[n] for n in sorted(known)), problem="")


def _executed(item: ExecutedCall) -> str:
    tag = f" [{item.call.rule}]" if item.call.rule else ""
    before = "".join(f"after {_called(call)}: " for call in item.call.before)
    changes = [f"{'.'.join(d.path)}: {describe(d.old, d.new)}" for d in item.changes]
    return (
        f"{before}{_called(item.call)}{tag} expected {item.call.expect}, was {item.outcome}; "
        f"returned {_cut(str(item.result))}; state changes: {_cut('; '.join(changes)) or 'none'}"
    )


def _called(call: Call | TestCall) -> str:
    return f"{call.tool}({canonical(call.arguments).decode()})"


def _cut(text: str, limit: int = 400) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


class ClassWriter(Program):
    """Writes the class of a plan in one go.

    Returns `source` (str or None) and `problem`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.write = Step(WriteClass, "write class")

    async def aforward(self, *, plan: EnvironmentPlan) -> dspy.Prediction:
        try:
            said = await self.write.acall(plan=plan_text(plan), key=plan.id)
        except Repairable as error:
            return dspy.Prediction(source=None, problem=str(error))
        return dspy.Prediction(source=said.source.code, problem="")


class ClassBuilder(Program):
    """Works on a class until it is an environment, or gives up.

    The deterministic gates come first and free of charge; only a class that passes them is tested
    by the two agents. After every repair everything is tested again.

    Args:
        pool: sealed workers.
        repairs: how often a class is sent back.

    Returns `environment` (or None), `inspection`, `sources` (every version), `problem`.
    """

    def __init__(self, pool: Pool, repairs: int = 3) -> None:
        super().__init__()
        self.repair = Step(RepairClass, "repair class")
        self.tester = CallProposer()
        self.outcome_judge = OutcomeJudge()
        self._pool, self.repairs = pool, repairs

    async def aforward(
        self,
        *,
        plan: EnvironmentPlan,
        state: dict[str, Json],
        source: str,
        calls: tuple[TestCall, ...],
    ) -> dspy.Prediction:
        sources = [source]
        inspection, problem = Inspection(environment="", grader=GRADER), ""
        try:
            for repair in range(self.repairs + 1):
                environment, inspection, calls = await self._inspect(
                    plan, sources[-1], state, calls
                )
                inspection = inspection.model_copy(update={"repairs": repair})
                findings = [*inspection.findings, *_failed(inspection)]
                if environment and inspection.admitted and (not findings or repair > 0):
                    return dspy.Prediction(
                        environment=environment, inspection=inspection, sources=sources, problem=""
                    )
                if not findings or repair == self.repairs:
                    break
                said = await self._repair(plan, sources[-1], findings, repair)
                sources.append(said.source.code)
        except Repairable as error:
            problem = str(error)
        problem = problem or "; ".join(map(str, inspection.findings[:3])) or _shortfall(inspection)
        return dspy.Prediction(
            environment=None, inspection=inspection, sources=sources, problem=problem
        )

    async def _repair(
        self, plan: EnvironmentPlan, source: str, findings: list[Finding], attempt: int
    ) -> dspy.Prediction:
        return await self.repair.acall(
            plan=plan_text(plan),
            broken=PySource(code=source),
            problems=[str(finding) for finding in findings],
            key=[plan.id, source, attempt],
        )

    async def _inspect(
        self,
        plan: EnvironmentPlan,
        source: str,
        state: dict[str, Json],
        calls: tuple[TestCall, ...],
    ) -> tuple[Environment | None, Inspection, tuple[TestCall, ...]]:
        report = await asyncio.to_thread(inspect_class, self._pool, plan, source, state)
        if report.environment is None:
            return (
                None,
                Inspection(
                    environment="", grader=GRADER, findings=report.findings, probes=report.probes
                ),
                calls,
            )
        environment = report.environment
        calls, executed = await self._exercise(environment, state, calls)
        judged = await self.outcome_judge.acall(
            environment=environment, state=state, executed=executed
        )
        return environment, _inspection(environment, report.probes, executed, judged), calls

    async def _exercise(
        self, environment: Environment, state: dict[str, Json], calls: tuple[TestCall, ...]
    ) -> tuple[tuple[TestCall, ...], list[ExecutedCall]]:
        """The test calls, topped up where tools were left out, executed."""
        executed = await asyncio.to_thread(run_calls, self._pool, environment, state, calls)
        for top_up in range(1, TOP_UPS + 1):
            missing = [str(gap) for gap in gaps(environment, executed)]
            if not missing:
                break
            said = await self.tester.acall(
                plan=environment.plan, state=state, missing=missing, top_up=top_up
            )
            calls = (*calls, *(call for call in said.calls if call not in calls))
            executed = await asyncio.to_thread(run_calls, self._pool, environment, state, calls)
        return calls, executed


def _inspection(
    environment: Environment, probes: int, executed: list[ExecutedCall], judged: dspy.Prediction
) -> Inspection:
    judgements: tuple[Judgement, ...] = judged.judgements
    passed = sum(judgement.verdict != "fail" for judgement in judgements)
    rate = passed / len(judgements) if judgements else None
    untested = untested_tools(environment, executed)
    complete = len(judgements) >= PASS_RATE * len(executed)
    return Inspection(
        environment=environment.id,
        grader=GRADER,
        calls=tuple(item.call for item in executed),
        judgements=judgements,
        probes=probes,
        pass_rate=rate,
        untested_tools=untested,
        rules_tested=len(rules_tested(environment, executed)),
        admitted=rate is not None and rate >= PASS_RATE and not untested and complete,
    )


def _failed(inspection: Inspection) -> list[Finding]:
    """The calls that the judge failed, as findings for the repair."""
    return [
        Finding(
            gate="test",
            where=inspection.calls[j.call - 1].tool,
            message=f"{inspection.calls[j.call - 1].model_dump_json()}: {j.reason}",
        )
        for j in inspection.judgements
        if j.verdict == "fail"
    ]


def _shortfall(inspection: Inspection) -> str:
    if inspection.pass_rate is None:
        return "the test agents gave no judgement"
    rate = f"{inspection.pass_rate:.2f}"
    if inspection.untested_tools:
        return f"tools left untested: {', '.join(inspection.untested_tools)} (pass rate {rate})"
    return f"too few test calls passed or judged: pass rate {rate} of {PASS_RATE} wanted"

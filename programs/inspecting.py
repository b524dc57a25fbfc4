"""From a class to an admitted environment: gate, test by agents, repair, test again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import dspy

from ..runtime.checks import GRADER
from ..runtime.errors import Repairable
from ..runtime.inspection import (
    DOUBTS,
    ExecutedCall,
    gaps,
    inspect_class,
    lack,
    run_calls,
    unmet,
    untested_rules,
    untested_tools,
)
from ..runtime.records import Environment, EnvironmentPlan, Finding, Inspection, TestCall
from ..runtime.sandbox import Pool
from ..runtime.state import Json
from .step import Program
from .testing import Examiner, OutcomeJudge, failed_calls
from .writing import ClassMender

PASS_RATE = 0.85
"""Least share of test calls without a failure, of calls judged and of rules tested: upstream
EnvScaler's threshold for the first."""
TOP_UPS = 2
"""How often more test calls are asked for when tools or rules were left untested."""
_HOPELESS = {"loads", "tools"}
"""Gates whose findings make test calls pointless."""


@dataclass(frozen=True)
class Tried:
    """A version of the class, and how it fared."""

    source: str
    environment: Environment | None
    inspection: Inspection
    findings: tuple[Finding, ...]
    """What a repair should mend; an admitted class may have some too."""
    problem: str = ""
    """Why no judgement came."""

    @property
    def merit(self) -> tuple[float, int]:
        return self.inspection.pass_rate or 0.0, -len(self.findings)


class ClassBuilder(Program):
    """Works on a class until nothing is found against it, or gives up with its best version.

    What is free comes first: only a class that passes the gates and does with the test calls what
    two readers of the plan worked out is judged by an agent. The first disagreement between class
    and readers, or with a gate that goes by names, goes to repair; on one that remains the judge
    decides. After every repair everything is tested again.

    Args:
        pool: sealed workers.
        repairs: how often a class is sent back.
        pass_rate: least share of test calls without a failure, of calls judged and of rules tested.

    Returns `environment` (or None), `inspection`, `sources` (every version), `problem`.
    """

    def __init__(self, pool: Pool, repairs: int = 3, pass_rate: float = PASS_RATE) -> None:
        super().__init__()
        self.mender = ClassMender()
        self.examiner = Examiner()
        self.outcome_judge = OutcomeJudge()
        self._pool, self.repairs, self.pass_rate = pool, repairs, pass_rate

    async def aforward(
        self,
        *,
        plan: EnvironmentPlan,
        state: dict[str, Json],
        source: str,
        calls: tuple[TestCall, ...],
    ) -> dspy.Prediction:
        versions: list[Tried] = []
        problem = ""
        try:
            for repair in range(self.repairs + 1):
                tried = await self._try(plan, source, state, calls, repair)
                versions.append(tried)
                calls = tried.inspection.calls or calls
                if not tried.findings or repair == self.repairs:
                    break
                mended = await self.mender.acall(
                    plan=plan, source=source, findings=tried.findings, attempt=repair
                )
                disputed = all(f.gate in {"test", *DOUBTS} for f in tried.findings)
                judged = tried.inspection.pass_rate is not None
                if mended.source == source and (judged or not disputed):
                    break  # what is only disputed, the judge decides in the next round
                source = mended.source
        except Repairable as error:
            problem = str(error)
        return self._chosen(versions, problem)

    def _chosen(self, versions: Sequence[Tried], problem: str) -> dspy.Prediction:
        """The best admitted version, or the last one with what it lacks."""
        sources = [tried.source for tried in versions]
        admitted = [tried for tried in versions if tried.inspection.admitted]
        if admitted:
            best = max(admitted, key=lambda tried: tried.merit)
            return dspy.Prediction(
                environment=best.environment,
                inspection=best.inspection,
                sources=sources,
                problem="",
            )
        last = versions[-1] if versions else None
        inspection = last.inspection if last else Inspection(environment="", grader=GRADER)
        findings = "; ".join(map(str, last.findings[:3])) if last else ""
        problem = problem or (last.problem if last else "")
        return dspy.Prediction(
            environment=None,
            inspection=inspection,
            sources=sources,
            problem=problem or _shortfall(inspection, self.pass_rate, findings),
        )

    async def _try(
        self,
        plan: EnvironmentPlan,
        source: str,
        state: dict[str, Json],
        calls: tuple[TestCall, ...],
        repair: int,
    ) -> Tried:
        report = await asyncio.to_thread(
            inspect_class, self._pool, plan, source, state, calls=calls
        )
        inspection = Inspection(
            environment="", grader=GRADER, state=state, repairs=repair,
            findings=report.findings, probes=report.probes,
        )  # fmt: skip
        if {finding.gate for finding in report.findings} & _HOPELESS:
            return Tried(source, None, inspection, report.findings)
        environment = Environment(
            plan=plan, class_name=report.class_name, source=source, tools=report.tools
        )
        if {finding.gate for finding in report.findings} - DOUBTS:
            executed = await self._run(environment, state, calls)
            return Tried(source, None, inspection, (*report.findings, *unmet(executed)))
        calls, executed = await self._exercise(environment, state, calls)
        inspection = _exercised(inspection, environment, executed)
        disputed = (*report.findings, *unmet(executed))
        if disputed and repair == 0:
            return Tried(source, environment, inspection, disputed)
        return await self._judged(environment, inspection, executed)

    async def _judged(
        self, environment: Environment, inspection: Inspection, executed: Sequence[ExecutedCall]
    ) -> Tried:
        judged = await self.outcome_judge.acall(
            environment=environment,
            state=inspection.state,
            executed=executed,
            doubts=inspection.findings,
        )
        failed = {j.call for j in judged.judgements if j.verdict == "fail"}
        missed = [n for n, one in enumerate(executed, 1) if lack(one)]
        rate = 1 - len(failed) / len(executed) if executed else 0.0
        rules = len(environment.plan.rules)
        admitted = (
            rate >= self.pass_rate
            and judged.reviewed >= self.pass_rate * len(executed)
            and not inspection.untested_tools
            and inspection.rules_tested >= self.pass_rate * rules
            and not failed & set(missed)
            and not judged.upheld
        )
        inspection = inspection.model_copy(
            update={
                "judgements": judged.judgements,
                "overruled": tuple(n for n in missed if n not in failed),
                "pass_rate": rate,
                "admitted": admitted,
            }
        )
        findings = (*judged.upheld, *failed_calls(executed, judged.judgements))
        return Tried(environment.source, environment, inspection, findings, judged.problem)

    async def _run(
        self, environment: Environment, state: dict[str, Json], calls: Sequence[TestCall]
    ) -> list[ExecutedCall]:
        return await asyncio.to_thread(run_calls, self._pool, environment, state, calls)

    async def _exercise(
        self, environment: Environment, state: dict[str, Json], calls: tuple[TestCall, ...]
    ) -> tuple[tuple[TestCall, ...], list[ExecutedCall]]:
        """The test calls, topped up where tools or rules were left out, executed."""
        executed = await self._run(environment, state, calls)
        for top_up in range(1, TOP_UPS + 1):
            missing = [str(gap) for gap in gaps(environment, executed)]
            if not missing:
                break
            said = await self.examiner.acall(
                plan=environment.plan, state=state, missing=missing, top_up=top_up
            )
            calls = (*calls, *(call for call in said.calls if call not in calls))
            executed = await self._run(environment, state, calls)
        return calls, executed


def _exercised(
    inspection: Inspection, environment: Environment, executed: Sequence[ExecutedCall]
) -> Inspection:
    """The inspection with what the test calls have shown."""
    rules = untested_rules(environment, executed)
    return inspection.model_copy(
        update={
            "environment": environment.id,
            "calls": tuple(one.call for one in executed),
            "untested_tools": untested_tools(environment, executed),
            "rules_tested": len(environment.plan.rules) - len(rules),
            "untested_rules": rules,
        }
    )


def _shortfall(inspection: Inspection, wanted: float, findings: str) -> str:
    if inspection.pass_rate is None:
        return findings or "the test agents gave no judgement"
    rate = f"{inspection.pass_rate:.2f}"
    if inspection.untested_tools:
        return f"tools left untested: {', '.join(inspection.untested_tools)} (pass rate {rate})"
    if inspection.untested_rules:
        return f"rules left unproven: {', '.join(inspection.untested_rules)} (pass rate {rate})"
    if inspection.pass_rate >= wanted and findings:
        return f"the judge upholds what was found: {findings} (pass rate {rate})"
    return f"too few test calls passed or judged: pass rate {rate} of {wanted} wanted"

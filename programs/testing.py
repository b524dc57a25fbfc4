"""The agents that test a class: two work out what calls must come to, a third judges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dspy

from ..runtime.errors import Repairable
from ..runtime.inspection import ExecutedCall, lack, settled
from ..runtime.records import (
    Call,
    Environment,
    EnvironmentPlan,
    Expectation,
    Finding,
    Judgement,
    TestCall,
)
from ..runtime.state import Json, canonical, describe, digest
from ..signatures import JudgeOutcomes, PredictOutcomes, ProposeTestCalls, PySource
from .briefs import json_text, plan_text
from .step import Program, Step

CLOSELY, BRIEFLY = 1500, 250
"""Characters of a result or of changes that the judge is shown: where the testers' expectation was
not met or they did not agree, and elsewhere."""


class Examiner(Program):
    """Proposes test calls from plan and state, without seeing the code; a second reader, who does
    not see the expected outcomes, works them out again, and only what both say is demanded.

    Returns `calls` (tuple of `TestCall`) and `problem`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.propose = Step(ProposeTestCalls, "propose test calls")
        self.predict = Step(PredictOutcomes, "predict outcomes")

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
        calls = [TestCall.model_validate(call.model_dump()) for call in said.calls]
        return await self._settled(plan, state, calls)

    async def _settled(
        self, plan: EnvironmentPlan, state: dict[str, Json], calls: list[TestCall]
    ) -> dspy.Prediction:
        """The calls, all of them open when the second reader gives no answer."""
        made: Json = [[[_call_json(c) for c in call.before], _call_json(call)] for call in calls]
        try:
            said = await self.predict.acall(
                plan=plan_text(plan),
                state=json_text(state),
                calls=[f"{n}. {_before(call)}{_called(call)}" for n, call in enumerate(calls, 1)],
                key=[plan.id, digest(state), made],
            )
        except Repairable as error:
            return dspy.Prediction(calls=settled(calls, {}), problem=str(error))
        seconds = {o.call: Expectation.model_validate(o.model_dump()) for o in said.outcomes}
        return dspy.Prediction(calls=settled(calls, seconds), problem="")


class OutcomeJudge(Program):
    """Judges executed test calls against the plan.

    Doubts of gates that go by names are shown after the calls, and judged like them.

    Returns `judgements` (of the calls that failed or got a warning), `upheld` (the doubts that the
    judge shares), `reviewed` (how many calls the judge says it judged) and `problem`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.judge = Step(JudgeOutcomes, "judge outcomes")

    async def aforward(
        self,
        *,
        environment: Environment,
        state: dict[str, Json],
        executed: Sequence[ExecutedCall],
        doubts: Sequence[Finding] = (),
    ) -> dspy.Prediction:
        calls = [item.call.model_dump(mode="json", exclude={"ordered"}) for item in executed]
        lines = [*map(executed_line, executed), *map(_doubt, doubts)]
        more = [[str(doubt) for doubt in doubts]] if doubts else []
        inputs = {
            "plan": plan_text(environment.plan),
            "state": json_text(state),
            "source": PySource(code=environment.source),
            "executed": [f"{n}. {line}" for n, line in enumerate(lines, 1)],
            "key": [environment.plan.id, environment.source, digest(state), calls, *more],
        }
        try:
            said, problem = await self._asked(inputs, len(lines))
        except Repairable as error:
            problem = str(error)
        if problem:
            return dspy.Prediction(judgements=(), upheld=(), reviewed=0, problem=problem)
        known = _objections(said.judgements)
        of_calls = (known[n] for n in range(1, len(executed) + 1) if n in known)
        failed = {number for number, judgement in known.items() if judgement.verdict == "fail"}
        shared = [d for n, d in enumerate(doubts, len(executed) + 1) if n in failed]
        return dspy.Prediction(
            judgements=tuple(of_calls), upheld=tuple(shared), reviewed=said.reviewed, problem=""
        )

    async def _asked(self, inputs: dict[str, Any], shown: int) -> tuple[dspy.Prediction, str]:
        """An answer and, when it cannot be about what was shown, why; it is then the second one."""
        said = await self.judge.acall(**inputs)
        if _miscounted(said, shown):
            said = await self.judge.acall(**inputs, rollout=1)
        return said, _miscounted(said, shown)


def _miscounted(said: dspy.Prediction, shown: int) -> str:
    """How a judge's numbers miss what it was shown; empty when they do not."""
    strange = [j.call for j in said.judgements if not 1 <= j.call <= shown]
    if strange:
        return f"the judge was shown the numbers 1 to {shown} and speaks of {strange}"
    if not 0 <= said.reviewed <= shown:
        return f"the judge was shown {shown} calls and says that it judged {said.reviewed}"
    return ""


def _objections(judgements: Sequence[Judgement]) -> dict[int, Judgement]:
    """The fails and warnings by call; of several on one call a fail counts."""
    raised = [j for j in judgements if j.verdict != "pass"]
    return {j.call: j for j in sorted(raised, key=lambda j: j.verdict == "fail")}


def failed_calls(
    executed: Sequence[ExecutedCall], judgements: Sequence[Judgement]
) -> list[Finding]:
    """The calls that the judge failed, as findings for the repair."""
    failed = [(executed[j.call - 1].call, j.reason) for j in judgements if j.verdict == "fail"]
    return [
        Finding(gate="judge", where=call.tool, message=f"{_before(call)}{_called(call)}: {reason}")
        for call, reason in failed
    ]


def _doubt(finding: Finding) -> str:
    return f"a doubt of a rule of thumb, which fails only what contradicts the plan: {finding}"


def executed_line(item: ExecutedCall) -> str:
    """An executed call, what the testers expected of it, and what it came to."""
    tag = f" [{item.call.rule}]" if item.call.rule else ""
    why = lack(item)
    if item.call.expect == "open":
        expected = f"the testers did not agree on the outcome; it was {item.outcome}"
    elif why:
        expected = f"not as both testers expected: {why}; it was {item.outcome}"
    else:
        expected = f"{item.outcome}, as both testers expected"
    limit = CLOSELY if why or item.call.expect == "open" else BRIEFLY
    changes = "; ".join(f"{'.'.join(d.path)}: {describe(d.old, d.new)}" for d in item.changes)
    return (
        f"{_before(item.call)}{_called(item.call)}{tag}: {expected}; returned "
        f"{_cut(_text(item.result), limit)}; state changes: {_cut(changes, limit) or 'none'}"
    )


def _before(call: TestCall) -> str:
    return "".join(f"after {_called(step)}: " for step in call.before)


def _called(call: Call | TestCall) -> str:
    return f"{call.tool}({_text(call.arguments)})"


def _call_json(call: Call | TestCall) -> Json:
    return [call.tool, call.arguments]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"

"""Two agents that test a class: one proposes calls, the other judges what came of them."""

from __future__ import annotations

import dspy

from ..runtime.records import Judgement, TestCall
from .source import PySource


class ProposeTestCalls(dspy.Signature):
    """Propose calls that test an implementation of the plan, each with the outcome you expect.

    Every call runs alone on a fresh copy of the state and uses values that are in it. Where the
    state offers no fitting record, put the calls that bring one about into `before`. Give each
    operation, queries too, one call that must succeed and, if it lists refusals, one that must be
    refused. For each business rule give one call that violates only this rule (expect refused) and
    one nearby call that keeps it (expect ok), both tagged with the rule's id; they count for their
    operation too. Choose values at the borders of limits. Work out each expectation from the plan
    and the state.
    """

    plan: str = dspy.InputField()
    state: str = dspy.InputField(desc="JSON")
    missing: list[str] = dspy.InputField(
        desc="what earlier calls left untested: propose only these; when empty, all"
    )
    calls: list[TestCall] = dspy.OutputField()


class JudgeOutcomes(dspy.Signature):
    """Judge whether each executed test call behaved as the plan demands.

    You see the plan, the state that each call started from, the code, and for each numbered call
    its arguments, the outcome that the tester expected, what it returned and the state changes.
    Decide from the plan, not from the tester's expectation: the tester may be wrong. `fail`: the
    behaviour contradicts the plan (wrong refusal or acceptance, wrong or missing change, wrong
    data). `warning`: defensible but doubtful. `pass`: right. Give a reason for every fail and
    warning that names the fault in the code.
    """

    plan: str = dspy.InputField()
    state: str = dspy.InputField(desc="JSON")
    source: PySource = dspy.InputField()
    executed: list[str] = dspy.InputField(desc="numbered from 1")
    judgements: list[Judgement] = dspy.OutputField(
        desc="one for each call, reasons only where needed"
    )

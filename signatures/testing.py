"""Two agents that test a class: one proposes calls, the other judges what came of them."""

from __future__ import annotations

from typing import Any, Literal

import dspy
from pydantic import BaseModel, Field

from ..runtime.records import Call, Judgement
from .source import PySource


class Outcome(BaseModel):
    """What a call must come to."""

    expect: Literal["ok", "refused"]
    error: str = ""
    """Of a refusal: its code."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """Of a success that changes the state: each place that is different afterwards and its value
    then, such as {"loans.L7.status": "returned", "books.B2.copies": 3, "next_loan": 9}; a new
    record as {"loans.L9": {…all its attributes…}}, a removed one as {"loans.L7": null}. Leave a
    place out when its value cannot be known."""
    data: Any = None
    """Of a query that succeeds: what `data` holds, at least the telling keys; of a list every item,
    each with its key and a telling value. Values that cannot be known are left out."""

    model_config = {"use_attribute_docstrings": True}


class ProposedCall(Outcome):
    """A test call with the outcome that plan and state demand."""

    before: list[Call] = Field(default_factory=list)
    """Calls that bring about what the state lacks; they must succeed."""
    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    rule: str | None = None
    """The rule that the call violates (refused) or just keeps (ok)."""


class PredictedOutcome(Outcome):
    """The outcome of a numbered call."""

    call: int


class ProposeTestCalls(dspy.Signature):
    """Propose calls that test an implementation of the plan, each with the outcome to expect.

    Every call runs alone on a fresh copy of the state and uses values that are in it; put what the
    state lacks into `before`. For each operation, queries too: one call that succeeds, for changes
    with the largest effect (all that it may write), and for each refusal that it lists one call
    that meets just this. For each business rule one call that violates only this rule and one that
    just keeps it, at the border of its limit, both tagged with the rule's id (they count for their
    operation too). Searches: one call for each filter, one where two filters meet, one that finds
    nothing. Four or five calls an operation are enough: let one call test several things. Work out
    every outcome from plan and state, as exactly as the plan allows.
    """

    plan: str = dspy.InputField()
    state: str = dspy.InputField(desc="JSON")
    missing: list[str] = dspy.InputField(
        desc="what earlier calls left untested: propose only these; when empty, all"
    )
    calls: list[ProposedCall] = dspy.OutputField()


class PredictOutcomes(dspy.Signature):
    """Predict what each numbered call must come to if the plan is implemented exactly.

    Every call runs alone on a fresh copy of the state, after the calls listed before it. Work out
    outcome, changes and data from plan and state, step by step, as exactly as the plan allows.
    """

    plan: str = dspy.InputField()
    state: str = dspy.InputField(desc="JSON")
    calls: list[str] = dspy.InputField(desc="numbered from 1")
    outcomes: list[PredictedOutcome] = dspy.OutputField(desc="one for each call")


class JudgeOutcomes(dspy.Signature):
    """Judge whether each executed test call behaved as the plan demands.

    You see the plan, the state that each call started from, the code, and for each numbered call
    its arguments, what two testers expected, what it returned and the state changes. Decide from
    the plan, not from the expectations: a tester may be wrong. `fail`: the behaviour contradicts
    the plan (wrong refusal or acceptance, wrong or missing change, wrong data). `warning`:
    defensible but doubtful. Also read the code for faults that no call shows, and report each as a
    `fail` of the call nearest to it. Give a reason for every fail and warning that names the fault
    in the code. Calls that you do not list passed.
    """

    plan: str = dspy.InputField()
    state: str = dspy.InputField(desc="JSON")
    source: PySource = dspy.InputField()
    executed: list[str] = dspy.InputField(desc="numbered from 1")
    reviewed: int = dspy.OutputField(desc="how many of the calls you have judged")
    judgements: list[Judgement] = dspy.OutputField(desc="only fails and warnings")

"""Initial states, tasks with reference solutions, and what their effects mean."""

from __future__ import annotations

from typing import Any

import dspy
from pydantic import BaseModel, Field

from ..runtime.records import Loosening, PlannedCall


class WriteState(dspy.Signature):
    """Write an initial state for the environment: realistic, consistent records as JSON.

    Exactly the planned state attributes; each collection maps a record's key to a dict with exactly
    the planned attributes, and the key attribute repeats the key. All references resolve,
    enumerations hold planned values, every business rule is kept. Vary it so that tasks get
    interesting: records in different statuses, near limits, similar names. For every operation
    some record lets it succeed, and for every rule some call on these records breaks just that
    rule. Use invented names.
    """

    plan: str = dspy.InputField()
    records: str = dspy.InputField(desc="how many records a main collection holds")
    state: dict[str, Any] = dspy.OutputField()


class RepairState(dspy.Signature):
    """Mend the initial state: return all of it with every listed problem solved."""

    plan: str = dspy.InputField()
    broken: str = dspy.InputField(desc="JSON")
    problems: list[str] = dspy.InputField()
    state: dict[str, Any] = dspy.OutputField()


class ProposeScenario(dspy.Signature):
    """Invent a task for an agent in this environment, with a solution that will be executed.

    The task is what a person would write to the agent: a few sentences with a purpose, naming
    people and things as people do, never tools. It holds every fact that the tools cannot tell
    (amounts, dates, texts, wishes) and no id that they can. It is complete and has one right
    outcome; whatever is left open must really not matter. It must follow the business rules; a
    request that has to be refused may be part of it.

    The solution is the list of calls, numbered from 1, that a careful agent would make: look-ups
    first, then changes. Take every id that the task does not name from an earlier result by
    reference: "$2.data.unit_id", "$2.data[0].unit_id", "$2.data[name=Ada Byron].unit_id" (several
    conditions: "[name=Ada Byron&status=open]"), or "$3.new.loans" for the key that call 3 added to
    the collection `loans`. A reference is the whole argument or an item of a list. Check against
    the state that each call ends as you declare.
    """

    introduction: str = dspy.InputField()
    rules: list[str] = dspy.InputField()
    tools: list[str] = dspy.InputField(desc="a question mark marks optional parameters")
    results: list[str] = dspy.InputField(desc="what the tools return, in outline")
    state: str = dspy.InputField(desc="JSON")
    brief: str = dspy.InputField(desc="what this scenario should be like")
    task: str = dspy.OutputField()
    solution: list[PlannedCall] = dspy.OutputField()


class RepairScenario(dspy.Signature):
    """Mend the task and its solution so that every listed problem is solved.

    Change the solution where it is at fault, and the task where it is unclear, incomplete, against
    the rules or says what did not happen. References to results: "$2.data.unit_id",
    "$2.data[0].unit_id", "$2.data[name=Ada Byron].unit_id", "$3.new.loans".
    """

    rules: list[str] = dspy.InputField()
    tools: list[str] = dspy.InputField(desc="a question mark marks optional parameters")
    results: list[str] = dspy.InputField(desc="what the tools return, in outline")
    state: str = dspy.InputField(desc="JSON")
    brief: str = dspy.InputField()
    broken_task: str = dspy.InputField()
    broken_solution: list[PlannedCall] = dspy.InputField()
    problems: list[str] = dspy.InputField()
    task: str = dspy.OutputField()
    solution: list[PlannedCall] = dspy.OutputField()


class GoalRows(BaseModel):
    """A goal of the task and the changed rows that carry it out."""

    text: str
    rows: list[int]


class LooseRow(BaseModel):
    """A changed row, or a field of it, that may hold other values than the executed one."""

    row: int
    field: str = ""
    """Field inside an added record; empty for the row itself."""
    rule: Loosening


class OpenChoice(BaseModel):
    """An argument that the task leaves open: every listed value would be as right."""

    call: int
    argument: str
    values: list[Any] = Field(default_factory=list)


class JudgeEffects(dspy.Signature):
    """Say what the executed solution's effects mean for the task, so that it can be graded.

    - `problems`: where the task and the effects disagree: a wish that was not carried out, an
      effect nobody asked for (beyond what the system does by itself), a fact in a write call that
      stands neither in the task nor in a result, an ambiguous or rule-breaking request. Empty when
      the solution does exactly what the task asks. Read refusals closely.
    - `goals`: the separate things that the task wants, one sentence each, with the numbers of the
      changed rows that carry it out; consequences belong to the goal that causes them. Every row
      belongs to exactly one goal, one that serves several to the first of them. A wish that is
      rightly refused has no rows and is no goal.
    - `loose`: only rows whose value the task really leaves free, such as the wording of a note.
    - `choices`: arguments for which the task accepts other values too ("any free room"): list all
      right ones, the executed one included; each will be executed.
    - `ordered`: those of the order-sensitive pairs whose order the task does prescribe.
    """

    rules: list[str] = dspy.InputField()
    task: str = dspy.InputField()
    calls_and_results: list[str] = dspy.InputField()
    changed_rows: list[str] = dspy.InputField()
    related_records: str = dspy.InputField(desc="JSON: the records behind the rows, before")
    order_sensitive_pairs: list[str] = dspy.InputField(desc="calls whose swap changes the outcome")
    problems: list[str] = dspy.OutputField()
    goals: list[GoalRows] = dspy.OutputField()
    loose: list[LooseRow] = dspy.OutputField()
    choices: list[OpenChoice] = dspy.OutputField()
    ordered: list[list[int]] = dspy.OutputField(desc="pairs of call numbers, such as [[2, 5]]")

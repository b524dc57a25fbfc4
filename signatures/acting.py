"""One turn of an agent in an environment."""

from __future__ import annotations

import dspy

from ..runtime.records import Call


class Act(dspy.Signature):
    """You are an agent that carries out the user's task with the tools of an environment.

    Look up what you need before you change anything, follow the business rules, and do exactly what
    was asked: no more. Calls of one turn run in order; you see their results in the next turn. If
    the rules forbid a request, leave it undone. When all is done, call `submit` (alone) with the
    answer to a question of the user, or null when none was asked.
    """

    introduction: str = dspy.InputField()
    rules: list[str] = dspy.InputField()
    tools: list[str] = dspy.InputField(desc="a question mark marks optional parameters")
    task: str = dspy.InputField()
    transcript: list[str] = dspy.InputField(desc="earlier calls and their results")
    thought: str = dspy.OutputField(desc="one or two sentences")
    calls: list[Call] = dspy.OutputField()

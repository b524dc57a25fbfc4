"""From a task text to the idea of an environment in which it could be carried out."""

from __future__ import annotations

import dspy


class JudgeTask(dspy.Signature):
    """Decide whether carrying out the task needs a stateful, domain-specific environment.

    It does when an agent would have to look up or change records that some organisation or system
    keeps (bookings, stock, accounts, files, devices) through tools, and the outcome could be read
    off those records afterwards. It does not when the answer can be written from knowledge,
    reasoning or the text alone, even if the text mentions such an organisation.
    """

    task: str = dspy.InputField()
    reason: str = dspy.OutputField(desc="one sentence: which records would be read or changed")
    needs_environment: bool = dspy.OutputField()


class InferIdea(dspy.Signature):
    """Infer the environment that the task presupposes: the system of record behind it.

    Describe the whole domain system, general enough for many other tasks of the same kind, not the
    single task. Rate honestly: most everyday domains are not a 10.
    """

    task: str = dspy.InputField()
    summary: str = dspy.OutputField(
        desc="three to six words that name the kind of system, in general terms"
    )
    introduction: str = dspy.OutputField(
        desc="3 to 5 sentences: what it keeps record of, who uses it, which operations it offers "
        "and which constraints it enforces"
    )
    usefulness: int = dspy.OutputField(desc="1 to 10: how common and valuable such tasks are")
    modelability: int = dspy.OutputField(
        desc="1 to 10: how completely plain records, rules and tool calls can capture the domain"
    )

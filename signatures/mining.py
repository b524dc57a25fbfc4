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
    single task.
    """

    task: str = dspy.InputField()
    summary: str = dspy.OutputField(
        desc="three to six words that name the kind of system, in general terms"
    )
    introduction: str = dspy.OutputField(
        desc="3 to 5 sentences: what it keeps record of, who uses it, which operations it offers "
        "and which constraints it enforces"
    )
    usefulness: int = dspy.OutputField(
        desc="9: such tasks arise daily in most organisations; 7: daily in one line of work; "
        "4: rarely; 1: hardly ever (1 to 10)"
    )
    modelability: int = dspy.OutputField(
        desc="9: plain records, rules and tool calls capture the domain completely; 7: all that "
        "matters; 4: much hangs on judgement or the physical world (1 to 10)"
    )

"""From task texts to the ideas of environments in which they could be carried out."""

from __future__ import annotations

import dspy
from pydantic import BaseModel, Field


class FoundIdea(BaseModel):
    """An environment, and the tasks that presuppose it."""

    tasks: list[int]
    """Numbers of the tasks, from 1."""
    summary: str
    """Three to six words that name the kind of system, in general terms."""
    introduction: str
    """3 to 5 sentences: what it keeps record of, who uses it, which operations it offers and which
    constraints it enforces."""
    usefulness: int = Field(ge=1, le=10)
    """How much those who use such a system need it: 9: for many tasks every day; 7: for some every
    day; 4: now and then; 1: hardly ever."""
    modelability: int = Field(ge=1, le=10)
    """9: plain records, rules and tool calls capture the domain completely; 7: all that matters;
    4: much hangs on judgement or the physical world."""

    model_config = {"use_attribute_docstrings": True}


class TurnedAway(BaseModel):
    """A task that needs no environment."""

    task: int
    reason: str


class MineTasks(dspy.Signature):
    """Sort tasks: which need a stateful, domain-specific environment, and which one?

    A task needs one when an agent would have to look up or change records that some organisation
    or system keeps (bookings, stock, accounts, files, devices) through tools; a pure look-up in
    such records counts. It needs none when the answer can be written from knowledge, reasoning or
    the text alone, even if the text mentions such an organisation, or when only general-purpose
    tools (search engine, calculator, translator) would serve.

    For the others infer the environment that each presupposes: the system of record behind it.
    Describe the whole domain system, general enough for many other tasks of the same kind, not the
    single task. Tasks of the same system share one idea; tasks of different systems never do.
    Every task stands either in exactly one idea or in `no_environment`.
    """

    tasks: list[str] = dspy.InputField(desc="numbered")
    no_environment: list[TurnedAway] = dspy.OutputField(desc="reasons of a few words")
    ideas: list[FoundIdea] = dspy.OutputField()

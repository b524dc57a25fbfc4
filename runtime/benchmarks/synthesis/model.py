"""The simulated model: answers any step's prompt, a fifth of the time badly."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Literal

from ...state import Json, digest
from .answers import ANSWERS, Known
from .domains import Domain

DEFECTIVE = 20
"""Percent of the answers that are cut off, unparsable or wrong."""
Defect = Literal["cut", "unparsable", "wrong"]
_DEFECTS: tuple[Defect, ...] = ("cut", "unparsable", "wrong")
_SECTION = re.compile(
    r"^\[\[ ## (\w+) ## \]\]\n(.*?)(?=\n\n\[\[ ## |\n\nRespond with |\Z)", re.MULTILINE | re.DOTALL
)


class SimulatedModel:
    """Gives the same answer to the same question, in every process.

    Args:
        domains: what it knows of.
        defective: percent of bad answers.
    """

    def __init__(self, domains: Sequence[Domain], defective: int = DEFECTIVE) -> None:
        self._known = Known.of(domains)
        self._defective = defective

    def answer(self, step: str, prompt: str, seed: str) -> tuple[str, str]:
        """The completion, and why it ends (`stop` or `length`).

        Args:
            step: name of the step that asks.
            prompt: its user message.
            seed: decides whether and how the answer is bad.

        Raises:
            LookupError: there is no such step, or the prompt names no known domain.
        """
        if step not in ANSWERS:
            raise LookupError(f"the simulated model does not know the step {step!r}: add it")
        answering, defect = ANSWERS[step], self._defect(step, seed)
        fields = answering.right(self._known, inputs_of(prompt))
        if defect == "unparsable":
            return f"I have thought about it and came to this:\n\n{list(fields)}", "stop"
        text = _rendered(answering.wrong(fields) if defect == "wrong" else fields)
        return (text[: len(text) // 2], "length") if defect == "cut" else (text, "stop")

    def _defect(self, step: str, seed: str) -> Defect | None:
        number = int(digest([step, seed])[:8], 16)
        if number % 100 >= self._defective:
            return None
        return _DEFECTS[number // 100 % len(_DEFECTS)]


def inputs_of(prompt: str) -> dict[str, str]:
    """The input fields of a user message, as texts."""
    return dict(_SECTION.findall(prompt))


def _rendered(fields: dict[str, Json]) -> str:
    parts = [
        f"[[ ## {name} ## ]]\n{value if isinstance(value, str) else json.dumps(value)}"
        for name, value in fields.items()
    ]
    return "\n\n".join([*parts, "[[ ## completed ## ]]"])

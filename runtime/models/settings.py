"""How language models are opened: model strings, endpoint, limits and budget."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import ConfigurationError
from .answers import Sender

REPLAY = "replay"
"""The model that only answers from recordings."""

_BUDGET = re.compile(
    r"(\$?)\s*([0-9][0-9_]*(?:\.[0-9]+)?)\s*(usd|\$|tokens?|calls?)?", re.IGNORECASE
)


@dataclass(frozen=True)
class Budget:
    """What one run may use in all, resumed parts included."""

    limit: float
    unit: Literal["usd", "tokens", "calls"]

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read `5usd`, `$5`, `200000tokens` or `300calls`.

        Raises:
            ConfigurationError: the text is no amount above zero with a unit.
        """
        match = _BUDGET.fullmatch(text.strip())
        dollar, amount, word = match.groups() if match else ("", "0", None)
        unit = (word or dollar).lower()
        limit = float(amount.replace("_", ""))
        if not unit or limit <= 0 or (dollar and word):
            raise ConfigurationError(_refusal(text))
        if unit in ("usd", "$"):
            return cls(limit, "usd")
        if limit != int(limit):
            raise ConfigurationError(_refusal(text))
        return cls(limit, "tokens" if unit.startswith("token") else "calls")

    def __str__(self) -> str:
        return f"{self.limit:g} USD" if self.unit == "usd" else f"{int(self.limit)} {self.unit}"


def _refusal(text: str) -> str:
    return (
        f"budget {text!r} is not understood: give an amount above zero and its unit, "
        "such as 5usd, 200000tokens or 300calls"
    )


@dataclass(frozen=True)
class ModelSettings:
    """Everything that opens the models of a run."""

    model: str = REPLAY
    """`replay`, or any string that `dspy.LM` takes, such as `openai/gpt-5-mini`."""
    api_base: str | None = None
    """Address of an OpenAI-compatible server; for models of the same provider as `model`."""
    api_key: str | None = field(default=None, repr=False)
    label: str | None = None
    """What cards name as the model; the model string when None."""
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float = 600.0
    """Seconds to wait for the endpoint's next byte."""
    retries: int = 3
    """Further attempts after a failure that may pass."""
    concurrency: int = 8
    """Requests under way at once, over all steps and models."""
    per_step: Mapping[str, str] = field(default_factory=dict)
    """Model strings for single steps, by step name."""
    budget: Budget | None = None
    record: Path | None = None
    """A recording to extend: what it has is replayed, what it lacks is asked and appended."""
    sender: Sender | None = field(default=None, repr=False)
    """What requests go to in place of an endpoint: a simulated model, say."""
    recordings: tuple[Path, ...] = ()
    """Recordings to answer from; on a repeated key the first answer counts."""

    def __post_init__(self) -> None:
        for name, floor in (("concurrency", 1), ("retries", 0), ("timeout", 0.001)):
            given = getattr(self, name)
            if not floor <= given < math.inf:  # true of nan, too
                raise ConfigurationError(f"{name} is {given}: give {floor} or more")
        if self.temperature is not None and not 0 <= self.temperature <= 2:
            raise ConfigurationError(f"temperature is {self.temperature}: give 0 to 2")

    def model_for(self, step: str | None) -> str:
        """The model string of a step."""
        return self.per_step.get(step or "", self.model)

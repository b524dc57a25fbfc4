"""Budgets and settings as a user writes them."""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.runtime.errors import ConfigurationError
from envscaler.runtime.models import Budget, ModelSettings


@pytest.mark.parametrize(
    ("text", "budget", "shown"),
    [
        ("5usd", Budget(5, "usd"), "5 USD"),
        ("$2.50", Budget(2.5, "usd"), "2.5 USD"),
        ("5 USD", Budget(5, "usd"), "5 USD"),
        ("200_000tokens", Budget(200000, "tokens"), "200000 tokens"),
        ("1 call", Budget(1, "calls"), "1 calls"),
    ],
)
def test_budgets_are_read(text: str, budget: Budget, shown: str) -> None:
    assert Budget.parse(text) == budget and str(budget) == shown


@pytest.mark.parametrize("text", ["", "5", "0usd", "-1calls", "$5usd", "1.5calls", "5eur", "usd"])
def test_other_budgets_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="5usd, 200000tokens or 300calls"):
        Budget.parse(text)


@pytest.mark.parametrize("setting", [{"concurrency": 0}, {"retries": -1}, {"timeout": 0}])
def test_limits_have_floors(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="or more"):
        ModelSettings(**setting)


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(ModelSettings(api_key="secret"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout", float("nan")), ("timeout", float("inf")), ("temperature", float("nan")),
     ("temperature", -0.1), ("temperature", 2.1)],
)  # fmt: skip
def test_a_number_out_of_its_range_is_a_wrong_setting(name: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is {value}: give"):
        ModelSettings(**{name: value})  # type: ignore[arg-type]

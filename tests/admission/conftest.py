"""The lending library as a candidate, and small classes from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.records import EnvironmentPlan

HERE = Path(__file__).parents[1]
LIBRARY: dict[str, Any] = json.loads((HERE / "library.json").read_text())


@pytest.fixture(scope="session")
def plan() -> EnvironmentPlan:
    return EnvironmentPlan.model_validate(LIBRARY["plan"])


@pytest.fixture(scope="session")
def state() -> dict[str, Any]:
    """Shared by the tests, so none may write to it."""
    state: dict[str, Any] = LIBRARY["state"]
    return state


@pytest.fixture(scope="session")
def source() -> str:
    return (HERE / "library_env.txt").read_text()

"""A small lending library, written by hand: the plan, a state and the class that keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.records import EnvironmentPlan
from envscaler.runtime.sandbox import Pool

LIBRARY: dict[str, Any] = json.loads((Path(__file__).parents[1] / "library.json").read_text())


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
    return (Path(__file__).parents[1] / "library_env.txt").read_text()


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.close()

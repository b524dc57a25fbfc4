"""The lending library as a good class to put defects into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.benchmarks.defects import Specimen
from envscaler.runtime.records import EnvironmentPlan

HERE = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def library() -> Specimen:
    told: dict[str, Any] = json.loads((HERE / "library.json").read_text())
    plan = EnvironmentPlan.model_validate(told["plan"])
    return Specimen(plan, (HERE / "library_env.txt").read_text(), told["state"])

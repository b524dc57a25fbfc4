"""Trials of what single calls do not show."""

from __future__ import annotations

from typing import Any

import pytest

from envscaler.runtime.inspection import inspect_class
from envscaler.runtime.records import EnvironmentPlan
from envscaler.runtime.sandbox import Pool

PURSES = EnvironmentPlan.model_validate(
    {
        "class_name": "Purses",
        "summary": "Purses.",
        "introduction": "Money is put in.",
        "entities": [
            {
                "name": "Purse",
                "collection": "purses",
                "key": "purse_id",
                "attributes": [
                    {"name": "purse_id", "type": "str"},
                    {"name": "held", "type": "float"},
                ],
            }
        ],
        "rules": [],
        "operations": [
            {
                "name": "put_in",
                "kind": "change",
                "description": "Put money in.",
                "parameters": [
                    {"name": "purse_id", "type": "str", "references": "Purse"},
                    {"name": "amount", "type": "float"},
                ],
                "returns": ["held"],
                "writes": ["Purse.held"],
                "errors": ["unknown_purse: no purse has this id"],
            }
        ],
    }
)
SOURCE = '''class Purses:
    """Purses."""

    def __init__(self, init_config: dict):
        self.purses = init_config["purses"]

    def put_in(self, purse_id: str, amount: float) -> dict:
        """Put money in.

        Args:
            purse_id: Which purse.
            amount: How much.
        """
        if not isinstance(purse_id, str) or isinstance(amount, bool):
            return {"success": False, "error": "invalid_argument: wrong type"}
        if not isinstance(amount, (int, float)) or not 0 <= amount <= LIMIT:
            return {"success": False, "error": "invalid_argument: no amount"}
        if purse_id not in self.purses:
            return {"success": False, "error": "unknown_purse: there is none"}
        self.purses[purse_id]["held"] += amount
        return {"success": True, "data": {"held": self.purses[purse_id]["held"]}}
'''
STATE: dict[str, Any] = {"purses": {"P1": {"purse_id": "P1", "held": 1.5}}}


@pytest.mark.parametrize(("limit", "found"), [("1e308", ["total"]), ("1e12", [])])
def test_a_sum_that_leaves_what_json_can_hold_is_found(
    limit: str, found: list[str], pool: Pool
) -> None:
    report = inspect_class(pool, PURSES, SOURCE.replace("LIMIT", limit), STATE)
    assert [finding.gate for finding in report.findings] == found, report.findings
    assert all("after put_in" in finding.message for finding in report.findings)

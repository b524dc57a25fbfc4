"""Deterministic gates for plans, states and classes, and the execution of test calls."""

from .calls import ExecutedCall, rules_tested, run_calls, untested_tools
from .classes import ClassReport, inspect_class
from .gates import GATES
from .plans import check_plan
from .states import check_state

__all__ = [
    "GATES",
    "ClassReport",
    "ExecutedCall",
    "check_plan",
    "check_state",
    "inspect_class",
    "rules_tested",
    "run_calls",
    "untested_tools",
]

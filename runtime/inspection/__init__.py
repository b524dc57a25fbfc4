"""Deterministic gates for plans, states and classes, and the execution of test calls."""

from .calls import ExecutedCall, Gap, gaps, rules_tested, run_calls, untested_tools
from .classes import ClassReport, inspect_class
from .gates import GATES
from .plans import check_plan
from .states import check_state

__all__ = [
    "GATES",
    "ClassReport",
    "ExecutedCall",
    "Gap",
    "check_plan",
    "check_state",
    "gaps",
    "inspect_class",
    "rules_tested",
    "run_calls",
    "untested_tools",
]

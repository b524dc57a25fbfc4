"""Deterministic gates for plans, states and classes, and the execution of test calls."""

from .calls import ExecutedCall, Gap, gaps, run_calls, untested_rules, untested_tools
from .classes import ClassReport, inspect_class, planned_environment
from .expectations import agreed, lack, settled, unmet
from .gates import DOUBTS, GATES
from .plans import check_plan
from .states import check_state

__all__ = [
    "DOUBTS",
    "GATES",
    "ClassReport",
    "ExecutedCall",
    "Gap",
    "agreed",
    "check_plan",
    "check_state",
    "gaps",
    "inspect_class",
    "lack",
    "planned_environment",
    "run_calls",
    "settled",
    "unmet",
    "untested_rules",
    "untested_tools",
]

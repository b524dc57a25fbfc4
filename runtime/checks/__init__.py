"""Checks: how a final state is matched, graded in sealed workers, and written as functions."""

from .grading import GRADER, Grader
from .rendering import render_functions, specification
from .upstream import CheckResult, CheckResults, UpstreamChecks, UpstreamGrader, mean_of_checks

__all__ = [
    "GRADER",
    "CheckResult",
    "CheckResults",
    "Grader",
    "UpstreamChecks",
    "UpstreamGrader",
    "mean_of_checks",
    "render_functions",
    "specification",
]

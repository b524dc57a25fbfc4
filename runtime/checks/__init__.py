"""Checks: how a final state is matched, graded in sealed workers, and written as functions."""

from .grading import GRADER, Grader
from .rendering import render_functions, specification

__all__ = ["GRADER", "Grader", "render_functions", "specification"]

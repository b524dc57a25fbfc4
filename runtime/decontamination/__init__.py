"""Decontamination: what we make must not overlap with the benchmarks agents are evaluated on."""

from .decontaminator import Decontaminator
from .overlaps import Limits, Overlap
from .report import Line, Report

__all__ = ["Decontaminator", "Limits", "Line", "Overlap", "Report"]

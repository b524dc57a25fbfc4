"""What sealed execution costs, as ratios to execution in process, measured side by side."""

from .readings import Reading, Target
from .scale import FULL, QUICK, Scale
from .suite import ROWS, measure

__all__ = ["FULL", "QUICK", "ROWS", "Reading", "Scale", "Target", "measure"]

"""Admission: classes from anywhere before the gates that synthesized classes pass."""

from .admissions import Admission, GateResult, ToolTally
from .admitting import admit
from .candidates import Candidate
from .deriving import derive_plan
from .opening import Opening, open_up
from .reading import read_candidates, read_state

__all__ = [
    "Admission",
    "Candidate",
    "GateResult",
    "Opening",
    "ToolTally",
    "admit",
    "derive_plan",
    "open_up",
    "read_candidates",
    "read_state",
]

"""Known faults put into good classes, to see which of them an inspection finds."""

from .conduct import Conduct, differs
from .detection import Examined, Inspect, Specimen, Table, in_pool, measure
from .kinds import KINDS, Defect, Kind, plant

__all__ = [
    "KINDS",
    "Conduct",
    "Defect",
    "Examined",
    "Inspect",
    "Kind",
    "Specimen",
    "Table",
    "differs",
    "in_pool",
    "measure",
    "plant",
]

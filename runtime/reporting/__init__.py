"""What a run took in, made, lost and spent: one plain report, for a terminal, a page or a plot."""

from .reading import report_of
from .report import Report, Section, Table, as_json

__all__ = ["Report", "Section", "Table", "as_json", "report_of"]

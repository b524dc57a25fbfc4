"""How different environments are, by state and tools, and what they consist of."""

from .doubles import SAME_SHAPE, SAME_WORDS, NearDouble, near_doubles
from .figures import (
    COLUMNS,
    TOTAL_COLUMNS,
    EnvironmentFigures,
    Overview,
    Total,
    as_json,
    overview,
    overview_table,
    totals_table,
)
from .fingerprints import schema_shape, schema_signature, tool_shape, tool_signature
from .plot import plot_overview
from .schema import Schema, schema_of
from .similarity import (
    VIEWS,
    Diversity,
    Neighbour,
    Similarities,
    View,
    similarities,
    vendi_score,
)

__all__ = [
    "COLUMNS",
    "SAME_SHAPE",
    "SAME_WORDS",
    "TOTAL_COLUMNS",
    "VIEWS",
    "Diversity",
    "EnvironmentFigures",
    "NearDouble",
    "Neighbour",
    "Overview",
    "Schema",
    "Similarities",
    "Total",
    "View",
    "as_json",
    "near_doubles",
    "overview",
    "overview_table",
    "plot_overview",
    "schema_of",
    "schema_shape",
    "schema_signature",
    "similarities",
    "tool_shape",
    "tool_signature",
    "totals_table",
    "vendi_score",
]

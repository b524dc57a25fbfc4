"""Source tasks: from files, from data sets of the Hub, or the bundled ones."""

from .shapes import FIELDS
from .tasks import read_tasks

__all__ = ["FIELDS", "read_tasks"]

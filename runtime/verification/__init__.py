"""Verification: everything that an export claims, executed again from scratch in sealed workers.

Nothing is believed but this program. What is not looked at: the judgements of language models (the
verdicts of an inspection, the fit of a task to its solution), which no execution can repeat.
"""

from .examination import verify_export
from .foreign import is_foreign, verify_foreign
from .verdicts import Verdict
from .work import THREADS

__all__ = ["THREADS", "Verdict", "is_foreign", "verify_export", "verify_foreign"]

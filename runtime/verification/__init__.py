"""Verification: everything that an export claims, executed again from scratch in sealed workers.

Nothing is believed but this program. What is not looked at: the judgements of language models (the
verdicts of an inspection, the fit of a task to its solution), which no execution can repeat.
"""

from .examination import THREADS, verify_export
from .verdicts import Verdict

__all__ = ["THREADS", "Verdict", "verify_export"]

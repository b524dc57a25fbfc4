from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from envscaler.runtime.formats import Export
from envscaler.runtime.verification import verify_export


def test_an_untouched_export_holds(export: Export, written: Callable[..., Path]) -> None:
    verdicts = verify_export(written(export))
    for v in verdicts: print(v)
    assert all(v.holds for v in verdicts)

"""What pydantic found, in one line."""

from __future__ import annotations

from pydantic import ValidationError


def first_fault(fault: ValidationError) -> str:
    """The first finding: which field of which record, and what is wrong with it."""
    first = fault.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "the whole"
    return f"it is no {fault.title}: {where}: {first['msg']}"

"""What asks for admission: a class, and what is known of it beside its source."""

from __future__ import annotations

from dataclasses import dataclass

from ..records import EnvironmentPlan, TestCall
from ..state import Json


@dataclass(frozen=True)
class Candidate:
    """A class that asks for admission; its source is text and is only ever run in workers."""

    source: str
    class_name: str | None = None
    """None: the only class with public methods."""
    state: dict[str, Json] | None = None
    """The initial state; None when there is none, and the class is built from `{}`."""
    plan: EnvironmentPlan | None = None
    """What the class promises; None: a plan is derived from it, which promises little."""
    outline: EnvironmentPlan | None = None
    """What a file in upstream's form says beside the source: rules, summaries, which operations
    are queries. It has no entities."""
    calls: tuple[TestCall, ...] = ()
    """Recorded test calls, which are tried too."""
    origin: str = ""
    """Where it was read from, in words."""

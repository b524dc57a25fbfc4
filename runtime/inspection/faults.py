"""Trials that went wrong, told once for each tool and cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..records import Finding
from .probes import Probe
from .trials import Trial
from .wording import call_text

Fault = tuple[Trial, str, str]
"""A trial that went wrong, its cause for counting alike ones, and what to say about it."""
LEAD = 3
"""Most earlier calls that a finding quotes."""


def by_cause(gate: str, faults: Iterable[Fault]) -> Iterator[Finding]:
    """One finding for each tool and cause: the first call, and how many others did the same."""
    groups: dict[tuple[str, str], list[tuple[Trial, str]]] = {}
    for trial, cause, message in faults:
        groups.setdefault((trial.probe.tool, cause), []).append((trial, message))
    for (tool, _), same in groups.items():
        trial, message = min(same, key=lambda one: len(one[0].lead))
        others = len(same) - 1
        more = f" ({others} other call{'s' * (others > 1)} did the same)" if others else ""
        yield Finding(gate=gate, where=tool, message=f"{quoted(trial)}: {message}{more}.")


def quoted(trial: Trial) -> str:
    """A trial's call, and the calls that led there."""
    call = call_text(trial.probe.tool, trial.probe.arguments)
    return f"{call}, {_lead_text(trial.lead)}" if trial.lead else call


def _lead_text(lead: Sequence[Probe]) -> str:
    last = " and ".join(call_text(probe.tool, probe.arguments) for probe in lead[-LEAD:])
    return f"after {len(lead)} changes, the last being {last}" if lead[LEAD:] else f"after {last}"

"""What an export holds: kept records, and what is said about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from ..errors import DataError
from ..records import (
    Certificate,
    Difficulty,
    Environment,
    Inspection,
    Provenance,
    Record,
    Scenario,
    Trajectory,
)
from ..state import canonical

Statement = Inspection | Certificate | Difficulty | Provenance
"""What can be said about a record."""
Kept = TypeVar("Kept", bound=Record)
Said = TypeVar("Said", Inspection, Certificate, Difficulty, Provenance)


@dataclass(frozen=True)
class Export:
    """Records that stand together: whatever one of them names is in the export too.

    It is a set: order and repetitions mean nothing (see `ordered`). An environment has at most
    one inspection, a scenario at most one certificate and one difficulty. Provenance may speak
    of an environment, its plan, a scenario or a trajectory.

    Raises:
        DataError: a record names another that is not here, or two records speak of the same one.
    """

    environments: tuple[Environment, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    trajectories: tuple[Trajectory, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    difficulties: tuple[Difficulty, ...] = ()
    provenance: tuple[Provenance, ...] = ()

    def __post_init__(self) -> None:
        environments = {record.id for record in self.environments}
        scenarios = {record.id for record in self.scenarios}
        plans = {record.plan.id for record in self.environments}
        kept = environments | plans | scenarios | {record.id for record in self.trajectories}
        _present("scenario's environment", (s.environment for s in self.scenarios), environments)
        _present("trajectory's scenario", (t.scenario for t in self.trajectories), scenarios)
        _present("record of a provenance", (p.record for p in self.provenance), kept)
        _spoken_of_once("inspection", set_of(self.inspections), environments)
        _spoken_of_once("certificate", set_of(self.certificates), scenarios)
        _spoken_of_once("difficulty", set_of(self.difficulties), scenarios)

    def ordered(self) -> Export:
        """The same export without repetitions, sorted by id."""
        return Export(
            environments=_by_id(self.environments),
            scenarios=_by_id(self.scenarios),
            trajectories=_by_id(self.trajectories),
            inspections=set_of(self.inspections),
            certificates=set_of(self.certificates),
            difficulties=set_of(self.difficulties),
            provenance=set_of(self.provenance),
        )


def set_of(said: Iterable[Said]) -> tuple[Said, ...]:
    """The distinct members, sorted by the id they speak of and then by content."""
    distinct = {(subject(part), canonical(part.model_dump(mode="json"))): part for part in said}
    return tuple(distinct[key] for key in sorted(distinct))


def subject(said: Statement) -> str:
    """The id of the record that is spoken of."""
    match said:
        case Inspection():
            return said.environment
        case Provenance():
            return said.record
        case _:
            return said.scenario


def _by_id(records: Iterable[Kept]) -> tuple[Kept, ...]:
    distinct = {record.id: record for record in records}
    return tuple(distinct[key] for key in sorted(distinct))


def _present(what: str, named: Iterable[str], known: set[str]) -> None:
    for name in named:
        if name not in known:
            raise DataError(f"The {what}, {name}, is not in the export; add it or leave both out.")


def _spoken_of_once(what: str, said: Iterable[Statement], known: set[str]) -> None:
    subjects = [subject(part) for part in said]
    _present(f"subject of a {what}", subjects, known)
    for name, next_name in pairwise(subjects):
        if name == next_name:
            raise DataError(f"{name} has more than one {what}; give the one that counts.")

"""Where records are read from: the store of a run, or an export."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..errors import DataError
from ..records import (
    Certificate,
    Difficulty,
    Environment,
    Inspection,
    Part,
    Scenario,
    Trajectory,
)
from ..run_folder import EXPORT
from .wording import clean, one_line

if TYPE_CHECKING:
    from ..formats import Export
    from ..models import Ledger
    from ..store import RunStore, StoredOutcome, StoredRecord

CARD = "README.md"
P = TypeVar("P", bound=Part)
Shown = Environment | Scenario | Trajectory


@dataclass(frozen=True)
class Shelf:
    """The records that can be shown; sorted by id."""

    folder: Path
    environments: list[Environment]
    scenarios: list[Scenario]
    trajectories: list[Trajectory]
    inspections: dict[str, Inspection]
    """By environment."""
    certificates: dict[str, Certificate]
    """By scenario."""
    difficulties: dict[str, Difficulty]
    outcomes: list[StoredOutcome] | None = None
    """How the items of each stage ended; None for an export, which does not say."""
    ledger: Ledger | None = None

    def environment(self, scenario: Scenario) -> Environment | None:
        """None in a run that is being written, at worst."""
        return next((e for e in self.environments if e.id == scenario.environment), None)

    def scenarios_of(self, environment: Environment) -> list[Scenario]:
        return [s for s in self.scenarios if s.environment == environment.id]

    def trajectories_of(self, scenario: Scenario) -> list[Trajectory]:
        return [t for t in self.trajectories if t.scenario == scenario.id]

    def find(self, name: str) -> Shown:
        """The record with this id, the beginning of an id, or a class name.

        Raises:
            DataError: there is none, or there are several; the message names the nearest.
        """
        records: list[Shown] = [*self.environments, *self.scenarios, *self.trajectories]
        named = [e for e in self.environments if e.class_name.casefold() == name.casefold()]
        found: list[Shown] = [*named] or [r for r in records if r.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        if found:
            some = ", ".join(record.id for record in found[:5])
            raise DataError(f"{name!r} fits {len(found)} records of {self.folder}: {some} …")
        names = [record.id for record in records] + [e.class_name for e in self.environments]
        near = get_close_matches(name, names, n=3, cutoff=0.3) or names[:3]
        hint = f"the nearest are {', '.join(map(one_line, near))}" if near else "it holds none"
        raise DataError(
            f"{self.folder} has no environment, scenario or trajectory {clean(name)!r}; {hint}"
        )


def export_folder(folder: Path) -> Path:
    """The export that is meant by a folder: the folder itself, or the one inside a run."""
    inner = folder / EXPORT
    return inner if not (folder / CARD).exists() and inner.is_dir() else folder


def open_shelf(folder: Path) -> Shelf:
    """The records of a run, also while it goes on, or of an export.

    Raises:
        DataError: there is neither.
        RunError: the run cannot be read.
    """
    from ..run_folder import DATABASE
    from ..store import RunStore

    if (folder / DATABASE).is_file():
        with RunStore.read(folder) as store:
            return _from_store(folder, store)
    from ..formats import read_export

    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}; give the folder of a run or of an export.")
    return _from_export(folder, read_export(export_folder(folder)))


def _from_export(folder: Path, export: Export) -> Shelf:
    return Shelf(
        folder,
        list(export.environments),
        list(export.scenarios),
        list(export.trajectories),
        {inspection.environment: inspection for inspection in export.inspections},
        {certificate.scenario: certificate for certificate in export.certificates},
        {difficulty.scenario: difficulty for difficulty in export.difficulties},
    )


def _from_store(folder: Path, store: RunStore) -> Shelf:
    from ..models import Ledger

    def read(kind: str, shape: type[P]) -> list[P]:
        return [read_record(folder, stored, shape) for stored in store.records(kind)]

    # A run may be going on. What a record names was kept before it, and so is read after it.
    trajectories, scenarios = read("trajectory", Trajectory), read("scenario", Scenario)
    return Shelf(
        folder,
        read("class", Environment),
        scenarios,
        trajectories,
        {part.environment: part for part in read("inspection", Inspection)},
        {part.scenario: part for part in read("certificate", Certificate)},
        {part.scenario: part for part in read("difficulty", Difficulty)},
        store.outcomes(),
        Ledger(store),
    )


def read_record(folder: Path, stored: StoredRecord, shape: type[P]) -> P:
    """A stored record as a model of its type.

    Raises:
        DataError: it is damaged, or of another version.
    """
    from pydantic import ValidationError

    try:
        return stored.read(shape)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        raise DataError(
            f"{folder}: the stored {stored.kind} {stored.id} is damaged or of another version "
            f"({'.'.join(map(str, first['loc']))}: {first['msg']}); make the run again"
        ) from fault

"""The report of a run as plain data, in numbers and as sections of text and tables."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ..state import Json
from .flow import Flow
from .lineage import Status
from .spending import Spent

Cell = str | int | None


@dataclass(frozen=True)
class Table:
    """Rows for people; cells may hold text of a model, which every view makes harmless."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: tuple[str, ...] = ()
    """Columns that are aligned right and never broken."""
    whole: tuple[str, ...] = ()
    """Further columns that are never broken."""


@dataclass(frozen=True)
class Section:
    """A titled part of a report, shown alike on a terminal and on a page."""

    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    picture: bytes = b""
    """A PNG that goes into the page; the terminal leaves it out."""


@dataclass(frozen=True)
class End:
    """The work that ended one way at one stage. All ends together are the whole ledger."""

    stage: str
    """Empty for work that was for no item of the run."""
    status: Status
    reason: str
    items: int
    """Tasks, ideas, scenarios and episodes that the work was booked on."""
    spent: Spent


@dataclass(frozen=True)
class Inspected:
    """How the class of an environment fared."""

    probes: int
    test_calls: int
    passed: int
    """Test calls that the judging agent passed."""
    warned: int
    failed: int
    rules_tested: int
    """Rules with a violating call that was refused and a legal call that passed."""
    findings: int
    repairs: int
    pass_rate: float | None


@dataclass(frozen=True)
class Built:
    """An admitted environment and what it took."""

    id: str
    class_name: str
    rules: int
    making: Spent
    """Its idea's work and the mining of its tasks, a question for several tasks in equal shares."""
    scenarios: Spent
    """The scenarios tried in it, certified or not."""
    episodes: Spent
    tried: int
    """Scenarios that were settled."""
    certified: int
    played: int
    """Trajectories, the reference's included."""
    inspected: Inspected | None


@dataclass(frozen=True)
class Demand:
    """One row over the certificates of a run."""

    demand: str
    certificates: int
    holding: int
    """Certificates whose row holds."""
    tried: int
    held: int


@dataclass(frozen=True)
class Report:
    """What a run took in, made, lost and spent."""

    folder: str
    settings: dict[str, Json]
    flows: tuple[Flow, ...]
    spent: Spent
    by_step: dict[str, Spent]
    ends: tuple[End, ...]
    environments: tuple[Built, ...]
    demands: tuple[Demand, ...]
    sections: tuple[Section, ...] = ()
    """Further sections, such as an overview of the environments, at the end of each view."""

    @property
    def certified(self) -> int:
        return sum(built.certified for built in self.environments)

    @property
    def per_environment(self) -> Spent | None:
        """All that was spent before the scenarios, on rejected items too, for each environment."""
        spent = [end.spent for end in self.ends if end.stage not in ("scenario", "trajectory")]
        return sum(spent, Spent()).per(len(self.environments))

    @property
    def per_scenario(self) -> Spent | None:
        """All that the run spent, for each certified scenario."""
        return self.spent.per(self.certified)


def as_json(report: Report) -> dict[str, Json]:
    """The report as one JSON value; pictures are left out."""
    told = asdict(report)
    for section in told["sections"]:
        del section["picture"]
    for flow, one in zip(told["flows"], report.flows, strict=True):
        flow["rejected"] = one.rejected
    told["stages"] = told.pop("flows")
    told["certificates"] = told.pop("demands")
    for name in ("per_environment", "per_scenario"):
        spent: Spent | None = getattr(report, name)
        told[name] = asdict(spent) if spent else None
    rounded: dict[str, Json] = _rounded(told)
    return rounded


def _rounded(value: Json) -> Json:
    """Numbers without the noise of their last digits, whole ones as integers."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else round(value, 6)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, (list, tuple)) else value

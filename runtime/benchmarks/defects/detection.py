"""How many planted defects an inspection finds, kind by kind and gate by gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...inspection import inspect_class, run_calls
from ...inspection.expectations import unmet
from ...records import Environment, EnvironmentPlan, Finding, TestCall
from ...sandbox import Pool
from ...state import Json
from .conduct import Conduct
from .kinds import KINDS, Defect, Kind, plant
from .scripts import State

TRIES = 8
"""So many mutants of a kind are looked at for each that is wanted, before the kind is given up."""

Inspect = Callable[[EnvironmentPlan, str, State, Sequence[TestCall]], Sequence[Finding]]
"""What an inspection finds in a class, given its plan, source, initial state and test calls."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """A good class, and what an inspection is told beside its source."""

    plan: EnvironmentPlan
    source: str
    state: State
    calls: tuple[TestCall, ...] = ()
    """Worked out from plan and state alone."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What an inspection said of a class with a defect."""

    class_name: str
    defect: Defect
    findings: tuple[Finding, ...]
    """Without those of a gate about a tool that the good class has as well."""

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates that found something, in order."""
        return tuple(dict.fromkeys(finding.gate for finding in self.findings))


@dataclass(frozen=True)
class Table:
    """The outcome of a measurement."""

    examined: tuple[Examined, ...]
    unseen: Mapping[str, int]
    """By kind: mutants that were left out, since they cannot be told from the good class."""
    alarms: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """By class: what was found in good classes."""

    @property
    def kinds(self) -> list[str]:
        """The kinds of which anything was planted, in the order of planting."""
        return list(dict.fromkeys([*self.unseen, *(one.defect.kind for one in self.examined)]))

    @property
    def missed(self) -> tuple[Examined, ...]:
        """The defects in which nothing was found."""
        return tuple(one for one in self.examined if not one.findings)

    @property
    def rate(self) -> float:
        """The share of the defects that were found, 0 to 1; 0 where there are none."""
        return 1 - len(self.missed) / len(self.examined) if self.examined else 0.0

    def row(self, kind: str) -> tuple[int, int, Counter[str]]:
        """Of a kind: how many were examined and found, and how many each gate found."""
        mine = [one for one in self.examined if one.defect.kind == kind]
        gates = Counter(gate for one in mine for gate in one.gates)
        return len(mine), sum(bool(one.findings) for one in mine), gates

    def judged(
        self, missed: Sequence[tuple[Finding, ...]], good: Mapping[str, tuple[Finding, ...]]
    ) -> Table:
        """With the findings of a judge: one tuple for each missed defect, and by good class."""
        said = dict(zip(map(id, self.missed), missed, strict=True))
        examined = tuple(replace(o, findings=said.get(id(o), o.findings)) for o in self.examined)
        alarms = {
            name: (*self.alarms.get(name, ()), *good.get(name, ()))
            for name in self.alarms.keys() | good.keys()
        }
        return replace(
            self, examined=examined, alarms={n: found for n, found in alarms.items() if found}
        )

    def document(self) -> Json:
        """All of it as JSON, without the sources."""
        rows = {kind: self.row(kind) for kind in self.kinds}
        return {
            "defects": len(self.examined),
            "found": len(self.examined) - len(self.missed),
            "false_alarms": {n: [str(f) for f in found] for n, found in self.alarms.items()},
            "kinds": {
                kind: {
                    "examined": examined,
                    "found": found,
                    "nothing_to_see": self.unseen.get(kind, 0),
                    "gates": dict(gates),
                }
                for kind, (examined, found, gates) in rows.items()
            },
            "missed": [
                {
                    "class": one.class_name,
                    "kind": one.defect.kind,
                    "where": one.defect.where,
                    "description": one.defect.description,
                }
                for one in self.missed
            ],
        }


def measure(
    pool: Pool,
    specimens: Sequence[Specimen],
    per_kind: int,
    seed: int,
    *,
    kinds: Mapping[str, Kind] = KINDS,
    inspect: Inspect | None = None,
    on_examined: Callable[[Examined], None] = lambda examined: None,
) -> Table:
    """Plant defects into good classes, have each inspected, and the good classes too.

    An inspection sees nothing that was worked out from the good class. The same arguments give the
    same table.

    Args:
        per_kind: defects of each kind for each class; fewer where the class offers fewer.
        inspect: the inspection to measure; our gates and the test calls if not told.
        on_examined: called with each defect once it was inspected.

    Raises:
        GeneratedCodeError: a good class does not load.
        SandboxError: the sealed execution itself failed.
    """
    look = inspect or in_pool(pool, seed)
    examined: list[Examined] = []
    unseen = Counter(dict.fromkeys(kinds, 0))
    alarms: dict[str, tuple[Finding, ...]] = {}
    for one in specimens:
        name = one.plan.class_name
        if found := look(one.plan, one.source, one.state, one.calls):
            alarms[name] = tuple(found)
        usual = {(finding.gate, finding.where) for finding in found}
        for defect in _visible(pool, one, per_kind, seed, kinds, unseen):
            said = look(one.plan, defect.source, one.state, one.calls)
            new = tuple(f for f in said if (f.gate, f.where) not in usual)
            examined.append(Examined(name, defect, new))
            on_examined(examined[-1])
    return Table(tuple(examined), unseen, alarms)


def _visible(
    pool: Pool,
    one: Specimen,
    per_kind: int,
    seed: int,
    kinds: Mapping[str, Kind],
    unseen: Counter[str],
) -> Iterator[Defect]:
    """The defects of a class that show; how many do not is counted."""
    conduct = Conduct(pool, one.source, one.plan, [one.state], seed=seed, calls=one.calls)
    for name, kind in kinds.items():
        left = per_kind
        defects = plant(one.source, one.plan.class_name, one.plan, seed=seed, kinds={name: kind})
        for defect, _ in zip(defects, range(TRIES * per_kind), strict=False):
            if conduct.differs(defect):
                yield defect
                left -= 1
            else:
                unseen[name] += 1
            if not left:
                break


def in_pool(pool: Pool, seed: int = 0) -> Inspect:
    """Our own inspection: the gates, and the settled test calls on whatever can be called."""

    def inspect(
        plan: EnvironmentPlan, source: str, state: State, calls: Sequence[TestCall]
    ) -> tuple[Finding, ...]:
        report = inspect_class(pool, plan, source, state, seed=seed, calls=calls)
        if not report.tools or any(finding.gate == "loads" for finding in report.findings):
            return report.findings
        environment = Environment(
            plan=plan, class_name=report.class_name, source=source, tools=report.tools
        )
        executed = run_calls(pool, environment, state, calls, seed=seed) if calls else []
        return (*report.findings, *unmet(executed))

    return inspect

"""Reads the report of a run out of its store."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import ValidationError

from ..errors import DataError
from ..models import Ledger
from ..records import Certificate, Environment, EnvironmentIdea, Evidence, Inspection, Part
from ..run_folder import DATABASE
from ..store import RunStore, StoredOutcome
from .flow import flows
from .lineage import Fate, Lineage, Status
from .report import Built, Demand, End, Inspected, Report
from .spending import Spent, total

P = TypeVar("P", bound=Part)
Booked = dict[Fate, tuple[int, Spent]]
"""For each fate, how many items had it and what was spent on them."""


def report_of(folder: Path) -> Report:
    """The report of a run: finished, going on, or killed.

    Raises:
        DataError: the folder is an export, or a stored record is damaged.
        RunError: there is no run in the folder, or it cannot be read.
    """
    if not (folder / DATABASE).is_file() and (folder / "environments").is_dir():
        raise DataError(
            f"{folder} is an export, which keeps no ledger of what was dropped and spent: "
            "give the folder of the run that made it (--out)"
        )
    with RunStore.read(folder) as store:
        return _report(folder, store)


def _report(folder: Path, store: RunStore) -> Report:
    # A run may be going on. What an outcome names was kept before it, and so is read after it.
    settings, outcomes = store.fingerprint, store.outcomes()
    lineage = Lineage(outcomes, _records(store, "idea", EnvironmentIdea))
    ledger = Ledger(store)
    booked = _booked(ledger, lineage)
    certified = {o.record for o in lineage.outcomes if o.stage == "scenario"}
    certificates = _records(store, "certificate", Certificate).items()
    return Report(
        folder=str(folder),
        settings=settings,
        flows=flows(lineage.outcomes, settings),
        spent=Spent.of(ledger.total),
        by_step={step: Spent.of(sums) for step, sums in sorted(ledger.by_step.items())},
        ends=tuple(_ends(booked, lineage.stages)),
        environments=tuple(_environments(store, lineage, booked)),
        demands=tuple(_demands(part for ident, part in certificates if ident in certified)),
    )


def _records(store: RunStore, kind: str, shape: type[P]) -> dict[str, P]:
    """The stored records of a kind by what they are keyed by."""
    found = {}
    for stored in store.records(kind):
        try:
            found[stored.id] = stored.read(shape)
        except ValidationError as fault:
            first = fault.errors(include_url=False)[0]
            raise DataError(
                f"{store.folder}: the stored {kind} {stored.id} is damaged or of another version "
                f"({'.'.join(map(str, first['loc']))}: {first['msg']}); make the run again"
            ) from fault
    return found


def _booked(ledger: Ledger, lineage: Lineage) -> Booked:
    booked: Booked = {}
    for owner, sums in sorted(ledger.by_owner.items()):
        for fate, part in lineage.fates(owner):
            count, spent = booked.get(fate, (0, Spent()))
            booked[fate] = count + 1, spent + Spent.of(sums, part)
    return booked


def _ends(booked: Booked, stages: Sequence[str]) -> list[End]:
    """By stage, what was kept first, then by what was spent."""
    groups: dict[Fate, list[tuple[int, Spent]]] = defaultdict(list)
    for fate, one in booked.items():
        groups[fate._replace(environment="")].append(one)
    ends = [
        End(f.stage, f.status, f.reason, sum(n for n, _ in parts), total(s for _, s in parts))
        for f, parts in groups.items()
    ]
    order, statuses = [*stages, ""], get_args(Status)
    return sorted(
        ends,
        key=lambda e: (
            order.index(e.stage), statuses.index(e.status), -e.spent.tokens, e.reason,
        ),
    )  # fmt: skip


def _environments(store: RunStore, lineage: Lineage, booked: Booked) -> list[Built]:
    settled: dict[str, list[StoredOutcome]] = defaultdict(list)
    spent: dict[str, list[tuple[str, Spent]]] = defaultdict(list)
    for outcome in lineage.outcomes:
        settled[lineage.environment(outcome.item)].append(outcome)
    for fate, (_, sums) in booked.items():
        spent[fate.environment].append((fate.stage, sums))
    inspections = _records(store, "inspection", Inspection)
    kept = {o.record for o in lineage.outcomes if o.stage == "class"}
    made = []
    for ident, record in _records(store, "class", Environment).items():
        if ident in kept:
            parts = _parts(spent[ident], lineage.stages)
            made.append(_built(ident, record, inspections.get(ident), settled[ident], parts))
    return sorted(made, key=lambda built: (built.class_name, built.id))


def _parts(spent: Sequence[tuple[str, Spent]], stages: Sequence[str]) -> list[Spent]:
    """What was spent before the scenarios, from there to the episodes, and on those."""
    scenario, trajectory = stages.index("scenario"), stages.index("trajectory")
    spans = (stages[:scenario], stages[scenario:trajectory], stages[trajectory:])
    return [total(sums for stage, sums in spent if stage in span) for span in spans]


def _built(
    ident: str,
    environment: Environment,
    inspection: Inspection | None,
    settled: Sequence[StoredOutcome],
    parts: Sequence[Spent],
) -> Built:
    making, scenarios, episodes = parts
    tried = [o for o in settled if o.stage == "scenario"]
    return Built(
        ident,
        environment.class_name,
        rules=len(environment.plan.rules),
        making=making,
        scenarios=scenarios,
        episodes=episodes,
        tried=len(tried),
        certified=sum(o.status == "kept" for o in tried),
        played=sum(o.stage == "trajectory" and o.status == "kept" for o in settled),
        inspected=_inspected(inspection) if inspection else None,
    )


def _inspected(said: Inspection) -> Inspected:
    verdicts = Counter(judgement.verdict for judgement in said.judgements)
    return Inspected(
        probes=said.probes,
        test_calls=len(said.calls),
        passed=len(said.calls) - verdicts["warning"] - verdicts["fail"],
        warned=verdicts["warning"],
        failed=verdicts["fail"],
        rules_tested=said.rules_tested,
        findings=len(said.findings),
        repairs=said.repairs,
        pass_rate=said.pass_rate,
    )


def _demands(certificates: Iterable[Certificate]) -> list[Demand]:
    """The rows of all certificates by what they demand, in the order of the first certificate."""
    rows: dict[str, list[Evidence]] = defaultdict(list)
    for certificate in certificates:
        for row in certificate.rows:
            rows[row.demand].append(row)
    return [
        Demand(
            demand,
            certificates=len(same),
            holding=sum(row.holds for row in same),
            tried=sum(row.tried for row in same),
            held=sum(row.held for row in same),
        )
        for demand, same in rows.items()
    ]

"""The report as sections of lines and tables, in the words that every view shows."""

from __future__ import annotations

from collections.abc import Iterator

from ..cli.wording import counted, duration, money, one_line, thousands
from .report import Built, Cell, Demand, End, Report, Section, Table
from .spending import Spent


def sections(report: Report) -> tuple[Section, ...]:
    """What stands under the waterfall, the report's further sections last."""
    ours = (
        Section("Answers", tuple(_answers(report)), _tables(_steps(report))),
        Section("What it went into", (), _tables(_ends(report))),
        Section("Environments", (), _tables(_environments(report), _inspections(report))),
        Section("Certificates", (), _tables(_demands(report.demands))),
    )
    return (*(one for one in ours if one.lines or one.tables), *report.sections)


def stages(report: Report) -> Table:
    """The waterfall in numbers."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            flow.stage,
            flow.came,
            flow.rejected,
            flow.unfinished,
            flow.kept,
            _share(flow.kept, flow.came),
        )
        for flow in report.flows
    )
    columns = ("stage", "came in", "rejected", "unfinished", "went on", "share")
    return Table(columns, rows, right=columns[1:], whole=("stage",))


def summary(report: Report) -> str:
    """One line: what the run has made."""
    episodes = sum(built.played for built in report.environments)
    return ", ".join(
        (
            counted(len(report.environments), "environment"),
            counted(report.certified, "certified scenario"),
            counted(episodes, "trajectory", "trajectories"),
        )
    )


def _tables(*tables: Table) -> tuple[Table, ...]:
    return tuple(table for table in tables if table.rows)


def _answers(report: Report) -> Iterator[str]:
    spent = report.spent
    if not spent.answers + spent.failed:
        return
    yield (
        f"{_count(spent.answers)} answers: {_count(spent.asked)} asked, "
        f"{_count(spent.replayed)} replayed, {_count(spent.shared)} shared; "
        f"{_count(spent.failed)} questions failed"
    )
    yield (
        f"{thousands(round(spent.prompt_tokens))} prompt and "
        f"{thousands(round(spent.completion_tokens))} completion tokens, {_money(spent)}, "
        f"{duration(spent.seconds)} of waiting, summed over parallel requests"
    )
    for each, what in (
        (report.per_environment, "admitted environment, up to its class"),
        (report.per_scenario, "certified scenario, everything counted"),
    ):
        if each is not None:
            yield f"{_each(each)} for each {what} (what was rejected on the way included)"


def _each(spent: Spent) -> str:
    words = f"{_count(spent.answers)} answers, {thousands(round(spent.tokens))} tokens"
    return f"{words}, {_money(spent)}"


def _steps(report: Report) -> Table:
    sums = report.by_step | {"all": report.spent} if report.by_step else {}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            one_line(step, 24) or "(no step)", _count(s.asked), _count(s.replayed),
            _count(s.shared), _count(s.failed), thousands(round(s.prompt_tokens)),
            thousands(round(s.completion_tokens)), _price(s), duration(s.seconds),
        )
        for step, s in sums.items()
    )  # fmt: skip
    columns = ("step", "asked", "replayed", "shared", "failed", "in", "out", "cost", "time")
    return Table(columns, rows, right=columns[1:])


def _ends(report: Report) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            end.stage or "–", _how(end), end.items, _count(end.spent.answers),
            thousands(round(end.spent.tokens)), _price(end.spent),
            _share(end.spent.tokens, report.spent.tokens),
        )
        for end in report.ends
    )  # fmt: skip
    columns = ("stage", "end", "items", "answers", "tokens", "cost", "share")
    return Table(columns, rows, right=columns[2:], whole=("stage",))


def _how(end: End) -> str:
    if end.status == "rejected":
        return f"rejected: {end.reason}"
    return "for no item of the run" if end.status == "other" else end.status


def _environments(report: Report) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            built.class_name, _count(built.making.answers),
            thousands(round(built.making.tokens)), _price(built.making),
            f"{built.certified} of {built.tried}", thousands(round(built.scenarios.tokens)),
            built.played, thousands(round(built.episodes.tokens)),
        )
        for built in report.environments
    )  # fmt: skip
    columns = ("class", "answers", "tokens", "cost", "certified", "tokens", "played", "tokens")
    return Table(columns, rows, right=columns[1:])


def _inspections(report: Report) -> Table:
    rows = tuple(_inspection(built) for built in report.environments)
    columns = ("class", "repairs", "probes", "calls", "pass/warn/fail", "rules", "pass rate")
    return Table(columns, rows, right=columns[1:])


def _inspection(built: Built) -> tuple[Cell, ...]:
    found = built.inspected
    if found is None:
        return (built.class_name, *[None] * 6)
    return (
        built.class_name, found.repairs, found.probes, found.test_calls,
        f"{found.passed}/{found.warned}/{found.failed}", f"{found.rules_tested} of {built.rules}",
        None if found.pass_rate is None else f"{found.pass_rate:.2f}",
    )  # fmt: skip


def _demands(demands: tuple[Demand, ...]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (d.demand, d.certificates, d.holding, d.tried, d.held) for d in demands
    )
    columns = ("demand", "certificates", "hold", "tried", "held")
    return Table(columns, rows, right=columns[1:])


def _count(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.1f}"


def _share(part: float, whole: float) -> str | None:
    return f"{part / whole:.0%}" if whole else None


def _money(spent: Spent) -> str:
    """What it cost, in words."""
    if spent.unpriced and spent.unpriced >= spent.asked:
        return "price unknown"
    return money(spent.cost_usd, round(spent.asked), round(spent.unpriced))


def _price(spent: Spent) -> str | None:
    """What it cost, as a cell: `≥` where some prices are unknown, None where all are."""
    if spent.unpriced and spent.unpriced >= spent.asked:
        return None
    return ("≥ " if spent.unpriced else "") + money(spent.cost_usd, round(spent.asked), 0)

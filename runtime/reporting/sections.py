"""The report as sections of lines and tables, in the words that every view shows."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import mean

from ..cli.wording import counted, duration, money, thousands
from .report import Built, Cell, Demand, End, Report, Section, Table
from .spending import Spent


def sections(report: Report) -> tuple[Section, ...]:
    """What stands under the waterfall, the report's further sections last."""
    ours = (
        Section(
            "Answers",
            tuple(_answers(report)),
            _tables(_yields(report), _calls(report), _tokens(report)),
        ),
        Section("What the answers went into", (), _tables(_ends(report))),
        Section("Environments: tokens and cost", (), _tables(_costs(report))),
        Section(
            "Environments: inspections and scenarios",
            tuple(_inspection_lines(report)),
            _tables(_inspections(report)),
        ),
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


def _yields(report: Report) -> Table:
    each = {
        "admitted environment, losses included": report.per_environment,
        "certified scenario, losses included": report.per_scenario,
    }
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            what,
            f"{s.answers:.1f}",
            thousands(round(s.prompt_chars)),
            thousands(round(s.tokens)),
            _price(s),
        )
        for what, s in each.items()
        if s is not None
    )
    columns = ("for each", "answers", "prompt characters", "tokens", "cost")
    return Table(columns, rows, right=columns[1:])


def _calls(report: Report) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (step, *map(_count, (s.asked, s.replayed, s.shared, s.failed)), duration(s.seconds))
        for step, s in _by_step(report)
    )
    columns = ("step", "asked", "replayed", "shared", "failed", "waiting")
    return Table(columns, rows, right=columns[1:])


def _tokens(report: Report) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            step, thousands(round(s.prompt_tokens)), thousands(round(s.completion_tokens)),
            _share(s.tokens, report.spent.tokens), _price(s),
        )
        for step, s in _by_step(report)
    )  # fmt: skip
    columns = ("step", "prompt tokens", "completion tokens", "share", "cost")
    return Table(columns, rows, right=columns[1:])


def _by_step(report: Report) -> list[tuple[str, Spent]]:
    """The steps and then their sum; nothing where nothing was asked."""
    named = [(step or "(no step)", spent) for step, spent in report.by_step.items()]
    return [*named, ("all", report.spent)] if named else []


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


def _costs(report: Report) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for built in report.environments:
        parts = (built.making, built.scenarios, built.episodes)
        spent = sum(parts, Spent())
        tokens = (thousands(round(part.tokens)) for part in parts)
        rows.append((built.class_name, _count(spent.answers), *tokens, _price(spent)))
    columns = ("class", "answers", "making", "scenarios", "episodes", "cost")
    return Table(columns, tuple(rows), right=columns[1:])


def _inspection_lines(report: Report) -> Iterator[str]:
    found = [built.inspected for built in report.environments if built.inspected]
    if not found:
        return
    rates = [one.pass_rate for one in found if one.pass_rate is not None]
    rate = f", mean pass rate {mean(rates):.2f}, lowest {min(rates):.2f}" if rates else ""
    yield (
        f"{counted(len(found), 'admitted class', 'admitted classes')}: "
        f"{counted(sum(one.repairs for one in found), 'repair')}, "
        f"{counted(sum(one.test_calls for one in found), 'test call')} "
        f"({sum(one.passed for one in found)} passed, {sum(one.warned for one in found)} with a "
        f"warning, {sum(one.failed for one in found)} failed){rate}"
    )


def _inspections(report: Report) -> Table:
    rows = tuple(_inspection(built) for built in report.environments)
    columns = ("class", "repairs", "probes", "calls", "rules", "pass rate", "certified")
    return Table(columns, rows, right=columns[1:])


def _inspection(built: Built) -> tuple[Cell, ...]:
    certified = f"{built.certified} of {built.tried}"
    found = built.inspected
    if found is None:
        return (built.class_name, None, None, None, None, None, certified)
    return (
        built.class_name, found.repairs, found.probes, found.test_calls,
        f"{found.rules_tested} of {built.rules}",
        None if found.pass_rate is None else f"{found.pass_rate:.2f}", certified,
    )  # fmt: skip


def _demands(demands: tuple[Demand, ...]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (d.demand, d.certificates, d.holding, d.tried, d.held) for d in demands
    )
    columns = ("demand", "certificates", "hold", "tried", "held")
    return Table(columns, rows, right=columns[1:])


def _count(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


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

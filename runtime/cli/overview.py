"""Everything that a run or an export holds, in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import mean

from rich.console import Group, RenderableType

from ..journal import STAGES
from ..records import Environment, Scenario
from ..state import Json
from .blocks import Cell, paragraph, reward, section, table, verdict
from .sources import Shelf
from .wording import counted, money, one_line, thousands


def overview(shelf: Shelf) -> RenderableType:
    counts = [
        counted(len(shelf.environments), "environment"),
        counted(len(shelf.scenarios), "scenario"),
        counted(len(shelf.trajectories), "trajectory", "trajectories"),
    ]
    parts: list[RenderableType] = [paragraph(f"{shelf.folder}: {', '.join(counts)}", "bold")]
    if shelf.outcomes is not None:
        parts.append(section("Stages", *_stages(shelf)))
        parts.append(section("Dropped", _dropped(shelf)))
    parts.append(section("Environments", _environments(shelf)))
    parts.append(section("Scenarios", scenarios_table(shelf, shelf.scenarios)))
    parts.append(section("Agents", _agents(shelf)))
    return Group(*parts)


def _stages(shelf: Shelf) -> Iterator[RenderableType | None]:
    ended = Counter((outcome.stage, outcome.status) for outcome in shelf.outcomes or ())
    rows: list[list[Cell]] = [
        [stage, ended[stage, "kept"], ended[stage, "rejected"]] for stage in STAGES
    ]
    yield table(("stage", "kept", "dropped"), rows, right=("kept", "dropped"))
    if shelf.ledger and shelf.ledger.total.answers:
        sums = shelf.ledger.total
        tokens = thousands(sums.prompt_tokens + sums.completion_tokens)
        yield paragraph(
            f"{sums.answers} answers ({sums.asked} asked, {sums.replayed} replayed), "
            f"{tokens} tokens, {money(sums.cost_usd, sums.asked, sums.unpriced)}"
        )


def _dropped(shelf: Shelf) -> RenderableType | None:
    rows: list[list[Cell]] = [
        [outcome.stage, outcome.item, one_line(outcome.reason, 240)]
        for outcome in shelf.outcomes or ()
        if outcome.status == "rejected"
    ]
    return table(("stage", "item", "reason"), rows, whole=("stage",))


def _environments(shelf: Shelf) -> RenderableType | None:
    rows: list[list[Cell]] = []
    for e in shelf.environments:
        found = shelf.inspections.get(e.id)
        rate = f"{found.pass_rate:.2f}" if found and found.pass_rate is not None else None
        scenarios = len(shelf.scenarios_of(e))
        rows.append([e.id, e.class_name, len(e.tools), len(e.plan.rules), scenarios, rate])
    columns = ("id", "class", "tools", "rules", "scenarios", "pass rate")
    return table(columns, rows, right=columns[2:], whole=("id",))


def scenarios_table(shelf: Shelf, scenarios: list[Scenario]) -> RenderableType | None:
    rows: list[list[Cell]] = []
    for s in scenarios:
        proof = shelf.certificates.get(s.id)
        calls = len(s.solutions[0].calls) if s.solutions else 0
        rows.append(
            [s.id, verdict(proof.holds if proof else None), calls, len(s.checks.goals),
             one_line(s.task, 160)]
        )  # fmt: skip
    columns = ("id", "certified", "calls", "goals", "task")
    return table(columns, rows, right=("calls", "goals"), whole=("id",))


def _agents(shelf: Shelf) -> RenderableType | None:
    rows: list[list[Cell]] = []
    for agent in sorted({trajectory.agent for trajectory in shelf.trajectories}):
        mine = [t for t in shelf.trajectories if t.agent == agent]
        rewards = [t.score.reward for t in mine if t.score.reward is not None]
        average = reward(mean(rewards)) if rewards else None
        solved = sum(value == 1 for value in rewards)
        rows.append([one_line(agent, 60), len(mine), solved, len(mine) - len(rewards), average])
    columns = ("agent", "trajectories", "solved", "masked", "mean reward")
    return table(columns, rows, right=columns[1:])


def overview_json(shelf: Shelf) -> Json:
    """The tables as one JSON value."""
    funnel: dict[str, dict[str, int]] = {}
    for outcome in shelf.outcomes or ():
        counts = funnel.setdefault(outcome.stage, {"kept": 0, "rejected": 0})
        counts[outcome.status] += 1
    return {
        "folder": str(shelf.folder),
        "stages": funnel,
        "dropped": [
            {"stage": o.stage, "item": o.item, "reason": o.reason}
            for o in shelf.outcomes or ()
            if o.status == "rejected"
        ],
        "environments": [_environment_row(shelf, e) for e in shelf.environments],
        "scenarios": [_scenario_row(shelf, s) for s in shelf.scenarios],
        "trajectories": [
            {
                "id": t.id, "scenario": t.scenario, "agent": t.agent,
                "reward": t.score.reward, "steps": len(t.steps), "ended": t.ended,
            }
            for t in shelf.trajectories
        ],
    }  # fmt: skip


def _environment_row(shelf: Shelf, environment: Environment) -> Json:
    inspection = shelf.inspections.get(environment.id)
    return {
        "id": environment.id,
        "class_name": environment.class_name,
        "summary": environment.plan.summary,
        "tools": len(environment.tools),
        "rules": len(environment.plan.rules),
        "scenarios": [scenario.id for scenario in shelf.scenarios_of(environment)],
        "pass_rate": inspection.pass_rate if inspection else None,
    }


def _scenario_row(shelf: Shelf, scenario: Scenario) -> Json:
    proof = shelf.certificates.get(scenario.id)
    return {
        "id": scenario.id,
        "environment": scenario.environment,
        "task": scenario.task,
        "goals": len(scenario.checks.goals),
        "certified": proof.holds if proof else None,
        "trajectories": [trajectory.id for trajectory in shelf.trajectories_of(scenario)],
    }

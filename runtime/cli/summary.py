"""The summary of a run: what was made, what was lost and why, and what it took."""

from __future__ import annotations

import resource
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from rich.console import Console

from ..journal import STAGES
from ..run_folder import EXPORT
from ..state import Json
from .blocks import Cell, bullets, paragraph, reward, section, table
from .tally import STATUSES, Tally, grouped
from .wording import counted, duration, money, thousands

if TYPE_CHECKING:
    from ...programs.run import Synthesized

_MOST_REASONS = 12


def report(done: Synthesized, tally: Tally, folder: Path, seconds: float) -> dict[str, Json]:
    """Everything about a run that is over, as one JSON value."""
    unfinished = [settled for settled in tally.lost if settled.status == "unfinished"]
    return {
        "folder": str(folder),
        "export": str(folder / EXPORT),
        "model": done.model,
        "complete": not done.errors,
        "stages": {
            stage: {status: tally.count(stage, status) for status in STATUSES} for stage in STAGES
        },
        "losses": [
            {"stage": stage, "reason": reason, "count": count}
            for stage, reason, count in grouped(tally.lost)
        ],
        "unfinished": [{"stage": s.stage, "item": s.item, "reason": s.reason} for s in unfinished],
        "first_error": str(done.errors[0]) if done.errors else None,
        "ledger": {
            "total": asdict(done.ledger.total),
            "by_step": {step: asdict(sums) for step, sums in sorted(done.ledger.by_step.items())},
        },
        "environments": _environments(done),
        "warnings": list(done.warnings),
        "seconds": round(seconds, 3),
        "peak_memory_mb": peak_memory_mb(),
    }


def _environments(done: Synthesized) -> list[Json]:
    made = []
    for environment in done.export.environments:
        mine = [s for s in done.export.scenarios if s.environment == environment.id]
        ids = {scenario.id for scenario in mine}
        played = [
            trajectory.score.reward
            for trajectory in done.export.trajectories
            if trajectory.scenario in ids and trajectory.agent != "reference"
        ]
        rewards = [value for value in played if value is not None]
        made.append(
            {
                "id": environment.id,
                "class_name": environment.class_name,
                "tools": len(environment.tools),
                "rules": len(environment.plan.rules),
                "scenarios": [scenario.id for scenario in mine],
                "episodes": len(played),
                "mean_reward": mean(rewards) if rewards else None,
            }
        )
    return made


def peak_memory_mb() -> dict[str, float]:
    """The most memory that this process, and the largest of its ended workers, ever took."""
    unit = 1 if sys.platform == "darwin" else 1024
    who = {"host": resource.RUSAGE_SELF, "largest_worker": resource.RUSAGE_CHILDREN}
    return {
        name: round(resource.getrusage(number).ru_maxrss * unit / 1e6, 1)
        for name, number in who.items()
    }


# ------------------------------------------------------------------ for people


def print_report(screen: Console, told: dict[str, Json]) -> None:
    """Print a report as tables and lines."""
    screen.print(
        section("Stages", _stages(told)),
        section("Dropped", _losses(told)),
        section("Answers", _ledger(told)),
        section("Environments", _made(told)),
        section("Warnings", bullets(("!", warning) for warning in told["warnings"])),
        section("Unfinished", _unfinished(told)),
        section("Done", *_closing(told)),
    )


def _stages(told: dict[str, Json]) -> Json:
    rows: list[list[Cell]] = [[stage, *counts.values()] for stage, counts in told["stages"].items()]
    columns = ("stage", "kept", "dropped", "unfinished")
    return table(columns, rows, right=columns[1:])


def _losses(told: dict[str, Json]) -> Json:
    losses = told["losses"]
    rows: list[list[Cell]] = [
        [loss["stage"], loss["count"], loss["reason"]] for loss in losses[:_MOST_REASONS]
    ]
    if rest := losses[_MOST_REASONS:]:
        rows.append(["", sum(loss["count"] for loss in rest), "for other reasons; see --json"])
    return table(("stage", "count", "reason"), rows, right=("count",))


def _ledger(told: dict[str, Json]) -> Json:
    total = told["ledger"]["total"]
    if not total["asked"] + total["failed"]:
        return paragraph(f"{counted(total['replayed'], 'answer')} replayed, none asked for")
    sums = {**told["ledger"]["by_step"], "all": told["ledger"]["total"]}
    rows: list[list[Cell]] = [
        [
            step or "(no step)", s["asked"], s["replayed"] + s["shared"], s["failed"],
            thousands(s["prompt_tokens"]), thousands(s["completion_tokens"]),
            None if s["unpriced"] else money(s["cost_usd"], s["asked"], 0),
        ]
        for step, s in sums.items()
    ]  # fmt: skip
    columns = ("step", "asked", "replayed", "failed", "tokens in", "tokens out", "cost")
    return table(columns, rows, right=columns[1:], whole=("step",))


def _made(told: dict[str, Json]) -> Json:
    rows: list[list[Cell]] = [
        [
            e["class_name"], e["tools"], e["rules"], len(e["scenarios"]), e["episodes"],
            None if e["mean_reward"] is None else reward(e["mean_reward"]),
        ]
        for e in told["environments"]
    ]  # fmt: skip
    columns = ("class", "tools", "rules", "scenarios", "episodes", "mean reward")
    return table(columns, rows, right=columns[1:], whole=("class",))


def _unfinished(told: dict[str, Json]) -> Json:
    if told["complete"]:
        return None
    count = counted(len(told["unfinished"]), "item")
    return paragraph(f"{count} could not be finished; the first because: {told['first_error']}")


def _closing(told: dict[str, Json]) -> list[Json]:
    memory = told["peak_memory_mb"]
    scenarios = sum(len(e["scenarios"]) for e in told["environments"])
    return [
        paragraph(
            f"{counted(len(told['environments']), 'environment')} and "
            f"{counted(scenarios, 'certified scenario')} by {told['model']} in "
            f"{duration(told['seconds'])}, peak memory {memory['host']:.0f} MB and "
            f"{memory['largest_worker']:.0f} MB in the largest worker"
        ),
        paragraph(f"Export: {told['export']}"),
        bullets(("$", command) for command in next_commands(told)),
    ]


def next_commands(told: dict[str, Json]) -> list[str]:
    """What to type next."""
    folder = shlex.quote(told["folder"])
    commands = [f"envscaler show {folder}"]
    environments = told["environments"]
    if environments:
        commands.append(f"envscaler show {folder} {environments[0]['class_name']}")
    scenarios = [scenario for e in environments for scenario in e["scenarios"]]
    if scenarios:
        commands.append(f"envscaler show {folder} {scenarios[0]}")
    return [*commands, f"envscaler verify {folder}"] if environments else commands

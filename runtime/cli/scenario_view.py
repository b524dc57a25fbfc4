"""One scenario: task, reference solution with what each call did, checks, certificate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from rich.console import Group, RenderableType
from rich.text import Text

from ..records import (
    Certificate,
    Change,
    Checks,
    Difficulty,
    PlannedCall,
    Scenario,
    Step,
    Trajectory,
    UserProfile,
)
from ..state import Json, at
from .blocks import Cell, bullets, change, indented, paragraph, reward, section, table, verdict
from .sources import Shelf
from .wording import clean, counted, one_line, shown

_RESULT = 400
"""Characters of a call's result that are printed."""


def scenario_view(shelf: Shelf, scenario: Scenario) -> RenderableType:
    environment = shelf.environment(scenario)
    trajectories = shelf.trajectories_of(scenario)
    reference = next((t for t in trajectories if t.agent == "reference"), None)
    checks, proof = scenario.checks, shelf.certificates.get(scenario.id)
    difficulty = shelf.difficulties.get(scenario.id)
    return Group(
        paragraph(f"{scenario.id}  of {environment.class_name if environment else '?'} "
                  f"({scenario.environment})", "bold"),
        section("Task", paragraph(scenario.task), *_user(scenario.user)),
        section("Initial state", bullets(_sizes(scenario.initial_state))),
        section("Reference solution", *_solution(scenario, reference.steps if reference else ())),
        section("Goals", *_goals(scenario)),
        section("Accepted end states", *_outcomes(scenario)),
        section("Guards", bullets(("·", guard.text) for guard in checks.guards)),
        section("Certificate", *_certificate(proof)),
        section("Difficulty", paragraph(_difficulty(difficulty)) if difficulty else None),
        section("Trajectories", _trajectories(trajectories)),
    )  # fmt: skip


def _user(user: UserProfile | None) -> list[RenderableType | None]:
    if user is None:
        return []
    said = [("knows", user.knows), ("wants", user.wants), ("hides", user.hides)]
    return [bullets((f"user {what}", text) for what, text in said if text)]


def _sizes(state: dict[str, Json]) -> Iterator[tuple[str, str]]:
    for name, value in state.items():
        size = counted(len(value), "record") if isinstance(value, dict) else shown(value, 80)
        yield name, size


def _difficulty(difficulty: Difficulty) -> str:
    told = difficulty.model_dump(exclude={"scenario"})
    return ", ".join(f"{value} {name}" for name, value in told.items())


def _trajectories(trajectories: Iterable[Trajectory]) -> RenderableType | None:
    rows: list[list[Cell]] = [
        [t.id, one_line(t.agent, 60), reward(t.score.reward), len(t.steps), t.ended]
        for t in trajectories
    ]
    columns = ("id", "agent", "reward", "steps", "ended")
    return table(columns, rows, right=("reward", "steps"), whole=("id",))


# ------------------------------------------------------------------ reference


def _solution(scenario: Scenario, steps: Iterable[Step]) -> Iterator[RenderableType]:
    """The first solution, call by call; without a reference trajectory only what was called."""
    if not scenario.solutions:
        yield paragraph("none is recorded", "red")
        return
    plan = scenario.solutions[0].plan
    for planned, step in zip_longest(plan, steps):
        yield planned_call(planned) if planned else Text("a call beyond the plan", style="red")
        if step:
            yield indented(*effects(step), by=5)
    if len(scenario.solutions) > 1:
        yield paragraph(f"and {counted(len(scenario.solutions) - 1, 'further solution')}", "dim")


def planned_call(call: PlannedCall) -> Text:
    expected = "" if call.expect == "ok" else "  (must be refused)"
    return Text.assemble(
        f"{call.n:2}. ", (clean(call.tool), "bold cyan"), f" {shown(call.arguments)}",
        (expected, "yellow"),
    )  # fmt: skip


def effects(step: Step) -> Iterator[Text]:
    """How a call ended, what it returned and each place that it changed."""
    style = {"ok": "green", "refused": "yellow"}.get(step.status, "red")
    yield Text.assemble((step.status, style), f" {shown(step.result, _RESULT)}")
    for path, kind, old, new in step.changes:
        yield change(path, kind, old, new)


# ------------------------------------------------------------------ checks


def _goals(scenario: Scenario) -> Iterator[RenderableType]:
    checks = scenario.checks
    owned = checks.outcomes[0].changes if checks.outcomes else ()
    for index, text in enumerate(checks.goals):
        yield paragraph(f"{index + 1}. {text}")
        yield indented(
            *(_expected(scenario, c) for c in owned if c.goal == index), *_answer(checks, index),
            by=5,
        )  # fmt: skip


def _answer(checks: Checks, index: int) -> list[Text]:
    if checks.answer is None or index < len(checks.goals) - 1:
        return []
    return [Text(f"the answer is {shown(checks.answer)}", style="green")]


def _expected(scenario: Scenario, wanted: Change) -> Text:
    """A change that an accepted end state must show, with the rules that loosen it."""
    line = change(wanted.path, wanted.kind, _before(scenario, wanted), wanted.value)
    if wanted.made:
        line.append("  (the key is the system's to choose)", style="dim")
    for path, rule in wanted.loose.items():
        values = ", ".join(shown(value, 60) for value in rule.values)
        line.append(f"\n  {clean(path) or 'the value'}: {rule.kind} {values}", style="yellow")
    return line


def _before(scenario: Scenario, wanted: Change) -> Json:
    try:
        return at(scenario.initial_state, wanted.path)
    except KeyError:
        return None


def _outcomes(scenario: Scenario) -> Iterator[RenderableType]:
    outcomes = scenario.checks.outcomes
    yield paragraph(f"{counted(len(outcomes), 'end state')}, each reached by executed calls")
    for number, outcome in enumerate(outcomes[1:], 2):
        others = [c for c in outcome.changes if c not in outcomes[0].changes]
        yield paragraph(f"{number}. differs from the first in:")
        yield indented(*(_expected(scenario, c) for c in others), by=5)


def _certificate(proof: Certificate | None) -> list[RenderableType | None]:
    if proof is None:
        return [paragraph("none is recorded", "red")]
    rows: list[list[Cell]] = [
        [verdict(row.holds), f"{row.held}/{row.tried}", row.demand] for row in proof.rows
    ]
    failures = [(row.demand, failure) for row in proof.rows for failure in row.failures]
    return [
        paragraph(f"grader {proof.grader}: {'holds' if proof.holds else 'does NOT hold'}"),
        table(("holds", "held", "demand"), rows, right=("held",)),
        bullets(("!", f"{demand}: {text}") for demand, text in failures),
    ]

"""One trajectory, turn by turn, with what each call did to the state."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from ..records import Step, Trajectory
from ..state import Json
from ..tools import SUBMIT
from .blocks import heading, indented, paragraph, reward, verdict
from .scenario_view import effects
from .sources import Shelf
from .wording import clean, one_line, shown


def trajectory_view(shelf: Shelf, trajectory: Trajectory) -> RenderableType:
    score = trajectory.score
    goals = Text(" ").join(verdict(done) for done in score.goals)
    return Group(
        paragraph(f"{trajectory.id}  by {trajectory.agent} in {trajectory.scenario}", "bold"),
        Text.assemble("reward ", reward(score.reward), "  goals ", goals,
                      "  guards ", verdict(score.guards), "  frame ", verdict(score.frame),
                      f"  ended: {trajectory.ended}"),
        *([paragraph(f"masked: {score.error}", "yellow")] if score.error else []),
        *_turns(trajectory),
    )  # fmt: skip


def _turns(trajectory: Trajectory) -> Iterator[RenderableType]:
    steps = iter(trajectory.steps)
    turn = 0
    for message in trajectory.messages:
        role, content = message.get("role"), message.get("content")
        if role == "tool":
            continue
        if role == "assistant":
            turn += 1
        yield heading(f"turn {turn}" if role == "assistant" else str(role))
        if content:
            yield indented(paragraph(content if isinstance(content, str) else shown(content)))
        for call in message.get("tool_calls") or ():
            yield from _call(call, steps)


def _call(call: Json, steps: Iterator[Step]) -> Iterator[RenderableType]:
    function = call.get("function", {}) if isinstance(call, dict) else {}
    name = clean(str(function.get("name")))
    yield indented(
        Text.assemble((name, "bold cyan"), f" {one_line(str(function.get('arguments')))}")
    )
    step = None if name == SUBMIT.name else next(steps, None)
    if step:
        yield indented(*effects(step), by=5)

"""Checks as text: the specification that the matcher reads, and upstream's standalone functions."""

from __future__ import annotations

import textwrap
from functools import cache
from importlib.resources import files

from ..records import Change, Checks, Scenario
from ..state import Json


@cache
def matcher_source() -> str:
    """The text of `matcher.py`, which every check runs."""
    return files(__package__).joinpath("matcher.py").read_text(encoding="utf-8")


@cache
def _matcher_body() -> str:
    """The matcher without its module docstring, for embedding."""
    return matcher_source().split('"""\n', 1)[-1].strip()


def specification(checks: Checks) -> dict[str, Json]:
    """Checks in the form that the matcher takes."""
    owned = len({change.goal for outcome in checks.outcomes for change in outcome.changes})
    return {
        "goals": max(owned, len(checks.goals) - (checks.answer is not None)),
        "guards": [[g.collection, g.attribute, g.target] for g in checks.guards],
        "answer": checks.answer,
        "outcomes": [[_change(c) for c in outcome.changes] for outcome in checks.outcomes],
    }


def _change(change: Change) -> list[Json]:
    loose = {path: rule.model_dump(mode="json") for path, rule in change.loose.items()}
    return [list(change.path), change.kind, change.value, change.goal, change.made, loose]


def render_functions(scenario: Scenario) -> list[tuple[str, str]]:
    """Upstream's form: for each goal its text and a standalone `check_func(final_state)`.

    Guards and the frame are folded into every function; `initial_state` is the only global. The
    mean over all of them is the reward.
    """
    spec = specification(scenario.checks)
    body = textwrap.indent(_matcher_body(), "    ")
    return [
        (
            text,
            "def check_func(final_state):\n"
            f'    """{_docstring(text)}"""\n'
            f"    specification = {spec!r}\n\n{body}\n\n"
            "    verdict = grade(specification, initial_state, final_state, None)\n"
            f'    return verdict["guards"] and verdict["frame"] and verdict["goals"][{index}]\n',
        )
        for index, text in enumerate(scenario.checks.goals)
    ]


def _docstring(text: str) -> str:
    return text.replace("\\", "").replace('"', "'")

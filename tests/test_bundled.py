"""The bundled example, end to end: real recorded completions, everything else real."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from envscaler import (
    ModelSettings,
    SkeletonSettings,
    Synthesized,
    read_export,
    read_tasks,
    synthesize,
)
from envscaler.runtime.bundled import recording_path
from envscaler.runtime.errors import ReplayMiss
from envscaler.runtime.verification import verify_export


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(out=tmp_path_factory.mktemp("bundled") / "run")


def folder(made: Synthesized) -> Path:
    assert made.folder is not None
    return made.folder


def files(export: Path) -> dict[str, bytes]:
    return {str(p.relative_to(export)): p.read_bytes() for p in export.rglob("*") if p.is_file()}


def test_the_tasks_cover_domains_and_a_third_needs_no_environment(made: Synthesized) -> None:
    turned_away = [s for s in made.journal.settled if s.stage == "task" and s.status == "rejected"]
    assert len(read_tasks(None)) >= 24
    assert len(turned_away) >= 8
    assert all("needs no environment" in s.reason for s in turned_away)


def test_the_default_command_makes_environments_of_the_promised_size(made: Synthesized) -> None:
    assert len(made.export.environments) >= 2
    for environment in made.export.environments:
        assert 10 <= len(environment.tools) <= 25
        assert len(environment.plan.rules) >= 5


def test_the_default_command_makes_certified_scenarios_of_the_promised_size(
    made: Synthesized,
) -> None:
    assert len(made.export.scenarios) >= 4
    certified = {c.scenario for c in made.export.certificates if c.holds}
    for scenario in made.export.scenarios:
        calls = scenario.solutions[0].calls
        assert scenario.id in certified
        assert 3 <= len(calls) <= 15
        assert len({call.tool for call in calls}) >= 3
        assert len({change.path[:2] for change in scenario.checks.outcomes[0].changes}) >= 2


def test_every_scenario_has_a_reference_trajectory_and_some_have_an_agents(
    made: Synthesized,
) -> None:
    reference = {t.scenario for t in made.export.trajectories if t.agent == "reference"}
    others = {t.scenario for t in made.export.trajectories if t.agent != "reference"}
    assert reference == {s.id for s in made.export.scenarios}
    assert len(others) >= 2
    assert all(t.score.reward == 1.0 for t in made.export.trajectories if t.agent == "reference")


def test_nothing_is_asked_and_no_answer_is_missing(made: Synthesized) -> None:
    assert made.errors == ()
    assert made.warnings == ()
    assert made.ledger.total.asked == 0


def test_the_export_verifies(made: Synthesized) -> None:
    verdicts = verify_export(folder(made) / "export")
    assert [v for v in verdicts if not v.holds] == []


def test_the_same_inputs_give_the_same_bytes_also_when_a_finished_run_is_taken_up_again(
    tmp_path: Path,
) -> None:
    first, other = tmp_path / "first", tmp_path / "other"
    two = SkeletonSettings(environments=2)
    for out in (first, other):
        synthesize(out=out, skeletons=two, scenarios=1, rollouts=0)
    before = files(first / "export")
    assert files(other / "export") == before
    again = synthesize(out=first, skeletons=two, scenarios=1, rollouts=0)
    assert again.ledger.total.asked == 0
    assert files(first / "export") == before


def test_an_export_is_read_back_as_it_was_made(made: Synthesized) -> None:
    assert read_export(folder(made) / "export").ordered() == made.export.ordered()


def damaged(rows: list[str], seed: int) -> Iterator[str]:
    """The recording with every tenth completion cut short or garbled."""
    chance = random.Random(seed)
    hit = set(chance.sample(range(len(rows)), len(rows) // 10))
    for n, row in enumerate(rows):
        answer = json.loads(row)
        text = answer["completion"]
        if n in hit and n % 2:
            answer["completion"] = text[: len(text) // 2]
        elif n in hit:
            answer["completion"] = "".join(chance.sample(text, len(text)))
        yield json.dumps(answer)


def test_with_a_tenth_of_the_answers_damaged_the_run_ends_and_its_export_verifies(
    tmp_path: Path,
) -> None:
    rows = recording_path().read_text(encoding="utf-8").splitlines()
    broken = tmp_path / "damaged.jsonl"
    broken.write_text("\n".join(damaged(rows, 1)) + "\n", encoding="utf-8")
    made = synthesize(out=tmp_path / "run", models=ModelSettings(recordings=(broken,)), scenarios=2)
    assert all(isinstance(error, ReplayMiss) for error in made.errors)
    lost = [s for s in made.journal.settled if s.status != "kept"]
    assert lost
    assert all(s.reason for s in lost)
    if made.export.scenarios:
        verdicts = verify_export(tmp_path / "run" / "export")
        assert [v for v in verdicts if not v.holds] == []

"""What a scenario and its trajectories claim: the certificate, the steps, the reward."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ..checks import GRADER, Grader
from ..episodes import Episode
from ..records import Call, Certificate, Difficulty, Environment, Scenario, Score, Step, Trajectory
from ..sandbox import Pool
from ..scenarios.certificate import Trial, certify
from ..scenarios.difficulty import difficulty
from ..state import Json, canonical
from ..tools import SUBMIT
from .verdicts import Findings, short


def same_certificate(
    pool: Pool,
    grader: Grader,
    environment: Environment,
    scenario: Scenario,
    stored: Certificate | None,
    rated: Difficulty | None,
    findings: Findings,
) -> None:
    """Certified from scratch, the scenario has the certificate and difficulty that are stored."""
    with pool.open(environment.source, environment.class_name) as sealed:
        trial = Trial(environment, scenario, sealed, grader)
        fresh = certify(trial)
        runs = trial.references[::2]
    if rated is not None and (not runs or rated != difficulty(scenario, runs[0])):
        findings.fail("its stored difficulty is not the one computed now")
    for row in fresh.rows:
        if not row.holds:
            findings.fail(f"{row.demand}: {'; '.join(row.failures) or 'nothing could be tried'}")
    for n, (solution, run) in enumerate(zip(scenario.solutions, runs, strict=True), 1):
        if solution.calls != run.calls:
            findings.fail(f"reference solution {n} resolves to other calls than the recorded ones")
    findings.note(f"certified again in {sum(row.tried for row in fresh.rows)} trials")
    _compare(stored, fresh, findings)


def _compare(stored: Certificate | None, fresh: Certificate, findings: Findings) -> None:
    if stored is None:
        findings.fail("the export holds no certificate for it")
    elif stored.grader != GRADER:
        findings.note(f"its certificate is of grader {stored.grader}; this is {GRADER}")
        if not stored.holds:
            findings.fail("its stored certificate does not hold")
    elif stored != fresh:
        old, new = ({row.demand: row for row in each.rows} for each in (stored, fresh))
        rows = [name for name in {**new, **old} if new.get(name) != old.get(name)]
        what = "; ".join(rows) or "state hashes"
        findings.fail(f"its stored certificate is not the one computed now, in: {what}")


def same_trajectory(
    pool: Pool,
    grader: Grader,
    environment: Environment,
    scenario: Scenario,
    trajectory: Trajectory,
    findings: Findings,
) -> None:
    """A fresh episode takes the same steps to the same states, and earns the same score."""
    with Episode(pool, environment, scenario) as episode:
        for n, step in enumerate(trajectory.steps, 1):
            made = episode.turn("", [Call(tool=step.tool, arguments=step.arguments)])
            if difference := _difference(made, step):
                findings.fail(f"step {n} ({step.tool}): {difference}")
                return
        episode.answer = trajectory.answer
        score = episode.score(grader)
    if score != trajectory.score:
        findings.fail(f"its score is recorded as {_told(trajectory.score)}; it is {_told(score)}")
    steps = [(step.tool, step.arguments, step.result) for step in trajectory.steps]
    if canonical(steps) != canonical(list(_called(trajectory))):
        findings.fail("its messages tell of other calls or results than its steps")
    findings.note(f"{len(steps)} steps replayed, reward {score.reward}")


def _difference(made: Sequence[Step], step: Step) -> str:
    """In what a repeated step is unlike the recorded one; empty when it is the same."""
    if not made:
        return f"{SUBMIT.name!r} ends an episode and is no step"
    for name in ("status", "result", "state_hash", "changes"):
        old, new = getattr(step, name), getattr(made[0], name)
        if canonical(old) != canonical(new):
            return f"its {name.replace('_', ' ')} is recorded as {short(old)}; it is {short(new)}"
    return ""


def _called(trajectory: Trajectory) -> Iterator[tuple[str, Json, Json]]:
    """Tool, arguments and result of each call that the messages tell of, up to `submit`."""
    results = {m.get("tool_call_id"): m.get("content") for m in trajectory.messages}
    for message in trajectory.messages:
        for call in message.get("tool_calls") or ():
            function = call["function"]
            if function["name"] == SUBMIT.name:
                return
            content = json.loads(results[call["id"]] or "null")
            yield function["name"], json.loads(function["arguments"]), content


def _told(score: Score) -> str:
    parts = [f"{score.reward} with goals {list(score.goals)}"]
    parts += [] if score.guards else ["a guard broken"]
    parts += [] if score.frame else ["something else changed"]
    return ", ".join([*parts, score.error] if score.error else parts)

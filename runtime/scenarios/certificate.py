"""The certificate: a scenario's proof, computed from scratch by executing everything it claims.

Every row of `ROWS` is one demand, a function of the `Trial` that returns its evidence. A scenario
is certified when all of them hold. Kill rates are counted apart for strict values, loosened values
and executed wrong actions, because only the first are near 1 by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..checks import GRADER
from ..records import Certificate, Evidence
from ..state import Json, digest
from .actions import wrong_plans
from .grounding import ungrounded
from .mutants import altered
from .trial import Trial, as_plan

CLAIM = "Task completed"
"""What an agent may answer that has nothing to say."""
SHOWN = 5
"""Failures that a row spells out."""


def _evidence(demand: str, failures: Sequence[str], tried: int) -> Evidence:
    held = max(0, tried - len(failures))
    return Evidence(
        demand=demand, holds=tried > 0 and held == tried, tried=tried, held=held,
        failures=tuple(failures[:SHOWN]),
    )  # fmt: skip


def solvable(trial: Trial) -> Evidence:
    """Every reference solution runs as declared under two seeds, is grounded, and scores 1."""
    runs = trial.references
    failures = [
        run.problem or f"the solution scores {score.reward}: {score}"
        for run, score in zip(runs, trial.verdicts, strict=True)
        if run.problem or score.reward != 1.0
    ]
    for run in runs[::2]:
        failures += ungrounded(trial.scenario.task, trial.environment.plan, run)
    return _evidence("each reference solution is executed and accepted", failures, len(runs))


def not_free(trial: Trial) -> Evidence:
    """Every goal owns a change, is false at the start, and doing nothing scores 0."""
    checks = trial.scenario.checks
    start = trial.scores([trial.initial])[0]
    owned = {c.goal for o in checks.outcomes[:1] for c in o.changes if c.kind != "keep"}
    failures = [
        f"goal {i + 1} ({text}) is {'true at the start' if done else 'without a change'}"
        for i, (text, done) in enumerate(zip(checks.goals, start.goals, strict=False))
        if done
        or (i not in owned and not (checks.answer is not None and i == len(checks.goals) - 1))
    ]
    if start.reward != 0.0:
        failures.append(f"doing nothing scores {start.reward}")
    return _evidence(
        "no goal is true before, and doing nothing scores 0", failures, len(checks.goals) + 1
    )


def guarded(trial: Trial) -> Evidence:
    """The guards hold in the initial state and in every accepted one."""
    states = [trial.initial, *(run.final for run in trial.references)]
    failures = [
        f"a guard is broken {'before' if i == 0 else 'after'} the solution"
        for i, score in enumerate(trial.scores(states))
        if not score.guards
    ]
    return _evidence("guards hold before and after", failures, len(states))


def framed(trial: Trial) -> Evidence:
    """The task done with a side effect scores 0."""
    failures, tried = _survivors(trial, "side effect")
    return _evidence("a side effect on top of the solution scores 0", failures, tried)


def sharp(trial: Trial) -> Evidence:
    """Every end state with one strict change missing, altered or misplaced is rejected."""
    failures, tried = _survivors(trial, "strict")
    answer = trial.scenario.checks.answer
    wrong = [a for a in [*altered(answer), CLAIM] if a != answer] if answer is not None else []
    cases = [(trial.initial, trial.reference.final, other) for other in wrong]
    scores = trial.grader.scores(trial.scenario.checks, cases)
    failures += [
        f"the answer {other!r} scores {score.reward}"
        for other, score in zip(wrong, scores, strict=True)
        if score.reward is None or score.reward >= 1
    ]
    demand = "each changed value and answer, dropped or altered, is rejected"
    return _evidence(demand, failures, tried + len(wrong))


def loosened(trial: Trial) -> Evidence:
    """Values that break the rule standing in place of equality are rejected."""
    failures, tried = _survivors(trial, "loosened")
    demand = "each loosened value is still bounded by its rule"
    return _evidence(demand, failures, tried) if tried else Evidence(demand=demand, holds=True)


def _survivors(trial: Trial, mode: str) -> tuple[list[str], int]:
    """The mutants of a mode that are not rejected, in words, and how many were tried."""
    failures, tried = [], 0
    for checks, made in trial.mutants:
        chosen = [mutant for mutant in made if mutant.mode == mode]
        cases = [(trial.initial, mutant.state, checks.answer) for mutant in chosen]
        scores = trial.grader.scores(checks, cases)
        failures += [
            f"{mutant.what} scores {score.reward}"
            for mutant, score in zip(chosen, scores, strict=True)
            if score.reward is None
            or score.reward >= 1
            or (score.reward > 0 and mode == "side effect")
        ]
        tried += len(chosen)
    return failures, tried


def acted(trial: Trial) -> Evidence:
    """Solutions with a call left out, repeated or aimed elsewhere do not score 1."""
    demand = "executed wrong actions are rejected"
    wrong = wrong_plans(trial.reference)
    runs = trial.run([plan for _, plan in wrong], False)
    told = [
        (what, run) for (what, _), run in zip(wrong, runs, strict=True)
        if digest(run.final) not in trial.accepted
    ]  # fmt: skip
    scores = trial.scores((run.final for _, run in told), trial.scenario.checks.answer)
    failures = [
        f"{what} scores {score.reward}"
        for (what, _), score in zip(told, scores, strict=True)
        if score.reward is None or score.reward >= 1
    ]
    if not trial.reference.touched():
        return Evidence(demand=demand, holds=True)
    return _evidence(demand, failures, len(told))


def tolerant(trial: Trial) -> Evidence:
    """Every executed alternative is accepted, and nothing else: each is reached by its calls."""
    failures = [
        f"accepted end state {i} is not what its recorded calls lead to"
        for i, proven in enumerate(trial.proven, 1)
        if not proven
    ]
    return _evidence("each accepted end state is reached by its calls", failures, len(trial.proven))


def honest(trial: Trial) -> Evidence:
    """Stopping half-way does not pay in full, and claiming success adds nothing."""
    states: list[tuple[str, Json]] = [("doing nothing", trial.initial)]
    writes = [i for i, step in enumerate(trial.reference.steps) if step.changes]
    parts = trial.run([trial.reference.plan[:i] for i in writes[1:]])
    end = digest(trial.reference.final)
    states += [
        (f"stopping before call {i + 1}", part.final)
        for i, part in zip(writes[1:], parts, strict=True)
        if digest(part.final) != end
    ]
    silent = trial.scores(state for _, state in states)
    claimed = trial.scores((state for _, state in states), CLAIM)
    failures = [
        f"{what} and claiming success scores {score.reward} instead of {before.reward}"
        for (what, _), before, score in zip(states, silent, claimed, strict=True)
        if None in (score.reward, before.reward) or score.reward == 1.0 or score != before
    ]
    return _evidence(
        "only a part does not pay as if all were done, nor does a claim", failures, len(states)
    )


def pure(trial: Trial) -> Evidence:
    """Each verdict is the same when it is asked for again."""
    states = [trial.initial, trial.reference.final]
    first, second = trial.scores(states), trial.scores(states)
    failures = [f"{a} and then {b}" for a, b in zip(first, second, strict=True) if a != b]
    return _evidence("each verdict is the same twice", failures, len(states))


ROWS: Mapping[str, Callable[[Trial], Evidence]] = {
    "solvable": solvable,
    "not free": not_free,
    "guarded": guarded,
    "frame": framed,
    "sharp": sharp,
    "loosened": loosened,
    "actions": acted,
    "tolerant": tolerant,
    "honest": honest,
    "pure": pure,
}


def certify(trial: Trial, rows: Iterable[str] = tuple(ROWS)) -> Certificate:
    """The certificate of a scenario; it stops at an unsolvable one, which has nothing to mutate."""
    evidence = [ROWS[name](trial) for name in rows if name == "solvable" or trial.sound]
    return Certificate(
        scenario=trial.scenario.id,
        grader=GRADER,
        rows=tuple(evidence),
        state_hashes=trial.reference.hashes() if trial.references else (),
    )


__all__ = ["ROWS", "Trial", "as_plan", "certify"]

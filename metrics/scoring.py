"""Metrics in the form that DSPy's optimizers and `dspy.Evaluate` call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dspy
from dspy.teleprompt.gepa.gepa_utils import ScoreWithFeedback

from .validity import Validity, class_validity, plan_validity, scenario_validity

GOOD = 0.99
"""Score from which a bootstrapped demonstration counts as right."""


def metric_of(judge: Callable[[dspy.Example, dspy.Prediction], Validity]) -> Callable[..., Any]:
    """A metric for GEPA (with feedback), the bootstrap family (as a filter) and Evaluate.

    Args:
        judge: scores one prediction for one example.
    """

    def metric(
        gold: dspy.Example,
        pred: dspy.Prediction,
        trace: Any = None,
        pred_name: str | None = None,
        pred_trace: Any = None,
    ) -> Any:
        validity = judge(gold, pred)
        if trace is not None and pred_name is None:
            return validity.score >= GOOD
        return ScoreWithFeedback(score=validity.score, feedback=validity.feedback)

    return metric


def _sorting(gold: dspy.Example, pred: dspy.Prediction) -> Validity:
    """The share of the tasks that were sorted rightly, and what was wrong with the others."""
    kept = {task.id for idea in pred.ideas for task in idea.tasks}
    faults = [
        f"{task.text!r} {'needs' if needs else 'does not need'} an environment; you said: "
        f"{pred.turned_away.get(task.id, 'it does')}"
        for task, needs in zip(gold.tasks, gold.needs_environment, strict=True)
        if (task.id in kept) != needs
    ]
    right = 1 - len(faults) / len(gold.tasks)
    return Validity(right, {}, "\n".join(faults) or "Right.")


task_metric = metric_of(_sorting)
"""For `TaskMiner`, over examples (tasks, needs_environment): both as long as the batch."""
plan_metric = metric_of(lambda _, pred: plan_validity(pred.findings, pred.plan is not None))
"""For `Planner`, over examples (idea)."""
class_metric = metric_of(lambda gold, pred: class_validity(pred.inspection, len(gold.plan.rules)))
"""For `ClassBuilder`, over examples (plan, state, source, calls)."""
scenario_metric = metric_of(
    lambda _, pred: scenario_validity(pred.certificate, [p for ps in pred.problems for p in ps])
)
"""For `ScenarioWriter`, over examples (environment, state, index, calls)."""

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


def _judgement(gold: dspy.Example, pred: dspy.Prediction) -> Validity:
    right = not pred.problem and pred.needs_environment == gold.needs_environment
    needs = "needs" if gold.needs_environment else "does not need"
    said = pred.problem or f"{gold.task.text!r} {needs} an environment; you said: {pred.reason}"
    return Validity(float(right), {}, "Right." if right else said)


task_metric = metric_of(_judgement)
"""For `TaskJudge`, over examples (task, needs_environment)."""
plan_metric = metric_of(lambda _, pred: plan_validity(pred.findings, pred.plan is not None))
"""For `Planner`, over examples (idea)."""
class_metric = metric_of(lambda gold, pred: class_validity(pred.inspection, len(gold.plan.rules)))
"""For `ClassBuilder`, over examples (plan, state, source, calls)."""
scenario_metric = metric_of(
    lambda _, pred: scenario_validity(pred.certificate, [p for ps in pred.problems for p in ps])
)
"""For `ScenarioWriter`, over examples (environment, state, index, calls)."""

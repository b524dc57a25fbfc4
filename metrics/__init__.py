"""Execution validity as scores with feedback."""

from .scoring import class_metric, metric_of, plan_metric, scenario_metric, task_metric
from .validity import Validity, class_validity, plan_validity, scenario_validity

__all__ = [
    "Validity",
    "class_metric",
    "class_validity",
    "metric_of",
    "plan_metric",
    "plan_validity",
    "scenario_metric",
    "scenario_validity",
    "task_metric",
]

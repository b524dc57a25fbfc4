"""What each language-model step takes and returns."""

from .acting import Act
from .adapter import SourceAdapter
from .mining import InferIdea, JudgeTask
from .planning import PlanEnvironment, RepairPlan
from .scenarios import (
    GoalRows,
    JudgeEffects,
    LooseRow,
    OpenChoice,
    ProposeScenario,
    RepairScenario,
    RepairState,
    WriteState,
)
from .source import PySource
from .testing import JudgeOutcomes, ProposeTestCalls
from .writing import RepairClass, WriteClass

__all__ = [
    "Act",
    "GoalRows",
    "InferIdea",
    "JudgeEffects",
    "JudgeOutcomes",
    "JudgeTask",
    "LooseRow",
    "OpenChoice",
    "PlanEnvironment",
    "ProposeScenario",
    "ProposeTestCalls",
    "PySource",
    "RepairClass",
    "RepairPlan",
    "RepairScenario",
    "RepairState",
    "SourceAdapter",
    "WriteClass",
    "WriteState",
]

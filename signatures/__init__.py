"""What each language-model step takes and returns."""

from .acting import Act
from .adapter import SourceAdapter
from .mining import FoundIdea, MineTasks, TurnedAway
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
from .testing import (
    JudgeOutcomes,
    Outcome,
    PredictedOutcome,
    PredictOutcomes,
    ProposedCall,
    ProposeTestCalls,
)
from .writing import RepairClass, WriteClass, WriteMethods

__all__ = [
    "Act",
    "FoundIdea",
    "GoalRows",
    "JudgeEffects",
    "JudgeOutcomes",
    "LooseRow",
    "MineTasks",
    "OpenChoice",
    "Outcome",
    "PlanEnvironment",
    "PredictOutcomes",
    "PredictedOutcome",
    "ProposeScenario",
    "ProposeTestCalls",
    "ProposedCall",
    "PySource",
    "RepairClass",
    "RepairPlan",
    "RepairScenario",
    "RepairState",
    "SourceAdapter",
    "TurnedAway",
    "WriteClass",
    "WriteMethods",
    "WriteState",
]

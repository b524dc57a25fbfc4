"""One DSPy module for each step, and the pipelines composed of them."""

from .acting import Agent
from .inspecting import CallProposer, ClassBuilder, ClassWriter, OutcomeJudge
from .mining import IdeaMiner, TaskJudge
from .planning import Planner, StateWriter
from .proposing import ScenarioWriter
from .scenarios import Scenarios
from .skeletons import Skeletons
from .step import Program, Step
from .synthesis import Synthesis

__all__ = [
    "Agent",
    "CallProposer",
    "ClassBuilder",
    "ClassWriter",
    "IdeaMiner",
    "OutcomeJudge",
    "Planner",
    "Program",
    "ScenarioWriter",
    "Scenarios",
    "Skeletons",
    "StateWriter",
    "Step",
    "Synthesis",
    "TaskJudge",
]

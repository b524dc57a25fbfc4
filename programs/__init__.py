"""One DSPy module for each step, and the pipelines composed of them."""

from .acting import Agent
from .inspecting import ClassBuilder
from .mining import TaskMiner
from .planning import Planner, StateWriter
from .proposing import ScenarioWriter
from .scenarios import Scenarios
from .skeletons import Skeletons
from .step import Program, Step
from .synthesis import Synthesis
from .testing import Examiner, OutcomeJudge
from .writing import ClassMender, ClassWriter

__all__ = [
    "Agent",
    "ClassBuilder",
    "ClassMender",
    "ClassWriter",
    "Examiner",
    "OutcomeJudge",
    "Planner",
    "Program",
    "ScenarioWriter",
    "Scenarios",
    "Skeletons",
    "StateWriter",
    "Step",
    "Synthesis",
    "TaskMiner",
]

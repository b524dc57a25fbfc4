"""Language models: replay, recordings, endpoints, budget and ledger. DSPy loads on opening."""

from .answers import Answer, Entry
from .asking import Question, asking, owned_by
from .desk import Event
from .ledger import Ledger, Sums
from .models import Models, open_models
from .settings import REPLAY, Budget, ModelSettings

__all__ = [
    "REPLAY",
    "Answer",
    "Budget",
    "Entry",
    "Event",
    "Ledger",
    "ModelSettings",
    "Models",
    "Question",
    "Sums",
    "asking",
    "open_models",
    "owned_by",
]

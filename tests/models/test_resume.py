"""A run that is killed and started again pays for no answer twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.errors import BudgetSpent
from envscaler.runtime.models import Budget, ModelSettings, open_models
from envscaler.runtime.store import RunStore

_RUN = """
import sys
from pathlib import Path
import dspy
from envscaler.runtime.models import ModelSettings, asking, open_models, owned_by
from envscaler.runtime.store import RunStore
settings = ModelSettings("openai/small", api_base=sys.argv[2], record=Path(sys.argv[3]))
store = RunStore.open(Path(sys.argv[1]), {})
models = open_models(settings, store)
predict = dspy.Predict("text -> answer")
for number in range(8):
    with owned_by(f"item {number}"), asking("write", number), dspy.context(lm=models.lm()):
        print(predict(text=f"text {number}").answer, flush=True)
models.close()
store.close()
"""


def _run(folder: Path, url: str, lines: int) -> list[str]:
    """Run until that many answers are printed, then kill."""
    command = [sys.executable, "-c", _RUN, str(folder), url, str(folder.parent / "all.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = [process.stdout.readline() for _ in range(lines)]
        if lines < 8:
            process.send_signal(signal.SIGKILL)
        return found


def test_a_killed_run_goes_on_where_it_was(endpoint: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    endpoint.delay = 0.1
    _run(folder, endpoint.url, 3)
    _run(folder, endpoint.url, 5)
    assert _run(folder, endpoint.url, 8) == [f"echo text {number}\n" for number in range(8)]
    said = [request["messages"][-1]["content"] for request in endpoint.requests]
    # A request that was under way when the process died is asked again: two kills, two at most.
    assert len(set(said)) == 8 and len(said) <= 10
    assert len((tmp_path / "all.jsonl").read_text().splitlines()) == 8
    with RunStore.read(folder) as store:
        assert [entry.how for entry in store.entries()] == ["asked"] * 8


def test_a_budget_counts_the_whole_run(
    endpoint: Any, ask: Callable[..., str], tmp_path: Path
) -> None:
    settings = ModelSettings("openai/small", api_base=endpoint.url, budget=Budget.parse("2calls"))
    for text in ("one", "two"):
        with RunStore.open(tmp_path / "run", {}) as store, open_models(settings, store) as models:
            ask(models, text)
    with RunStore.open(tmp_path / "run", {}) as store, open_models(settings, store) as models:
        assert ask(models, "one") == "echo one"
        with pytest.raises(BudgetSpent):
            ask(models, "three")
    assert len(endpoint.requests) == 2

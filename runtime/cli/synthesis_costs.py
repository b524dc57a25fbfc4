"""Where the CPU of one model call goes: each part of it alone, many times over."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from ..benchmarks.readings import Reading
from ..benchmarks.synthesis.domains import HAND_MADE
from ..benchmarks.synthesis.model import SimulatedModel
from ..models.answers import Answer, Entry, Reply
from ..models.asking import Question, asking

_ROW = "cost"
_AT_ONCE = 10
"""Calls whose cost is told together: alone each would pay for the start of an event loop."""
_IDEA = HAND_MADE[0]
_INPUTS = {
    "summary": _IDEA.summary,
    "introduction": _IDEA.introduction,
    "tasks": ["Give the bicycle named Fado to the rider Lumi."] * 8,
    "size": "about 15 operations",
}


def costs(times: int) -> Iterator[Reading]:
    """CPU for each call of the step that plans an environment, whose answers are long."""
    with tempfile.TemporaryDirectory() as folder:
        for case, work in _parts(Path(folder)):
            yield Reading(_ROW, case, _cpu(work, times), "ms")
    yield Reading(_ROW, "sealed runs of a class, workers included", _sealed(3), "ms")


def _cpu(work: Callable[[], object], times: int) -> float:
    """Milliseconds of this process for each time, all threads together."""
    work()
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1e3


def _sealed(times: int) -> float:
    """Milliseconds of this process and its workers for each inspection of a class."""
    from ..inspection import inspect_class, run_calls
    from ..records import EnvironmentPlan, TestCall
    from ..sandbox import Pool

    words = {"summary": _IDEA.summary, "introduction": _IDEA.introduction}
    plan = EnvironmentPlan.model_validate({**words, **_IDEA.plan})
    calls = [TestCall.model_validate(call) for call in _IDEA.calls]
    start = os.times()
    with Pool() as pool:
        for number in range(times):
            source = f"{_IDEA.source}\n# {number}\n"
            made = inspect_class(pool, plan, source, _IDEA.state).environment
            if made is not None:
                run_calls(pool, made, _IDEA.state, calls)
    took = os.times()
    return (sum(took[:4]) - sum(start[:4])) / times * 1e3


def _parts(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    from ...signatures import PlanEnvironment, SourceAdapter
    from ..models.lanes import Lanes

    (chat_adapter,) = SourceAdapter.__bases__
    adapter, plain = SourceAdapter(), chat_adapter(use_json_adapter_fallback=False)
    prompt = plain.format(PlanEnvironment, [], _INPUTS)[-1]["content"]
    text, _ = SimulatedModel(HAND_MADE, defective=0).answer("plan environment", prompt, "")
    yield "DSPy's own prompt", lambda: plain.format(PlanEnvironment, [], _INPUTS)
    yield "prompt", lambda: adapter.format(PlanEnvironment, [], _INPUTS)
    yield "DSPy's own parsing", lambda: plain.parse(PlanEnvironment, text)
    yield "parsing", lambda: adapter.parse(PlanEnvironment, text)
    yield "key of the question", _asked
    with closing(Lanes(1)) as lanes:
        yield "to a lane and back", lambda: lanes.submit(_nothing).result()
    yield from _whole(folder, text)


def _asked() -> None:
    with asking("plan environment", _INPUTS):
        """Only the key is wanted."""


def _nothing() -> None:
    """A job that takes no time."""


def _whole(folder: Path, text: str) -> Iterator[tuple[str, Callable[[], object]]]:
    from ...programs import Step
    from ...programs.together import together
    from ...signatures import PlanEnvironment
    from ..models import ModelSettings, open_models
    from ..models.ledger import Ledger
    from ..store import RunStore

    numbers = count()
    with RunStore.open(folder, {"benchmark": "cost"}) as store:
        ledger, entry = Ledger(store), Entry("plan environment", "", "", "m", "asked")

        def book() -> None:
            key = f"booked {next(numbers)}"
            answer = Answer(key=key, step="plan environment", completion=text)
            ledger.book(replace(entry, key=key), answer)

        yield "ledger and store", book
        settings = ModelSettings(
            model="openai/simulated", concurrency=_AT_ONCE, sender=_Ready(text)
        )
        step = Step(PlanEnvironment, "plan environment")
        with open_models(settings, store) as models, asyncio.Runner() as runner:
            step.set_lm(models.lm())

            async def many() -> None:
                await together(step.acall(key=next(numbers), **_INPUTS) for _ in range(_AT_ONCE))

            yield f"{_AT_ONCE} whole calls at once", lambda: runner.run(many())


class _Ready:
    """Says the same to everybody, at once."""

    def __init__(self, text: str) -> None:
        self._reply = Reply(text, "stop", 1, 1, 0.0, 1)

    def send(self, request: Any, question: Question) -> Reply:
        return self._reply

    def close(self) -> None:
        """Nothing is held."""

"""One run of `envscaler bench synthesis`, in a process of its own: it is measured and killed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..benchmarks.synthesis.jobs import Job
    from ..models import ModelSettings
    from ..records import SourceTask

_PERIOD = 0.25
"""Seconds between two looks at the memory."""


def run(job: Job) -> None:
    """Does a job, and writes what came of it beside its folder."""
    from ..benchmarks.processes import resident_bytes
    from ..benchmarks.synthesis.domains import domains, tasks
    from ..benchmarks.synthesis.jobs import Ran

    work = _steps if job.what == "steps" else _pipeline
    import_module("...programs.run", __package__)  # its time is no part of the run
    given, settings = tasks(job.tasks, domains(job.domains)), _settings(job)
    sizes: list[int] = []
    with _watched(lambda: sizes.append(resident_bytes(os.getpid()))):
        start, cpu = time.monotonic(), time.process_time()
        made = work(job, settings, given)
        wall, cpu = time.monotonic() - start, time.process_time() - cpu
    Ran(wall, cpu, tuple(sizes), made).save(job.result)


def _settings(job: Job) -> ModelSettings:
    from ..benchmarks.synthesis.domains import domains
    from ..benchmarks.synthesis.model import SimulatedModel
    from ..benchmarks.synthesis.sending import SimulatedSender
    from ..models import Budget, ModelSettings

    sender = None
    if job.api_base is None:
        model = SimulatedModel(domains(job.domains), job.defective)
        sender = SimulatedSender(model, job.latency, job.log)
    return ModelSettings(
        model="openai/simulated",
        api_base=job.api_base,
        concurrency=job.slots,
        budget=Budget.parse(job.budget) if job.budget else None,
        sender=sender,
    )


def _pipeline(job: Job, settings: ModelSettings, tasks: Sequence[SourceTask]) -> int:
    from ...programs.run import synthesize
    from ...programs.skeletons import SkeletonSettings

    made = synthesize(
        tasks, job.folder, models=settings, skeletons=SkeletonSettings(batch=1), scenarios=0,
        rollouts=0,
    )  # fmt: skip
    return len(made.export.environments)


def _steps(job: Job, settings: ModelSettings, tasks: Sequence[SourceTask]) -> int:
    from ...programs import TaskMiner
    from ...programs.step import complete
    from ...programs.together import together
    from ..models import open_models, owned_by
    from ..store import RunStore

    miner = TaskMiner()

    async def mined(task: SourceTask) -> int:
        with owned_by(task.id):
            return len((await miner.acall(tasks=[task])).ideas)

    async def work() -> int:
        return sum(await together(mined(task) for task in tasks))

    with (
        RunStore.open(job.folder, {"benchmark": "steps"}) as store,
        open_models(settings, store) as models,
    ):
        miner.set_lm(models.lm())
        return complete(work())


@contextmanager
def _watched(look: Callable[[], None]) -> Iterator[None]:
    """Looks again and again, on a thread of its own."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_PERIOD):
            look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()

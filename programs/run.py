"""The whole job as one function: read tasks, open models, synthesize, write the export."""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import dspy

from ..runtime.bundled import recording_path
from ..runtime.checks import GRADER, Grader, render_functions
from ..runtime.embedding import open_embedder
from ..runtime.errors import EnvscalerError, ReplayMiss
from ..runtime.formats import Export, write_export
from ..runtime.journal import Journal, Settled
from ..runtime.models import REPLAY, Event, Ledger, Models, ModelSettings, open_models
from ..runtime.readers import read_tasks
from ..runtime.records import (
    Certificate,
    Difficulty,
    Environment,
    Inspection,
    Provenance,
    Scenario,
    SourceTask,
    Trajectory,
)
from ..runtime.run_folder import EXPORT
from ..runtime.sandbox import Pool
from ..runtime.state import digest
from ..runtime.store import RunStore
from .skeletons import SkeletonSettings
from .step import Step, complete
from .synthesis import Synthesis


@dataclass(frozen=True)
class Synthesized:
    """What a run made, and how."""

    export: Export
    journal: Journal
    ledger: Ledger
    warnings: tuple[str, ...]
    model: str
    folder: Path | None

    @property
    def errors(self) -> tuple[EnvscalerError, ...]:
        """Why items were left unfinished; empty when the run came to its end."""
        return tuple(self.journal.errors)


def synthesize(
    tasks: Path | str | Sequence[SourceTask] | None = None,
    out: Path | str | None = None,
    *,
    models: ModelSettings = ModelSettings(),  # noqa: B008 (frozen)
    limit: int | None = None,
    skeletons: SkeletonSettings = SkeletonSettings(),  # noqa: B008 (frozen)
    scenarios: int = 3,
    rollouts: int = 1,
    unsafe: bool = False,
    on_settled: Callable[[Settled], None] | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Synthesized:
    """Makes environments, certified scenarios and trajectories of task texts.

    Args:
        tasks: a file or `hub:NAME:SPLIT:COLUMN` as `read_tasks` understands them, the tasks
            themselves, or None for the bundled ones.
        out: the run folder; a run that is there already is taken up again. None keeps nothing.
        models: the language model and its limits; by default recorded completions are replayed.
        limit: read at most this many tasks.
        skeletons: which tasks are made into environments, and how large these are.
        scenarios: scenarios to try for each environment.
        rollouts: episodes of a model agent in each certified scenario.
        unsafe: run generated code even where the platform cannot seal it.
        on_settled: called whenever an item is kept, dropped or left unfinished.
        on_event: called for retries and other events of the model layer.

    Raises:
        ConfigurationError, DataError, RunError, SandboxError: see `runtime.errors`. A model that
        stops answering is no error here: what is finished is exported, and `errors` says why the
        rest is not.
    """
    given = _given(tasks, limit)
    bundled = models.model == REPLAY and not models.recordings and recording_path().exists()
    if bundled:
        models = replace(models, recordings=(recording_path(),))
    open_models(models).close()  # a wrong setting must not claim the run folder
    embedder = open_embedder(skeletons.embedder, models)
    with ExitStack() as stack:
        store = None
        if out is not None:
            store = stack.enter_context(
                RunStore.open(
                    Path(out), _fingerprint(given, models, skeletons, scenarios, rollouts)
                )
            )
        opened = stack.enter_context(open_models(models, store, on_event))
        pool = stack.enter_context(Pool(unsafe=unsafe))
        journal = Journal(store, on_settled)
        program = Synthesis(
            pool, Grader(pool), journal, skeletons=skeletons, embedder=embedder,
            scenarios=scenarios, rollouts=rollouts,
        )  # fmt: skip
        _run(program, given, opened, pool)
        export = collect(journal, opened)
        if out is not None:
            write_export(Path(out) / EXPORT, export, render=render_functions)
        return Synthesized(
            export=export, journal=journal, ledger=opened.ledger,
            warnings=(*opened.warnings, *_fit(bundled, journal)), model=opened.label,
            folder=Path(out) if out is not None else None,
        )  # fmt: skip


def _given(
    tasks: Path | str | Sequence[SourceTask] | None, limit: int | None
) -> tuple[SourceTask, ...]:
    if tasks is None or isinstance(tasks, (str, Path)):
        return read_tasks(tasks, limit)
    return tuple(tasks)[:limit]


def _fit(bundled: bool, journal: Journal) -> list[str]:
    """Why the bundled recording may lack answers."""
    if not bundled or not any(isinstance(error, ReplayMiss) for error in journal.errors):
        return []
    return [
        "the bundled recording answers for all the bundled tasks together, with the default "
        "numbers of scenarios and rollouts: ideas of fewer tasks are merged and planned anew"
    ]


def _fingerprint(
    tasks: Sequence[SourceTask],
    models: ModelSettings,
    skeletons: SkeletonSettings,
    scenarios: int,
    rollouts: int,
) -> dict[str, object]:
    """What makes a run this run; anything else may change when it is taken up again."""
    return {
        "tasks": f"{len(tasks)} tasks ({digest([task.id for task in tasks])[:8]})",
        "model": models.label or models.model,
        "skeletons": asdict(skeletons),
        "scenarios": scenarios,
        "rollouts": rollouts,
        "grader": GRADER,
    }


def _run(program: Synthesis, tasks: Sequence[SourceTask], models: Models, pool: Pool) -> None:
    for _, step in program.named_predictors():
        if isinstance(step, Step) and step.name in models.settings.per_step:
            step.set_lm(models.lm(step.name))

    async def work() -> None:
        try:
            await program.acall(tasks=tasks, label=models.label)
        except asyncio.CancelledError:
            pool.close()  # threads that wait for workers would hold up the end
            raise

    with dspy.context(lm=models.lm()):
        complete(work())


def collect(journal: Journal, models: Models) -> Export:
    """The export of what a journal kept."""
    origins = [
        (s.record.id, s.item)
        for s in journal.settled
        if isinstance(s.record, (Environment, Scenario, Trajectory))
    ]
    return Export(
        environments=tuple(journal.kept(Environment)),
        scenarios=tuple(journal.kept(Scenario)),
        trajectories=tuple(journal.kept(Trajectory)),
        inspections=tuple(journal.kept(Inspection)),
        certificates=tuple(journal.kept(Certificate)),
        difficulties=tuple(journal.kept(Difficulty)),
        provenance=tuple(_provenance(ident, item, models) for ident, item in origins),
    )


def _provenance(record: str, item: str, models: Models) -> Provenance:
    took = models.ledger.of(item)
    return Provenance(
        record=record,
        program=f"envscaler {importlib.metadata.version('envscaler')}",
        model=models.label,
        calls=took.answers,
        prompt_tokens=took.prompt_tokens,
        completion_tokens=took.completion_tokens,
    )

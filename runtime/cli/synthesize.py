"""`envscaler synthesize`: a run from the command line, watched and summed up."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..errors import ConfigurationError, EnvscalerError
from ..ideas import IdeaSettings
from ..models import Budget, ModelSettings
from ..readers import read_tasks
from ..sifting import Sifting
from .blocks import console
from .summary import print_report, report
from .tally import Tally, grouped
from .watching import watching
from .wording import counted, one_line

if TYPE_CHECKING:
    from ...programs.run import Synthesized
    from ...programs.skeletons import SkeletonSettings


def settings_of(step_model: Sequence[str], budget: str | None, **given: Any) -> ModelSettings:
    """The model settings of a command line.

    Raises:
        ConfigurationError: a setting is wrong, or a step is unknown.
    """
    per_step = dict(map(_assignment, step_model))
    known = _step_names() if per_step else []
    for step in per_step:
        if step not in known:
            raise ConfigurationError(
                f"--step-model names the step {step!r}; the steps are: {', '.join(known)}"
            )
    return ModelSettings(
        per_step=per_step, budget=Budget.parse(budget) if budget is not None else None, **given
    )


def skeletons_of(least_score: int, languages: Sequence[str], **given: Any) -> SkeletonSettings:
    """The settings of a command line that say what environments are made.

    Raises:
        ConfigurationError: a setting is out of its range.
    """
    from ...programs.skeletons import SkeletonSettings

    kept = () if "any" in languages else tuple(languages)
    return SkeletonSettings(
        sifting=Sifting(languages=kept),
        ideas=IdeaSettings(least_usefulness=least_score, least_modelability=least_score),
        **given,
    )


def _assignment(text: str) -> tuple[str, str]:
    step, equals, model = (part.strip() for part in text.partition("="))
    if not (step and equals and model):
        raise ConfigurationError(
            f"--step-model {text!r} is no assignment: write STEP=MODEL, such as "
            "'write class=openai/gpt-5'"
        )
    return step, model


def _step_names() -> list[str]:
    """The names of all model steps, read off a program that is never run."""
    from ...programs import Step, Synthesis
    from ..checks import Grader
    from ..journal import Journal
    from ..sandbox import Pool

    program = Synthesis(Pool(), cast("Grader", None), Journal())
    return sorted({step.name for _, step in program.named_predictors() if isinstance(step, Step)})


def run(
    tasks: str | None,
    out: Path,
    settings: ModelSettings,
    skeletons: SkeletonSettings,
    *,
    limit: int | None,
    scenarios: int,
    rollouts: int,
    unsafe: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Carry out a run, show it while it goes on, and say what came of it.

    Raises:
        EnvscalerError: as `synthesize`; also the first model error when items are left unfinished,
            and when nothing at all was kept. The export is written before either.
        KeyboardInterrupt: with what a user should know as its text.
    """
    began = time.monotonic()
    given = read_tasks(tasks, limit)
    tally = Tally(len(given), scenarios, rollouts + 1)
    try:
        # Whatever a library prints must not get between the user's own output.
        with redirect_stdout(sys.stderr), watching(tally, out, quiet=quiet) as told:
            from ...programs.run import synthesize

            done = synthesize(
                given, out, models=settings, skeletons=skeletons,
                scenarios=scenarios, rollouts=rollouts, unsafe=unsafe,
                on_settled=told.settled, on_event=told.event,
            )  # fmt: skip
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted: what is finished is kept in {out}, and the same command goes on from it"
        ) from None
    _tell(report(done, tally, out, time.monotonic() - began), quiet=quiet, as_json=as_json)
    _judge(done, tally)


def _tell(told: dict[str, Any], *, quiet: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told, indent=2))
    elif quiet:
        for warning in told["warnings"]:
            print(f"warning: {one_line(warning)}", file=sys.stderr)
    else:
        print_report(console(), told)


def _judge(done: Synthesized, tally: Tally) -> None:
    """Raises what makes a run end with another exit code than 0."""
    if done.errors:
        raise done.errors[0]
    if not done.export.environments:
        most = max(grouped(tally.lost), key=lambda row: row[2], default=None)
        why = f", most often at stage {most[0]!r}: {most[1]} ({most[2]} times)" if most else ""
        raise EnvscalerError(
            f"nothing was kept: {counted(tally.tasks, 'task')} came to no environment{why}"
        )

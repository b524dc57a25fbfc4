"""The commands and their options; each loads what it needs when it is called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..models.settings import ModelSettings
from . import bench, options
from .exits import EPILOG, Commands

app = typer.Typer(
    cls=Commands,
    help="Makes executable tool environments with proven, verifiable tasks out of task texts.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(bench.app, name="bench", epilog=EPILOG)
_DEFAULTS = ModelSettings()


def main() -> None:
    """The entry point of the `envscaler` command."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not end the command.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"envscaler {version('envscaler')}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(epilog=EPILOG)
def synthesize(
    tasks: options.Tasks = None,
    out: options.Out = Path("envscaler-run"),
    limit: options.Limit = None,
    tools: options.Tools = 15,
    environments: options.Environments = None,
    batch: options.Batch = 8,
    least_score: options.LeastScore = 7,
    language: options.Languages = ["en"],  # noqa: B006 (typer copies it)
    embedder: options.EmbedderName = "tfidf",
    decontaminate: options.Decontaminate = True,
    scenarios: options.Scenarios = 3,
    rollouts: options.Rollouts = 1,
    model: options.Model = _DEFAULTS.model,
    api_base: options.ApiBase = None,
    api_key: options.ApiKey = None,
    model_label: options.ModelLabel = None,
    step_model: options.StepModel = None,
    temperature: options.Temperature = None,
    max_tokens: options.MaxTokens = None,
    timeout: options.Timeout = _DEFAULTS.timeout,
    retries: options.Retries = _DEFAULTS.retries,
    concurrency: options.Concurrency = _DEFAULTS.concurrency,
    budget: options.BudgetText = None,
    record: options.Record = None,
    recording: options.Recordings = None,
    unsafe: options.Unsafe = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Make environments, certified scenarios and trajectories out of task texts.

    A run can be stopped at any moment; the same command then goes on with it.

    Without options, recorded answers are replayed: no key and no network needed.
    """
    from .synthesize import run, settings_of, skeletons_of

    skeletons = skeletons_of(
        least_score, language,
        tools=tools, environments=environments, batch=batch, embedder=embedder,
        decontaminate=decontaminate,
    )  # fmt: skip
    settings = settings_of(
        step_model or [], budget,
        model=model, api_base=api_base, api_key=api_key, label=model_label,
        temperature=temperature, max_tokens=max_tokens, timeout=timeout, retries=retries,
        concurrency=concurrency, record=record, recordings=tuple(recording or ()),
    )  # fmt: skip
    run(
        tasks, out, settings, skeletons,
        limit=limit, scenarios=scenarios, rollouts=rollouts, unsafe=unsafe,
        quiet=quiet, as_json=as_json,
    )  # fmt: skip


@app.command(epilog=EPILOG)
def show(run: options.Run, ident: options.Ident = None, as_json: options.AsJson = False) -> None:
    """Show what a run made: all of it, or one environment, scenario or trajectory.

    Works on an export and on the folder of a run, finished, going on or killed.
    """
    from .show import show as print_record

    print_record(run, ident, as_json=as_json)


@app.command(epilog=EPILOG)
def report(
    run: options.LedgeredRun,
    html: options.Html = None,
    png: options.Png = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what a run took in, lost and spent, from its tasks to its trajectories.

    Works on the folder of a run, finished, going on or killed.
    """
    from .report import report as print_report

    print_report(run, html=html, png=png, as_data=as_json)


@app.command(epilog=EPILOG)
def verify(
    folder: options.Folder,
    unsafe: options.Unsafe = False,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Check every claim of an export from scratch, in sealed workers, without a language model.

    Classes are inspected, scenarios certified and trajectories replayed again.

    The checks in upstream/ are run too. Files of upstream EnvScaler (env_metadata.json and
    env_scenario.json) are taken as they are: classes load and reference solutions earn 1 by their
    own checks. The exit code is 1 unless all holds.
    """
    from .verify import run

    run(folder, unsafe=unsafe, quiet=quiet, as_json=as_json)


@app.command(epilog=EPILOG)
def domains(
    folder: options.Run, plot: options.Plot = None, as_json: options.AsJson = False
) -> None:
    """Show what the environments of a run or an export consist of, and how different they are.

    Counts beside upstream EnvScaler's published means, similarity of state schemas and tool
    signatures, and pairs that are too much alike.
    """
    from .domains import domains as print_domains

    print_domains(folder, plot=plot, as_data=as_json)


@app.command(epilog=EPILOG)
def decontaminate(
    source: options.Compared = None,
    signatures: options.Signatures = None,
    quiet: options.Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Compare tasks, a run or an export with BFCL, tau-bench and ACEBench.

    Runs of words, names and parameters of tools are compared as hashes; no benchmark's text is
    shipped. The exit code is 1 when something is too near. `synthesize` does the same by itself.
    """
    from .decontaminate import run

    run(source, signatures=signatures, quiet=quiet, as_json=as_json)


@app.command(epilog=EPILOG)
def admit(
    file: options.Candidate,
    state: options.StateFile = None,
    plan: options.PlanFile = None,
    class_name: options.ClassName = None,
    out: options.AdmittedOut = None,
    unsafe: options.Unsafe = False,
    as_json: options.AsJson = False,
) -> None:
    """Bring your own environment: put a class through the gates that synthesized ones pass.

    Says what it lacks, gate by gate, with the calls that show it, and what could not be looked at.

    Classes are only ever run in sealed workers. Without a plan one is derived from the class, and
    what only our own classes promise is noted and not held against it. The exit code is 1 unless
    every class is admitted.
    """
    from .admit import run

    run(
        file, out,
        state=state, plan=plan, class_name=class_name, unsafe=unsafe, as_json=as_json,
    )  # fmt: skip

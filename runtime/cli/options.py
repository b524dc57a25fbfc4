"""The options of the commands, as types that typer reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

_MODEL, _RUN, _ENVIRONMENTS = "Language model", "Run", "Environments"

Tasks = Annotated[
    str | None,
    Argument(metavar="TASKS", help="Task texts: a .jsonl, .json, .csv, .tsv or .txt file, or "
             "hub:NAME:SPLIT:COLUMN; bundled ones if left out."),
]  # fmt: skip
Out = Annotated[
    Path, Option("--out", metavar="DIR", help="The run folder; a run in it is taken up again.",
                 rich_help_panel=_RUN),
]  # fmt: skip
Limit = Annotated[
    int | None,
    Option("--limit", metavar="N", help="Read at most N tasks.", rich_help_panel=_RUN),
]
Tools = Annotated[
    int,
    Option("--tools", metavar="N", rich_help_panel=_ENVIRONMENTS,
           help="About how many tools an environment has, 4 to 60."),
]  # fmt: skip
Environments = Annotated[
    int | None,
    Option("--environments", metavar="N", rich_help_panel=_ENVIRONMENTS,
           help="Most environments to make; of more ideas those that cover the domains best."),
]  # fmt: skip
Batch = Annotated[
    int,
    Option("--batch", metavar="N", rich_help_panel=_ENVIRONMENTS,
           help="Tasks that the model sorts in one call."),
]  # fmt: skip
LeastScore = Annotated[
    int,
    Option("--least-score", min=1, max=10, metavar="N", rich_help_panel=_ENVIRONMENTS,
           help="Least usefulness and modelability of an idea, of 10."),
]  # fmt: skip
Languages = Annotated[
    list[str],
    Option("--language", metavar="CODE", rich_help_panel=_ENVIRONMENTS,
           help="Language of the tasks to keep, such as en; may be repeated; 'any' keeps all."),
]  # fmt: skip
EmbedderName = Annotated[
    str,
    Option("--embedder", metavar="MODEL", rich_help_panel=_ENVIRONMENTS,
           help="What tells near-duplicate ideas: tfidf, or a hosted model such as "
           "openai/text-embedding-3-small."),
]  # fmt: skip
Decontaminate = Annotated[
    bool,
    Option("--decontaminate/--no-decontaminate", rich_help_panel=_ENVIRONMENTS,
           help="Turn away what is too near to BFCL, tau-bench or ACEBench."),
]  # fmt: skip
Scenarios = Annotated[
    int,
    Option("--scenarios", min=0, metavar="N", help="Scenarios to try for each environment.",
           rich_help_panel=_RUN),
]  # fmt: skip
Rollouts = Annotated[
    int,
    Option("--rollouts", min=0, metavar="N", rich_help_panel=_RUN,
           help="Episodes of the model as an agent in each certified scenario."),
]  # fmt: skip
Model = Annotated[
    str,
    Option("--model", metavar="MODEL", rich_help_panel=_MODEL,
           help="replay, or provider/model as DSPy takes it, such as openai/gpt-5-mini."),
]  # fmt: skip
ApiBase = Annotated[
    str | None,
    Option("--api-base", metavar="URL", rich_help_panel=_MODEL,
           help="An OpenAI-compatible server, such as http://localhost:8000/v1."),
]  # fmt: skip
ApiKey = Annotated[
    str | None,
    Option("--api-key", metavar="KEY", rich_help_panel=_MODEL,
           help="Better kept in the provider's variable, such as OPENAI_API_KEY, or in .env."),
]  # fmt: skip
ModelLabel = Annotated[
    str | None,
    Option("--model-label", metavar="NAME", rich_help_panel=_MODEL,
           help="What cards name as the model, if not the model string."),
]  # fmt: skip
StepModel = Annotated[
    list[str] | None,
    Option("--step-model", metavar="STEP=MODEL", rich_help_panel=_MODEL,
           help="Another model for one step; may be repeated."),
]  # fmt: skip
Temperature = Annotated[float | None, Option("--temperature", metavar="T", rich_help_panel=_MODEL)]
MaxTokens = Annotated[
    int | None,
    Option("--max-tokens", min=1, metavar="N", help="Longest answer.", rich_help_panel=_MODEL),
]
Timeout = Annotated[
    float,
    Option("--timeout", metavar="SECONDS", rich_help_panel=_MODEL,
           help="How long to wait for the endpoint's next byte."),
]  # fmt: skip
Retries = Annotated[
    int,
    Option("--retries", metavar="N", rich_help_panel=_MODEL,
           help="Further attempts after a failure that may pass."),
]  # fmt: skip
Concurrency = Annotated[
    int,
    Option("--concurrency", metavar="N", help="Requests under way at once.",
           rich_help_panel=_MODEL),
]  # fmt: skip
BudgetText = Annotated[
    str | None,
    Option("--budget", metavar="AMOUNT", rich_help_panel=_MODEL,
           help="Most to use in this run: 5usd, 200000tokens or 300calls."),
]  # fmt: skip
Record = Annotated[
    Path | None,
    Option("--record", metavar="FILE", rich_help_panel=_MODEL,
           help="Extend a recording: what it has is replayed, what it lacks is asked."),
]  # fmt: skip
Recordings = Annotated[
    list[Path] | None,
    Option("--recording", metavar="FILE", rich_help_panel=_MODEL,
           help="A recording to answer from; may be repeated."),
]  # fmt: skip
Quiet = Annotated[bool, Option("--quiet", "-q", help="Only say what went wrong.")]
AsJson = Annotated[
    bool, Option("--json", help="Print one JSON document on stdout, and nothing else there.")
]
Run = Annotated[Path, Argument(metavar="RUN", help="The folder of a run or of an export.")]
LedgeredRun = Annotated[Path, Argument(metavar="RUN", help="The folder of a run.")]
Html = Annotated[
    Path | None,
    Option("--html", metavar="FILE", help="Write the report as one self-contained page, too."),
]
Png = Annotated[
    Path | None,
    Option("--png", metavar="FILE", help="Draw the waterfall, too; needs matplotlib."),
]
Ident = Annotated[
    str | None,
    Argument(metavar="ENV|SCENARIO|TRAJECTORY", help="An id, its beginning, or a class name."),
]
Folder = Annotated[
    Path,
    Argument(
        metavar="DIR",
        help="An export, a run folder that holds one, or a folder of upstream EnvScaler's files.",
    ),
]
Unsafe = Annotated[
    bool,
    Option("--unsafe", help="Run generated code even where the platform cannot seal it."),
]
Compared = Annotated[
    Path | None,
    Argument(metavar="SOURCE", help="A file of tasks, a run or an export; the bundled tasks if "
             "left out."),
]  # fmt: skip
Signatures = Annotated[
    Path | None,
    Option("--signatures", metavar="FILE",
           help="Signatures of other benchmarks, as runtime.decontamination.build makes them."),
]  # fmt: skip
Plot = Annotated[
    Path | None,
    Option("--plot", metavar="FILE", help="Draw the overview too: .png, .svg or .pdf."),
]
Candidate = Annotated[
    Path,
    Argument(
        metavar="FILE",
        help="A Python source, upstream EnvScaler's env_metadata.json, or a run or export.",
    ),
]
StateFile = Annotated[
    Path | None,
    Option("--state", metavar="FILE",
           help="The initial state as JSON, or upstream's env_scenario.json."),
]  # fmt: skip
PlanFile = Annotated[
    Path | None,
    Option("--plan", metavar="FILE",
           help="What the class promises, as JSON; derived from the class if left out."),
]  # fmt: skip
ClassName = Annotated[
    str | None, Option("--class", metavar="NAME", help="Which class, or which id of a run.")
]
AdmittedOut = Annotated[
    Path | None,
    Option("--out", metavar="DIR", help="Write what is admitted as an export; needs a plan."),
]

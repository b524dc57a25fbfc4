"""The options of the commands, as types that typer reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

_MODEL, _RUN = "Language model", "Run"

Tasks = Annotated[
    Path | None,
    Argument(metavar="TASKS", help="Task texts: .jsonl, .json or .txt; bundled ones if left out."),
]
Out = Annotated[
    Path, Option("--out", metavar="DIR", help="The run folder; a run in it is taken up again.",
                 rich_help_panel=_RUN),
]  # fmt: skip
Limit = Annotated[
    int | None,
    Option("--limit", metavar="N", help="Read at most N tasks.", rich_help_panel=_RUN),
]
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

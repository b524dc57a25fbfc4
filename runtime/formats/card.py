"""The dataset card: what an export holds, in numbers, and how to open it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean

from .export import Export

_TEMPLATE = """\
---
{front}---

# Executable environments with proven tasks

Stateful tool environments for LLM agents, made with `envscaler`. Every environment is one Python
class whose public methods are the tools. A scenario is an initial state, a task, an executed
reference solution, and checks that were derived from what the solution changed; its certificate
lists what was tried against them.

## What is inside

{counts}

{sizes}

{evidence}

Written by: {models}. Graded by: {graders}.

## How to open it

```python
from datasets import load_dataset

scenarios = load_dataset("<this dataset>", "scenarios", split="train")
```

Nested fields (`tools`, `plan`, `initial_state`, `checks`, `certificate`, `messages`, `steps`, …)
are JSON text: read them with `json.loads`. `reference_solution` is the list of calls
`{{"name", "arguments"}}` that solves the task; `reward` is null where a check crashed and the
episode must be masked. An id is a hash of the record's content, so an edited row no longer
carries its id. The folder `upstream/` holds the same environments and scenarios in the file
format of EnvScaler (`env_metadata.json`, `env_scenario.json`). {left_out}

**The classes and check functions are generated code. Run them in a sandbox only.**

## Limits

- The domains, people and records are invented; rules follow the plan in `plan`, not any law or
  real business.
- A certificate speaks of what was tried: a task may have good end states that no executed
  solution reached, and these are not rewarded.
- Code and data of this export are under the MIT licence. Texts written by a language model may
  also be subject to the terms of that model's provider.
"""


def data_file(table: str) -> str:
    """The path of a table's one file, from the dataset's folder."""
    return f"{table}/train-00000-of-00001.parquet"


def card(export: Export, left_out: int) -> str:
    """The text of the card, front matter included.

    Args:
        export: what the dataset holds.
        left_out: how many scenarios upstream's format cannot express.
    """
    models = sorted({f"`{said.model}`" for said in export.provenance})
    graders = {proof.grader for proof in export.certificates}
    graders |= {report.grader for report in export.inspections}
    return _TEMPLATE.format(
        front=_front_matter(export),
        counts=_counts(export),
        sizes=_sizes(export),
        evidence=_evidence(export),
        models=", ".join(models) or "not recorded",
        graders=", ".join(f"`{grader}`" for grader in sorted(graders)) or "not recorded",
        left_out=_left_out(left_out, len(export.scenarios)),
    )


def _front_matter(export: Export) -> str:
    """The fields that the hub reads; a table without rows is no config, as it cannot be loaded."""
    tables = {
        "environments": len(export.environments),
        "scenarios": len(export.scenarios),
        "trajectories": len(export.trajectories),
    }
    lines = [
        "license: mit",
        "pretty_name: Executable environments with proven tasks",
        "task_categories:",
        "- text-generation",
        "tags:",
        *(f"- {tag}" for tag in ("agent", "tool-use", "reinforcement-learning", "synthetic")),
        "size_categories:",
        f"- {_size_category(max(tables.values()))}",
    ]
    if any(tables.values()):
        lines.append("configs:")
    for name, count in tables.items():
        if count:
            lines += [f"- config_name: {name}", "  data_files:", "  - split: train"]
            lines += [f"    path: {data_file(name)}"]
    return "".join(f"{line}\n" for line in lines)


def _size_category(rows: int) -> str:
    bounds = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")]
    return next((name for bound, name in bounds if rows < bound), "100K<n<1M")


# ------------------------------------------------------------------ tables


def _counts(export: Export) -> str:
    admitted = sum(report.admitted for report in export.inspections)
    certified = sum(proof.holds for proof in export.certificates)
    rewards = [t.score.reward for t in export.trajectories if t.score.reward is not None]
    masked = len(export.trajectories) - len(rewards)
    average = f"mean reward {mean(rewards):.3f}, " if rewards else ""
    rows = [
        ("environments", len(export.environments), f"{admitted} admitted by inspection"),
        ("scenarios", len(export.scenarios), f"{certified} with a certificate that holds"),
        ("trajectories", len(export.trajectories), f"{average}{masked} masked"),
    ]
    return _table(("records", "count", "of these"), rows)


def _sizes(export: Export) -> str:
    solutions = [scenario.solutions[0].calls for scenario in export.scenarios if scenario.solutions]
    measures = [
        ("tools per environment", [len(e.tools) for e in export.environments]),
        ("rules per environment", [len(e.plan.rules) for e in export.environments]),
        ("calls per reference solution", [len(calls) for calls in solutions]),
        ("goals per scenario", [len(s.checks.goals) for s in export.scenarios]),
        ("calls per trajectory", [len(t.steps) for t in export.trajectories]),
    ]
    rows = [
        (name, min(values), f"{mean(values):.1f}", max(values))
        for name, values in measures
        if values
    ]
    return _table(("size", "least", "mean", "most"), rows) if rows else "No sizes: it is empty."


def _evidence(export: Export) -> str:
    """What the certificates tried, demand by demand; for mutants the rate is the kill rate."""
    held: dict[str, list[int]] = {}
    for proof in export.certificates:
        for row in proof.rows:
            sums = held.setdefault(row.demand, [0, 0, 0, 0])
            for index, more in enumerate((1, row.holds, row.tried, row.held)):
                sums[index] += more
    if not held:
        return "No certificates are part of this export."
    rows = [
        (demand, f"{holds} of {scenarios}", tried, kept, f"{kept / tried:.1%}" if tried else "–")
        for demand, (scenarios, holds, tried, kept) in held.items()
    ]
    table = _table(("certificate demand", "scenarios", "tried", "held", "rate"), rows)
    return f"{table}\n\nIn the rows of mutants, the rate is the share of mutants rejected."


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _left_out(count: int, of: int) -> str:
    if not count:
        return "All scenarios are in it."
    return (
        f"{count} of the {of} scenarios are not in it: they ask for an answer, and upstream's "
        "checks see the final state only."
    )

"""Compiling a program's prompts against a metric, and keeping the result."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import dspy

from ..runtime.errors import ConfigurationError, DataError

Optimizer = Literal["gepa", "bootstrap"]


def compile_program(
    program: dspy.Module,
    metric: Callable[..., Any],
    train: Sequence[dspy.Example],
    val: Sequence[dspy.Example],
    *,
    optimizer: Optimizer = "gepa",
    reflection: dspy.LM | None = None,
    max_metric_calls: int = 200,
    seed: int = 0,
) -> dspy.Module:
    """A copy of the program with its instructions (GEPA) or demonstrations (bootstrap) improved.

    Args:
        program: what to compile; it runs on `dspy.settings.lm`. Stored answers do not depend on
            instructions, so compiling on them would learn nothing: the model must not be `replay`,
            and must have been opened without a run store and recordings.
        metric: see `metrics`; higher is better.
        train: examples to learn from.
        val: examples to choose candidates by; none of them in `train`.
        optimizer: GEPA reads the metric's feedback; bootstrap keeps runs that the metric passes.
        reflection: the model that GEPA reflects with; the program's own when None.
        max_metric_calls: GEPA's budget.
        seed: of GEPA's choices.

    Raises:
        ConfigurationError: no model, or a model that only replays.
    """
    lm = dspy.settings.lm
    if lm is None or lm.model == "replay":
        raise ConfigurationError(
            f"compiling needs a model that answers anew, not {lm and lm.model!r}: "
            "open one with open_models and enter dspy.context(lm=models.lm())"
        )
    if optimizer == "bootstrap":
        # A demonstration holds inputs and outputs whole, and those may be classes.
        bootstrap = dspy.BootstrapFewShot(
            metric=metric, max_bootstrapped_demos=1, max_labeled_demos=0
        )
        return bootstrap.compile(program, trainset=list(train))
    gepa = dspy.GEPA(
        metric=metric,
        max_metric_calls=max_metric_calls,
        reflection_lm=reflection or lm,
        add_format_failure_as_feedback=True,
        num_threads=1,
        seed=seed,
    )
    return gepa.compile(program, trainset=list(train), valset=list(val))


def save_program(program: dspy.Module, path: Path) -> None:
    """Writes the prompts of a program as JSON: instructions and demonstrations, no code."""
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = {"program": type(program).__name__, "state": program.dump_state()}
    path.write_text(json.dumps(saved, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_program(program: dspy.Module, path: Path) -> dspy.Module:
    """Loads saved prompts into a fresh program of the same class.

    Raises:
        DataError: the file is no saved program, or one of another class.
    """
    name = type(program).__name__
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved["program"] != name:
            raise ValueError(f"it holds a {saved['program']}")
        program.load_state(saved["state"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path.name} cannot be loaded into {name}: {error!r}. "
            "Compile the program again with this version."
        ) from error
    return program

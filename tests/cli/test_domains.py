"""`envscaler domains`, as a user runs it on an export."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any


def test_an_export_is_counted_compared_and_drawn(
    export: Any, written: Any, envscaler: Any, tmp_path: Path
) -> None:
    (one,) = export.environments
    plan = one.plan.model_copy(update={"class_name": "LendEnv", "summary": "A toy library."})
    double = one.model_copy(update={"plan": plan, "class_name": "LendEnv"})
    folder = written(replace(export, environments=(one, double)))
    code, out, err = envscaler("domains", str(folder), "--plot", str(tmp_path / "plot.png"))
    words = " ".join(out.split())
    assert (code, err) == (0, "")
    assert "HireEnv 5 3 2" in words and "Vendi score" in words
    assert "too much alike: HireEnv and LendEnv" in words or "too much alike: LendEnv" in words
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert max(map(len, out.splitlines())) <= 80


def test_json_holds_figures_and_diversity(export: Any, written: Any, envscaler: Any) -> None:
    code, out, _ = envscaler("domains", str(written(export)), "--json")
    told = json.loads(out)
    assert code == 0 and told["environments"][0]["tools"] == 5
    assert set(told["diversity"]) == {"description", "schema", "tools"}


def test_a_plot_that_cannot_be_written_ends_with_one_line(
    export: Any, written: Any, envscaler: Any, tmp_path: Path
) -> None:
    place = str(tmp_path / "missing" / "plot.png")
    code, _, err = envscaler("domains", str(written(export)), "--plot", place)
    assert code == 2 and len(err.splitlines()) == 1 and "cannot be written" in err


def test_a_folder_without_environments_ends_with_one_line(
    export: Any, written: Any, envscaler: Any
) -> None:
    nothing = dict.fromkeys(
        ("environments", "scenarios", "trajectories", "inspections", "certificates",
         "difficulties", "provenance"), ()
    )  # fmt: skip
    code, _, err = envscaler("domains", str(written(export, **nothing)))
    assert code != 0 and len(err.splitlines()) == 1

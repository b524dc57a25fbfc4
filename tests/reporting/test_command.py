from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from envscaler.runtime.journal import Journal

Run = Callable[..., tuple[int, str, str]]
Write = Callable[..., Path]


def test_a_report_tells_stages_spending_and_proofs(
    story: Any, written: Write, envscaler: Run
) -> None:
    code, out, err = envscaler("report", str(written(story)))
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    for expected in (
        "1 environment, 1 certified scenario, 1 trajectory",
        "task 7 1 1 5 71%",
        "near-duplicate of …",
        "14 answers: 14 asked, 0 replayed, 0 shared; 0 questions failed",
        "140 prompt and 70 completion tokens, $3.50, 0:28 of waiting",
        "certified scenario, losses included 14.0 0 210 $3.50",
        "2 2 30 $0.5000 14%",
        "ShopEnv 8 60 45 15 $2.00",
        "1 admitted class: 2 repairs, 4 test calls (2 passed, 1 with a warning, 1 failed), mean "
        "pass rate 0.75, lowest 0.75",
        "sharp 1 0 10 9",
    ):
        assert expected in words


def test_a_report_fits_eighty_columns_whatever_a_model_wrote(
    story: Any, written: Write, reopened: Any, envscaler: Run, hostile: str
) -> None:
    folder = written(story)
    with reopened(folder) as store:
        journal = Journal(store)
        for n in range(60):
            journal.drop("task", f"task_{n}", f"[{hostile} {chr(65 + n)}{'W' * n}数据] x")
    code, out, _ = envscaler("report", str(folder))
    assert code == 0 and "<script>alert" in out and "\x1b" not in out
    assert max(cell_len(line) for line in out.splitlines()) <= 80
    assert "trajectory" in out.partition("other reasons")[2]


def test_page_and_picture_are_written_beside_the_json(
    story: Any, written: Write, envscaler: Run, tmp_path: Path
) -> None:
    html, png = tmp_path / "page.html", tmp_path / "waterfall.png"
    options = ["--html", str(html), "--png", str(png)]
    code, out, err = envscaler("report", str(written(story)), *options, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["stages"][0]["came"] == 7
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert png.read_bytes().startswith(b"\x89PNG\r\n")


def test_without_matplotlib_only_the_picture_is_missing(
    story: Any, written: Write, envscaler: Run, tmp_path: Path
) -> None:
    absent, folder = "import sys; sys.modules['matplotlib'] = None", str(written(story))
    html, png = str(tmp_path / "page.html"), str(tmp_path / "waterfall.png")
    assert envscaler("report", folder, "--html", html, first=absent)[0] == 0
    code, _, err = envscaler("report", folder, "--png", png, first=absent)
    assert code == 2 and "pip install 'envscaler[report]'" in err


@pytest.mark.parametrize(("name", "code"), [("export", 3), ("nothing", 4)])
def test_what_is_no_run_ends_with_one_line(
    name: str, code: int, envscaler: Run, tmp_path: Path
) -> None:
    (tmp_path / "export" / "environments").mkdir(parents=True)
    ended, out, err = envscaler("report", str(tmp_path / name))
    assert (ended, out, len(err.splitlines())) == (code, "", 1)


def test_reporting_loads_no_model_library(story: Any, written: Write, envscaler: Run) -> None:
    heavy = ("dspy", "litellm", "datasets", "matplotlib")
    told = f"import sys, atexit\natexit.register(lambda: print({heavy} & sys.modules.keys()))"
    told = told.replace(f"{heavy}", f"set({heavy})")
    _, out, _ = envscaler("report", str(written(story)), first=told)
    assert out.splitlines()[-1] == "set()"

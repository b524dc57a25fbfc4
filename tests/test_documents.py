"""The README and the notebooks: their code runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_examples_of_the_readme_run_and_are_short(tmp_path: Path) -> None:
    first, second = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    printed = ""
    for example in (first, second):  # the second goes on with what the first has made
        assert len(example.strip().splitlines()) <= 20
        done = subprocess.run(
            [sys.executable, "-c", example], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        printed += done.stdout
    assert "True" in printed
    assert "1000 episodes" in printed


def test_the_output_in_the_readme_is_what_the_command_prints(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
    program = "from envscaler.runtime.cli import main; main()"
    printed = subprocess.run(
        [sys.executable, "-c", program, "synthesize"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert printed.returncode == 0, printed.stderr
    measured = re.compile(r"peak memory|certified scenarios by")
    lines = [plain(line) for line in printed.stdout.splitlines()]
    for line in shown.splitlines():
        assert measured.search(line) or plain(line) in lines, line


def plain(line: str) -> str:
    """A line without its spacing, and without ids, which change with every field of a record."""
    return re.sub(r"scn_[0-9a-f]+", "scn_…", " ".join(line.split()))


def test_the_test_command_of_the_readme_is_the_one_that_ci_calls() -> None:
    command = ".venv/bin/pytest"
    assert f"\n{command}\n" in README
    assert f"\n{command}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_runs_and_shows_a_plot(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any("envscaler.programs" in cell.source for cell in notebook.cells)


def test_the_agents_file_fits_on_a_page() -> None:
    assert len((ROOT / "AGENTS.md").read_text(encoding="utf-8").splitlines()) <= 40

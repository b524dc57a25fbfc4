"""The package: what it exports, what it loads, what it owns."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import envscaler

FOLDERS = ("programs", "signatures", "metrics", "optimizers", "runtime")


def test_every_exported_name_is_there_and_the_list_is_sorted() -> None:
    assert envscaler.__all__ == sorted(envscaler.__all__)
    assert all(hasattr(envscaler, name) for name in envscaler.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        envscaler.nothing  # noqa: B018


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_links_lead_to_the_top_level_folders(folder: str) -> None:
    link = Path(__file__).parents[1] / "src" / "envscaler" / folder
    assert link.is_symlink()
    assert not Path(str(link.readlink())).is_absolute()
    assert (link / "__init__.py").exists()


def test_the_distribution_owns_nothing_but_envscaler() -> None:
    files = importlib.metadata.files("envscaler") or []
    tops = {file.parts[0] for file in files if file.suffix == ".py" and len(file.parts) > 1}
    assert tops <= {"envscaler"}


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import envscaler", ["dspy", "pydantic", "pyarrow", "datasets", "litellm"]),
        ("import envscaler.runtime.verification", ["dspy", "datasets", "litellm"]),
        ("import envscaler.runtime.sandbox", ["dspy", "datasets", "litellm", "pyarrow"]),
    ],
)
def test_heavy_libraries_are_loaded_only_where_they_are_needed(
    statement: str, unwanted: list[str]
) -> None:
    program = f"{statement}; import sys; print([n for n in {unwanted!r} if n in sys.modules])"
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "[]"


def test_the_runtime_imports_no_step_of_the_model() -> None:
    runtime = Path(__file__).parents[1] / "runtime"
    for path in runtime.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            steps = line.strip().startswith(("from ..programs", "from ...programs"))
            assert not steps or path.parent.name == "cli", f"{path.name}: {line}"
            imports_dspy = line.strip().startswith(("import dspy", "from dspy"))
            assert not imports_dspy or path.parent.name == "models", f"{path.name}: {line}"

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from envscaler.runtime.formats import Export

Run = Callable[..., tuple[int, str, str]]
Write = Callable[..., Path]


def forged(export: Export, written: Write) -> tuple[Path, str]:
    """An export whose first trajectory claims a wrong reward, and that trajectory's id."""
    trajectory = export.trajectories[0]
    score = trajectory.score.model_copy(update={"reward": 0.25})
    wrong = trajectory.model_copy(update={"score": score})
    return written(export, trajectories=(wrong, *export.trajectories[1:])), wrong.id


def test_a_whole_export_is_verified_line_by_line(
    export: Export, written: Write, envscaler: Run
) -> None:
    code, out, err = envscaler("verify", str(written(export)))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["ok"] * 7
    assert lines[-1].endswith("0 failed")
    for record in (*export.environments, *export.scenarios, *export.trajectories):
        assert record.id in out
    assert "\x1b" not in out


def test_a_run_folder_is_verified_by_the_export_inside(
    export: Export, written: Write, envscaler: Run, tmp_path: Path
) -> None:
    shutil.move(written(export), tmp_path / "run" / "export")
    code, out, _ = envscaler("verify", str(tmp_path / "run"), "--quiet")
    assert (code, out) == (0, "")


def test_a_failure_is_loud_and_names_the_item(
    export: Export, written: Write, envscaler: Run
) -> None:
    folder, wrong = forged(export, written)
    code, out, err = envscaler("verify", str(folder), "--quiet")
    assert code == 1
    assert err == f"error: 1 of 7 items of {folder} do not hold\n"
    assert out.splitlines()[0].startswith(f"FAIL trajectory  {wrong}")
    assert "recorded as 0.25" in out


def test_the_json_mode_prints_one_document(export: Export, written: Write, envscaler: Run) -> None:
    folder, wrong = forged(export, written)
    code, out, _ = envscaler("verify", str(folder), "--json")
    told = json.loads(out)
    assert code == 1
    assert not told["holds"]
    assert [v["id"] for v in told["verdicts"] if not v["holds"]] == [wrong]


def test_nothing_to_verify_is_a_failure(written: Write, envscaler: Run) -> None:
    code, out, err = envscaler("verify", str(written(Export())))
    assert code == 1
    assert "nothing to verify" in err
    assert out.startswith("nothing verified")


def test_what_is_no_export_ends_with_the_code_of_data_errors(
    envscaler: Run, tmp_path: Path
) -> None:
    code, out, err = envscaler("verify", str(tmp_path / "nowhere"))
    assert (code, out) == (3, "")
    assert err.startswith("error: ") and len(err.splitlines()) == 1

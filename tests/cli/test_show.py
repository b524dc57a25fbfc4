from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from envscaler.runtime.cli.sources import open_shelf
from envscaler.runtime.errors import DataError
from envscaler.runtime.formats import Export
from envscaler.runtime.journal import Journal
from envscaler.runtime.records import SourceTask, Trajectory
from envscaler.runtime.store import RunStore

Run = Callable[..., tuple[int, str, str]]
Write = Callable[..., Path]


def keep(journal: Journal, export: Export) -> None:
    """What a run keeps of the export's records."""
    journal.keep("task", "task 1", SourceTask(text="Hire a drill."))
    journal.drop("task", "task 2", "needs no environment: a poem")
    inspection = ("inspection", export.inspections[0])
    journal.keep("class", "idea 1", export.environments[0], inspection)
    for scenario, certificate in zip(export.scenarios, export.certificates, strict=True):
        journal.keep("scenario", scenario.id, scenario, ("certificate", certificate))
    for number, trajectory in enumerate(export.trajectories):
        journal.keep("trajectory", f"{trajectory.scenario}/{number}", trajectory)


def idler(export: Export) -> Trajectory:
    return next(t for t in export.trajectories if t.agent == "idler")


def test_an_overview_lists_what_there_is(export: Export, written: Write, envscaler: Run) -> None:
    code, out, err = envscaler("show", str(written(export)))
    assert (code, err) == (0, "")
    assert "1 environment, 2 scenarios, 3 trajectories" in " ".join(out.split())
    for record in (*export.environments, *export.scenarios):
        assert record.id in out
    assert "Stages" not in out


def test_a_run_is_shown_while_it_goes_on(export: Export, envscaler: Run, tmp_path: Path) -> None:
    with RunStore.open(tmp_path / "run", {}) as store:
        keep(Journal(store), export)
        code, out, _ = envscaler("show", str(tmp_path / "run"))
        assert code == 0
        assert "Stages" in out and export.scenarios[0].id in out
        code, out, _ = envscaler("show", str(tmp_path / "run"), "HireEnv")
        assert code == 0 and "R1 A tool that is out is not hired again." in out
    told = json.loads(envscaler("show", str(tmp_path / "run"), "--json")[1])
    assert told["stages"]["task"] == {"kept": 1, "rejected": 1}
    assert len(told["trajectories"]) == 3


@pytest.mark.parametrize("name", ["HireEnv", "hireenv", "env_"])
def test_an_environment_is_shown_with_schema_rules_and_tools(
    name: str, export: Export, written: Write, envscaler: Run
) -> None:
    code, out, _ = envscaler("show", str(written(export)), name)
    assert code == 0
    words = " ".join(out.split())
    for expected in (
        "pay [bold]fees[/bold] for late",
        "Hire (hires, keyed by hire_id)",
        "tool_id str → Tool",
        "R2 Nobody pays more than the open fee.",
        "pay_fee(member_id: string, amount: integer)",
        "refuses with unknown_tool: the tool does not exist",
        f"{export.inspections[0].probes} probes, 9 test calls",
        "2 proven by a refused and a legal call",
        export.scenarios[0].id,
    ):
        assert expected in words


def test_a_scenario_is_shown_with_what_each_call_changed(
    export: Export, written: Write, envscaler: Run
) -> None:
    scenario = next(s for s in export.scenarios if s.checks.answer is None)
    code, out, _ = envscaler("show", str(written(export)), scenario.id[:10])
    assert code == 0
    words = " ".join(out.split())
    for expected in (
        "members 3 records",
        "2. hire_tool",
        "+ hires.H2:",
        "~ tools.T2.free: true → false",
        "the key is the system's to choose",
        "every tool_id in hires is a key of tools",
        export.certificates[0].rows[0].demand,
        "3 calls, 3 tools, 2 writes",
        "[31m[red]Thanks!",
    ):
        assert expected in words
    assert "\x1b" not in out


def test_a_scenario_that_asks_shows_its_answer(
    export: Export, written: Write, envscaler: Run
) -> None:
    scenario = next(s for s in export.scenarios if s.checks.answer is not None)
    out = envscaler("show", str(written(export)), scenario.id)[1]
    assert "the answer is 3" in out


def test_a_trajectory_is_shown_turn_by_turn(export: Export, written: Write, envscaler: Run) -> None:
    code, out, _ = envscaler("show", str(written(export)), idler(export).id)
    assert code == 0
    assert "reward 0.00" in out and "ended: stopped" in out
    turn = out.partition("turn 1")[2]
    assert "Let me look." in turn
    assert turn.index("get_member") < turn.index("ok {") < turn.index("invalid {")


def test_a_record_as_json_is_the_record(export: Export, written: Write, envscaler: Run) -> None:
    scenario, certificate = export.scenarios[0], export.certificates[0]
    told = json.loads(envscaler("show", str(written(export)), scenario.id, "--json")[1])
    assert told["task"] == scenario.task
    assert told["certificate"] == certificate.model_dump(mode="json")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("HireEvn", "nearest are HireEnv"),
        ("scn_", "fits 2 records"),
        ("\x1b[2J", "has no environment"),
    ],
)
def test_an_unknown_name_is_a_data_error_that_helps(
    name: str, says: str, export: Export, written: Write, envscaler: Run
) -> None:
    code, out, err = envscaler("show", str(written(export)), name)
    assert (code, out) == (3, "")
    assert says in err and "\x1b" not in err


@pytest.mark.parametrize("make", [False, True])
def test_a_folder_without_a_run_is_a_data_error(make: bool, tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    if make:
        folder.mkdir()
    with pytest.raises(DataError, match="nothing"):
        open_shelf(folder)


def test_a_damaged_record_of_a_run_is_a_data_error(export: Export, tmp_path: Path) -> None:
    with RunStore.open(tmp_path / "run", {}) as store:
        store.keep("class", SourceTask(text="no class"))
    with pytest.raises(DataError, match="damaged or of another version"):
        open_shelf(tmp_path / "run")


def test_a_full_disk_under_the_output_is_one_line(export: Export, written: Write) -> None:
    command = [sys.executable, "-c", "from envscaler.runtime.cli import main; main()", "show"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*command, str(written(export))], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr.splitlines()) == (
        4,
        ["error: the output cannot be written, the disk is full"],
    )


def test_a_reader_who_leaves_early_ends_it_silently(
    export: Export, written: Write, started: Callable[..., object]
) -> None:
    process = started("show", str(written(export)), idler(export).id, "--json")
    process.stdout.close()  # type: ignore[attr-defined]
    error = process.stderr.read()  # type: ignore[attr-defined]
    assert (process.wait(), error) == (141, "")  # type: ignore[attr-defined]

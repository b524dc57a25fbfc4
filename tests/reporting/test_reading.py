from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.errors import DataError, RunError
from envscaler.runtime.journal import Journal
from envscaler.runtime.models import Entry, Ledger
from envscaler.runtime.reporting import Report, as_json, report_of
from envscaler.runtime.reporting.lineage import MERGED_ANEW, TURNED_AWAY
from envscaler.runtime.reporting.spending import Spent, total
from envscaler.runtime.store import RunStore

Write = Callable[..., Path]
Row = Callable[..., Entry]
Reopen = Callable[[Path], RunStore]


def ends(report: Report) -> dict[tuple[str, str, str], int]:
    return {(e.stage, e.status, e.reason): e.items for e in report.ends}


def test_the_stages_of_a_run_are_told_with_what_is_unfinished(story: Any, written: Write) -> None:
    report = report_of(written(story))
    assert [(f.stage, f.came, f.kept, f.rejected, f.unfinished) for f in report.flows] == [
        ("task", 7, 5, 1, 1),
        ("idea", 5, 2, 3, 0),
        ("plan", 2, 1, 1, 0),
        ("class", 1, 1, 0, 0),
        ("scenario", 3, 1, 1, 1),
        ("trajectory", 2, 1, 0, 1),
    ]


def test_work_is_told_by_how_it_ended(story: Any, written: Write) -> None:
    assert ends(report_of(written(story))) == {
        ("task", "rejected", "needs no environment"): 1,
        ("task", "unfinished", ""): 1,
        ("idea", "rejected", TURNED_AWAY): 1,
        ("plan", "rejected", "gate: references"): 2,
        ("class", "kept", ""): 4,
        ("scenario", "kept", ""): 1,
        ("scenario", "rejected", "the solution has N calls"): 1,
        ("scenario", "unfinished", ""): 1,
        ("trajectory", "unfinished", ""): 1,
        ("", "other", ""): 1,
    }


def test_an_environment_costs_its_idea_and_the_mining_of_its_tasks(
    story: Any, written: Write
) -> None:
    report = report_of(written(story))
    (built,) = report.environments
    assert built.making.asked == 4 and built.making.cost_usd == 1.0
    assert (built.scenarios.asked, built.episodes.asked) == (3, 1)
    assert (built.tried, built.certified, built.played) == (2, 1, 1)
    assert report.per_scenario == report.spent
    assert report.per_environment is not None
    assert report.per_environment.asked == len(story.owners) - 4


def test_the_work_of_a_task_that_two_ideas_hold_is_shared(
    story: Any, written: Write, reopened: Reopen
) -> None:
    more = story.bad.model_copy(update={"tasks": (story.tasks[0], story.tasks[3])})
    folder = written(story, [])
    with reopened(folder) as store:
        Journal(store).keep("idea", more.id, more)
        Ledger(store).book(Entry("s", "k", story.tasks[0].id, "m", "asked", 10, 5, 1.0))
    report = report_of(folder)
    assert report.environments[0].making.cost_usd == 0.5
    assert {(e.stage, e.status): e.spent.cost_usd for e in report.ends} == {
        ("class", "kept"): 0.5,
        ("plan", "unfinished"): 0.5,
    }


def test_tasks_that_were_mined_together_share_their_question(story: Any, written: Write) -> None:
    together = " ".join(task.id for task in (*story.tasks[:2], story.tasks[3], story.tasks[5]))
    report = report_of(written(story, [Entry("s", "k", together, "m", "asked", 100, 20, 1.0)]))
    assert report.environments[0].making == report.spent.per(2)
    assert {(e.stage, e.items): e.spent.cost_usd for e in report.ends} == {
        ("task", 1): 0.25,
        ("plan", 1): 0.25,
        ("class", 2): 0.5,
    }


def test_ideas_that_were_merged_anew_belong_to_the_run_no_more(
    story: Any, written: Write, reopened: Reopen
) -> None:
    larger = story.good.model_copy(update={"tasks": (*story.good.tasks, story.tasks[4])})
    folder = written(story)
    with reopened(folder) as store:
        Journal(store).keep("idea", larger.id, larger)
    report = report_of(folder)
    assert report.environments == () and report.demands == ()
    assert ends(report)["idea", "rejected", MERGED_ANEW] == 5
    assert ends(report)["plan", "unfinished", ""] == 4
    assert {f.stage: f.kept for f in report.flows}["class"] == 0


def test_inspections_and_certificates_are_summed_up(story: Any, written: Write) -> None:
    report = report_of(written(story))
    found = report.environments[0].inspected
    assert found is not None
    assert (found.probes, found.repairs, found.pass_rate) == (40, 2, 0.75)
    assert (found.test_calls, found.passed, found.warned, found.failed) == (4, 2, 1, 1)
    demands = [(d.demand, d.certificates, d.holding, d.tried, d.held) for d in report.demands]
    assert demands == [("solvable", 1, 1, 2, 2), ("sharp", 1, 0, 10, 9)]


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_all_that_was_spent_is_told_by_step_and_by_end(
    data: st.DataObject, story: Any, written: Write, row: Row
) -> None:
    rows = data.draw(
        st.lists(
            st.builds(
                row,
                st.lists(st.sampled_from(story.owners), max_size=3).map(" ".join),
                st.sampled_from(["", "mine", "plan"]),
                st.integers(),
                how=st.sampled_from(["asked", "replayed", "shared", "failed"]),
                prompt_tokens=st.none() | st.integers(0, 10**6),
                cost_usd=st.none() | st.floats(0, 100),
            ),
            max_size=12,
        )
    )
    report = report_of(written(story, rows))
    for parts in (report.by_step.values(), [end.spent for end in report.ends]):
        assert vars(total(parts)) == pytest.approx(vars(report.spent))
    (built,) = report.environments
    inside = built.making + built.scenarios + built.episodes
    assert inside.answers <= report.spent.answers


def test_a_run_is_read_while_another_process_writes_it(tmp_path: Path, story: Any) -> None:
    with RunStore.open(tmp_path / "run", {"tasks": "2 tasks (x)"}) as store:
        assert report_of(tmp_path / "run").flows[0].unfinished == 2
        story.tell(Journal(store))
        assert report_of(tmp_path / "run").flows[0].kept == 5


def test_an_empty_run_is_a_report_of_nothing(tmp_path: Path) -> None:
    RunStore.open(tmp_path / "run", {}).close()
    report = report_of(tmp_path / "run")
    assert report.spent == Spent() and report.ends == () and report.environments == ()
    assert report.per_environment is None and report.per_scenario is None
    assert json.loads(json.dumps(as_json(report)))["per_scenario"] is None


def test_an_export_has_no_ledger(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    with pytest.raises(DataError, match=r"is an export, which keeps no ledger .* \(--out\)"):
        report_of(tmp_path)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        report_of(tmp_path)


def test_a_damaged_record_is_named(story: Any, written: Write) -> None:
    folder = written(story)
    with sqlite3.connect(folder / "run.db") as connection:
        connection.execute("UPDATE records SET json = '{}' WHERE kind = 'inspection'")
    connection.close()
    with pytest.raises(DataError, match=f"inspection {story.environment.id} is damaged"):
        report_of(folder)


def test_the_json_has_every_number(story: Any, written: Write) -> None:
    told = json.loads(json.dumps(as_json(report_of(written(story)))))
    assert told["stages"][0] == {
        "stage": "task", "came": 7, "kept": 5, "rejected": 1, "unfinished": 1,
        "losses": [{"reason": "needs no environment", "count": 1}],
    }  # fmt: skip
    assert told["spent"]["asked"] == len(story.owners)
    assert told["environments"][0]["making"]["cost_usd"] == 1
    assert [row["demand"] for row in told["certificates"]] == ["solvable", "sharp"]

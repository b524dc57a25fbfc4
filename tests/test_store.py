"""The run store: resuming, killing, locking, and disks that fill up."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from envscaler.runtime.errors import RunError
from envscaler.runtime.models import Answer, Entry, Ledger
from envscaler.runtime.records import Finding, Inspection, SourceTask
from envscaler.runtime.store import RunStore

ENTRY = Entry("plan", "k", "item", "m", "asked", 10, 5, 0.25, 1.5, 2)
ANSWER = Answer("k", "plan", "text", 1, "item", "hash", "m", 10, 5, "length")


def test_what_is_handed_over_comes_back(tmp_path: Path) -> None:
    task, finding = SourceTask(text="Book a room"), Finding(gate="g", where="w", message="m")
    with RunStore.open(tmp_path / "a" / "run", {"seed": 1}) as store:
        store.keep_answer(ANSWER, ENTRY)
        store.keep("task", task)
        store.keep("inspection", Inspection(environment="env_1", grader="1"), id="env_1")
        store.settle("mine", "item 1", task.id)
        store.settle("mine", "item 2", None, "too vague", [finding])
    with RunStore.open(tmp_path / "a" / "run", {"seed": 1}) as store:
        assert store.answer("k") == ANSWER and store.answer("other") is None
        assert store.entries() == [ENTRY]
        assert [row.read(SourceTask) for row in store.records("task")] == [task]
        found = store.record("inspection", "env_1")
        assert found is not None and found.read(Inspection).environment == "env_1"
        kept, rejected = store.outcomes("mine")
        assert (kept.item, kept.status, kept.record) == ("item 1", "kept", task.id)
        assert (rejected.status, rejected.reason, rejected.findings) == (
            "rejected", "too vague", (finding,),
        )  # fmt: skip
        assert store.outcome("mine", "item 2") == rejected
        assert store.outcome("mine", "item 3") is None
        assert store.outcomes() == [kept, rejected] and store.outcomes("plan") == []


def test_records_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    tasks = [SourceTask(text=f"task {n}") for n in range(5)]
    with RunStore.open(tmp_path / "run", {}) as store:
        for task in tasks:
            store.keep("task", task)
            store.keep("task", task)
        assert [row.id for row in store.records("task")] == sorted(task.id for task in tasks)


def test_a_part_without_an_id_needs_one(tmp_path: Path) -> None:
    with RunStore.open(tmp_path / "run", {}) as store, pytest.raises(ValueError, match="pass id="):
        store.keep("finding", Finding(gate="g", where="w", message="m"))


def test_the_first_answer_stays(tmp_path: Path) -> None:
    with RunStore.open(tmp_path / "run", {}) as store:
        for text in ("first", "second"):
            store.keep_answer(Answer("k", "s", text), None)
        found = store.answer("k")
    assert found is not None and found.completion == "first"


def test_a_ledger_survives_resuming_and_counts_replays_once(tmp_path: Path) -> None:
    replayed = Entry("plan", "k", "item", "m", "replayed", 10, 5, 0.0)
    other = Entry("plan", "k", "other", "m", "shared", 10, 5, 0.0)
    for _ in range(2):
        with RunStore.open(tmp_path / "run", {}) as store:
            ledger = Ledger(store)
            if ledger.total.asked == 0:
                ledger.book(ENTRY, ANSWER)
            ledger.book(replayed)
            ledger.book(other)
    assert (ledger.total.asked, ledger.total.replayed, ledger.total.shared) == (1, 0, 1)
    assert (ledger.total.cost_usd, ledger.total.prompt_tokens) == (0.25, 20)
    assert ledger.of("other").cost_usd == 0 and ledger.by_step["plan"].answers == 2
    groups = ledger.grouped({"item": "kept", "other": "too vague", "unseen": "kept"})
    assert groups["kept"].cost_usd == 0.25 and groups["too vague"].shared == 1


def test_another_run_is_refused_by_what_differs(tmp_path: Path) -> None:
    RunStore.open(tmp_path / "run", {"seed": 1, "tasks": "abc", "old": 1}).close()
    words = r"another run \(new: it has None, you gave 2; old: .*; seed: it has 1, you gave 7\)"
    with pytest.raises(RunError, match=words) as caught:
        RunStore.open(tmp_path / "run", {"seed": 7, "tasks": "abc", "new": 2})
    assert "choose another --out" in str(caught.value)
    RunStore.open(tmp_path / "run", {"seed": 1, "tasks": "abc", "old": 1}).close()


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match=r"holds other things \(thesis.tex\) and no run"):
        RunStore.open(tmp_path, {})
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_file_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is a file"):
        RunStore.open(tmp_path / "file", {})


def test_exports_beside_the_store_are_no_trouble(tmp_path: Path) -> None:
    RunStore.open(tmp_path, {}).close()
    (tmp_path / "export.jsonl").write_text("kept")
    RunStore.open(tmp_path, {}).close()
    assert (tmp_path / "export.jsonl").read_text() == "kept"


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be read as one" * 20, b""]
)
def test_a_database_of_somebody_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.db"
    if content:
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    before = path.read_bytes()
    with pytest.raises(RunError, match="no run store"):
        RunStore.open(tmp_path, {})
    with pytest.raises(RunError, match="no run store"):
        RunStore.read(tmp_path)
    assert path.read_bytes() == before


def test_a_run_of_another_version_is_refused(tmp_path: Path) -> None:
    RunStore.open(tmp_path, {}).close()
    with sqlite3.connect(tmp_path / "run.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RunError, match="store version 99, expected 2"):
        RunStore.open(tmp_path, {})


def test_two_processes_cannot_work_on_one_run(tmp_path: Path) -> None:
    with RunStore.open(tmp_path, {}):
        ended = _python(_OPEN, tmp_path)
        assert "another process works on the run" in ended.stdout
    assert _python(_OPEN, tmp_path).stdout == "opened\n"


def test_reading_takes_no_lock_and_creates_nothing(tmp_path: Path) -> None:
    with RunStore.open(tmp_path, {"seed": 1}) as store:
        store.settle("mine", "item", None, "reason")
        with RunStore.read(tmp_path) as reader:
            assert [row.item for row in reader.outcomes("mine")] == ["item"]
    before = sorted(os.listdir(tmp_path))
    with RunStore.read(tmp_path) as reader:
        assert reader.fingerprint == {"seed": 1}
        with pytest.raises(RunError):
            reader.settle("mine", "item", None, "changed")
    assert sorted(os.listdir(tmp_path)) == before


def test_there_must_be_a_run_to_read(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        RunStore.read(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="Permission denied"):
        RunStore.open(tmp_path, {})
    tmp_path.chmod(0o700)


def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(RunError, match="run folder /proc/run cannot be used"):
        RunStore.open(Path("/proc/run"), {})


def _python(
    code: str, *arguments: object, size: int | None = None
) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)


_OPEN = """
import sys
from pathlib import Path
from envscaler.runtime.errors import RunError
from envscaler.runtime.store import RunStore
try:
    RunStore.open(Path(sys.argv[1]), {})
    print("opened")
except RunError as error:
    print(error)
"""

_FILL = """
import sys
from pathlib import Path
from envscaler.runtime.errors import RunError
from envscaler.runtime.models import Answer
from envscaler.runtime.store import RunStore
kept = 0
try:
    with RunStore.open(Path(sys.argv[1]), {}) as store:
        while True:
            store.keep_answer(Answer(str(kept), "s", "x" * 1000), None)
            kept += 1
except RunError as error:
    print(kept, error)
"""


@pytest.mark.parametrize("size", [0, 5_000, 300_000])
def test_a_full_disk_is_said_and_keeps_what_is_finished(tmp_path: Path, size: int) -> None:
    ended = _python(_FILL, tmp_path / "run", size=size)
    kept, _, message = ended.stdout.partition(" ")
    assert "disk full" in message and "free space and run again" in message
    with RunStore.open(tmp_path / "run", {}) as store:
        assert all(store.answer(str(number)) for number in range(int(kept)))
        assert store.answer(str(int(kept) + 1)) is None


_COUNT = """
import sys
from pathlib import Path
from envscaler.runtime.records import SourceTask
from envscaler.runtime.models import Answer, Entry, Ledger
from envscaler.runtime.store import RunStore
store = RunStore.open(Path(sys.argv[1]), {"seed": 1})
ledger = Ledger(store)
for number in range(100_000):
    if store.answer(str(number)) is None:
        entry = Entry("s", str(number), "o", "m", "asked", 1, 1)
        ledger.book(entry, Answer(str(number), "s", "x" * 100))
        print(number, flush=True)
"""


def test_killing_at_any_moment_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    said: list[int] = []
    for _ in range(6):
        command = [sys.executable, "-c", _COUNT, str(tmp_path / "run")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(40):
                said.append(int(process.stdout.readline()))
            process.send_signal(signal.SIGKILL)
            said += [int(line) for line in process.stdout if line.endswith("\n")]
    assert len(said) == len(set(said))
    with RunStore.open(tmp_path / "run", {"seed": 1}) as store:
        entries = store.entries()
        assert {str(number) for number in said} <= {entry.key for entry in entries}
        assert len(entries) == len({entry.key for entry in entries})
        assert all(store.answer(entry.key) for entry in entries)


def test_a_process_killed_while_creating_leaves_a_usable_folder(tmp_path: Path) -> None:
    (tmp_path / "run.lock").touch()
    (tmp_path / "run.db").touch()
    RunStore.open(tmp_path, {"seed": 1}).close()
    with RunStore.read(tmp_path) as store:
        assert store.fingerprint == {"seed": 1}

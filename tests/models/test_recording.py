"""Recording a run, replaying it without a server, extending it."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.errors import ConfigurationError, DataError, ReplayMiss
from envscaler.runtime.models import Answer, Event, ModelSettings, open_models
from envscaler.runtime.models.recording import Recording
from envscaler.runtime.store import RunStore

Ask = Callable[..., str]


def recording(endpoint: Any, path: Path, **changes: Any) -> ModelSettings:
    return ModelSettings("openai/small", api_base=endpoint.url, timeout=5, record=path, **changes)


def replaying(*paths: Path) -> ModelSettings:
    return ModelSettings(recordings=paths)


@pytest.fixture
def recorded(endpoint: Any, ask: Ask, tmp_path: Path) -> Path:
    """A recording of two answers; the server is not asked again."""
    path = tmp_path / "demo.jsonl"
    with open_models(recording(endpoint, path)) as models:
        ask(models, "one")
        ask(models, "two", rollout=1)
    endpoint.always = 500
    endpoint.requests.clear()
    return path


def test_a_recording_replays_without_a_server(recorded: Path, ask: Ask, endpoint: Any) -> None:
    with open_models(replaying(recorded)) as models:
        assert ask(models, "one") == "echo one"
        assert ask(models, "two", rollout=1, owner="other") == "echo two"
        assert models.label == "openai/small"
    total = models.ledger.total
    assert (total.asked, total.replayed, total.paid_tokens, total.prompt_tokens) == (0, 2, 0, 22)
    assert not endpoint.requests and not models.warnings


def test_rows_hold_what_the_format_says_and_no_time(recorded: Path) -> None:
    rows = [json.loads(line) for line in recorded.read_text().splitlines()]
    assert rows[0].keys() == {
        "key", "step", "completion", "owner", "instruction", "model", "prompt_tokens",
        "completion_tokens",
    }  # fmt: skip
    assert rows[1]["rollout"] == 1


@pytest.mark.parametrize("path", ["sync", "async"])
def test_a_miss_says_what_lacks_where_and_what_to_do(
    recorded: Path, ask: Ask, aask: Callable[..., Awaitable[str]], path: str
) -> None:
    async def later() -> str:
        return await aask(models, "three", rollout=2)

    words = (
        r"demo\.jsonl has no answer for step 'write' \(key [0-9a-f]{16}, rollout 2, "
        r'inputs {"text":"three"}\): .*--model MODEL --record FILE'
    )
    with open_models(replaying(recorded)) as models, pytest.raises(ReplayMiss, match=words):
        ask(models, "three", rollout=2) if path == "sync" else asyncio.run(later())


def test_a_miss_without_any_recording_says_so(ask: Ask) -> None:
    with (
        open_models(ModelSettings()) as models,
        pytest.raises(ReplayMiss, match="there is no recording, so it has no answer for"),
    ):
        ask(models, "one")


def test_extending_asks_only_what_is_lacking(recorded: Path, ask: Ask, endpoint: Any) -> None:
    endpoint.always = 200
    with open_models(recording(endpoint, recorded)) as models:
        ask(models, "one")
        ask(models, "three")
    assert len(endpoint.requests) == 1
    assert (models.ledger.total.asked, models.ledger.total.replayed) == (1, 1)
    with open_models(replaying(recorded)) as models:
        assert ask(models, "three") == "echo three"


def test_an_answer_of_the_store_is_recorded_too(endpoint: Any, ask: Ask, tmp_path: Path) -> None:
    with RunStore.open(tmp_path / "run", {}) as store:
        settings = ModelSettings("openai/small", api_base=endpoint.url)
        with open_models(settings, store) as models:
            ask(models, "one")
        with open_models(recording(endpoint, tmp_path / "late.jsonl"), store) as models:
            ask(models, "one")
    assert len(endpoint.requests) == 1
    assert len(Recording.read(tmp_path / "late.jsonl")) == 1


def test_a_changed_instruction_is_warned_of_once_for_each_step(recorded: Path, ask: Ask) -> None:
    events: list[Event] = []
    with open_models(replaying(recorded), on_event=events.append) as models:
        ask(models, "one", instruction="Answer at length.")
        ask(models, "one", instruction="Answer briefly.")
    assert len(models.warnings) == 1
    assert "step 'write': the instruction differs" in models.warnings[0]
    assert "demo.jsonl" in models.warnings[0]
    assert [event.kind for event in events] == ["warning"]


def test_the_label_stands_in_for_the_model(endpoint: Any, ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "demo.jsonl"
    with open_models(recording(endpoint, path, label="Small 1")) as models:
        ask(models, "one")
        assert models.label == "Small 1"
    with open_models(replaying(path)) as models:
        assert models.label == "Small 1"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2: not an answer"),
        (
            '{"key": "a", "step": "s"}',
            "line 2: not an answer .*missing required field `completion`",
        ),
        ('{"key": "a", "step": "s", "completion": 3}', "line 2: not an answer .*completion"),
        ("[]", "line 2: not an answer"),
    ],
)
def test_a_malformed_line_is_named(recorded: Path, line: str, words: str) -> None:
    lines = recorded.read_text().splitlines()
    recorded.write_text("\n".join([lines[0], line, lines[1]]) + "\n")
    for settings in (replaying(recorded), ModelSettings(record=recorded)):
        with pytest.raises(DataError, match=rf"demo\.jsonl, {words}"):
            open_models(settings)


def test_the_first_of_two_answers_counts(tmp_path: Path) -> None:
    path = tmp_path / "twice.jsonl"
    path.write_text(
        '{"key":"k","step":"s","completion":"first"}\n\n{"key":"k","step":"s","completion":"x"}\n'
    )
    found = Recording.read(path).answer("k")
    assert found is not None and found.completion == "first"
    with open_models(replaying(path)) as models:
        assert "line 3 repeats the key of line 1; the first answer counts" in models.warnings[0]


def test_a_torn_last_line_is_cut_off_when_extending(recorded: Path) -> None:
    whole = recorded.read_bytes()
    recorded.write_bytes(whole + b'{"key": "torn", "st')
    Recording.extend(recorded).close()
    assert recorded.read_bytes() == whole


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.jsonl cannot be read: No such file"):
        open_models(replaying(tmp_path / "nowhere.jsonl"))


def test_a_recording_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written: Is a directory"):
        open_models(ModelSettings(record=tmp_path))


_FULL_DISK = """
import sys
from pathlib import Path
from envscaler.runtime.errors import RunError
from envscaler.runtime.models import Answer
from envscaler.runtime.models.recording import Recording
recording = Recording.extend(Path(sys.argv[1]))
try:
    for number in range(1000):
        recording.append(Answer(str(number), "step", "x" * 100))
except RunError as error:
    print(error)
"""


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "full.jsonl"
    ended = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cannot be extended" in ended.stdout and "free space and run again" in ended.stdout
    assert len(Recording.read(path)) > 10


def test_an_answer_is_appended_once(tmp_path: Path) -> None:
    recording = Recording.extend(tmp_path / "new" / "a.jsonl")
    for _ in range(2):
        recording.append(Answer("k", "s", "text"))
    recording.close()
    assert (tmp_path / "new" / "a.jsonl").read_text().count("\n") == 1

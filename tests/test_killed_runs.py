"""kill -9 at every stage: the run goes on, pays nothing twice, and ends with the same export.

A local server plays the endpoint: it gives the recorded completion for each prompt that a replay of
the bundled example was seen to send, so that the real command talks HTTP as it would to a model.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy.utils.callback import BaseCallback

from envscaler import SkeletonSettings, synthesize
from envscaler.runtime.models import Question
from envscaler.runtime.models.asking import current
from envscaler.runtime.state import digest

STAGES = [
    "mine tasks",
    "write class",
    "judge outcomes",
    "act",
]
CONCURRENCY = 4


class Watcher(BaseCallback):  # type: ignore[misc]
    """Notes which prompt was sent for which question, and what was answered."""

    def __init__(self) -> None:
        self.open: dict[str, tuple[str, Question]] = {}
        self.answers: dict[str, tuple[str, str]] = {}

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        self.open[call_id] = (digest(inputs["messages"]), current("", []))

    def on_lm_end(self, call_id: str, outputs: Any, exception: Exception | None = None) -> None:
        prompt, question = self.open.pop(call_id)
        if outputs:
            text = outputs[0] if isinstance(outputs[0], str) else outputs[0]["text"]
            self.answers[prompt] = (question.step, text)


class Endpoint(ThreadingHTTPServer):
    """Answers known prompts, counts them, and holds back the first prompt of a chosen step."""

    daemon_threads = True

    def __init__(self, answers: dict[str, tuple[str, str]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.asked: Counter[str] = Counter()
        self.unknown: list[str] = []
        self.hold = ""
        self.reached = threading.Event()
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = digest(body["messages"])
        step, text = self.server.answers.get(prompt, ("", ""))
        if not step:
            self.server.unknown.append(body["messages"][-1]["content"][:200])
        self.server.asked[prompt] += 1
        if step and step == self.server.hold:
            self.server.reached.set()
            self.server.release.wait(60)
        message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        reply = {"id": "x", "object": "chat.completion", "created": 0, "model": "m"}
        data = json.dumps({**reply, "choices": [choice], "usage": usage}).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client was killed


@pytest.fixture(scope="module")
def watched() -> Watcher:
    watcher = Watcher()
    with dspy.context(callbacks=[watcher]):
        synthesize(skeletons=SkeletonSettings(environments=2), scenarios=1)
    return watcher


@pytest.fixture
def endpoint(watched: Watcher) -> Iterator[Endpoint]:
    server = Endpoint(watched.answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()


def start(endpoint: Endpoint, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from envscaler.runtime.cli import main; main()"]
    command += ["synthesize", "--out", str(out), "--quiet"]
    command += ["--environments", "2", "--scenarios", "1"]
    command += ["--model", "openai/test", "--api-base", endpoint.url]
    command += ["--concurrency", str(CONCURRENCY), "--retries", "0"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def files(export: Path) -> dict[str, bytes]:
    return {str(p.relative_to(export)): p.read_bytes() for p in export.rglob("*") if p.is_file()}


def test_a_run_killed_in_each_stage_pays_nothing_twice_and_ends_the_same(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    whole = start(endpoint, tmp_path / "whole")
    assert whole.wait(300) == 0, whole.stderr and whole.stderr.read()
    assert endpoint.unknown == []
    once = Counter(endpoint.asked)
    assert set(once.values()) == {1}

    endpoint.asked.clear()
    for step in STAGES:
        endpoint.hold = step
        endpoint.reached.clear()
        endpoint.release.clear()
        run = start(endpoint, tmp_path / "killed")
        assert endpoint.reached.wait(120), f"no question of step {step!r} was asked"
        run.kill()
        run.wait(30)
        endpoint.release.set()
    endpoint.hold = ""
    last = start(endpoint, tmp_path / "killed")
    assert last.wait(300) == 0, last.stderr and last.stderr.read()

    paid_again = sum(endpoint.asked.values()) - sum(once.values())
    assert set(endpoint.asked) == set(once)
    assert paid_again <= len(STAGES) * CONCURRENCY  # only what was in flight when it was killed
    assert files(tmp_path / "killed" / "export") == files(tmp_path / "whole" / "export")

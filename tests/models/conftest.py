"""A real OpenAI-compatible server on this machine, and programs that ask it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dspy
import pytest

from envscaler.runtime.models import Models, asking, owned_by


@dataclass
class Endpoint:
    """What the server does next, and what it saw."""

    url: str
    plan: list[int | str] = field(default_factory=list)
    """What the next requests get: a status, or a trouble of `Handler.reply`."""
    always: int | str = 200
    delay: float = 0.0
    usage: bool = True
    finish: str = "stop"
    text: str = ""
    """The completion; made from the question when empty."""
    retry_after: str | None = "0"
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    busiest: int = 0
    """The most requests that were under way at once."""
    under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, body: dict[str, Any], key: str) -> int | str:
        with self.lock:
            self.requests.append(body)
            self.keys.append(key)
            self.under_way += 1
            self.busiest = max(self.busiest, self.under_way)
            return self.plan.pop(0) if self.plan else self.always

    def completion(self, body: dict[str, Any]) -> dict[str, Any]:
        said = body["messages"][-1]["content"].partition("]]\n")[2].partition("\n\n")[0]
        text = self.text or f"[[ ## answer ## ]]\necho {said}\n\n[[ ## completed ## ]]"
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": body["model"]}
        return reply | {"choices": [choice]} | ({"usage": usage} if self.usage else {})


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            what = endpoint.next(body, self.headers.get("Authorization", ""))
            try:
                self.reply(what, body)
            finally:
                with endpoint.lock:
                    endpoint.under_way -= 1

        def reply(self, what: int | str, body: dict[str, Any]) -> None:
            time.sleep(endpoint.delay)
            if what == "hang":
                time.sleep(3)
            if what in ("hang", "drop"):
                self.close_connection = True
                return None
            if isinstance(what, str):
                return self.send(200, b"{}" if what == "empty" else b"<html>")
            error = {"error": {"message": f"status {what}", "type": "test"}}
            answer = endpoint.completion(body) if what == 200 else error
            return self.send(what, json.dumps(answer).encode())

        def send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if status != 200 and endpoint.retry_after is not None:
                self.send_header("Retry-After", endpoint.retry_after)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests look at `Endpoint.requests` instead."""

    return Handler


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No keys, no addresses and no .env of the person who runs the tests."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    monkeypatch.chdir(tmp_path)


@contextmanager
def _predicting(
    models: Models, text: str, owner: str = "item", step: str = "write", rollout: int = 0,
    instruction: str = "Answer.",
) -> Iterator[Any]:  # fmt: skip
    adapter = dspy.ChatAdapter(use_json_adapter_fallback=False)
    with (
        owned_by(owner),
        asking(step, {"text": text}, rollout=rollout),
        dspy.context(lm=models.lm(step), adapter=adapter),
    ):
        yield dspy.Predict(dspy.Signature("text -> answer", instruction))


@pytest.fixture
def ask() -> Callable[..., str]:
    """Ask one question through `dspy.Predict`, as a step of a program does."""

    def ask(models: Models, text: str, **changes: Any) -> str:
        with _predicting(models, text, **changes) as predict:
            return str(predict(text=text).answer)

    return ask


@pytest.fixture
def aask() -> Callable[..., Awaitable[str]]:
    """The same through `acall`."""

    async def aask(models: Models, text: str, **changes: Any) -> str:
        with _predicting(models, text, **changes) as predict:
            return str((await predict.acall(text=text)).answer)

    return aask

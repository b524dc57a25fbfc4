"""Hosted embeddings, asked of a real server on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from envscaler.runtime.embedding import Embedder, open_embedder
from envscaler.runtime.errors import ConfigurationError, ModelUnavailable
from envscaler.runtime.models import ModelSettings

MODEL = "openai/text-embedding-3-small"


@dataclass
class Server:
    """What the server answers with, and what it was asked."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    """What the next requests get; 200 after that."""
    spare: int = 0
    """Vectors sent beyond one for each text."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def reply(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.requests.append(body)
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            return status, {"error": {"message": f"status {status}", "type": "test"}}
        texts = body["input"] + ["spare"] * self.spare
        rows = [[float(len(text)), float(text.count("a")), 0.0] for text in texts]
        data = [{"object": "embedding", "index": n, "embedding": r} for n, r in enumerate(rows)]
        usage = {"prompt_tokens": 3, "total_tokens": 3}
        return 200, {"object": "list", "data": data, "model": body["model"], "usage": usage}


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.keys.append(self.headers.get("Authorization", ""))
            status, answer = server.reply(body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests look at `Server.requests` instead."""

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    http.daemon_threads = True
    found.url = f"http://127.0.0.1:{http.server_port}/v1"
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield found
    http.shutdown()
    http.server_close()


def opened(server: Server, **settings: Any) -> Embedder:
    return open_embedder(MODEL, ModelSettings(api_base=server.url, **settings))


def test_vectors_are_brought_to_length_one_and_blank_texts_are_not_sent(server: Server) -> None:
    vectors = opened(server, api_key="secret")(["aaa", "bb", " ", "bba"])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 0, 1])
    assert vectors[0] == pytest.approx([0.5**0.5, 0.5**0.5, 0])
    assert server.requests[0]["input"] == ["aaa", "bb", "bba"]
    assert server.requests[0]["model"] == "text-embedding-3-small"
    assert server.keys == ["Bearer secret"]


def test_many_texts_go_in_batches_and_come_back_in_order(server: Server) -> None:
    texts = ["a" * n + "b" * (9 - n) for n in range(10)] * 45
    vectors = opened(server)(texts)
    assert [len(request["input"]) for request in server.requests] == [200, 200, 50]
    assert np.allclose(vectors[:, 1] / vectors[:, 0], [text.count("a") / 9 for text in texts])


def test_nothing_is_sent_for_no_texts(server: Server) -> None:
    assert opened(server)(["", " "]).tolist() == [[0], [0]]
    assert len(opened(server)([])) == 0
    assert server.requests == []


def test_a_failure_that_passes_is_tried_again(server: Server) -> None:
    server.statuses = [500]
    assert opened(server, retries=1)(["abc"]).shape == (1, 3)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "refuses the key for openai/text-embedding-3-small .*status 401"),
        (404, "does not serve openai/text-embedding-3-small .*status 404"),
        (500, "embeds no texts: .*status 500"),
    ],
)
def test_a_refusal_says_what_to_check(server: Server, status: int, says: str) -> None:
    server.statuses = [status] * 9
    with pytest.raises(ModelUnavailable, match=says) as caught:
        opened(server, retries=0)(["abc"])
    assert server.url in str(caught.value)


def test_a_reply_with_another_number_of_vectors_is_refused(server: Server) -> None:
    server.spare = 1
    with pytest.raises(ModelUnavailable, match=r"shape \(3, 3\) for 2 texts"):
        opened(server)(["abc", "def"])


def test_a_server_that_is_not_there_is_named() -> None:
    gone = ModelSettings(api_base="http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9/v1 embeds no texts"):
        open_embedder(MODEL, gone)(["abc"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (MODEL, "needs a key: set OPENAI_API_KEY in the environment"),
        ("tf-idf", "'tf-idf' names no provider .*give tfidf, or"),
    ],
)
def test_an_embedder_that_cannot_be_opened_is_refused(name: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        open_embedder(name)

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from envscaler.runtime.formats import read_export

Run = Callable[..., tuple[int, str, str]]
Start = Callable[..., subprocess.Popen[str]]


@dataclass
class Endpoint:
    """An OpenAI-compatible server whose model has nothing to say."""

    url: str = ""
    status: int = 200
    asked: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    """Until it is set, no request is answered."""

    @property
    def options(self) -> list[str]:
        return ["--model", "openai/babbler", "--api-base", self.url, "--retries", "0"]


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            endpoint.asked.set()
            endpoint.released.wait(60)
            message = {"role": "assistant", "content": "Certainly! \x1b[31m[bold]Here it is."}
            reply = {
                "id": "1", "object": "chat.completion", "created": 1, "model": "babbler",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
            }  # fmt: skip
            data = json.dumps(reply).encode()
            self.send_response(endpoint.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Tests look at what the command says."""

    return Handler


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield found
    found.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    path = tmp_path / "tasks.txt"
    path.write_text(
        "Hire a drill out to Ada.\nTake back the saw that Ben has.\nSell the old ladder to Cleo.\n"
    )
    return str(path)


def test_a_run_that_keeps_nothing_says_why_and_fails(
    endpoint: Endpoint, tasks: str, envscaler: Run, tmp_path: Path
) -> None:
    endpoint.released.set()
    code, out, err = envscaler("synthesize", tasks, "--out", "run", *endpoint.options)
    assert code == 1
    assert "nothing was kept: 3 tasks came to no environment" in err.splitlines()[-1]
    assert "does not parse" in err
    assert "mine tasks" in out and "envscaler show run" in out
    assert "\x1b" not in out + err
    assert read_export(tmp_path / "run/export").environments == ()


def test_json_is_one_document_with_the_whole_summary(
    endpoint: Endpoint, tasks: str, envscaler: Run
) -> None:
    endpoint.released.set()
    code, out, err = envscaler(
        "synthesize", tasks, "--limit", "2", "--json", "--quiet", *endpoint.options
    )
    told = json.loads(out)
    assert code == 1 and len(err.splitlines()) == 1
    assert told["folder"] == "envscaler-run"
    assert told["complete"] is True
    assert told["stages"]["task"] == {"kept": 0, "rejected": 2, "unfinished": 0}
    assert sum(loss["count"] for loss in told["losses"]) == 2
    assert told["ledger"]["total"]["asked"] == 2
    assert told["ledger"]["by_step"]["mine tasks"]["prompt_tokens"] == 22
    assert told["peak_memory_mb"]["host"] > 1
    assert told["model"] == "openai/babbler"


def test_an_endpoint_that_refuses_leaves_items_unfinished(
    endpoint: Endpoint, tasks: str, envscaler: Run, tmp_path: Path
) -> None:
    endpoint.released.set()
    endpoint.status = 500
    code, out, err = envscaler("synthesize", tasks, "--out", "run", *endpoint.options)
    assert code == 5
    assert err.splitlines()[-1].startswith("error: ")
    assert "Unfinished" in out and "3 items could not be finished" in out
    assert (tmp_path / "run/export/README.md").is_file()


def test_a_missing_recorded_answer_says_how_to_get_one(tasks: str, envscaler: Run) -> None:
    code, _, err = envscaler("synthesize", tasks, "--quiet")
    assert code == 5
    assert "--record FILE" in err


def test_a_spent_budget_ends_the_run_and_says_so(
    endpoint: Endpoint, tasks: str, envscaler: Run
) -> None:
    endpoint.released.set()
    code, out, err = envscaler(
        "synthesize", tasks, "--budget", "1calls", "--json", *endpoint.options
    )
    assert code == 5
    assert "the budget of 1 calls is used up" in err
    told = json.loads(out)
    assert not told["complete"] and told["ledger"]["total"]["asked"] == 1


def test_ctrl_c_keeps_what_is_finished_and_says_so(
    endpoint: Endpoint, tasks: str, started: Start, envscaler: Run
) -> None:
    process = started("synthesize", tasks, "--out", "run", *endpoint.options)
    assert endpoint.asked.wait(60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines() == [
        "interrupted: what is finished is kept in run, and the same command goes on from it"
    ]
    endpoint.released.set()
    code, out, _ = envscaler("synthesize", tasks, "--out", "run", "--json", *endpoint.options)
    assert code == 1 and json.loads(out)["complete"] is True


def test_another_run_in_the_folder_is_a_run_error(
    endpoint: Endpoint, tasks: str, envscaler: Run
) -> None:
    endpoint.released.set()
    envscaler("synthesize", tasks, *endpoint.options)
    code, out, err = envscaler("synthesize", tasks, "--limit", "1", *endpoint.options)
    assert (code, out) == (4, "")
    assert "holds another run" in err


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--step-model", "write klass=openai/x"], 2, "the steps are: act, "),
        (["--step-model", "write class"], 2, "write STEP=MODEL"),
        (["--budget", "many"], 2, "such as 5usd"),
        (["--concurrency", "0"], 2, "concurrency is 0"),
        (["--limit", "0"], 2, "limit"),
        (["--model", "openai/x"], 2, "OPENAI_API_KEY"),
        (["--recording", "nowhere.jsonl"], 2, "cannot be read"),
    ],
)
def test_what_is_set_wrong_is_one_line(
    options: list[str], code: int, says: str, tasks: str, envscaler: Run
) -> None:
    found, out, err = envscaler("synthesize", tasks, *options, "--quiet")
    assert (found, out) == (code, "")
    assert says in err
    assert err.startswith("error: ") and len(err.splitlines()) == 1
    assert not (Path(tasks).parent / "envscaler-run").exists()  # no folder is claimed for it


def test_a_dotenv_file_that_is_no_text_is_one_line(tasks: str, envscaler: Run) -> None:
    (Path(tasks).parent / ".env").write_bytes(b"\xff\xfe bad")
    code, out, err = envscaler("synthesize", tasks, "--quiet")
    assert (code, out) == (2, "")
    assert ".env cannot be read" in err and len(err.splitlines()) == 1


def test_a_missing_task_file_is_a_data_error(envscaler: Run) -> None:
    code, out, err = envscaler("synthesize", "nowhere.jsonl")
    assert (code, out) == (3, "")
    assert "nowhere.jsonl" in err and len(err.splitlines()) == 1

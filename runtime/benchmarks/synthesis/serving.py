"""The simulated model behind real HTTP: an OpenAI-compatible server in a process of its own."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from ...state import digest
from .domains import domains
from .jobs import MINING, Job
from .model import SimulatedModel

_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_BACKLOG = 1024


@contextmanager
def served(job: Job) -> Iterator[str]:
    """The address of a server that answers the questions of a job about the mining of tasks."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(job, theirs), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.kill()
        process.join()


def serve(job: Job, told: Connection) -> None:
    """Serves until it is killed; the port is sent through `told`."""
    asyncio.run(_Server(job).serve(told))


class _Server:
    def __init__(self, job: Job) -> None:
        self._model = SimulatedModel(domains(job.domains), job.defective)
        self._latency = job.latency
        self._times: Counter[str] = Counter()
        self._log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    async def serve(self, told: Connection) -> None:
        server = await asyncio.start_server(self._attend, "127.0.0.1", 0, backlog=_BACKLOG)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = _LENGTH.search(head)
                body = json.loads(await reader.readexactly(int(found.group(1)) if found else 0))
                await asyncio.sleep(self._latency)
                writer.write(self._reply(body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()  # the client has gone

    def _reply(self, body: dict[str, Any]) -> bytes:
        prompt = body["messages"][-1]["content"]
        key = digest(prompt)
        self._times[key] += 1  # a question that is asked again may be answered better
        os.write(self._log, f"sent\t{time.monotonic():.3f}\t{MINING}\t{key}\n".encode())
        text, finish = self._model.answer(MINING, prompt, f"{key}{self._times[key]}")
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": body["model"]}
        data = json.dumps({**reply, "choices": [choice], "usage": usage}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
        return f"{head}\r\n\r\n".encode() + data

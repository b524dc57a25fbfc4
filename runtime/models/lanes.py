"""Lanes: a fixed number of jobs at a time, for every thread and event loop alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from ..errors import ModelError

T = TypeVar("T")


class Lanes:
    """Runs at most `width` jobs at once; the others wait in order.

    The threads are daemons, so that Ctrl-C never waits for a slow endpoint.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Queue a job; its result or exception arrives in the future.

        Raises:
            ModelError: the lanes are closed.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise ModelError("the models are closed: open them again to ask more")
            self._jobs.put((future, work))
            if len(self._threads) < self._width:
                self._threads.append(threading.Thread(target=self._run, daemon=True))
                self._threads[-1].start()
        return future

    def close(self) -> None:
        """Drop what waits; what is under way goes on without anyone waiting for it."""
        with self._lock:
            self._closed = True
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is not None:
                job[0].cancel()
        for _ in self._threads:
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)

"""Work on many items side by side, told in one order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from .verdicts import Verdict

THREADS = 2
"""Items under examination at once; each works in sealed workers of its own."""

Job = Callable[[], list[Verdict]]
"""A piece of work, independent of all others."""


def work_through(
    jobs: Sequence[Job], threads: int, on_verdict: Callable[[Verdict], None] | None = None
) -> list[Verdict]:
    """The verdicts of all jobs, in the order of the jobs.

    Args:
        threads: how many jobs to work on at once.
        on_verdict: told of each verdict as soon as it and those before it are there.
    """
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(threads) as executor:
        futures = [executor.submit(job) for job in jobs]
        try:
            for future in futures:
                for verdict in future.result():
                    verdicts.append(verdict)
                    if on_verdict:
                        on_verdict(verdict)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
    return verdicts

"""The rows of the benchmark: what the synthesis does when a simulated model answers."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from ...run_folder import EXPORT
from ..readings import Reading, Target
from .jobs import Evidence, Job, Ran, Work, ideal
from .sending import Traffic
from .serving import served

Run = Callable[[Job], None]
"""Does a job; it can be sent to another process."""

_LATENCIES = {2.0: 0.9, 1.0: 0.75}
"""Seconds of an answer, and the least share of the ideal pace to be reached."""
_PATIENCE = 900.0
"""Seconds until a run that does not end is given up."""
_GROWTH = 1.1
"""Most memory at any time in the second half of a run, of what it was at its middle."""


@dataclass(frozen=True)
class Size:
    """How much is run."""

    tasks: int
    domains: int
    slots: int
    budget: int
    """Calls of the run that has a budget."""
    over_http: int
    """Tasks of the run over HTTP."""
    latencies: Mapping[float, float]
    """Seconds of an answer, and the least share of the ideal pace."""
    kill_latency: float
    """Seconds of an answer in the runs that are killed or have a budget."""


FULL = Size(1000, 12, 256, 300, 512, _LATENCIES, 0.5)
QUICK = Size(48, 2, 16, 20, 32, {0.2: 0.5}, 0.1)


def steps(size: Size, run: Run, folder: Path) -> Iterator[Reading]:
    """One step alone, twice as often as there are tasks: prompts, parsing, lanes and store."""
    for latency, least in size.latencies.items():
        job = _job("steps", size, folder / f"steps-{latency:g}", latency)
        yield from _paced("steps", replace(job, tasks=2 * size.tasks), run, least)


def pipeline(size: Size, run: Run, folder: Path) -> Iterator[Reading]:
    """All tasks to environments; the sealed runs of the classes are in the time taken."""
    for latency, least in size.latencies.items():
        job = _job("pipeline", size, folder / f"pipeline-{latency:g}", latency)
        yield from _paced("pipeline", job, run, least)


def over_http(size: Size, run: Run, folder: Path) -> Iterator[Reading]:
    """One step alone against a real server on this machine, which takes its share of the cores."""
    latency = max(size.latencies)
    job = replace(_job("steps", size, folder / "http", latency), tasks=size.over_http)
    with served(job) as address:
        yield from _paced("over HTTP", replace(job, api_base=address), run, None)


def killed(size: Size, run: Run, folder: Path) -> Iterator[Reading]:
    """Killed twice and taken up again: what is paid twice, and whether the export is the same."""
    whole = _job("pipeline", size, folder / "whole", size.kill_latency)
    _finished(whole, run)
    requests = Evidence.of(whole).traffic.requests
    job = replace(whole, folder=folder / "killed")
    cut = [_cut_off(job, run, requests * share // 100) for share in (30, 75)]
    _finished(job, run)
    end = Evidence.of(job)
    twice = sum(evidence.paid_twice(end) for evidence in cut)
    yield Reading("killed", "answers paid twice", twice, "", Target(0))
    case = f"requests lost in flight, of {end.traffic.requests:,}"
    yield Reading("killed", case, end.lost(), "", Target(2 * size.slots))
    differing = float(_files(job.folder / EXPORT) != _files(whole.folder / EXPORT))
    yield Reading("killed", "exports that differ from the whole run's", differing, "", Target(0))


def budget(size: Size, run: Run, folder: Path) -> Iterator[Reading]:
    """A run that may make so many calls: how many it makes beyond."""
    job = _job("pipeline", size, folder / "budget", size.kill_latency)
    job = replace(job, budget=f"{size.budget}calls")
    _finished(job, run)
    over = Evidence.of(job).traffic.requests - size.budget
    yield Reading("budget", f"calls beyond {size.budget}", max(over, 0), "", Target(size.slots))


Row = Callable[[Size, Run, Path], Iterator[Reading]]
ROWS: Mapping[str, Row] = {
    "steps": steps,
    "pipeline": pipeline,
    "over-http": over_http,
    "killed": killed,
    "budget": budget,
}


def _job(what: Work, size: Size, folder: Path, latency: float) -> Job:
    return Job(what, folder, size.tasks, size.domains, latency, size.slots)


def _paced(row: str, job: Job, run: Run, least: float | None) -> Iterator[Reading]:
    """The pace of a finished run, what it cost and whether its memory stayed."""
    ran, entries = _finished(job, run), Evidence.of(job).asked
    best = ideal(entries, job.latency, job.slots)
    case = f"{len(entries):,} calls of {job.latency:g} s, {job.slots} in flight"
    yield Reading(
        row, f"{case}: ideal / taken", best / ran.wall, "x",
        Target(least, at_least=True) if least else None,
        plain=best, sealed=ran.wall, measure="s",
    )  # fmt: skip
    yield Reading(row, "CPU of the host for each call", ran.cpu / len(entries) * 1e3, "ms")
    yield Reading(row, "memory, most / at half-time", ran.growth(), "x", Target(_GROWTH))
    if job.what == "pipeline":
        idle = Evidence.of(job).traffic.idle() / ran.wall * 100
        yield Reading(row, "share of time without a request in flight", idle, "%")
        yield Reading(row, f"environments, of {job.domains} domains", ran.made, "")


def _started(job: Job, run: Run) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=run, args=(job,))
    process.start()
    return process


def _finished(job: Job, run: Run) -> Ran:
    process = _started(job, run)
    process.join(_PATIENCE)
    if process.exitcode != 0:
        process.kill()
        process.join()
        raise RuntimeError(f"the run in {job.folder.name} did not finish: see its error above")
    return Ran.load(job.result)


def _cut_off(job: Job, run: Run, requests: int) -> Evidence:
    """Runs until so many requests were sent, then kills; what the store and the log hold then."""
    process = _started(job, run)
    while process.is_alive() and Traffic.read(job.log).requests < requests:
        time.sleep(0.02)
    process.kill()
    process.join()
    return Evidence.of(job)


def _files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}

"""A generated source as the host handles it: in sealed workers of its own.

A worker may die at any time. What the host knows suffices to bring another to the same state, so an
order is settled as a whole or, when its worker died, carried out once more; only the operation that
is to blame is not.
"""

from __future__ import annotations

import os
import select
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Self

import msgspec

from ..errors import EnvscalerError, GeneratedCodeError, SandboxError
from .gate import Gate
from .lanes import Batch, Lane, Work
from .link import GLANCE_SECONDS, Broken, Garbled, Hung, Worker
from .protocol import (
    ERROR_TEXT,
    FEW_OPERATIONS,
    ORDER_BYTES,
    ORDER_OPERATIONS,
    AnyOperation,
    Build,
    Failure,
    Load,
    Outcome,
)
from .reports import Loaded, described, loaded, read

MOST_STRIKES = 6
"""A source is given up after so many: two for an operation that hangs, one for another death."""
MOST_SUDDEN = 3
"""So many deaths in a row before anything was begun may be the machine's doing."""
_SPINS = 100
"""Looks, of about a microsecond each, for the answer to a single call before going to sleep."""
_FORGIVEN = 1000
"""Operations that go well and make good for one strike."""
SPREAD = 64
"""A further worker is started once there is work for so many instances on each."""

encode = msgspec.json.Encoder().encode


class Sealed:
    """A loaded source and its workers, which are made again when they die; thread-safe."""

    def __init__(self, spawn: Callable[[], Worker], source: Load, workers: int = 1) -> None:
        self._spawn = spawn
        self._source = source
        self._lock = Gate()
        self._ended: EnvscalerError | None = None
        self._strikes, self._settled, self._sudden = 0, 0, 0
        self._used = time.monotonic()
        self._at_work = False
        """Whether a batch is under way: garbage collection may call in from the same thread."""
        self._poll = select.poll()
        self._width = workers
        self._lanes = [Lane() for _ in range(workers)]
        self._solitary: Lane | None = None
        """The lane of those that have killed a worker, where no other suffers from it."""
        self._by_descriptor: dict[int, Lane] = {}
        self._was_loaded = False
        self._loaded = self._start(self._lanes[0])
        self._was_loaded = True
        weakref.finalize(self, _forsake, self._lanes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def layers(self) -> tuple[str, ...]:
        """The protections that hold in the workers."""
        with self._lock:
            self._check_open()
            lane = self._lanes[0]
            if lane.worker is None:
                self._start(lane)
            assert lane.worker is not None
            return lane.worker.greet()

    @property
    def ended(self) -> bool:
        """Whether the source was closed or given up."""
        return self._ended is not None

    def close(self) -> None:
        """End the workers, also those that are at work for another thread; twice is fine."""
        self._ended = SandboxError("this source was closed; open it again with the pool")
        if self._lock.foreign:
            for lane in self._lanes:
                if lane.worker is not None:
                    lane.worker.abandon()
            return
        for lane in self._lanes:
            if (worker := lane.worker) is not None:
                worker.kill()
        with self._lock:
            for lane in self._lanes:
                lane.close()

    def rest(self, seconds: float) -> None:
        """End the workers if nothing was asked for so long; they are made again on demand."""
        if time.monotonic() - self._used < seconds or not self._lock.try_to_enter():
            return
        try:
            if self._ended is None and time.monotonic() - self._used >= seconds:
                for lane in self._lanes:
                    self._stop(lane)
        finally:
            self._lock.__exit__()

    # -------------------------------------------------------------- workers

    def _start(self, lane: Lane) -> Loaded:
        """Give a lane a worker with the source loaded; what the load reported."""
        worker, outcome = self._loading()
        try:
            if isinstance(outcome, Failure):
                raise GeneratedCodeError(f"the source cannot be used:\n{outcome.error}")
            read(described, outcome)
            report = read(loaded, outcome)
        except BaseException:
            worker.close()
            raise
        lane.worker = worker
        self._poll.register(worker.fileno(), select.POLLIN)
        self._by_descriptor[worker.fileno()] = lane
        return report

    def _load(self) -> tuple[Worker, Outcome]:
        """A worker that has loaded the source, and how that went; raises `Broken`."""
        worker = self._spawn()
        try:
            worker.greet()
            arrival = select.poll()
            arrival.register(worker.fileno(), select.POLLIN)
            worker.begin([self._source])
            while not (arrival.poll(GLANCE_SECONDS * 1000) and worker.advance()):
                worker.glance()
        except BaseException:
            worker.close()
            raise
        return worker, worker.outcomes[0]

    def _loading(self) -> tuple[Worker, Outcome]:
        """As `_load`, tried again where a worker died of it: a machine out of memory kills, too."""
        for _ in range(MOST_SUDDEN):
            try:
                return self._load()
            except Hung as error:
                fault: Broken = error
                break
            except Broken as error:
                fault = error
        kind = SandboxError if self._was_loaded else GeneratedCodeError
        raise kind(f"loading the source broke its worker: {fault}") from fault

    def _stop(self, lane: Lane) -> None:
        if lane.worker is not None:
            descriptor = lane.worker.fileno()
            self._poll.unregister(descriptor)
            del self._by_descriptor[descriptor]
        lane.close()

    def _check_open(self) -> None:
        if self._ended is not None:
            raise type(self._ended)(str(self._ended))

    # -------------------------------------------------------------- batches

    def _run(self, operations: Sequence[Work]) -> list[Outcome]:
        """One outcome for each operation, whatever becomes of the workers."""
        self._check_open()
        if self._at_work:
            raise SandboxError("this source is at work already, further up in the same thread")
        light = sum(operation.weight() for operation in operations) < ORDER_BYTES
        batch = Batch(operations, [None] * len(operations), Counter(), set(), light)
        self._at_work = True
        try:
            self._carry_out(batch)
        except SandboxError as error:
            self._break_off()
            if self._ended is not None or not any(batch.results):
                raise
            # What has been done is done: its results must reach the caller.
            rest = Failure("killed", str(error)[:ERROR_TEXT])
            return [result or rest for result in batch.results]
        except BaseException:
            self._break_off()
            raise
        finally:
            self._at_work = False
            self._used = time.monotonic()
        if isinstance(self._ended, SandboxError):
            self._check_open()
        return [result for result in batch.results if result is not None]

    def _carry_out(self, batch: Batch[Work]) -> None:
        self._distribute(batch)
        for lane in self._lanes:
            self._dispatch(lane, batch)
        while any(lane.indices for lane in self._lanes):
            self._attend(batch)

    def _break_off(self) -> None:
        """Forget a batch in the middle of it; what its workers hold is not known any more."""
        for lane in self._lanes:
            lane.waiting.clear()
        for lane in self._lanes:
            if lane.indices:
                self._stop(lane)

    def _distribute(self, batch: Batch[Work]) -> None:
        """Let each operation wait at a lane."""
        count = min(self._width, 1 + len(batch.operations) // SPREAD)
        for index in range(len(batch.operations)):
            self._lanes[index // 32 % count].waiting.append(index)

    def _attend(self, batch: Batch[Work]) -> None:
        """Wait a glance for any of the workers, and give those that are done the next order."""
        for descriptor, _ in self._arrived(batch):
            lane = self._by_descriptor.get(descriptor)
            if lane is None or lane.worker is None:
                continue  # it was stopped a moment ago
            try:
                if lane.worker.advance():
                    self._settle(lane, batch)
            except Broken as error:
                self._bury(lane, batch, error)
        for lane in self._lanes:
            try:
                if lane.worker is not None:
                    lane.worker.glance()
            except Broken as error:
                self._bury(lane, batch, error)
            self._dispatch(lane, batch)

    def _arrived(self, batch: Batch[Work]) -> list[tuple[int, int]]:
        """The workers that have sent something, at the latest after a glance."""
        spins = _SPINS if len(batch.operations) <= FEW_OPERATIONS else 0
        while spins:
            if arrived := self._poll.poll(0):
                return arrived
            os.sched_yield()  # both may be on one processor
            spins -= 1
        return self._poll.poll(GLANCE_SECONDS * 1000)

    def _dispatch(self, lane: Lane, batch: Batch[Work]) -> None:
        """Send a lane's next order, if it is free and something waits."""
        while lane.waiting and not lane.indices:
            if self._ended is not None:
                self._surrender(lane, batch)
                return
            try:
                if lane.worker is None:
                    self._start(lane)
                self._fill(lane, batch)
                if lane.operations:
                    assert lane.worker is not None
                    lane.worker.allow(lane.weight, now=bool(batch.alone))
                    lane.worker.begin(lane.operations)
            except Broken as error:
                self._bury(lane, batch, error)
            except GeneratedCodeError as error:
                self._ended = error

    def _surrender(self, lane: Lane, batch: Batch[Work]) -> None:
        """The source has been given up: what waits is not carried out."""
        if not isinstance(self._ended, GeneratedCodeError):
            self._check_open()
        for index in lane.waiting:
            batch.results[index] = Failure("killed", str(self._ended))
        lane.waiting.clear()

    def _fill(self, lane: Lane, batch: Batch[Work]) -> None:
        """Take as much of what waits as one order may hold, at least one operation."""
        if batch.light and not batch.alone and self._ready(lane, batch):
            lane.indices = [
                lane.waiting.popleft() for _ in range(min(len(lane.waiting), ORDER_OPERATIONS))
            ]
            lane.operations = [batch.operations[index] for index in lane.indices]
            return
        weight, alone = 0, batch.alone
        waiting, indices, operations = lane.waiting, lane.indices, lane.operations
        while waiting:
            index = waiting[0]
            operation = batch.operations[index]
            if operations and index in alone:
                break
            needed = self._needed(lane, operation)
            if isinstance(needed, Failure):
                batch.results[index] = needed
                waiting.popleft()
                continue
            weight += operation.weight() + (needed.weight() if needed else 0)
            if operations and (len(operations) >= ORDER_OPERATIONS or weight > ORDER_BYTES):
                break
            if needed is not None:
                indices.append(-1)
                operations.append(needed)
            self._sent(lane, needed or operation)
            waiting.popleft()
            indices.append(index)
            operations.append(operation)
            if index in alone:
                break

    def _ready(self, lane: Lane, batch: Batch[Work]) -> bool:
        """Whether nothing is needed for any of a lane's next operations."""
        return True

    def _needed(self, lane: Lane, operation: Work) -> Build | Failure | None:
        """What has to be made before an operation can be, if anything; or why it cannot."""
        return None

    def _sent(self, lane: Lane, operation: AnyOperation) -> None:
        """An operation is about to be sent to a lane's worker."""

    # -------------------------------------------------------------- outcomes

    def _settle(self, lane: Lane, batch: Batch[Work]) -> None:
        """Take an order's outcomes over, unless it has to be carried out in single steps."""
        assert lane.worker is not None
        indices, operations, outcomes = lane.indices, lane.operations, lane.worker.outcomes
        leak = lane.worker.leak
        if leak and self._again(lane, batch):
            return
        if leak:
            outcomes[-1] = Failure("exception", leak)
        again: list[int] = []
        if set(map(type, outcomes)) == {bytes} and -1 not in indices:
            for index, outcome in zip(indices, outcomes, strict=True):
                batch.results[index] = outcome
        else:
            self._check_stale(operations, outcomes)
            again = self._sort_out(lane, batch)
        self._done(indices, operations, outcomes)
        lane.indices, lane.operations = [], []
        self._settled += len(indices)
        self._sudden = 0
        batch.alone.update(again)
        lane.waiting.extendleft(reversed(again))
        lane.patience -= len(indices)
        bloated = lane.worker.bloated(lane.weight)
        if bloated and (lane.patience <= 0 or lane.worker.full):
            self._stop(lane)

    def _sort_out(self, lane: Lane, batch: Batch[Work]) -> list[int]:
        """Take over outcomes of which some did not go well; what has to be done once more."""
        assert lane.worker is not None
        again = []
        triples = zip(lane.indices, lane.operations, lane.worker.outcomes, strict=True)
        for index, operation, outcome in triples:
            if index < 0:
                self._returned(lane, operation, outcome)
            elif not isinstance(outcome, Failure):
                batch.results[index] = outcome
            elif outcome.status == "stale":
                again.append(index)
            else:
                self._failed(lane, operation, outcome)
                if outcome.status == "memory" and index not in batch.alone:
                    again.append(index)  # others may have taken the room
                else:
                    batch.results[index] = outcome
        return again

    def _again(self, lane: Lane, batch: Batch[Work]) -> bool:
        """Whether an order that changed something shared is carried out anew, and how.

        Classes from elsewhere may share what they like: each instance gets a module of its own.
        Otherwise every operation gets an order of its own, so that the guilty one shows.
        """
        asked = [index for index in lane.indices if index >= 0]
        if self._isolates():
            self._source = msgspec.structs.replace(self._source, isolated=True)
            for other in self._lanes:
                other.waiting.extendleft(index for index in reversed(other.indices) if index >= 0)
                self._stop(other)
            return True
        self._forget(lane, lane.operations)
        if len(asked) == 1:
            return False
        batch.alone.update(asked)
        lane.indices, lane.operations = [], []
        lane.waiting.extendleft(reversed(asked))
        return True

    def _isolates(self) -> bool:
        """Whether instances can be kept apart by modules of their own, and are not yet."""
        load = self._source
        return load.kind == "class" and load.profile != "native" and not load.isolated

    def _done(
        self, indices: list[int], operations: list[AnyOperation], outcomes: list[Outcome]
    ) -> None:
        """Remember what has been done; negative indices mean what was only done again."""

    def _failed(self, lane: Lane, operation: AnyOperation, outcome: Failure) -> None:
        """An operation did not end well."""

    def _returned(self, lane: Lane, operation: AnyOperation, outcome: Outcome) -> None:
        """An operation that succeeded before was carried out again."""

    def _check_stale(self, operations: Sequence[AnyOperation], outcomes: Sequence[Outcome]) -> None:
        """Raises `Broken` where a worker says without reason that it lacks an instance."""
        if any(type(one) is Failure and one.status == "stale" for one in outcomes):
            raise Garbled("the worker lost what it never had")

    def _forget(self, lane: Lane, operations: Sequence[AnyOperation]) -> None:
        """The worker's instances of these operations are no longer as they should be."""

    # -------------------------------------------------------------- deaths

    def _bury(self, lane: Lane, batch: Batch[Work], error: Broken) -> None:
        """A worker has to be replaced: find who is to blame, and let the others wait again."""
        worker, indices, operations = lane.worker, lane.indices, lane.operations
        assert worker is not None
        running = worker.running
        sudden = running < 0 and not worker.outcomes and not isinstance(error, Garbled)
        self._sudden += sudden
        innocent = not worker.parent_alive or (sudden and self._sudden <= MOST_SUDDEN)
        self._stop(lane)
        if isinstance(self._ended, SandboxError):
            self._check_open()
        if indices and not innocent:
            certain = isinstance(error, Hung) and lane is not self._solitary
            self._strike(2 if certain else 1, str(error))
            known = 0 <= running < len(indices) and not isinstance(error, Garbled)
            for position in [running] if known else range(len(indices)):
                index, operation = indices[position], operations[position]
                sure = isinstance(error, Hung) and known
                if index < 0:
                    self._suspect(operation, str(error), sure=sure)
                    continue
                batch.suspicion[index] += 1
                if sure or batch.suspicion[index] > 1:
                    batch.results[index] = Failure("killed", str(error))
                    self._blame(operation)
                else:
                    batch.alone.add(index)
        again = [index for index in indices if index >= 0 and batch.results[index] is None]
        lane.waiting.extendleft(reversed(again))

    def _strike(self, count: int, reason: str) -> None:
        forgiven, self._settled = divmod(self._settled, _FORGIVEN)
        self._strikes = max(0, self._strikes - forgiven) + count
        if self._strikes >= MOST_STRIKES + self._credit():
            self._ended = GeneratedCodeError(
                f"the source was given up, since it ended its workers too often; the last: {reason}"
            )

    def _credit(self) -> int:
        """Strikes that are forgiven a source for the number of its instances."""
        return 0

    def _blame(self, operation: AnyOperation) -> None:
        """An operation has killed a worker for certain."""

    def _suspect(self, operation: AnyOperation, reason: str, *, sure: bool) -> None:
        """A worker died while this was carried out again."""


def _forsake(lanes: Iterable[Lane]) -> None:
    for lane in lanes:
        if lane.worker is not None:
            lane.worker.forsake()

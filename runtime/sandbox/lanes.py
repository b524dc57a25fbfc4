"""Where the workers of one source stand, and what waits for them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from .link import Worker
from .protocol import AnyOperation, Evaluate, OnInstance, Outcome

Work = TypeVar("Work", OnInstance, Evaluate)


_PATIENCE = 10_000


class Lane:
    """A place for one worker, and what waits for it."""

    __slots__ = ("held", "indices", "live", "operations", "patience", "waiting", "weight", "worker")

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.live: set[int] = set()
        """Instances that the worker holds in their present state."""
        self.held: dict[int, int] = {}
        """All instances that the worker holds, and the bytes that each may take."""
        self.weight = 0
        """The sum of these bytes."""
        self.patience = _PATIENCE
        """Operations to be settled before the worker may be replaced for its size."""
        self.waiting: deque[int] = deque()
        """Indices of operations of the batch that are still to be sent."""
        self.indices: list[int] = []
        """What is on its way; -1 for operations that only bring an instance back."""
        self.operations: list[AnyOperation] = []

    def hold(self, instance: int, size: int) -> None:
        """The worker is about to hold an instance in its present state."""
        self.live.add(instance)
        self.weight += size - self.held.get(instance, 0)
        self.held[instance] = size

    def free(self, instance: int) -> None:
        """The worker has let go of an instance."""
        self.live.discard(instance)
        self.weight -= self.held.pop(instance, 0)

    def close(self) -> None:
        """End the worker; the lane can be used again."""
        worker, self.worker = self.worker, None
        self.live.clear()
        self.held.clear()
        self.weight = 0
        self.indices, self.operations = [], []
        self.patience = _PATIENCE
        if worker is not None:
            worker.close()


class Batch(NamedTuple, Generic[Work]):
    """Operations that one caller wants carried out, and what is known of them."""

    operations: Sequence[Work]
    results: list[Outcome | None]
    suspicion: Counter[int]
    """How often an operation was running when a worker died."""
    alone: set[int]
    """Operations that get an order of their own, to see what they do."""
    light: bool
    """Whether nothing has to be weighed, because all together is less than an order may hold."""

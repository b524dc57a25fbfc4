"""Sealed execution: generated classes and checks run in workers that gave up every right first."""

from .pool import Pool
from .protocol import Limits, Status
from .sealed import Reply, SealedChecks
from .sealed_class import Call, SealedClass, Snapshot

__all__ = [
    "Call",
    "Limits",
    "Pool",
    "Reply",
    "SealedChecks",
    "SealedClass",
    "Snapshot",
    "Status",
]

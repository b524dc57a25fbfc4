"""Sealed execution: generated classes and checks run in workers that gave up every right first."""

from .asynchronous import AsyncPool, AsyncSealedChecks, AsyncSealedClass
from .journals import Snapshot
from .pool import Pool
from .protocol import Limits, PackageObject, Profile, Status
from .reports import Reply
from .sealed_checks import SealedChecks
from .sealed_class import Call, SealedClass

__all__ = [
    "AsyncPool",
    "AsyncSealedChecks",
    "AsyncSealedClass",
    "Call",
    "Limits",
    "PackageObject",
    "Pool",
    "Profile",
    "Reply",
    "SealedChecks",
    "SealedClass",
    "Snapshot",
    "Status",
]

"""Executable, stateful tool environments with proven, verifiable tasks, made from task texts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .programs.run import Synthesized, synthesize
    from .programs.skeletons import SkeletonSettings
    from .runtime.episodes import Episode
    from .runtime.errors import EnvscalerError
    from .runtime.formats import Export, read_export, write_export
    from .runtime.models import Budget, ModelSettings
    from .runtime.readers import read_tasks
    from .runtime.sandbox import Pool
    from .runtime.verification import verify_export

__all__ = [
    "Budget",
    "EnvscalerError",
    "Episode",
    "Export",
    "ModelSettings",
    "Pool",
    "SkeletonSettings",
    "Synthesized",
    "read_export",
    "read_tasks",
    "synthesize",
    "verify_export",
    "write_export",
]

_HOMES = {
    "Budget": "runtime.models",
    "EnvscalerError": "runtime.errors",
    "Episode": "runtime.episodes",
    "Export": "runtime.formats",
    "ModelSettings": "runtime.models",
    "Pool": "runtime.sandbox",
    "SkeletonSettings": "programs.skeletons",
    "Synthesized": "programs.run",
    "read_export": "runtime.formats",
    "read_tasks": "runtime.readers",
    "synthesize": "programs.run",
    "verify_export": "runtime.verification",
    "write_export": "runtime.formats",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: `import envscaler` costs nothing, and only synthesis needs DSPy.
    if name not in _HOMES:
        raise AttributeError(f"module 'envscaler' has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)

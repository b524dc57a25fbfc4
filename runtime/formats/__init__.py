"""Exports: dataset folders, their cards, and upstream EnvScaler's files."""

from .dataset import read_export, write_export
from .export import Export
from .upstream import CheckRenderer, Upstream, to_upstream
from .upstream_reader import (
    UpstreamScenario,
    environments_by_id,
    read_environments,
    read_scenarios,
)

__all__ = [
    "CheckRenderer",
    "Export",
    "Upstream",
    "UpstreamScenario",
    "environments_by_id",
    "read_environments",
    "read_export",
    "read_scenarios",
    "to_upstream",
    "write_export",
]

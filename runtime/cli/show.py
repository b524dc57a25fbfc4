"""`envscaler show`: records for people, or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import RenderableType

from ..records import Environment, Scenario
from ..state import Json
from .blocks import console
from .environment_view import environment_view
from .overview import overview, overview_json
from .scenario_view import scenario_view
from .sources import Shelf, Shown, open_shelf
from .trajectory_view import trajectory_view


def show(folder: Path, ident: str | None, *, as_json: bool) -> None:
    """Print what a folder holds, or one of its records.

    Raises:
        DataError: there is no run and no export, or no such record.
        RunError: the run cannot be read.
    """
    shelf = open_shelf(folder)
    found = shelf.find(ident) if ident else None
    if as_json:
        value = overview_json(shelf) if found is None else _json(shelf, found)
        print(json.dumps(value, indent=2, ensure_ascii=True))
        return
    console().print(overview(shelf) if found is None else _view(shelf, found))


def _view(shelf: Shelf, record: Shown) -> RenderableType:
    if isinstance(record, Environment):
        return environment_view(shelf, record)
    if isinstance(record, Scenario):
        return scenario_view(shelf, record)
    return trajectory_view(shelf, record)


def _json(shelf: Shelf, record: Shown) -> Json:
    """The record, its id, and what is said about it."""
    said = {
        "inspection": shelf.inspections.get(record.id),
        "certificate": shelf.certificates.get(record.id),
        "difficulty": shelf.difficulties.get(record.id),
    }
    parts = {name: part.model_dump(mode="json") for name, part in said.items() if part}
    return {"id": record.id, **record.model_dump(mode="json"), **parts}

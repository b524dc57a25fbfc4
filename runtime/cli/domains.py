"""`envscaler domains`: what environments consist of, and how different they are."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import ConfigurationError, DataError
from .blocks import console
from .sources import open_shelf


def domains(folder: Path, *, plot: Path | None, as_data: bool) -> None:
    """Print the overview of a run or an export; draw it.

    Raises:
        ConfigurationError: the plot cannot be written, or matplotlib is missing.
        DataError: there is no run and no export, or it holds no environment.
        RunError: the run cannot be read.
    """
    from ..diversity import as_json, overview, plot_overview, similarities
    from ..reporting.domains import domain_section
    from .report import section_view

    shelf = open_shelf(folder)
    if not shelf.environments:
        raise DataError(f"{folder} holds no environment, so there is nothing to compare")
    counted = overview(shelf.environments, shelf.scenarios)
    if plot is not None:
        try:
            plot_overview(counted, similarities(shelf.environments), plot)
        except (OSError, ValueError) as fault:
            raise ConfigurationError(f"--plot {plot} cannot be written: {fault}") from fault
    if as_data:
        print(json.dumps(as_json(counted, similarities(shelf.environments)), indent=2))
        return
    console().print(section_view(domain_section(shelf.environments, shelf.scenarios)))
    if plot is not None:
        console().print(f"\nWritten: {plot}")

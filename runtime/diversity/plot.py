"""One picture of a data set: its sizes, and how alike its environments are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from .figures import UPSTREAM, Overview
from .similarity import Similarities, View

if TYPE_CHECKING:
    from .similarity import Matrix

_FORMATS = (".png", ".svg", ".pdf")
_COLOUR = "#2a6f97"
_ACCENT = "#c8553d"
_MOST_LABELS = 45
"""Environments whose class names are legible along the heat map."""
_MOST_NUMBERS = 14
"""Environments whose similarities can be written into its squares."""
_LETTERS = 26
"""Of a class name along the heat map."""


def plot_overview(overview: Overview, similarities: Similarities, path: Path) -> None:
    """Draw tools per environment, entities against rules, and the similarities of all pairs.

    The heat map shows state schemas below its diagonal and tools above it; like environments stand
    together. Class names are left out where there are too many to read.

    Args:
        overview: of at least one environment.
        similarities: of the same environments in the same order.
        path: the picture to write; its ending names the format: .png, .svg or .pdf.

    Raises:
        ConfigurationError: matplotlib is missing, or the ending or the environments do not fit.
    """
    _check(overview, similarities, path)
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigurationError(
            "The overview cannot be drawn: matplotlib is not installed. "
            "Install it: pip install matplotlib"
        ) from error
    # Neither date nor random ids: the same overview gives the same bytes. SVG text stays text.
    style = {
        "svg.hashsalt": "envscaler",
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.titlesize": 10,
    }
    with rc_context(style):
        figure: Any = Figure(figsize=(13, 7.5), layout="constrained")
        left, right = figure.subfigures(1, 2, width_ratios=(1, 1.9))
        sizes, rules = left.subplots(2, 1)
        _draw_tools(sizes, overview)
        _draw_rules(rules, overview)
        _draw_similarities(right, similarities)
        undated = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        figure.savefig(path, dpi=150, metadata=undated[path.suffix.lower()])


def _check(overview: Overview, similarities: Similarities, path: Path) -> None:
    if path.suffix.lower() not in _FORMATS:
        raise ConfigurationError(
            f"The overview cannot be drawn to {path.name!r}: expected a name that ends in "
            f"{', '.join(_FORMATS)}."
        )
    names = tuple(row.class_name for row in overview.environments)
    if not names or names != similarities.names:
        raise ConfigurationError(
            f"The overview counts {len(names)} environments and the similarities compare "
            f"{len(similarities.names)}: make both of the same environments, at least one."
        )


def _draw_tools(axes: Any, overview: Overview) -> None:
    tools = [row.tools for row in overview.environments]
    theirs = UPSTREAM["tools"]
    low, high = min(*tools, int(theirs)), max(*tools, int(theirs) + 1)
    step = 1 + (high - low) // 40
    axes.hist(tools, bins=[n - 0.5 for n in range(low, high + 1 + step, step)], color=_COLOUR)
    axes.axvline(theirs, color=_ACCENT, linestyle="--")
    axes.set_title(f"Tools (dashed: EnvScaler's mean, {theirs})")
    axes.set(xlabel="tools of an environment", ylabel="environments")
    _whole_numbers(axes)


def _draw_rules(axes: Any, overview: Overview) -> None:
    counts = Counter((row.entities, row.rules) for row in overview.environments)
    most = max(counts.values())
    for (entities, rules), count in counts.items():
        area = 180 + 320 * count / most
        axes.scatter(entities, rules, s=area, color=_COLOUR, edgecolors="white")
        axes.annotate(
            str(count), (entities, rules), ha="center", va="center", color="white", fontsize=8
        )
    x, y = zip(*counts, strict=True)
    axes.set(xlim=(min(x) - 0.8, max(x) + 0.8), ylim=(min(y) - 0.8, max(y) + 0.8))
    axes.set_title("Entities and rules (numbers: environments)")
    axes.set(xlabel="entities", ylabel="business rules")
    _whole_numbers(axes)


def _whole_numbers(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.spines[["top", "right"]].set_visible(False)


def _draw_similarities(figure: Any, compared: Similarities) -> None:
    import numpy as np

    order = _order((compared.schema + compared.tools) / 2)
    grid = np.ix_(order, order)
    shown = np.tril(compared.schema[grid], -1) + np.triu(compared.tools[grid])
    axes = figure.subplots()
    image = axes.imshow(shown, vmin=0, vmax=1, cmap="Blues")
    figure.colorbar(image, ax=axes, shrink=0.8, label="similarity")
    axes.set_title(
        f"Similarity of state schemas (below the diagonal) and tools (above)\n{_scores(compared)}"
    )
    _label(axes, [compared.names[n] for n in order])
    if len(order) <= _MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(shown):
            colour = "white" if value > 0.5 else "black"
            axes.text(
                column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8
            )


def _order(matrix: Matrix) -> list[int]:
    """An order in which like environments stand together: the leaves of average linkage."""
    if len(matrix) < 3:
        return list(range(len(matrix)))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    return [int(n) for n in leaves_list(linkage(squareform(1 - matrix), "average"))]


def _scores(compared: Similarities) -> str:
    titles: dict[View, str] = {"schema": "state", "tools": "tools", "description": "description"}
    parts = []
    for view, title in titles.items():
        found = compared.diversity(view)
        if found.vendi is not None:
            parts.append(f"{title} {found.vendi:.1f} of {found.environments}")
    return f"Vendi score: {', '.join(parts) or 'none'}"


def _label(axes: Any, names: list[str]) -> None:
    if len(names) > _MOST_LABELS:
        axes.set(xticks=[], yticks=[], xlabel=f"{len(names)} environments")
        return
    short = [name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…" for name in names]
    size = 9 if len(names) <= 20 else 7
    axes.set_xticks(range(len(names)), short, rotation=45, ha="right", fontsize=size)
    axes.set_yticks(range(len(names)), short, fontsize=size)

"""What environments consist of, counted: one row for each, and the figures over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean, median
from typing import Literal

from ..records import Environment, Part, Scenario
from ..state import Json
from .schema import schema_of
from .similarity import VIEWS, Similarities

Figure = Literal[
    "tools",
    "queries",
    "changes",
    "parameters",
    "entities",
    "attributes",
    "scalars",
    "states",
    "rules",
    "errors",
    "lines",
    "scenarios",
    "records",
]
FIGURES: tuple[Figure, ...] = (
    "tools", "queries", "changes", "parameters", "entities", "attributes", "scalars", "states",
    "rules", "errors", "lines", "scenarios", "records",
)  # fmt: skip
UPSTREAM: dict[Figure, float] = {
    "tools": 18.58,
    "queries": 10.44,
    "changes": 8.14,
    "states": 21.38,
    "scenarios": 37.28,
}
"""Means over the 191 environments that EnvScaler published (arXiv 2601.05808 and the figures of its
repository). It counts "state categories" and does not say what makes one: `states` is our guess."""
COLUMNS = (
    "class", "tools", "queries", "changes", "params", "entities", "attributes", "scalars", "rules",
    "errors", "lines", "scenarios", "records",
)  # fmt: skip
"""Of `overview_table`."""
TOTAL_COLUMNS = ("per environment", "mean", "median", "least", "most", "EnvScaler's mean")
"""Of `totals_table`."""

Cell = str | int | None


class EnvironmentFigures(Part):
    """What one environment consists of."""

    id: str
    class_name: str
    summary: str
    tools: int
    queries: int
    changes: int
    parameters: int
    """Of all tools together."""
    entities: int
    attributes: int
    """Of all entities together."""
    scalars: int
    states: int
    """Different things that the state can hold: attributes and scalars."""
    rules: int
    errors: int
    """Reasons for which its tools refuse, as planned."""
    lines: int
    """Of the class's source, without blank lines and comments."""
    scenarios: int
    records: float | None
    """Records that a scenario begins with, on average; None without scenarios."""


class Total(Part):
    """One figure over all environments that have it."""

    figure: Figure
    mean: float
    median: float
    least: float
    most: float


class Overview(Part):
    """The environments of a run or a data set, counted."""

    environments: tuple[EnvironmentFigures, ...]
    totals: tuple[Total, ...]
    """One for each figure that any environment has, in the order of `FIGURES`."""
    histogram: tuple[tuple[int, int], ...]
    """(number of tools, environments that have so many), ascending."""


def overview(environments: Sequence[Environment], scenarios: Sequence[Scenario] = ()) -> Overview:
    """Count what environments consist of; scenarios of other environments are left out.

    Plans without entities (of imported environments) are completed by what the classes declare.
    """
    starts: dict[str, list[Mapping[str, Json]]] = {}
    for scenario in scenarios:
        starts.setdefault(scenario.environment, []).append(scenario.initial_state)
    rows = tuple(_figures(e, starts.get(e.id, [])) for e in environments)
    return Overview(
        environments=rows,
        totals=tuple(total for figure in FIGURES for total in _total(figure, rows)),
        histogram=tuple(sorted(Counter(row.tools for row in rows).items())),
    )


def _figures(environment: Environment, starts: Sequence[Mapping[str, Json]]) -> EnvironmentFigures:
    plan, schema = environment.plan, schema_of(environment)
    names = {tool.name for tool in environment.tools} or {o.name for o in plan.operations}
    operations = [operation for operation in plan.operations if operation.name in names]
    attributes = sum(len(entity.attributes) for entity in schema.entities)
    return EnvironmentFigures(
        id=environment.id,
        class_name=environment.class_name,
        summary=plan.summary,
        tools=len(names),
        queries=sum(operation.kind == "query" for operation in operations),
        changes=sum(operation.kind == "change" for operation in operations),
        parameters=sum(len(operation.parameters) for operation in operations),
        entities=len(schema.entities),
        attributes=attributes,
        scalars=len(schema.scalars),
        states=attributes + len(schema.scalars),
        rules=len(plan.rules),
        errors=sum(len(operation.errors) for operation in operations),
        lines=_lines(environment.source),
        scenarios=len(starts),
        records=mean(map(_records, starts)) if starts else None,
    )


def _lines(source: str) -> int:
    lines = (line.strip() for line in source.splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def _records(state: Mapping[str, Json]) -> int:
    """Objects in the collections of a state, be they mappings or lists."""
    held = (v.values() if isinstance(v, Mapping) else v for v in state.values())
    return sum(
        isinstance(item, Mapping)
        for items in held
        if not isinstance(items, str | int | float | None)
        for item in items
    )


def _total(figure: Figure, rows: Sequence[EnvironmentFigures]) -> list[Total]:
    values = [value for row in rows if (value := getattr(row, figure)) is not None]
    if not values:
        return []
    return [
        Total(
            figure=figure,
            mean=mean(values),
            median=median(values),
            least=min(values),
            most=max(values),
        )
    ]


def overview_table(overview: Overview) -> list[list[Cell]]:
    """One row for each environment, with the cells that `COLUMNS` names."""
    return [
        [
            row.class_name, row.tools, row.queries, row.changes, row.parameters, row.entities,
            row.attributes, row.scalars, row.rules, row.errors, row.lines, row.scenarios,
            None if row.records is None else _short(row.records),
        ]
        for row in overview.environments
    ]  # fmt: skip


def totals_table(overview: Overview) -> list[list[Cell]]:
    """One row for each figure, with the cells that `TOTAL_COLUMNS` names."""
    rows: list[list[Cell]] = []
    for total in overview.totals:
        theirs = UPSTREAM.get(total.figure)
        figures = (total.mean, total.median, total.least, total.most)
        rows.append([total.figure, *map(_short, figures), _short(theirs) if theirs else None])
    return rows


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def as_json(overview: Overview, compared: Similarities | None = None) -> dict[str, Json]:
    """The overview, and, where environments were compared, by view how diverse they are and which
    is the nearest to each; the matrices are left out."""
    found: dict[str, Json] = overview.model_dump(mode="json")
    if compared is not None:
        found["diversity"] = {v: compared.diversity(v).model_dump(mode="json") for v in VIEWS}
        found["nearest"] = {
            view: [
                near and {"class_name": compared.names[near.index], **near.model_dump(mode="json")}
                for near in compared.nearest(view)
            ]
            for view in VIEWS
        }
    return found

"""What environments consist of, counted, in tables and drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.diversity import (
    COLUMNS,
    TOTAL_COLUMNS,
    as_json,
    overview,
    overview_table,
    plot_overview,
    similarities,
    totals_table,
)
from envscaler.runtime.errors import ConfigurationError
from envscaler.runtime.records import Checks, Environment, Scenario

Renamed = Callable[..., Environment]


def scenario(environment: Environment, state: dict[str, Any]) -> Scenario:
    checks = Checks(goals=(), outcomes=())
    return Scenario(
        environment=environment.id, initial_state=state, task="", solutions=(), checks=checks
    )


def test_every_part_of_an_environment_is_counted(
    depot: Environment, depot_state: dict[str, Any]
) -> None:
    [row] = overview([depot], [scenario(depot, depot_state)]).environments
    plan = depot.plan
    assert (row.tools, row.queries, row.changes) == (9, 3, 6)
    assert row.parameters == sum(len(tool.parameters["properties"]) for tool in depot.tools)
    assert (row.entities, row.attributes, row.scalars) == (4, 19, 3)
    assert (row.states, row.rules) == (22, len(plan.rules))
    assert row.scenarios == 1
    assert row.records == sum(len(depot_state[entity.collection]) for entity in plan.entities)


def test_blank_lines_and_comments_are_no_lines_of_code(depot: Environment) -> None:
    source = "# A comment.\n\nclass A:\n    # Another.\n    x = 1  # and code\n"
    [row] = overview([depot.model_copy(update={"source": source})]).environments
    assert row.lines == 2


def test_refusals_are_counted(library: Environment) -> None:
    [row] = overview([library]).environments
    assert row.errors == sum(len(operation.errors) for operation in library.plan.operations) > 0


def test_an_imported_environment_is_counted_by_its_class(imported: Environment) -> None:
    [row] = overview([imported]).environments
    assert (row.tools, row.queries, row.changes, row.parameters) == (2, 1, 1, 3)
    assert (row.entities, row.attributes, row.scalars, row.records) == (2, 9, 2, None)


def test_an_imported_class_that_declares_nothing_is_counted_too(imported: Environment) -> None:
    [row] = overview([imported.model_copy(update={"source": "class GymEnv: pass"})]).environments
    assert (row.tools, row.entities, row.states, row.lines) == (2, 0, 0, 1)


def test_records_are_averaged_over_the_scenarios_of_the_environment_itself(
    imported: Environment, library: Environment
) -> None:
    states: list[dict[str, Any]] = [
        {"members": {"M1": {}, "M2": {}}, "visits": [{"of": "M1"}], "now": "2026", "tags": ["a"]},
        {"members": {}, "limits": {"hours": 3}, "none": None},
    ]
    scenarios = [scenario(imported, state) for state in states]
    rows = overview([library, imported], scenarios).environments
    assert [(row.scenarios, row.records) for row in rows] == [(0, None), (2, 1.5)]


def test_totals_and_histogram_follow_the_rows(
    depot: Environment, library: Environment, imported: Environment
) -> None:
    found = overview([depot, library, imported, imported])
    assert found.histogram == ((2, 2), (8, 1), (9, 1))
    [tools] = [total for total in found.totals if total.figure == "tools"]
    assert (tools.mean, tools.median, tools.least, tools.most) == (5.25, 5, 2, 9)
    assert "records" not in {total.figure for total in found.totals}


def test_tables_have_a_cell_for_every_column(depot: Environment, imported: Environment) -> None:
    found = overview([depot, imported])
    assert [row[0] for row in overview_table(found)] == ["DepotEnv", "GymEnv"]
    assert {len(row) for row in overview_table(found)} == {len(COLUMNS)}
    assert {len(row) for row in totals_table(found)} == {len(TOTAL_COLUMNS)}
    assert totals_table(found)[0] == ["tools", "5.5", "5.5", "2", "9", "18.6"]


def test_nothing_gives_an_empty_overview() -> None:
    found = overview([])
    assert (found.environments, found.totals, found.histogram) == ((), (), ())
    assert overview_table(found) == totals_table(found) == []


def test_all_of_it_is_json(depot: Environment, library: Environment, imported: Environment) -> None:
    environments = [depot, library, imported]
    found = as_json(overview(environments), similarities(environments))
    assert json.loads(json.dumps(found)) == found
    assert found["diversity"]["description"]["environments"] == 2
    assert found["nearest"]["description"][0]["class_name"] == "LibraryEnv"
    assert found["nearest"]["description"][2] is None
    assert "diversity" not in as_json(overview(environments))


# ------------------------------------------------------------------ drawn


@pytest.mark.parametrize(("count", "named"), [(1, True), (2, True), (20, True), (60, False)])
def test_names_are_drawn_where_they_can_be_read(
    library: Environment, renamed: Renamed, tmp_path: Path, count: int, named: bool
) -> None:
    environments = [library] + [renamed(library, stem=f"s{n}") for n in range(count - 1)]
    path = tmp_path / "overview.svg"
    plot_overview(overview(environments), similarities(environments), path)
    assert (">LibraryEnv<" in path.read_text()) == named


def test_the_same_overview_is_the_same_picture(
    depot: Environment, imported: Environment, tmp_path: Path
) -> None:
    drawn = []
    for name in ("a.svg", "b.svg", "a.png"):
        plot_overview(overview([depot, imported]), similarities([depot, imported]), tmp_path / name)
        drawn.append((tmp_path / name).read_bytes())
    assert drawn[0] == drawn[1]
    assert drawn[2].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("counted", "compared", "name", "message"),
    [
        (1, 1, "overview.txt", "ends in .png, .svg, .pdf"),
        (1, 2, "overview.png", "the same environments"),
        (0, 0, "overview.png", "at least one"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    library: Environment, tmp_path: Path, counted: int, compared: int, name: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        plot_overview(
            overview([library] * counted), similarities([library] * compared), tmp_path / name
        )
    assert not list(tmp_path.iterdir())

"""Dataset folders: what is written comes back, and what was touched since is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envscaler.runtime.errors import DataError
from envscaler.runtime.formats import Export, read_export, read_scenarios, write_export
from envscaler.runtime.records import Certificate, Provenance, Record, Scenario, Trajectory

TABLE = "{}/train-00000-of-00001.parquet"
Kept = TypeVar("Kept", bound=Record)
FILES = {
    "README.md",
    "upstream/env_metadata.json",
    "upstream/env_scenario.json",
    *(TABLE.format(name) for name in ("environments", "scenarios", "trajectories")),
}


def rendered(scenario: Scenario) -> list[tuple[str, str]]:
    return [(goal, "def check_func(final_state): ...\n") for goal in scenario.checks.goals]


def altered(record: Kept, **changes: object) -> Kept:
    """Another record with some fields changed."""
    fields = {name: getattr(record, name) for name in type(record).model_fields}
    return type(record)(**fields | changes)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def column_of(folder: Path, table: str, column: str) -> list[object]:
    values: list[object] = pq.read_table(folder / TABLE.format(table)).column(column).to_pylist()
    return values


def edit(folder: Path, table: str, column: str, value: object) -> None:
    """Put another value into a column of a table's first row."""
    path = folder / TABLE.format(table)
    content = pq.ParquetFile(path).read()
    rows = content.to_pylist()
    rows[0][column] = value
    pq.write_table(pa.Table.from_pylist(rows, schema=content.schema), path)


# ------------------------------------------------------------------ round trips


def test_what_is_written_is_read_back_equal(tmp_path: Path, export: Export) -> None:
    write_export(tmp_path, export, render=rendered)
    back = read_export(tmp_path)
    assert back == export.ordered()
    assert {record.id for record in back.scenarios} == {record.id for record in export.scenarios}
    assert set(contents(tmp_path)) == FILES


def test_the_order_of_keys_in_states_is_kept(tmp_path: Path, export: Export) -> None:
    write_export(tmp_path, export, render=rendered)
    for scenario in read_export(tmp_path).scenarios:
        assert list(scenario.initial_state["books"]) == ["b2", "b1"]


def test_equal_exports_give_equal_bytes_in_any_order(tmp_path: Path, export: Export) -> None:
    turned = Export(
        **{name: tuple(reversed(getattr(export, name))) * 2 for name in vars(export)},
    )
    write_export(tmp_path / "a", export, render=rendered)
    write_export(tmp_path / "b", turned, render=rendered)
    write_export(tmp_path / "c", read_export(tmp_path / "a"), render=rendered)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == contents(tmp_path / "c")


def test_an_empty_export_is_read_back_empty(tmp_path: Path) -> None:
    write_export(tmp_path, Export(), render=rendered)
    assert read_export(tmp_path) == Export()


def test_an_earlier_export_is_replaced_and_other_files_stay(tmp_path: Path, export: Export) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_export(tmp_path, export, render=rendered)
    write_export(tmp_path, replace(export, trajectories=()), render=rendered)
    assert read_export(tmp_path).trajectories == ()
    assert (tmp_path / "notes.txt").read_text() == "mine"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(state=st.dictionaries(st.text('ab{}"\\\n', max_size=4), JSON, max_size=4), answer=JSON)
def test_any_json_survives(
    tmp_path: Path, export: Export, scenario: Scenario, state: dict[str, object], answer: object
) -> None:
    changed = altered(scenario, initial_state=state)
    episode = altered(export.trajectories[0], scenario=changed.id, answer=answer)
    written = Export(export.environments, (changed,), (episode,))
    write_export(tmp_path, written, render=rendered)
    back = read_export(tmp_path)
    assert back == written
    assert repr(back.scenarios[0].initial_state) == repr(state)
    assert repr(back.trajectories[0].answer) == repr(answer)


# ------------------------------------------------------------------ columns


def test_flat_columns_tell_what_a_row_holds(tmp_path: Path, export: Export) -> None:
    write_export(tmp_path, export, render=rendered)
    assert column_of(tmp_path, "environments", "n_tools") == [3]
    assert sorted(map(str, column_of(tmp_path, "scenarios", "certified"))) == ["None", "True"]
    assert sorted(map(str, column_of(tmp_path, "trajectories", "reward"))) == ["1.0", "None"]
    solution = json.loads(str(column_of(tmp_path, "scenarios", "reference_solution")[0]))
    assert solution[1] == {"name": "lend", "arguments": {"book_id": "b1", "reader": "Ada"}}


def test_datasets_opens_each_config_offline(tmp_path: Path, export: Export) -> None:
    write_export(tmp_path / "export", export, render=rendered)
    script = (
        "import sys, json, datasets\n"
        "for name in ('environments', 'scenarios', 'trajectories'):\n"
        "    rows = datasets.load_dataset(sys.argv[1], name, split='train')\n"
        "    print(json.dumps([name, rows.num_rows, sorted(rows['id'])]))\n"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "export")],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert [json.loads(line) for line in outcome.stdout.splitlines()] == [
        [name, len(records), sorted(record.id for record in records)]
        for name, records in (
            ("environments", export.environments),
            ("scenarios", export.scenarios),
            ("trajectories", export.trajectories),
        )
    ]


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("table", "column", "value", "says"),
    [
        ("environments", "source", "class ShelfEnv: ...", "edited after export: its content"),
        ("environments", "id", "env_0000000000000000", "edited after export: its content"),
        ("environments", "summary", "Another", "edited after export: summary contradicts"),
        ("environments", "n_tools", 4, "edited after export: n_tools contradicts"),
        ("environments", "plan", "{}", "it is no EnvironmentPlan|it is no Environment"),
        ("environments", "tools", "[", "column tools is not JSON"),
        ("environments", "provenance", "{}", "column provenance holds no list"),
        ("environments", "inspection", "[" * 5000, "column inspection is not JSON"),
        ("scenarios", "task", "Do it.", "edited after export: its content"),
        ("scenarios", "initial_state", '{"books": {}}', "edited after export: its content"),
        ("scenarios", "reference_solution", "[]", "reference_solution contradicts"),
        ("scenarios", "certified", False, "certified contradicts"),
        ("trajectories", "reward", 0.5, "edited after export: its content"),
        ("trajectories", "reward", 7.0, "it is no Trajectory: score.reward"),
        ("trajectories", "ended", "somehow", "it is no Trajectory: ended"),
        ("trajectories", "n_steps", 9, "n_steps contradicts"),
    ],
)
def test_an_edited_row_is_named(
    tmp_path: Path, export: Export, table: str, column: str, value: object, says: str
) -> None:
    write_export(tmp_path, export, render=rendered)
    edit(tmp_path, table, column, value)
    with pytest.raises(DataError, match=says) as caught:
        read_export(tmp_path)
    assert f"{TABLE.format(table)}, row 1 (" in str(caught.value)
    assert "\n" not in str(caught.value)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(bytes(content))


def _foreign(path: Path) -> None:
    pq.write_table(pa.table({"id": ["a"], "score": [1]}), path)


def _retyped(path: Path) -> None:
    content = pq.ParquetFile(path).read()
    pq.write_table(content.set_column(0, "id", content["id"].cast(pa.large_string())), path)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (Path.unlink, "is missing from the export"),
        (_truncate, "damaged or no parquet"),
        (_flip, "damaged or no parquet"),
        (lambda path: path.write_text("id,task\n"), "damaged or no parquet"),
        (_foreign, "no table of scenarios: missing columns .*unknown columns .'score'."),
        (_retyped, "no table of scenarios: found .*large_string.*expected .*string"),
    ],
)
def test_a_damaged_or_foreign_table_is_refused(
    tmp_path: Path, export: Export, damage: Callable[[Path], object], says: str
) -> None:
    write_export(tmp_path, export, render=rendered)
    damage(tmp_path / TABLE.format("scenarios"))
    with pytest.raises(DataError, match=says) as caught:
        read_export(tmp_path)
    assert "scenarios/train" in str(caught.value)


def test_tables_of_two_exports_do_not_pass_for_one(tmp_path: Path, export: Export) -> None:
    write_export(tmp_path / "a", export, render=rendered)
    write_export(tmp_path / "b", Export(), render=rendered)
    name = TABLE.format("environments")
    (tmp_path / "a" / name).write_bytes((tmp_path / "b" / name).read_bytes())
    with pytest.raises(DataError, match="mixes files of several exports: The scenario's env"):
        read_export(tmp_path / "a")


def test_a_folder_without_an_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder"):
        read_export(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no whole export"):
        read_export(tmp_path)


def test_an_export_that_was_cut_short_is_not_mistaken_for_a_whole_one(
    tmp_path: Path, export: Export
) -> None:
    write_export(tmp_path, export, render=rendered)
    blocked = tmp_path / "upstream" / ".env_scenario.json.part"
    blocked.mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        write_export(tmp_path, replace(export, trajectories=()), render=rendered)
    with pytest.raises(DataError, match="no whole export"):
        read_export(tmp_path)
    blocked.rmdir()
    write_export(tmp_path, export, render=rendered)
    assert read_export(tmp_path) == export.ordered()


def test_a_fault_before_writing_leaves_the_earlier_export_alone(
    tmp_path: Path, export: Export
) -> None:
    write_export(tmp_path, export, render=rendered)
    broken = altered(export.environments[0], source="class")
    with pytest.raises(DataError, match="cannot be analysed"):
        write_export(tmp_path, Export(environments=(broken,)), render=rendered)
    assert read_export(tmp_path) == export.ordered()


@pytest.mark.parametrize("value", [float("nan"), (1, 2)])
def test_a_record_that_would_not_come_back_equal_is_not_written(
    tmp_path: Path, export: Export, scenario: Scenario, value: object
) -> None:
    odd = altered(scenario, initial_state={"a": value})
    with pytest.raises(DataError, match=f"{odd.id} cannot be exported: .*not JSON"):
        write_export(tmp_path, Export(export.environments, (odd,)))
    assert contents(tmp_path) == {}


def test_a_record_that_carries_another_records_id_is_not_written(
    tmp_path: Path, export: Export, scenario: Scenario
) -> None:
    stale = altered(scenario, task="Another task.")
    vars(stale)["id"] = scenario.id
    with pytest.raises(DataError, match=f"{scenario.id} cannot be exported: .*has the id scn_"):
        write_export(tmp_path, Export(export.environments, (stale,)))


def test_check_functions_are_rendered_by_default(tmp_path: Path, export: Export) -> None:
    write_export(tmp_path, export)
    [scenario] = read_scenarios(tmp_path / "upstream" / "env_scenario.json")
    assert [goal for goal, _ in scenario.checks] == ["Ada has Tides."]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, export: Export) -> None:
    (tmp_path / "export").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_export(tmp_path / "export", export, render=rendered)


# ------------------------------------------------------------------ what belongs together


def test_what_a_record_names_must_be_in_the_export(
    export: Export, scenario: Scenario, trajectory: Trajectory
) -> None:
    with pytest.raises(DataError, match=f"scenario's environment, {scenario.environment}"):
        Export(scenarios=(scenario,))
    with pytest.raises(DataError, match=f"trajectory's scenario, {scenario.id}"):
        Export(trajectories=(trajectory,))
    with pytest.raises(DataError, match="subject of a certificate"):
        Export(certificates=export.certificates)
    with pytest.raises(DataError, match="record of a provenance, idea_0"):
        replace(export, provenance=(Provenance(record="idea_0", program="p", model="m"),))


def test_two_certificates_of_one_scenario_are_refused(export: Export) -> None:
    first = export.certificates[0]
    second = Certificate(scenario=first.scenario, grader="g2", rows=(), state_hashes=())
    with pytest.raises(DataError, match="more than one certificate"):
        replace(export, certificates=(first, second))

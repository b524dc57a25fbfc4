"""Readers: every accepted form gives its tasks, and every other file a clear refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.bundled import recording_path, tasks_path
from envscaler.runtime.errors import ConfigurationError, DataError
from envscaler.runtime.readers import FIELDS, read_tasks

DATA = Path(__file__).parents[2] / "shared" / "data"


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def texts(path: Path | str | None, limit: int | None = None) -> list[str]:
    return [task.text for task in read_tasks(path, limit)]


# ------------------------------------------------------------------ bundled


def test_the_bundled_tasks_are_24_distinct_texts() -> None:
    tasks = read_tasks(None)
    assert len(tasks) == 24
    assert tasks[0].origin == "tasks.jsonl:1"
    assert all(20 < len(task.text) < 400 for task in tasks)


def test_the_bundled_paths_stand_in_one_folder() -> None:
    assert tasks_path().is_file()
    assert recording_path().name == "recording.jsonl"
    assert recording_path().parent == tasks_path().parent


# ------------------------------------------------------------------ accepted forms


@pytest.mark.parametrize("field", FIELDS)
def test_json_lines_take_objects_with_any_task_field(tmp_path: Path, field: str) -> None:
    path = written(tmp_path, "t.jsonl", json.dumps({"id": 7, field: " Book a hall. "}) + "\n")
    assert texts(path) == ["Book a hall."]


API_BANK = {
    "instruction": "Write a request.",
    "input": "{...}\nUser: Find a hall.TIME: 2034-01-01 10:00:00\nGenerate API Request: ",
    "output": "[Search()]",
}


TOOLSET = {"Name": "n", "Functions": "1. f", "Instructions": ["a", "b"], "Golden_Answers": []}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("t.jsonl", '"one"\n\n{"text": "two"}\n', ["one", "two"]),
        ("t.ndjson", '"one"\r\n"two"\r\n', ["one", "two"]),
        ("t.jsonl", '"a\u2028b"\n', ["a\u2028b"]),
        ("t.json", '["one", {"query": "two"}]', ["one", "two"]),
        ("t.json", '{"tasks": ["one", "two"], "version": 1}', ["one", "two"]),
        ("t.json", '{"t1": {"task": "one"}, "t2": {"task": "two"}}', ["one", "two"]),
        ("t.json", '{"task": "one", "tags": ["a"]}', ["one"]),
        ("t.txt", "one\n\n  two  \n", ["one", "two"]),
        ("tasks", "\ufeffone\n", ["one"]),
        (
            "t.csv",
            'id,Question\r\n1,"one, or\r\ntwo"\r\n\r\n2,three\r\n',
            ["one, or\r\ntwo", "three"],
        ),
        ("t.csv", '\ufefftext,label\none,x\n"say ""two""",y\n,z\n', ["one", 'say "two"']),
        ("t.CSV", "id,task\n1\n2,two\n", ["two"]),
        ("t.csv", "instruction,input,output\nShorten.,A text.,.\n", ["Shorten.\n\nA text."]),
        ("t.tsv", "query\tn\none, two\t1\n", ["one, two"]),
        ("t.json", json.dumps([TOOLSET, TOOLSET | {"Instructions": ["c"]}]), ["a", "b", "c"]),
        ("t.json", json.dumps([{"Name": "n", "Functions": ""}, "one"]), ["one"]),
        ("t.json", json.dumps([API_BANK]), ["Find a hall."]),
        (
            "t.json",
            json.dumps([API_BANK | {"input": "x\nUser: Find it.\nGenerate AI Response: "}]),
            ["Find it."],
        ),
        (
            "t.json",
            '[{"instruction": "Shorten.", "input": "A text.", "output": "."}]',
            ["Shorten.\n\nA text."],
        ),
        (
            "t.jsonl",
            '{"instruction": "Name it.", "instances": [{"input": "", "output": "x"}]}',
            ["Name it."],
        ),
        (
            "t.jsonl",
            '{"instruction": "Mend it.", "instances": [{"input": "A text.", "output": "x"}]}',
            ["Mend it.\n\nA text."],
        ),
    ],
)
def test_each_form_gives_its_tasks(
    tmp_path: Path, name: str, text: str, expected: list[str]
) -> None:
    assert texts(written(tmp_path, name, text)) == expected


def test_repeated_texts_are_one_task_and_the_first_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path, "t.txt", "Book a hall\nother\n  BOOK  a\thall \n")
    tasks = read_tasks(path)
    assert [(task.text, task.origin) for task in tasks] == [
        ("Book a hall", "t.txt:1"),
        ("other", "t.txt:2"),
    ]


def test_a_limit_counts_distinct_tasks_and_stops_there(tmp_path: Path) -> None:
    path = written(tmp_path, "t.jsonl", '"one"\n"ONE"\n"two"\n not json\n')
    assert texts(path, limit=2) == ["one", "two"]
    with pytest.raises(DataError, match="line 4"):
        read_tasks(path)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8))
def test_any_list_of_strings_is_read_back_without_its_repetitions(
    tmp_path_factory: pytest.TempPathFactory, tasks: list[str]
) -> None:
    path = written(tmp_path_factory.mktemp("t"), "t.json", json.dumps(tasks))
    if "\0" not in path.read_text() and any(task.strip() for task in tasks):
        found = texts(path)
        assert {" ".join(text.casefold().split()) for text in found} == {
            " ".join(text.casefold().split()) for text in tasks if text.strip()
        }
        assert len(found) <= len(tasks)


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.jsonl", "", "is empty"),
        ("t.txt", " \n\n", "is empty"),
        ("t.json", "[]", "empty list"),
        ("t.json", "{}", "empty list"),
        ("t.json", "3", "JSON number, not a list"),
        ("t.json", '"one"', "JSON string, not a list"),
        ("t.json", "null", "JSON null, not a list"),
        ("t.json", '"one"\n"two"', "name it .jsonl"),
        ("t.json", "[" * 100_000, "not JSON"),
        ("t.jsonl", '{"task": "a"}\n{"task": \n', "line 2 is not JSON"),
        ("t.jsonl", '{"task": " "}\n', "every row is empty"),
        ("t.jsonl", '{"task": "a"}\n{"name": "b", "url": "c"}\n', "row 2.*fields are name, url"),
        ("t.json", '{"name": "x", "version": "1"}', "fields are name, version"),
        ("t.jsonl", '{"task": "a"}\n\n{"task": ["b"]}\n', "row 3: the field task.*JSON list"),
        ("t.jsonl", '{"task": null}\n', "row 1: the field task.*JSON null"),
        ("t.jsonl", '{"instruction": 3, "input": "", "output": ""}', "field instruction.*number"),
        ("t.json", '["a", 3]', "row 2 is a JSON number"),
        ("t.json", '["\\ud800"]', "row 1 holds half a character"),
        ("t.txt", b"caf\xe9\n", "not UTF-8 text .byte 3 of line 1 is 0xe9"),
        ("t.txt", b"PK\x03\x04\x00\x00", "binary"),
        ("t.csv", "", "is empty"),
        ("t.csv", "id,name\n1,a\n", "no column of tasks: its columns are id, name"),
        ("t.csv", "\n\ntask\n", "its columns are none"),
        ("t.csv", "task\n" + "a" * 200_000, "line 2 is no entry of a table: field larger"),
        ("t.csv", "task\n", "every row is empty"),
        ("t.csv", 'task\n"one\ntwo\n', "line 3 is no entry of a table: unexpected end of data"),
        ("t.json", '[{"Name": "n", "Functions": "", "Instructions": [1]}]', "Instructions are .1."),
        ("t.parquet", "PAR1", "ends in .parquet"),
    ],
)
def test_a_file_that_is_not_tasks_is_refused_with_its_name_and_what_is_accepted(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(DataError, match=says) as caught:
        read_tasks(path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*tasks\.jsonl"):
        read_tasks(tmp_path / "tasks.jsonl")
    with pytest.raises(DataError, match="is a folder"):
        read_tasks(tmp_path)


def test_a_limit_below_one_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        read_tasks(None, limit=0)


# ------------------------------------------------------------------ public files


@pytest.mark.parametrize(
    ("name", "count"),
    [("api-bank-lv3-part.json", 169), ("self-instruct-user-oriented.jsonl", 252)],
)
def test_public_task_files_are_read_as_they_are(name: str, count: int) -> None:
    if not (DATA / name).is_file():
        pytest.skip(f"shared data file {name} is not here")
    tasks = read_tasks(DATA / name)
    assert len(tasks) == count
    assert all("Generate A" not in task.text and "User:" not in task.text for task in tasks)


def test_the_instructions_of_public_toolsets_are_tasks() -> None:
    path = DATA / "toolalpaca-simulated.json"
    if not path.is_file():
        pytest.skip(f"shared data file {path.name} is not here")
    tasks = read_tasks(path)
    assert len(tasks) == 100
    assert [task.origin for task in tasks[9:11]] == [f"{path.name}:1.10", f"{path.name}:2.1"]
    assert "axolotl" in tasks[0].text


# ------------------------------------------------------------------ long files


@pytest.mark.parametrize(
    ("name", "first", "row"),
    [("t.jsonl", "", '{"task": "%d"}\n'), ("t.csv", "task\n", "%d\n"), ("t.txt", "", "%d\n")],
)
def test_with_a_limit_the_rest_of_a_long_file_is_not_even_read(
    tmp_path: Path, name: str, first: str, row: str
) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    endless = f"""
import itertools
with open({str(path)!r}, "w") as pipe:
    pipe.write({first!r})
    pipe.writelines({row!r} % n for n in itertools.count())
"""
    with subprocess.Popen([sys.executable, "-c", endless], stderr=subprocess.DEVNULL) as writer:
        assert texts(path, limit=3) == ["0", "1", "2"]
        assert writer.wait() != 0  # nobody reads on, so its pipe is broken


# ------------------------------------------------------------------ data sets


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A data set of two splits, as a folder that `datasets` loads."""
    folder = tmp_path / "chores"
    folder.mkdir()
    rows = [{"ask": "one", "n": 1}, {"ask": None, "n": 2}, {"ask": " One", "n": 3}]
    lines = [json.dumps(row) for row in [*rows, {"ask": "two", "n": 4}]]
    written(folder, "train.jsonl", "\n".join(lines))
    written(folder, "test.jsonl", json.dumps({"ask": "three", "n": 5}))
    return folder


def test_a_column_of_a_data_set_is_read_by_its_split(dataset: Path) -> None:
    tasks = read_tasks(f"hub:{dataset}:train:ask")
    assert [(task.text, task.origin) for task in tasks] == [
        ("one", "chores:1"),
        ("two", "chores:4"),
    ]
    assert texts(f"hub:{dataset}:test:ask") == ["three"]
    assert texts(f"hub:{dataset}@default:train:ask", limit=1) == ["one"]
    assert texts(Path(f"hub:{dataset}:test:ask")) == ["three"]


@pytest.mark.parametrize(
    ("config", "rest", "says"),
    [
        ("", "dev:ask", "no split 'dev'; it has train, test"),
        ("", "train:question", "no column 'question' in its split 'train'; it has ask, n"),
        ("", "train:n", "row 1: the column 'n' holds a JSON number where a string is expected: 1"),
        ("@other", "train:ask", r"does not open: .*'other' not found. Available: \['default'\]"),
    ],
)
def test_what_a_data_set_lacks_is_named_with_what_it_has(
    dataset: Path, config: str, rest: str, says: str
) -> None:
    with pytest.raises(DataError, match=says):
        read_tasks(f"hub:{dataset}{config}:{rest}")


def test_a_data_set_that_breaks_off_is_refused(dataset: Path) -> None:
    written(dataset, "train.jsonl", '{"ask": "one"}\n' * 2 + "{")
    with pytest.raises(DataError, match=r"'.*chores' (cannot be read on|does not open)"):
        read_tasks(f"hub:{dataset}:train:ask")


def test_a_folder_without_data_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no data set"):
        read_tasks(f"hub:{tmp_path}:train:ask")


def test_a_hub_that_is_not_reached_is_refused_at_once() -> None:
    program = """
from envscaler.runtime.errors import DataError
from envscaler.runtime.readers import read_tasks
try:
    read_tasks("hub:org/data:train:question")
except DataError as fault:
    print(fault)
"""
    said = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'org/data' cannot be looked up, for the Hub is not reached" in said.stdout
    assert "give a local folder or file" in said.stdout


@pytest.mark.parametrize(
    "given", ["hub:", "hub:data", "hub:data:train", "hub::train:q", "hub:d::q"]
)
def test_a_hub_source_that_lacks_a_part_is_a_wrong_setting(given: str) -> None:
    with pytest.raises(ConfigurationError, match="write hub:NAME:SPLIT:COLUMN or"):
        read_tasks(given)

"""Checks from elsewhere: each alone with its copy of the state, under two reward formulas."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.checks import (
    CheckResult,
    CheckResults,
    UpstreamChecks,
    UpstreamGrader,
    mean_of_checks,
)
from envscaler.runtime.checks.joint import joint_source
from envscaler.runtime.formats import UpstreamScenario
from envscaler.runtime.records import Score
from envscaler.runtime.sandbox import Limits, Pool

State = dict[str, Any]
START: State = {"units": {"U1": {"free": True}}, "rents": {}}
DONE: State = {"units": {"U1": {"free": False}}, "rents": {"R1": {"unit": "U1"}}}


def body(*lines: str) -> str:
    return "\n".join(["def check_func(final_state):", *(f"    {line}" for line in lines)])


TAKEN = body('return not final_state["units"]["U1"]["free"]')
NEW = body('return len(final_state["rents"]) > len(initial_state["rents"])')
STILL = body('return "U1" in final_state["units"]')


def scenario(*functions: str, state: State = START) -> UpstreamScenario:
    return UpstreamScenario(
        env_id="env_1",
        env_class_name="Env",
        task_id="t",
        init_config=state,
        task="Do it.",
        checks=tuple((f"item {n}", source) for n, source in enumerate(functions)),
    )


def judged(pool: Pool, *functions: str, final: State = DONE, start: State = START) -> CheckResults:
    return UpstreamGrader(pool).results(scenario(*functions, state=start), [final])[0]


def values(results: tuple[CheckResult, ...]) -> list[bool | None]:
    return [result.value for result in results]


def test_each_check_judges_the_first_and_the_final_state(pool: Pool) -> None:
    found = UpstreamGrader(pool).results(scenario(TAKEN, NEW, STILL), [START, DONE])
    assert [values(results.start) for results in found] == [[False, False, True]] * 2
    assert [values(results.end) for results in found] == [[False, False, True], [True] * 3]


def test_states_may_be_json_text_and_the_start_another_than_the_configuration(pool: Pool) -> None:
    [found] = UpstreamGrader(pool).results(
        scenario(NEW), [json.dumps(DONE).encode()], json.dumps(DONE).encode()
    )
    assert values(found.end) == [False]


def test_a_check_that_changes_the_state_changes_only_its_own_copy(pool: Pool) -> None:
    spoiler = body('final_state["units"].clear()', 'initial_state["rents"]["X"] = 1', "return True")
    found = judged(pool, spoiler, TAKEN, spoiler, NEW, STILL)
    assert values(found.end) == [True] * 5
    assert values(found.start) == [True, False, True, False, True]


def test_typed_markers_are_values_to_a_check(pool: Pool) -> None:
    tags: State = {"tags": {"__type__": "set", "items": ["a"]}}
    found = judged(
        pool,
        body('return final_state["tags"] == {"a", "b"} and initial_state["tags"] == {"a"}'),
        body('return isinstance(final_state["at"], dict) or final_state["at"].year == 2024'),
        start=tags,
        final={
            "tags": {"__type__": "set", "items": ["b", "a"]},
            "at": {"__type__": "datetime", "value": "2024-07-31T08:00:00"},
        },
    )
    assert values(found.end) == [True, True]


CRASHES = {
    body("return 1 / 0"): "exception: ZeroDivisionError",
    body("return 1"): "it gave 1, expected True or False",
    body("return None"): "it gave None",
    body("return {1, 2}"): "not json",
    body("while True: pass"): "timeout",
    body("return missing"): "name 'missing' is not defined",
    "": "'check_func' is not defined",
    "def other(final_state):\n    return True": "'check_func' is not defined",
    "return True": "exception: TypeError: 'bool' object is not callable",
    "def check_func(final_state:\n    return True": "does not parse",
    'def check_func(final_state):\n    return """': "does not parse",
    "    def check_func(final_state):\n        return True": "does not parse",
    "import socket\ndef check_func(final_state):\n    return True": "`socket` may not be imported",
    "def check_func():\n    return True": "TypeError",
}


@pytest.mark.parametrize("source", CRASHES)
def test_a_check_that_crashes_takes_no_other_down(pool: Pool, source: str) -> None:
    found = judged(pool, TAKEN, source, STILL)
    assert values(found.end) == [True, None, True]
    assert CRASHES[source] in found.end[1].reason


def test_many_checks_that_cannot_be_loaded_leave_the_others_alone(pool: Pool) -> None:
    broken = "def check_func(final_state) return True"
    found = judged(pool, broken, *[TAKEN] * 5, broken, STILL, broken)
    assert values(found.end) == [None, *[True] * 5, None, True, None]


def test_a_check_that_kills_its_worker_is_found_out_and_the_others_judge_on() -> None:
    killer = body("return sum(range(10**12)) > 0")
    limits = Limits(soft_seconds=0.1, hard_seconds=0.4)
    with (
        Pool(limits) as pool,
        UpstreamGrader(pool).open(scenario(TAKEN, killer, STILL, killer)) as checks,
    ):
        for _ in range(2):
            for results in checks.results([DONE, DONE]):
                assert values(results.end) == [True, None, True, None]


@pytest.mark.parametrize(
    "source",
    [
        'def check_func(final_state):\n    text = """a\n  b\n"""\n    return text == "a\\n  b\\n"',
        "def check_func(final_state):\n    text = 'a\\\nb'\n    return text == 'ab'",
        'TEXT = """\n# "\n"""\ndef check_func(final_state):\n    return TEXT == "\\n# \\"\\n"',
        "def check_func(final_state):\r\n    # it's\r\n    return '''\r\n''' == '\\n'\r\n",
        'def check_func(final_state):\n\treturn \'\\\'\' == "\'"  # """',
        "import re\n\ndef same(a):\n    return re.match('x', a)\n\n"
        "def check_func(final_state):\n    return bool(same('x'))",
        "def check_func(final_state):\n    def inner():\n        return 'rents' in initial_state\n"
        "    return inner() and all(k in initial_state for k in ['units'])",
    ],
)
def test_a_check_means_the_same_as_when_it_stands_alone(pool: Pool, source: str) -> None:
    assert values(judged(pool, STILL, source, STILL).end) == [True, True, True]


def test_what_a_check_defines_beside_itself_stays_with_it(pool: Pool) -> None:
    def own(value: int) -> str:
        return f"LIMIT = {value}\n" + body(f"return LIMIT == {value}")

    assert values(judged(pool, own(1), own(2), body("return LIMIT == 2")).end) == [True, True, None]


@given(st.text(alphabet="\"'#\\\n ab", max_size=30))
def test_indenting_changes_no_more_than_line_starts(source: str) -> None:
    text = joint_source([source]).partition("\n")[2]
    assert re.sub(r"[ ]{4}", "", text).startswith(re.sub(r"[ ]{4}", "", source))


# ------------------------------------------------------------------ formulas

T, F, X = CheckResult(True), CheckResult(False), CheckResult(None, "exception: KeyError: 'x'")


@pytest.mark.parametrize(
    ("start", "end", "upstream", "strict"),
    [
        ([F, F], [T, T], 1.0, 1.0),
        ([F, F, F], [T, F, F], 0.3333, 1 / 3),
        ([T, F], [T, F], 0.5, 0.0),
        ([T, F], [F, T], 0.5, 1.0),
        ([F, F], [T, X], 0.5, None),
        ([X, F], [T, T], 1.0, None),
        ([T, F], [X, T], 0.5, None),
        ([T, T], [T, T], 1.0, None),
        ([], [], None, None),
    ],
)
def test_the_reward_under_both_formulas(
    start: list[CheckResult],
    end: list[CheckResult],
    upstream: float | None,
    strict: float | None,
) -> None:
    results = CheckResults(tuple(start), tuple(end))
    assert results.score().reward == results.score("upstream").reward == upstream
    score = results.score("strict")
    assert score.reward == strict
    assert score.goals == tuple(result is T for result in end)
    assert bool(score.error) == (strict is None)


def test_a_score_says_what_crashed_and_when() -> None:
    assert CheckResults((F, F, F), (T, X, X)).score().error == (
        "check 2 crashed: exception: KeyError: 'x' (and 1 more)"
    )
    assert CheckResults((X,), (T,)).score("strict").error.startswith("check 1 crashed at the start")


def test_a_scenario_without_checks_has_no_reward_and_says_why(pool: Pool) -> None:
    score = judged(pool).score()
    assert (score.reward, score.goals) == (None, ())
    assert "no check functions" in score.error


@pytest.mark.parametrize(
    ("score", "mean"),
    [
        (Score(reward=1.0, goals=(True, True)), 1.0),
        (Score(reward=0.5, goals=(True, False)), 0.75),
        (Score(reward=0.0, goals=(True, True, True), frame=False), 0.8),
        (Score(reward=0.0, goals=(False,), guards=False, frame=False), 0.0),
        (Score(reward=None, error="crashed"), None),
    ],
)
def test_our_own_scores_can_be_read_by_upstreams_formula(score: Score, mean: float | None) -> None:
    assert mean_of_checks(score) == mean


# ------------------------------------------------------------------ the real thing

SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "upstream-form"


def test_the_checks_of_upstreams_own_sample_can_be_run(pool: Pool) -> None:
    path = SAMPLE / "env_scenario.json"
    if not path.is_file():
        pytest.skip("the sample of upstream's form, env_scenario.json, is not here")
    for entry in json.loads(path.read_text()):
        functions = [item["check_func"] for item in entry["checklist_with_func"]]
        with UpstreamChecks(pool, functions, entry["init_config"]) as checks:
            assert None not in values(checks.start)
            assert False in values(checks.start)

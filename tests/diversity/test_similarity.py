"""Similarities, diversity and near doubles: invariants of made-up environments, and real ones."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envscaler.runtime.diversity import (
    SAME_WORDS,
    VIEWS,
    near_doubles,
    schema_shape,
    schema_signature,
    similarities,
    tool_shape,
    tool_signature,
    vendi_score,
)
from envscaler.runtime.diversity.similarity import jaccards
from envscaler.runtime.records import Environment, EnvironmentPlan

FINGERPRINTS = (schema_signature, tool_signature, schema_shape, tool_shape)
NAMES = ["loan", "due_date", "openLoans", "status", "member", "tool", "fee", "rate", "plot", "crop"]
TYPES = ["str", "int", "float", "date", "list[str]"]

Draw = Callable[[st.SearchStrategy[Any]], Any]
Renamed = Callable[..., Environment]
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def fields(entities: Sequence[str], least: int = 0) -> st.SearchStrategy[list[dict[str, Any]]]:
    field = st.fixed_dictionaries(
        {
            "name": st.sampled_from(NAMES),
            "type": st.sampled_from(TYPES),
            "values": st.lists(st.sampled_from(["open", "closed"]), unique=True),
            "references": st.sampled_from([None, *entities]),
        }
    )
    return st.lists(field, min_size=least, max_size=4, unique_by=lambda made: str(made["name"]))


@st.composite
def environments(draw: Draw) -> Environment:
    names = draw(st.lists(st.sampled_from(["Loan", "Member", "Plot"]), unique=True))
    entities = []
    for name in names:
        attributes = draw(fields(names, least=1))
        key = attributes[0]["name"]
        entities.append({"name": name, "collection": name, "key": key, "attributes": attributes})
    operation = st.fixed_dictionaries(
        {
            "name": st.sampled_from(["find_loan", "list_plots", "open_loan", "pay"]),
            "kind": st.sampled_from(["query", "change"]),
            "description": st.just(""),
            "parameters": fields(names),
            "returns": st.lists(st.sampled_from(NAMES), max_size=3),
        }
    )
    plan = EnvironmentPlan.model_validate(
        {
            "class_name": "Made",
            "summary": draw(st.sampled_from(["", "Loans of tools", "Garden plots", "the"])),
            "introduction": "",
            "entities": entities,
            "scalars": draw(fields(names)),
            "rules": (),
            "operations": draw(st.lists(operation, max_size=4)),
        }
    )
    return Environment(plan=plan, class_name="Made", source="", tools=())


SETS = st.lists(environments(), min_size=1, max_size=5)


@quick
@given(SETS)
def test_similarities_are_symmetric_bounded_and_one_on_the_diagonal(
    found: list[Environment],
) -> None:
    compared = similarities(found)
    for view in VIEWS:
        matrix = compared.matrix(view)
        assert matrix.shape == (len(found), len(found))
        assert (matrix == matrix.T).all()
        assert ((matrix >= 0) & (matrix <= 1)).all()
        assert (matrix.diagonal() == 1).all()


@quick
@given(SETS, st.randoms(use_true_random=False))
def test_the_order_of_environments_does_not_matter(found: list[Environment], chance: Any) -> None:
    order = list(range(len(found)))
    chance.shuffle(order)
    before, after = similarities(found), similarities([found[n] for n in order])
    for view in VIEWS:
        assert np.allclose(before.matrix(view)[np.ix_(order, order)], after.matrix(view))
        assert after.diversity(view).vendi == pytest.approx(before.diversity(view).vendi, abs=1e-4)


@quick
@given(environments())
def test_the_order_inside_an_environment_does_not_matter(made: Environment) -> None:
    plan = made.plan.model_dump(mode="json")
    for part in ("entities", "scalars", "operations"):
        plan[part].reverse()
    for entity in plan["entities"]:
        entity["attributes"].reverse()
    for operation in plan["operations"]:
        operation["parameters"].reverse()
    turned = made.model_copy(update={"plan": EnvironmentPlan.model_validate(plan)})
    for fingerprint in FINGERPRINTS:
        assert fingerprint(turned) == fingerprint(made)


@quick
@given(made=environments())
def test_new_names_leave_the_shape_and_keep_nothing_of_the_signature(
    renamed: Renamed, made: Environment
) -> None:
    copy = renamed(made)
    assert schema_shape(copy) == schema_shape(made)
    assert tool_shape(copy) == tool_shape(made)
    assert not schema_signature(copy) & schema_signature(made)
    assert not tool_signature(copy) & tool_signature(made)


@quick
@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 4)), max_size=5))
def test_the_weighted_jaccard_similarity_follows_its_definition(bags: list[dict[str, int]]) -> None:
    counters = [Counter(bag) for bag in bags]
    matrix = jaccards(counters)
    for n, left in enumerate(counters):
        for m, right in enumerate(counters):
            larger = (left | right).total()
            expected = 1.0 if n == m else (left & right).total() / larger if larger else 0.0
            assert matrix[n, m] == pytest.approx(expected)


# ------------------------------------------------------------------ diversity


@quick
@given(SETS)
def test_the_vendi_score_counts_at_most_the_distinct_and_not_the_copies(
    found: list[Environment],
) -> None:
    compared, doubled = similarities(found), similarities([*found, *found])
    for view in ("schema", "tools"):
        single, double = compared.diversity(view), doubled.diversity(view)
        if single.vendi is None:
            assert (single.environments, double.vendi) == (0, None)
            continue
        assert 1 - 1e-6 <= single.vendi <= single.environments + 1e-6
        assert double.vendi == pytest.approx(single.vendi, abs=1e-4)


@pytest.mark.parametrize(
    ("matrix", "score"),
    [
        (np.eye(1), 1),
        (np.eye(5), 5),
        (np.ones((5, 5)), 1),
        (np.kron(np.eye(2), np.ones((3, 3))), 2),
        # Two of three alike: -2/3 ln 2/3 - 1/3 ln 1/3 is ln (3 / 2^(2/3)).
        (np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]]), 3 / 2 ** (2 / 3)),
    ],
)
def test_the_vendi_score_of_known_matrices(matrix: Any, score: float) -> None:
    assert vendi_score(matrix) == pytest.approx(score)


def test_a_duplicate_in_place_of_another_environment_lowers_the_diversity(
    recorded: list[Environment],
) -> None:
    varied = similarities(recorded)
    poorer = similarities([*recorded[:-1], recorded[0]])
    for view in VIEWS:
        before, after = varied.diversity(view), poorer.diversity(view)
        assert before.vendi is not None and after.vendi is not None
        assert before.mean_distance is not None and after.mean_distance is not None
        assert after.vendi < before.vendi
        assert after.mean_distance < before.mean_distance


def test_what_has_nothing_to_compare_counts_for_nothing(imported: Environment) -> None:
    compared = similarities([imported, imported])
    assert compared.diversity("description").environments == 0
    assert compared.diversity("description").mean_distance is None
    assert compared.nearest("description") == (None, None)
    assert compared.diversity("schema").vendi == pytest.approx(1)


def test_no_environments_are_no_mistake() -> None:
    assert similarities([]).diversity("tools").environments == 0
    assert near_doubles([]) == ()


# ------------------------------------------------------------------ likeness


def test_environments_of_different_domains_are_no_doubles(
    recorded: list[Environment], depot: Environment, library: Environment, imported: Environment
) -> None:
    assert near_doubles([*recorded, depot, library, imported]) == ()


def test_a_renamed_copy_is_a_double(
    recorded: list[Environment], depot: Environment, library: Environment, renamed: Renamed
) -> None:
    own = [*recorded, depot, library]
    copies = [renamed(made, stem=f"z{'abcdefghij'[n]}") for n, made in enumerate(own)]
    found = near_doubles([*own, *copies])
    assert {(pair.first, pair.second) for pair in found} == {
        (n, n + len(own)) for n in range(len(own))
    }
    assert {(pair.by, pair.words, pair.shape) for pair in found} == {("shape", 0.0, 1.0)}


def test_a_renamed_copy_with_small_changes_is_a_double(
    recorded: list[Environment], renamed: Renamed
) -> None:
    plan = renamed(recorded[0]).plan.model_dump(mode="json")
    plan["entities"][0]["attributes"].append({"name": "extra", "type": "str"})
    del plan["operations"][-2:]
    changed = EnvironmentPlan.model_validate(plan)
    copy = Environment(plan=changed, class_name="Copy", source="", tools=())
    [pair] = near_doubles([*recorded, copy])
    assert (pair.first, pair.second) == (0, len(recorded))


def test_a_copy_under_another_class_name_has_the_same_words(library: Environment) -> None:
    copy = library.model_copy(update={"class_name": "Bookshelf"})
    [pair] = near_doubles([library, copy])
    assert (pair.names, pair.words, pair.by) == (("LibraryEnv", "Bookshelf"), 1.0, "words")


def test_imported_copies_are_found_by_their_words(imported: Environment) -> None:
    bare = imported.model_copy(update={"source": ""})
    [pair] = near_doubles([imported, imported])
    assert pair.words == 1
    [pair] = near_doubles([bare, bare])
    assert (pair.words, pair.shape, pair.by) == (1.0, None, "words")


def test_the_limit_decides_what_is_too_much_alike(
    recorded: list[Environment], library: Environment
) -> None:
    found = near_doubles([*recorded, library], limit=0.01)
    assert len(found) > len(near_doubles([*recorded, library], limit=SAME_WORDS))
    assert [pair.words for pair in found] == sorted((p.words for p in found), reverse=True)


def test_the_nearest_neighbour_of_a_copy_is_its_original(
    recorded: list[Environment], renamed: Renamed
) -> None:
    compared = similarities([*recorded, recorded[1], renamed(recorded[0])])
    nearest = compared.nearest("tools")
    copy = nearest[len(recorded)]
    assert copy is not None and (copy.index, copy.similarity) == (1, 1.0)


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, envscaler.runtime.diversity\n"
        "heavy = ('numpy', 'sklearn', 'scipy', 'matplotlib', 'dspy')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Keys: what makes two questions the same."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from envscaler.runtime.models import asking, owned_by

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def key(step: str, inputs: Any, rollout: int = 0) -> str:
    with asking(step, inputs, rollout=rollout) as question:
        return question.key


@given(st.dictionaries(st.text(max_size=3), VALUES))
def test_the_order_of_inputs_does_not_matter(inputs: dict[str, Any]) -> None:
    assert key("step", inputs) == key("step", dict(reversed(inputs.items())))


@given(VALUES, VALUES)
def test_step_inputs_and_rollout_tell_questions_apart(left: Any, right: Any) -> None:
    assert key("step", left) != key("other", left)
    assert key("step", left) != key("step", left, rollout=1)
    assert (key("step", left) == key("step", right)) == (
        repr(_sorted(left)) == repr(_sorted(right))
    )


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((name, _sorted(inner)) for name, inner in value.items()), "dict"
    return [_sorted(inner) for inner in value] if isinstance(value, list) else value


def test_the_owner_is_no_part_of_the_key_and_ends_with_its_block() -> None:
    with owned_by("item"), asking("step", 1) as owned:
        pass
    with asking("step", 1) as free:
        pass
    assert (owned.owner, free.owner) == ("item", "") and owned.key == free.key


def test_tasks_of_an_event_loop_keep_their_own_owner() -> None:
    async def one(name: str) -> str:
        with owned_by(name):
            await asyncio.sleep(0)
            with asking("step", name) as question:
                return question.owner

    async def both() -> list[str]:
        return list(await asyncio.gather(one("left"), one("right")))

    assert asyncio.run(both()) == ["left", "right"]


def test_long_inputs_are_shown_short() -> None:
    with asking("step", "x" * 1000) as question:
        assert len(question.brief) < 200

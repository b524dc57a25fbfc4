"""What test calls must come to: agreed on by two readers of the plan, compared with what they did.

Both work from plan and state alone, the second without seeing what the first expects. Only what
they agree on is demanded of a class, so that a slip of one of them blames nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeGuard

from ..records import Expectation, Finding, TestCall
from ..state import Json
from .calls import ExecutedCall
from .wording import call_text, change_text, shown

GATE = "test"
_ABSENT = object()


def agreed(call: TestCall, second: Expectation | None) -> TestCall:
    """The call with what both readers expect of it; without a second opinion nothing is demanded.

    Where they name different changes, the records concerned may change as they like.
    """
    if second is None or call.expect != second.expect:
        return call.model_copy(
            update={
                "expect": "open", "error": "", "changes": {}, "frame": (), "data": None,
                "ordered": False,
            }
        )  # fmt: skip
    mine, yours = flat(call.changes), flat(second.changes)
    both = {path: value for path, value in mine.items() if _agree(value, yours.get(path, _ABSENT))}
    loose = {place(path) for path in mine.keys() | yours.keys() if path not in both}
    return call.model_copy(
        update={
            "error": _code(call.error) if _code(call.error) == _code(second.error) else "",
            "changes": both,
            "frame": tuple(sorted(loose)),
            "data": (data := common(call.data, second.data)),
            "ordered": isinstance(data, list) and in_order(data, call.data, second.data),
        }
    )


def _agree(mine: Json, yours: object) -> bool:
    return yours is not _ABSENT and same(mine, yours)


def unmet(executed: Sequence[ExecutedCall]) -> tuple[Finding, ...]:
    """The calls that came to something else than was agreed on, one finding each."""
    found = ((one, lack(one)) for one in executed)
    return tuple(_finding(one, why) for one, why in found if why)


def _finding(one: ExecutedCall, why: str) -> Finding:
    before = "".join(f"after {call_text(c.tool, c.arguments)}: " for c in one.call.before)
    rule = f" (rule {one.call.rule})" if one.call.rule else ""
    text = call_text(one.call.tool, one.call.arguments)
    return Finding(gate=GATE, where=one.call.tool, message=f"{before}{text}{rule}: {why}.")


def lack(one: ExecutedCall) -> str:
    """How an executed call misses what was expected of it; empty when it does not."""
    call = one.call
    if call.expect == "open":
        return ""
    if one.outcome != call.expect:
        wanted = call.expect + (f" with {call.error}" if call.error else "")
        return f"{wanted} was expected, it was {one.outcome} ({shown(one.result)})"
    if call.error and not speaks(one.result, call.error):
        error = one.result.get("error") if isinstance(one.result, dict) else one.result
        return f"it was to be refused with the code {call.error!r}, the error is {shown(error)}"
    return "; ".join([*_missed_changes(one), *_missed_data(one)])


def speaks(result: Json, code: str) -> bool:
    """Whether a refusal gives this code."""
    error = result.get("error") if isinstance(result, dict) else None
    return isinstance(error, str) and _code(error) == code


def _code(error: str) -> str:
    """The code of an error that may go on with a clause."""
    return error.partition(":")[0].strip()


# ------------------------------------------------------------------ changes


def _missed_changes(one: ExecutedCall) -> Iterator[str]:
    if not one.call.changes:
        return
    reached = flat(one.reached)
    for path, value in flat(one.call.changes).items():
        if not _stands(reached, path, value):
            yield f"{path} must be {shown(value)} afterwards and is {_shown_at(reached, path)}"
    expected = {*map(place, flat(one.call.changes)), *one.call.frame}
    strays = [c for c in one.changes if place(".".join(c.path)) not in expected]
    if strays:
        yield f"nothing else was to change, and so did {change_text(strays)}"


def _stands(reached: Mapping[str, Json], path: str, value: Json) -> bool:
    if path in reached:
        return same(value, reached[path])
    there = any(known.startswith(f"{path}.") for known in reached)
    return there if value == {} else value is None and not there


def _shown_at(reached: Mapping[str, Json], path: str) -> str:
    if path in reached:
        return shown(reached[path])
    below = any(known.startswith(f"{path}.") for known in reached)
    return "a record that is still there" if below else "(absent)"


def place(path: str) -> str:
    """The record that a place of the state belongs to, or the scalar that it is."""
    return ".".join(path.split(".")[:2])


def flat(value: Json, path: str = "") -> dict[str, Json]:
    """Dotted paths to everything that is no object (or an empty one)."""
    if not isinstance(value, dict) or not value:
        return {path: value} if path else {}
    found: dict[str, Json] = {}
    for name, part in value.items():
        found |= flat(part, f"{path}.{name}" if path else name)
    return found


# ------------------------------------------------------------------ data


def _missed_data(one: ExecutedCall) -> Iterator[str]:
    if one.call.data is None or one.call.expect != "ok":
        return
    data = one.result.get("data") if isinstance(one.result, dict) else None
    if not holds(one.call.data, data):
        yield f"data must hold {shown(one.call.data, 400)} and is {shown(data, 400)}"
    elif one.call.ordered and not in_order(one.call.data, data):
        yield f"the order must be {shown(one.call.data, 400)}; data is {shown(data, 400)}"


def holds(expected: Json, given: Json) -> bool:
    """Whether a value is the expected one: objects may have more keys, lists another order."""
    if isinstance(expected, dict):
        return isinstance(given, dict) and all(
            name in given and holds(value, given[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(given, list) and len(expected) == len(given) and _matched(expected, given)
    return same(expected, given)


def in_order(expected: Json, *given: Json) -> bool:
    """Whether lists hold the expected items one by one."""
    return all(len(expected) == len(items) and all(map(holds, expected, items)) for items in given)


def _matched(expected: list[Json], given: list[Json]) -> bool:
    """Whether each expected item finds a given one of its own (Kuhn's augmenting paths, 1955)."""
    owner: dict[int, int] = {}

    def placed(item: int, tried: set[int]) -> bool:
        for other, value in enumerate(given):
            if other not in tried and holds(expected[item], value):
                tried.add(other)
                if other not in owner or placed(owner[other], tried):
                    owner[other] = item
                    return True
        return False

    return all(placed(item, set()) for item in range(len(expected)))


def common(mine: Json, yours: Json) -> Json:
    """What two expected values of `data` agree on; None when that is nothing."""
    if isinstance(mine, dict) and isinstance(yours, dict):
        both = {name: common(mine[name], yours[name]) for name in mine.keys() & yours.keys()}
        return {name: both[name] for name in sorted(both) if both[name] is not None} or None
    if isinstance(mine, list) and isinstance(yours, list):
        return _common_items(mine, yours) if len(mine) == len(yours) else None
    return mine if same(mine, yours) else None


def _common_items(mine: list[Json], yours: list[Json]) -> Json:
    """The items that both lists hold, told by the keys that all their items share; or only how
    many there are."""
    every = [*mine, *yours]
    if not all(isinstance(item, dict) for item in every):
        return mine if holds(mine, yours) else None
    names = sorted(set.intersection(*(set(item) for item in every))) if every else []
    for kept in (names, *([name] for name in names)):
        left = [{name: item[name] for name in kept} for item in mine]
        right = [{name: item[name] for name in kept} for item in yours]
        if kept and holds(left, right):
            return left
    return [{} for _ in mine]


def same(left: Json, right: object) -> bool:
    """Equal JSON values; floats may differ in the ninth digit, and 2 equals 2.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    if _is_number(left) and _is_number(right):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return type(left) is type(right) and left == right


def _is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number within the range of floats."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**300)


def settled(calls: Iterable[TestCall], seconds: Mapping[int, Expectation]) -> tuple[TestCall, ...]:
    """The calls, numbered from 1, each with what both readers agree on."""
    return tuple(agreed(call, seconds.get(number)) for number, call in enumerate(calls, 1))

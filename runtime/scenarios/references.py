"""References between the calls of a plan, such as `$2.data[name=Ada].unit_id`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import PlanError
from ..state import Json

_REFERENCE = re.compile(r"^\$(\d+)((?:\.[A-Za-z_]\w*|\[[^\]]*\])+)$")
_MEANT = re.compile(r"^\$\d+(\.[A-Za-z_]|\[)")
_PART = re.compile(r"\.([A-Za-z_]\w*)|\[([^\]]*)\]")


def resolve(
    value: Json, results: Mapping[int, Json], new: Mapping[int, Mapping[str, list[str]]]
) -> Json:
    """A copy of an argument with every reference replaced by what it points to.

    Args:
        value: the argument; a reference is a whole string, or a string inside lists and dicts.
        results: the result of each call made so far, by its number.
        new: the keys that each call added, by collection.

    Raises:
        PlanError: a reference points to nothing, or to more than one record.
    """
    if isinstance(value, dict):
        return {key: resolve(item, results, new) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, results, new) for item in value]
    found = _REFERENCE.match(value) if isinstance(value, str) else None
    if found is not None:
        return _follow(value, int(found[1]), found[2], results, new)
    if isinstance(value, str) and _MEANT.match(value):
        raise PlanError(
            f"{value!r} is no reference: it takes .name, [index] and [field=value] only"
        )
    return value


def referred(value: Json) -> set[int]:
    """The numbers of the calls that an argument refers to."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*map(referred, value)) if value else set()
    found = _REFERENCE.match(value) if isinstance(value, str) else None
    return {int(found[1])} if found else set()


def _follow(
    text: str,
    n: int,
    path: str,
    results: Mapping[int, Json],
    new: Mapping[int, Mapping[str, list[str]]],
) -> Json:
    if n not in results:
        raise PlanError(f"{text!r} refers to call {n}, which was not made before")
    parts = [field or f"[{index}]" for field, index in _PART.findall(path)]
    if len(parts) == 2 and parts[0] == "new":
        return _added(text, n, parts[1], new[n])
    value = results[n]
    for part in parts:
        value = _select(text, value, part[1:-1]) if part[0] == "[" else _field(text, value, part)
    return value


def _added(text: str, n: int, collection: str, new: Mapping[str, list[str]]) -> str:
    keys = new.get(collection, [])
    if len(keys) != 1:
        added = {name: found for name, found in new.items() if found}
        raise PlanError(
            f"{text!r} wants the one key that call {n} added to {collection!r}; it added {added}"
        )
    return keys[0]


def _field(text: str, value: Json, name: str) -> Json:
    if isinstance(value, dict) and name in value:
        return value[name]
    holds = sorted(value) if isinstance(value, dict) else f"a {type(value).__name__}"
    raise PlanError(f"{text!r} finds no {name!r}: there stands {holds}")


def _select(text: str, value: Json, selector: str) -> Json:
    if isinstance(value, list) and re.fullmatch(r"-?\d+", selector):
        if -len(value) <= int(selector) < len(value):
            return value[int(selector)]
        raise PlanError(f"{text!r} wants item {selector} of a list of {len(value)}")
    if isinstance(value, dict) and selector in value:
        return value[selector]
    parts = re.split(r"&(?=[^&=]*=)", selector)
    wanted = dict(part.split("=", 1) for part in parts if "=" in part)
    items = list(value.values()) if isinstance(value, dict) else value
    if not wanted or not isinstance(items, list):
        raise PlanError(f"{text!r} cannot select [{selector}] from a {type(value).__name__}")
    hits = [item for item in items if _matches(item, wanted)]
    if len(hits) != 1:
        raise PlanError(f"{text!r} selects {len(hits)} of {len(items)} records; it must select one")
    return hits[0]


def _matches(item: Json, wanted: Mapping[str, str]) -> bool:
    return isinstance(item, dict) and all(
        key.strip() in item and _text(item[key.strip()]) == value.strip("\"' ")
        for key, value in wanted.items()
    )


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Candidates read from files: a Python source, upstream's metadata, a run or an export of ours."""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec
from pydantic import ValidationError

from ..errors import ConfigurationError, DataError
from ..formats import environments_by_id, read_scenarios
from ..formats.faults import first_fault
from ..records import EnvironmentPlan
from ..state import Json
from .candidates import Candidate

_SCENARIOS = "*scenario*.json"


def read_candidates(
    path: Path,
    *,
    state: Path | None = None,
    plan: Path | None = None,
    class_name: str | None = None,
) -> tuple[Candidate, ...]:
    """The classes that a file offers: one of a Python source, all of a file in upstream's form.

    Nothing that is read is run here. Initial states of upstream's classes come from `state` or, if
    there is just one, from the file named `…scenario….json` beside the metadata.

    Args:
        path: a Python source, or upstream's `env_metadata.json` (known by its ending `.json`).
        state: a JSON object, or scenarios in upstream's form; the first one of a class counts.
        plan: a plan as JSON, alone or under the key `plan`.
        class_name: only the class of this name.

    Raises:
        DataError: a file cannot be read, or is not what it should be.
        ConfigurationError: there is no class of that name.
    """
    promised = None if plan is None else _plan(plan)
    if path.suffix == ".json":
        return _foreign(path, state, promised, class_name)
    source = _text(path)
    _known(path, class_name, _classes(source))
    start = None if state is None else read_state(state, class_name)
    return (Candidate(source, class_name, start, promised, origin=str(path)),)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise DataError(f"{path} cannot be read: {fault.strerror}.") from fault
    except UnicodeDecodeError as fault:
        raise DataError(f"{path} is no UTF-8 text: {fault.reason}; give Python source.") from fault


def _classes(source: str) -> list[str] | None:
    """The names of a source's classes; None where it does not parse, as the gates will say."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return [node.name for node in body if isinstance(node, ast.ClassDef)]


def _known(path: Path, class_name: str | None, names: list[str] | None) -> None:
    if class_name is not None and names is not None and class_name not in names:
        raise ConfigurationError(
            f"{path} has no class {class_name!r}; it has {', '.join(names) or 'none'}. "
            "Name one of them with --class."
        )


def _foreign(
    path: Path, state: Path | None, plan: EnvironmentPlan | None, class_name: str | None
) -> tuple[Candidate, ...]:
    environments = environments_by_id(path)
    if not environments:
        raise DataError(f"{path} holds no class; at least one environment is expected.")
    _known(path, class_name, [environment.class_name for environment in environments.values()])
    found = state or _beside(path)
    return tuple(
        Candidate(
            environment.source,
            environment.class_name,
            read_state(found, name) if found else None,
            plan,
            environment.plan,
            origin=f"{path}, {name}",
        )
        for name, environment in environments.items()
        if class_name in (None, environment.class_name)
    )


def _beside(path: Path) -> Path | None:
    found = sorted(path.parent.glob(_SCENARIOS))
    return found[0] if len(found) == 1 and found[0] != path else None


def read_state(path: Path, name: str | None = None) -> dict[str, Json] | None:
    """The state in a file; of scenarios the first of an environment or class, if there is one.

    Raises:
        DataError: the file cannot be read, or holds neither a state nor scenarios.
    """
    content = _json(path)
    entries = list(content.values()) if isinstance(content, dict) else content
    if isinstance(entries, list) and entries and all(map(_is_scenario, entries)):
        for scenario in read_scenarios(path):
            if name in (None, scenario.env_id, scenario.env_class_name):
                return scenario.init_config
        return None
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no initial state: a JSON object with the state is expected.")
    return content


def _is_scenario(entry: Json) -> bool:
    return isinstance(entry, dict) and {"env_id", "init_config", "task"} <= entry.keys()


def _plan(path: Path) -> EnvironmentPlan:
    content = _json(path)
    if isinstance(content, dict) and isinstance(content.get("plan"), dict):
        content = content["plan"]
    try:
        return EnvironmentPlan.model_validate(content)
    except ValidationError as fault:
        raise DataError(f"{path} is no plan: {first_fault(fault)}.") from fault


def _json(path: Path) -> Json:
    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as fault:
        raise DataError(f"{path} cannot be read: {fault.strerror}.") from fault
    except (ValueError, RecursionError) as fault:
        raise DataError(f"{path} is not JSON: {fault}.") from fault

"""A plan derived from a class: what its signatures, its first state and its conduct say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ..errors import GeneratedCodeError
from ..formats.upstream_reader import operation_of
from ..inspection.subjects import Subject
from ..inspection.trials import Trial
from ..records import Attribute, Entity, EnvironmentPlan, Operation, Parameter, ToolSpec
from ..sandbox import Pool, Profile
from ..state import Json
from .entities import choices_of, entities_of, scalars_of, singular

CHANGING = frozenset(
    "accept add adjust advance apply approve archive assign block book buy cancel charge close "
    "comment complete confirm create deactivate decline delete deposit disable dispense edit "
    "enable extend follow grant hire insert issue lend like login logout mark mention merge modify "
    "move open pay place post put record refund register reject release remove rename renew rent "
    "replace reply reserve reset resolve restore return retweet revoke schedule sell send set ship "
    "split start stop submit subscribe suspend swap tag transfer unblock unfollow unsubscribe "
    "update upgrade upload vote withdraw write".split()
)
"""First words of names that promise a change, for tools that no call has moved the state with."""
LOOKING = frozenset("count find get has is list search show view".split())
"""First words of names that promise to leave the state alone."""


@dataclass(frozen=True)
class Derivation:
    """A derived plan, and the calls that told the changes from the queries."""

    plan: EnvironmentPlan
    trials: tuple[Trial, ...]

    @property
    def surprises(self) -> tuple[Trial, ...]:
        """For each tool that moved the state although its name says that it looks: one call."""
        moved = {
            trial.probe.tool: trial
            for trial in reversed(self.trials)
            if trial.moved and _first_word(trial.probe.tool) in LOOKING
        }
        changes = {
            operation.name for operation in self.plan.operations if operation.kind != "query"
        }
        return tuple(trial for tool, trial in reversed(moved.items()) if tool in changes)


def derive_plan(
    pool: Pool,
    source: str,
    class_name: str,
    state: dict[str, Json],
    *,
    profile: Profile = "native",
    outline: EnvironmentPlan | None = None,
    seed: int = 0,
) -> EnvironmentPlan:
    """A plan with the tools of a class as its operations and the collections of a state as its
    entities; see `derive`."""
    return derive(pool, source, class_name, state, profile, outline, seed).plan


def derive(
    pool: Pool,
    source: str,
    class_name: str,
    state: dict[str, Json],
    profile: Profile,
    outline: EnvironmentPlan | None,
    seed: int = 0,
) -> Derivation:
    """Derive a plan by opening the class and trying its tools out.

    A tool is a change if a call of it ever moved the state or its name begins with a verb such as
    `create`, and a query otherwise; what the outline calls a query is one. Nothing is said about
    what operations return, write or refuse, nor which rules they keep: nobody has promised that.

    Raises:
        GeneratedCodeError: the class does not open with this profile.
        SandboxError: the sealed execution itself failed.
    """
    with pool.open(source, class_name, profile=profile, strict=True) as sealed:
        name, tools = sealed.class_name, sealed.tools
    plan = _draft(name, tools, state, outline)
    with closing(Subject(pool, plan, source, state, seed, profile=profile)) as subject:
        trials = tuple(observed(subject))
    moving = {trial.probe.tool for trial in trials if trial.moved}
    promised = {o.name for o in outline.operations if o.kind == "query"} if outline else set()
    operations = tuple(
        operation.model_copy(update={"kind": _kind(operation.name, moving, promised)})
        for operation in plan.operations
    )
    return Derivation(plan.model_copy(update={"operations": operations}), trials)


def observed(subject: Subject) -> list[Trial]:
    """What was tried; nothing for a class that does not load or gives way, as its gates say."""
    try:
        return [] if subject.broken else subject.observed
    except GeneratedCodeError:
        return []


def _kind(name: str, moving: set[str], promised: set[str]) -> str:
    if name in promised:
        return "query"
    return "change" if name in moving or _first_word(name) in CHANGING else "query"


def _first_word(name: str) -> str:
    return name.partition("_")[0].lower()


def _draft(
    class_name: str,
    tools: Sequence[Mapping[str, Any]],
    state: dict[str, Json],
    outline: EnvironmentPlan | None,
) -> EnvironmentPlan:
    """The plan before the class was tried out: every operation counts as a change."""
    entities = entities_of(state)
    scalars = scalars_of(state, entities)
    dated = _dated(entities, scalars)
    described = [
        ToolSpec(
            name=tool["name"],
            description=tool.get("description") or "",
            parameters=tool["parameters"],
        )
        for tool in tools
    ]
    choices = choices_of(state, entities)
    operations = [_refined(operation_of(tool, {}), entities, dated, choices) for tool in described]
    if outline:
        offered = {tool.name for tool in described}
        operations += [o for o in outline.operations if o.name not in offered]
    return EnvironmentPlan(
        class_name=class_name,
        summary=outline.summary if outline else "",
        introduction=outline.introduction if outline else "",
        entities=entities,
        scalars=scalars,
        rules=outline.rules if outline else (),
        operations=tuple(operations),
    )


def _dated(entities: Iterable[Entity], scalars: Iterable[Attribute]) -> dict[str, Attribute]:
    """The attributes that hold dates or times, by name."""
    fields = [*scalars, *(field for entity in entities for field in entity.attributes)]
    return {field.name: field for field in fields if field.type in ("date", "datetime")}


def _refined(
    operation: Operation,
    entities: Sequence[Entity],
    dated: Mapping[str, Attribute],
    choices: Mapping[str, tuple[str, ...]],
) -> Operation:
    """The operation, its text parameters with what the state says of their names: that they hold
    a date, the key of a record, or, as `new_status`, one of the values of `status`."""

    def refined(parameter: Parameter) -> Parameter:
        if parameter.type == "str" and parameter.name in dated:
            return parameter.model_copy(update={"type": dated[parameter.name].type})
        if parameter.type not in ("str", "list[str]") or parameter.values:
            return parameter
        if target := _keyed(parameter.name, entities):
            return parameter.model_copy(update={"references": target})
        known = [values for name, values in choices.items() if parameter.name.endswith(f"_{name}")]
        return parameter.model_copy(update={"values": known[0]}) if known else parameter

    return operation.model_copy(update={"parameters": tuple(map(refined, operation.parameters))})


def _keyed(name: str, entities: Sequence[Entity]) -> str | None:
    """The entity whose key a parameter holds by its name: `book`, `books`, `book_id`, its key, or
    one of these after another word."""
    for entity in entities:
        one = singular(entity.collection)
        names = {one, entity.collection, f"{one}_id", f"{one}_ids"}
        if entity.key not in ("id", "name", "key"):
            names |= {entity.key, f"{entity.key}s"}
        if name in names or name.endswith(tuple(f"_{one}" for one in names)):
            return entity.name
    return None

"""The class gate: is a generated class the environment that its plan asks for?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import ConfigurationError
from ..records import (
    Environment,
    EnvironmentPlan,
    Finding,
    Operation,
    Parameter,
    TestCall,
    ToolSpec,
)
from ..sandbox import Pool, SealedClass
from ..state import Json
from .gates import GATES, examine
from .schemas import planned_schema
from .subjects import Subject


@dataclass(frozen=True, slots=True)
class ClassReport:
    """How a class fared."""

    findings: tuple[Finding, ...]
    probes: int
    """Calls that were tried, alone and one after the other."""
    tools: tuple[ToolSpec, ...]
    """Empty when the class did not load."""
    class_name: str
    environment: Environment | None
    """The environment; None when there are findings or the class did not load."""


def inspect_class(
    pool: Pool,
    plan: EnvironmentPlan,
    source: str,
    state: dict[str, Json],
    *,
    seed: int = 0,
    gates: Iterable[str] = GATES,
    calls: Sequence[TestCall] = (),
) -> ClassReport:
    """Open a class in the sandbox, try it out, and say what is wrong with it.

    Deterministic: the same inputs give the same report. `plan` must pass `check_plan` and `state`
    must pass `check_state`.

    Args:
        gates: The gates to apply, out of `GATES`.
        calls: Test calls to try too, each after its `before` on a fresh instance: they reach what
            probes do not. What they expect is not looked at, and those that cannot be made are
            left out.

    Raises:
        ConfigurationError: a name in `gates` is no gate.
        SandboxError: the sealed execution itself failed.
    """
    chosen = tuple(gates)
    if unknown := sorted(set(chosen) - set(GATES)):
        raise ConfigurationError(f"Unknown gates {unknown}; the gates are {', '.join(GATES)}.")
    subject = Subject(pool, plan, source, state, seed, tuple(calls))
    try:
        return _report(subject, examine(subject, chosen))
    finally:
        subject.close()


def _report(subject: Subject, findings: tuple[Finding, ...]) -> ClassReport:
    if subject.broken:
        return ClassReport(findings, 0, (), subject.plan.class_name, None)
    name, tools = subject.sealed.class_name, tool_specs(subject.sealed, subject.plan)
    environment = None
    if not findings:
        environment = Environment(
            plan=subject.plan, class_name=name, source=subject.source, tools=tools
        )
    return ClassReport(findings, len(subject.observed), tools, name, environment)


def tool_specs(sealed: SealedClass, plan: EnvironmentPlan) -> tuple[ToolSpec, ...]:
    """The tools of an opened class as records, with what only the plan says of their parameters."""
    planned = {(o.name, p.name): p for o in plan.operations for p in o.parameters}
    specs = []
    for tool in sealed.tools:
        name, parameters = tool["name"], tool["parameters"]
        properties = {
            key: _precise(schema, planned[name, key]) if (name, key) in planned else schema
            for key, schema in parameters.get("properties", {}).items()
        }
        specs.append(
            ToolSpec(
                name=name,
                description=tool.get("description") or "",
                parameters={**parameters, "properties": properties},
            )
        )
    return tuple(specs)


def planned_environment(plan: EnvironmentPlan) -> Environment:
    """What a plan will come to, without its class: the tools with their parameters' types."""
    return Environment(
        plan=plan,
        class_name=plan.class_name,
        source="",
        tools=tuple(map(_planned, plan.operations)),
    )


def _planned(operation: Operation) -> ToolSpec:
    properties: dict[str, Json] = {
        field.name: _precise({**planned_schema(field), "description": field.description}, field)
        for field in operation.parameters
    }
    required: Json = [field.name for field in operation.parameters if field.required]
    return ToolSpec(
        name=operation.name,
        description=operation.description,
        parameters={"type": "object", "properties": properties, "required": required},
    )


_FORMATS = {"date": "date", "datetime": "date-time"}


def _precise(schema: dict[str, Json], parameter: Parameter) -> dict[str, Json]:
    """A schema made of type hints, with the allowed values and the format that hints leave out."""
    more: dict[str, Json] = {}
    if parameter.values and not {"enum", "const"} & schema.keys():
        nothing = [None] if "null" in schema.get("type", ()) else []
        more["enum"] = [*parameter.values, *nothing]
    if parameter.type in _FORMATS:
        more["format"] = _FORMATS[parameter.type]
    return {**schema, **more}

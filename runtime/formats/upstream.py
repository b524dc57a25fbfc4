"""Upstream EnvScaler's files, written: `env_metadata.json` and `env_scenario.json`.

A metadata file maps environment ids to environments; a scenario file is a list. Upstream's own
programs read them as they are. Beside upstream's fields a scenario has ours: `user`,
`reference_solution`, `reference_plan`, `certificate` and `difficulty`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..records import Environment, EnvironmentPlan, Part, Scenario
from ..state import Json
from .export import Export
from .structure import ClassAnalysis, analyse

CheckRenderer = Callable[[Scenario], Sequence[tuple[str, str]]]
"""Gives each goal's text with the source of a standalone `check_func(final_state)`, which finds
the start in the global `initial_state`."""

_KINDS = {"query": "query", "change": "state_change"}


class Upstream(NamedTuple):
    """The content of upstream's two files."""

    metadata: dict[str, Json]
    scenarios: list[Json]
    left_out: int
    """Scenarios that ask for an answer: upstream's checks see the final state only."""


def to_upstream(export: Export, render: CheckRenderer) -> Upstream:
    """An export in upstream's form, in the export's order.

    Raises:
        DataError: the source of an environment does not parse or lacks its class.
    """
    environments = {environment.id: environment for environment in export.environments}
    certificates = {proof.scenario: proof for proof in export.certificates}
    difficulties = {difficulty.scenario: difficulty for difficulty in export.difficulties}
    scenarios: list[Json] = [
        {
            **_scenario(scenario, environments[scenario.environment].class_name, render),
            "certificate": _dump(certificates.get(scenario.id)),
            "difficulty": _dump(difficulties.get(scenario.id)),
        }
        for scenario in export.scenarios
        if scenario.checks.answer is None
    ]
    return Upstream(
        {name: _environment(environment) for name, environment in environments.items()},
        scenarios,
        len(export.scenarios) - len(scenarios),
    )


def _environment(environment: Environment) -> dict[str, Json]:
    plan = environment.plan
    analysis = analyse(environment.source, environment.class_name, _states(plan))
    return {
        "env_id": environment.id,
        "environment_summary": plan.summary,
        "environment_introduction": plan.introduction,
        "state_space_definition": _state_space(plan),
        "constraints_rules": [rule.text for rule in plan.rules],
        "operation_list": _operations(plan, analysis),
        "env_class_name": environment.class_name,
        "env_class_code": environment.source,
        "env_class_def": analysis.definition,
        "env_structure": analysis.structure,
        "tools": [tool.openai() for tool in environment.tools],
    }


def _states(plan: EnvironmentPlan) -> dict[str, str]:
    """The state attributes that the plan names, with their types."""
    collections = {entity.collection: "dict[str, dict]" for entity in plan.entities}
    return collections | {scalar.name: scalar.type for scalar in plan.scalars}


def _state_space(plan: EnvironmentPlan) -> list[Json]:
    """Entities with their attributes in one text; single values are entities without any."""
    entities = [
        {
            "entity": entity.name,
            "attributes": ", ".join(attribute.name for attribute in entity.attributes),
            "description": entity.description,
        }
        for entity in plan.entities
    ]
    single = [
        {"entity": scalar.name, "attributes": "", "description": scalar.description}
        for scalar in plan.scalars
    ]
    return [*entities, *single]


def _operations(plan: EnvironmentPlan, analysis: ClassAnalysis) -> list[Json]:
    return [
        {
            "operation_name": operation.name,
            "operation_description": operation.description,
            "operation_type": _KINDS[operation.kind],
            "code": analysis.methods.get(operation.name, ""),
        }
        for operation in plan.operations
    ]


def _scenario(scenario: Scenario, class_name: str, render: CheckRenderer) -> dict[str, Json]:
    checks = list(render(scenario))
    solution = scenario.solutions[0] if scenario.solutions else None
    return {
        "env_id": scenario.environment,
        "env_class_name": class_name,
        "task_id": scenario.id,
        "init_config": scenario.initial_state,
        "task": scenario.task,
        "checklist": [goal for goal, _ in checks],
        "checklist_with_func": [{"check_item": goal, "check_func": code} for goal, code in checks],
        "user": _dump(scenario.user),
        "reference_solution": [
            {"name": call.tool, "arguments": call.arguments}
            for call in (solution.calls if solution else ())
        ],
        "reference_plan": [_dump(call) for call in (solution.plan if solution else ())],
    }


def _dump(part: Part | None) -> Json:
    return None if part is None else part.model_dump(mode="json")

"""What prompts show of records: compact text in place of JSON full of defaults."""

from __future__ import annotations

from collections.abc import Iterable

from ..runtime.inspection import ExecutedCall
from ..runtime.records import Attribute, BusinessRule, EnvironmentPlan, Operation, Parameter, Step
from ..runtime.state import Json, canonical

RESULT_LIMIT = 2000
"""Characters of one tool result that a prompt shows."""


def plan_text(plan: EnvironmentPlan) -> str:
    """A plan on one page: state, rules, operations."""
    lines = [f"class {plan.class_name}: {plan.summary}", plan.introduction, "", "State attributes:"]
    for entity in plan.entities:
        lines.append(
            f"- {entity.collection}: {entity.name} records by {entity.key}. {entity.description}"
        )
        lines += [f"    {_attribute(attribute)}" for attribute in entity.attributes]
    lines += [f"- {_attribute(scalar)}" for scalar in plan.scalars]
    lines += ["", "Business rules:", *map(_rule, plan.rules), "", "Operations:"]
    lines += [line for operation in plan.operations for line in _operation(operation)]
    return "\n".join(lines)


def rule_lines(rules: Iterable[BusinessRule]) -> list[str]:
    return [f"{rule.id}: {rule.text}" for rule in rules]


def _rule(rule: BusinessRule) -> str:
    return f"{rule.id}: {rule.text}" + (
        f" (depends on {', '.join(rule.depends)})" if rule.depends else ""
    )


def _attribute(attribute: Attribute | Parameter) -> str:
    text = f"{attribute.name}: {attribute.type}"
    if attribute.values:
        text += f" (one of {', '.join(attribute.values)})"
    text += f" -> {attribute.references}" if attribute.references else ""
    if isinstance(attribute, Attribute):
        text += " or null" if attribute.optional else ""
    return f"{text}; {attribute.description}" if attribute.description else text


def _operation(operation: Operation) -> list[str]:
    names = ", ".join(p.name + ("" if p.required else "?") for p in operation.parameters)
    lines = [f"- {operation.name}({names}) [{operation.kind}]: {operation.description}"]
    lines += [f"    {_attribute(parameter)}" for parameter in operation.parameters]
    if operation.returns:
        many = "a list, each with " if operation.many else ""
        lines.append(f"    data: {many}{', '.join(operation.returns)}")
    if operation.writes:
        lines.append(f"    writes: {', '.join(operation.writes)}")
    if operation.rules:
        lines.append(f"    must keep: {', '.join(operation.rules)}")
    lines += [f"    refuses with {error}" for error in operation.errors]
    if operation.refusal_effects:
        lines.append(f"    a refusal may still write: {', '.join(operation.refusal_effects)}")
    return lines


def json_text(value: Json) -> str:
    """Canonical JSON, one line for each record of a state."""
    if not isinstance(value, dict):
        return canonical(value).decode()
    lines = []
    for name, part in value.items():
        if isinstance(part, dict) and part:
            records = ",\n  ".join(f"{_json(key)}: {_json(record)}" for key, record in part.items())
            lines.append(f"{_json(name)}: {{\n  {records}\n}}")
        else:
            lines.append(f"{_json(name)}: {_json(part)}")
    return "{\n" + ",\n".join(lines) + "\n}"


def outline(value: Json) -> Json:
    """A result with one item for each list and texts cut short: its shape, with an example."""
    if isinstance(value, dict):
        return {key: outline(item) for key, item in value.items()}
    if isinstance(value, list):
        return [outline(value[0]), "…"] if value else []
    return f"{value[:24]}…" if isinstance(value, str) and len(value) > 25 else value


def result_lines(executed: Iterable[ExecutedCall]) -> list[str]:
    """For each tool the outline of what its first successful call returned."""
    first: dict[str, Json] = {}
    for item in executed:
        if item.outcome == "ok":
            first.setdefault(item.call.tool, outline(item.result))
    return [f"{tool} -> {_json(result)}" for tool, result in sorted(first.items())]


def _json(value: Json) -> str:
    return canonical(value).decode()


def step_line(number: int, step: Step) -> str:
    """An executed call and what it returned."""
    result = _json(step.result)
    if len(result) > RESULT_LIMIT:
        result = f"{result[:RESULT_LIMIT]}… ({len(result)} characters)"
    return f"{number}. {step.tool}({_json(step.arguments)}) -> {result}"

"""One environment: what it is about, its schema, rules, tools, inspection and scenarios."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType

from ..records import Attribute, Environment, Inspection, Operation
from ..tools import signature_line
from .blocks import Cell, bullets, heading, indented, paragraph, section, table
from .overview import scenarios_table
from .sources import Shelf


def environment_view(shelf: Shelf, environment: Environment) -> RenderableType:
    plan = environment.plan
    scenarios = shelf.scenarios_of(environment)
    inspection = shelf.inspections.get(environment.id)
    schema = [
        indented(paragraph(f"{entity.name} ({entity.collection}, keyed by {entity.key}): "
                           f"{entity.description}".rstrip(": ")), _attributes(entity.attributes))
        for entity in plan.entities
    ]  # fmt: skip
    if plan.scalars:
        schema.append(indented(paragraph("Single values"), _attributes(plan.scalars)))
    return Group(
        paragraph(f"{environment.class_name}  {environment.id}", "bold"),
        paragraph(plan.introduction),
        heading("Schema"), *schema,
        section("Rules", bullets((rule.id, rule.text) for rule in plan.rules)),
        section("Tools", bullets(_tool_lines(environment))),
        section("Inspection", bullets(_inspection(inspection))),
        section("Scenarios", scenarios_table(shelf, scenarios)),
    )  # fmt: skip


def _attributes(attributes: Sequence[Attribute]) -> RenderableType | None:
    rows: list[list[Cell]] = [[a.name, _type(a), a.description] for a in attributes]
    return table(("attribute", "type", "description"), rows, whole=("attribute",))


def _type(attribute: Attribute) -> str:
    parts = ["|".join(attribute.values) or attribute.type]
    if attribute.references:
        parts.append(f"→ {attribute.references}")
    return " ".join([*parts, "or null"] if attribute.optional else parts)


def _tool_lines(environment: Environment) -> list[tuple[str, str]]:
    operations = {operation.name: operation for operation in environment.plan.operations}
    lines: list[tuple[str, str]] = []
    for tool in environment.tools:
        operation = operations.get(tool.name)
        text = signature_line(tool)
        promises = _promises(operation) if operation else []
        lines.append((operation.kind if operation else "", "\n".join([text, *promises])))
    return lines


def _promises(operation: Operation) -> list[str]:
    """What the plan has an operation return, write, keep and refuse."""
    many = "a list of " if operation.many else ""
    said = {
        f"returns {many}": operation.returns,
        "writes ": operation.writes,
        "keeps ": operation.rules,
        "refuses with ": operation.errors,
    }
    return [f"{how}{'; '.join(what)}" for how, what in said.items() if what]


def _inspection(inspection: Inspection | None) -> list[tuple[str, str]]:
    if inspection is None:
        return [("–", "not recorded")]
    rate = "–" if inspection.pass_rate is None else f"{inspection.pass_rate:.2f}"
    lines = [
        ("admitted", "yes" if inspection.admitted else "NO"),
        ("tried", f"{inspection.probes} probes, {len(inspection.calls)} test calls"),
        ("pass rate", rate),
        ("rules", f"{inspection.rules_tested} proven by a refused and a legal call"),
        ("repairs", str(inspection.repairs)),
    ]  # fmt: skip
    if inspection.untested_tools:
        lines.append(("untested", ", ".join(inspection.untested_tools)))
    return lines + [("finding", str(finding)) for finding in inspection.findings]

"""What an environment claims: its tools, and that the class passed its inspection."""

from __future__ import annotations

from ..inspection import DOUBTS, inspect_class, lack, run_calls, untested_rules, untested_tools
from ..inspection.classes import tool_specs
from ..records import Environment, Inspection
from ..sandbox import Pool
from ..state import Json
from .verdicts import Findings


def same_class(pool: Pool, environment: Environment, findings: Findings) -> None:
    """The sealed class has exactly the recorded tools."""
    with pool.open(environment.source, environment.class_name) as sealed:
        found = {tool.name: tool for tool in tool_specs(sealed, environment.plan)}
    recorded = {tool.name: tool for tool in environment.tools}
    for name in sorted(found.keys() | recorded.keys()):
        if found.get(name) != recorded.get(name):
            findings.fail(f"tool {name}: the record and the class describe it differently")


def same_inspection(
    pool: Pool,
    environment: Environment,
    state: dict[str, Json],
    inspection: Inspection | None,
    findings: Findings,
) -> None:
    """The class passes the deterministic gates, and its recorded test calls prove what is said."""
    calls = inspection.calls if inspection else ()
    report = inspect_class(pool, environment.plan, environment.source, state, calls=calls)
    findings.note(f"inspected again with {report.probes} probes")
    known = inspection.findings if inspection else ()
    for found in report.findings:
        if found.gate in DOUBTS and found in known:
            findings.note(f"doubted, and passed by the judge: {found}")
        else:
            findings.fail(str(found))
    if inspection is None:
        findings.note("no inspection is recorded, so there are no test calls to repeat")
        return
    if not inspection.admitted:
        findings.fail("its own inspection did not admit it")
    executed = run_calls(pool, environment, state, inspection.calls)
    if untested_tools(environment, executed) != inspection.untested_tools:
        findings.fail("its test calls leave other tools untested than its inspection says")
    unproven = untested_rules(environment, executed)
    proven = len(environment.plan.rules) - len(unproven)
    if unproven != inspection.untested_rules or proven != inspection.rules_tested:
        findings.fail(f"its test calls prove {proven} rules, not {inspection.rules_tested}")
    for number, one in enumerate(executed, 1):
        if number not in inspection.overruled and (why := lack(one)):
            findings.fail(f"test call {number} of {one.call.tool}: {why}")
    findings.note(f"{len(executed)} test calls repeated")

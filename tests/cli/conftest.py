"""A tool library that hires tools out, written by hand: a whole export that holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from envscaler.runtime.checks import GRADER, Grader, render_functions
from envscaler.runtime.episodes import Episode, reference_trajectory
from envscaler.runtime.formats import Export, write_export
from envscaler.runtime.inspection import (
    inspect_class,
    run_calls,
    untested_rules,
    untested_tools,
)
from envscaler.runtime.records import (
    Call,
    Checks,
    Environment,
    EnvironmentPlan,
    Inspection,
    PlannedCall,
    Provenance,
    Scenario,
    Solution,
    TestCall,
)
from envscaler.runtime.sandbox import Pool
from envscaler.runtime.scenarios.certificate import Trial, certify
from envscaler.runtime.scenarios.difficulty import difficulty
from envscaler.runtime.scenarios.effects import Grouping, build_checks
from envscaler.runtime.scenarios.execution import Execution, run_plans

MEMBER = {"name": "member_id", "type": "str"}
TOOL = {"name": "tool_id", "type": "str"}
HIRE: dict[str, Any] = {
    "class_name": "HireEnv",
    "summary": "A tool library.",
    "introduction": "Members hire tools and pay [bold]fees[/bold] for late returns.",
    "entities": [
        {
            "name": "Tool",
            "collection": "tools",
            "key": "tool_id",
            "attributes": [
                TOOL,
                {"name": "kind", "type": "str"},
                {"name": "free", "type": "bool"},
            ],
        },
        {
            "name": "Member",
            "collection": "members",
            "key": "member_id",
            "attributes": [
                MEMBER,
                {"name": "name", "type": "str"},
                {"name": "fee", "type": "int"},
            ],
        },
        {
            "name": "Hire",
            "collection": "hires",
            "key": "hire_id",
            "attributes": [
                {"name": "hire_id", "type": "str"},
                {**TOOL, "references": "Tool"},
                {**MEMBER, "references": "Member"},
                {"name": "hired_on", "type": "date"},
            ],
        },
    ],
    "scalars": [{"name": "today", "type": "date"}, {"name": "next_hire", "type": "int"}],
    "rules": [
        {"id": "R1", "text": "A tool that is out is not hired again.", "depends": ["Tool.free"]},
        {"id": "R2", "text": "Nobody pays more than the open fee.", "depends": ["Member.fee"]},
    ],
    "operations": [
        {
            "name": "find_tools",
            "kind": "query",
            "description": "Return the tools of a kind.",
            "parameters": [{"name": "kind", "type": "str"}],
            "returns": ["Tool"],
            "many": True,
        },
        {
            "name": "get_member",
            "kind": "query",
            "description": "Return one member.",
            "parameters": [MEMBER],  # the number on the card, which a member knows
            "returns": ["Member"],
            "errors": ["unknown_member: the member does not exist"],
        },
        {
            "name": "list_hires",
            "kind": "query",
            "description": "Return the hires of a member.",
            "parameters": [{**MEMBER, "references": "Member"}],
            "returns": ["Hire"],
            "many": True,
            "errors": ["unknown_member: the member does not exist"],
        },
        {
            "name": "hire_tool",
            "kind": "change",
            "description": "Hire a tool out to a member.",
            "parameters": [{**TOOL, "references": "Tool"}, {**MEMBER, "references": "Member"}],
            "returns": ["Hire"],
            "writes": ["Hire", "Tool.free", "next_hire"],
            "errors": [
                "unknown_tool: the tool does not exist",
                "unknown_member: the member does not exist",
                "tool_out: the tool is out",
            ],
            "rules": ["R1"],
        },
        {
            "name": "pay_fee",
            "kind": "change",
            "description": "Take a member's payment of an open fee.",
            "parameters": [
                {**MEMBER, "references": "Member"},
                {"name": "amount", "type": "int"},
            ],
            "writes": ["Member.fee"],
            "errors": [
                "unknown_member: the member does not exist",
                "too_much: the amount is more than the open fee",
            ],
            "rules": ["R2"],
        },
    ],
}
STATE: dict[str, Any] = {
    "tools": {
        "T1": {"tool_id": "T1", "kind": "drill", "free": False},
        "T2": {"tool_id": "T2", "kind": "drill", "free": True},
        "T3": {"tool_id": "T3", "kind": "saw", "free": True},
    },
    "members": {
        "M1": {"member_id": "M1", "name": "Ada", "fee": 6},
        "M2": {"member_id": "M2", "name": "Ben", "fee": 3},
        "M3": {"member_id": "M3", "name": "Cleo", "fee": 0},
    },
    "hires": {
        "H1": {"hire_id": "H1", "tool_id": "T1", "member_id": "M2", "hired_on": "2024-05-02"}
    },
    "today": "2024-05-10",
    "next_hire": 2,
}
TASK = "Ada, member M1, takes the free drill home and pays 4 euros of her fee. \x1b[31m[red]Thanks!"
REFERENCE = (
    PlannedCall(n=1, tool="find_tools", arguments={"kind": "drill"}),
    PlannedCall(
        n=2,
        tool="hire_tool",
        arguments={"tool_id": "$1.data[free=true].tool_id", "member_id": "M1"},
    ),
    PlannedCall(n=3, tool="pay_fee", arguments={"member_id": "M1", "amount": 4}),
)
QUESTION = "How much does Ben, member M2, owe? Hire him the saw."
ANSWERED = (
    PlannedCall(n=1, tool="get_member", arguments={"member_id": "M2"}),
    PlannedCall(n=2, tool="find_tools", arguments={"kind": "saw"}),
    PlannedCall(
        n=3, tool="hire_tool", arguments={"tool_id": "$2.data[0].tool_id", "member_id": "M2"}
    ),
)
CALLS = [
    ("find_tools", {"kind": "saw"}, "ok", None),
    ("get_member", {"member_id": "M1"}, "ok", None),
    ("get_member", {"member_id": "M9"}, "refused", None),
    ("list_hires", {"member_id": "M2"}, "ok", None),
    ("list_hires", {"member_id": "M9"}, "refused", None),
    ("hire_tool", {"tool_id": "T2", "member_id": "M2"}, "ok", "R1"),
    ("hire_tool", {"tool_id": "T1", "member_id": "M2"}, "refused", "R1"),
    ("pay_fee", {"member_id": "M1", "amount": 6}, "ok", "R2"),
    ("pay_fee", {"member_id": "M1", "amount": 7}, "refused", "R2"),
]


def _inspected(pool: Pool) -> tuple[Environment, Inspection]:
    source = (Path(__file__).parent / "hire_env.txt").read_text()
    plan = EnvironmentPlan.model_validate(HIRE)
    report = inspect_class(pool, plan, source, STATE)
    environment = report.environment
    assert environment is not None, report.findings
    calls = [
        TestCall(tool=tool, arguments=arguments, expect=expect, rule=rule)
        for tool, arguments, expect, rule in CALLS
    ]
    executed = run_calls(pool, environment, STATE, calls)
    return environment, Inspection(
        environment=environment.id,
        grader=GRADER,
        state=STATE,
        calls=tuple(calls),
        probes=report.probes,
        pass_rate=1.0,
        untested_tools=untested_tools(environment, executed),
        rules_tested=len(plan.rules),
        untested_rules=untested_rules(environment, executed),
        admitted=True,
    )


def _scenario(
    environment: Environment,
    run: Execution,
    task: str,
    plan: tuple[PlannedCall, ...],
    goals: tuple[tuple[str, tuple[int, ...]], ...],
    answer: Any = None,
) -> Scenario:
    checks = build_checks(environment.plan, run, Grouping(goals=goals, loose={}))
    if answer is not None:
        checks = Checks(
            goals=(*checks.goals, "The answer is right."),
            outcomes=checks.outcomes,
            guards=checks.guards,
            answer=answer,
        )
    return Scenario(
        environment=environment.id,
        initial_state=STATE,
        task=task,
        solutions=(Solution(plan=plan, calls=run.calls),),
        checks=checks,
    )


def _idle(pool: Pool, grader: Grader, environment: Environment, scenario: Scenario) -> Any:
    """An agent that looks once, calls a tool that does not exist, and gives up."""
    with Episode(pool, environment, scenario) as episode:
        look = Call(tool="get_member", arguments={"member_id": "M1"})
        episode.turn("Let me look.", [look, Call(tool="wait")])
        return episode.trajectory("idler", "stopped", grader)


def _made(pool: Pool) -> Export:
    environment, inspection = _inspected(pool)
    grader = Grader(pool)
    with pool.open(environment.source, environment.class_name) as sealed:
        first, second = run_plans(sealed, environment, STATE, [REFERENCE, ANSWERED])
        goals = (("Ada has the drill.", (1, 3, 4)), ("Ada has paid 4 euros.", (2,)))
        scenarios = (
            _scenario(environment, first, TASK, REFERENCE, goals),
            _scenario(environment, second, QUESTION, ANSWERED, (("Ben has the saw.", (1,)),), 3),
        )
        trials = [Trial(environment, scenario, sealed, grader) for scenario in scenarios]
        certificates = tuple(map(certify, trials))
        difficulties = tuple(difficulty(t.scenario, t.reference) for t in trials)
    played = [reference_trajectory(pool, grader, environment, s) for s in scenarios]
    return Export(
        environments=(environment,),
        scenarios=scenarios,
        trajectories=(*played, _idle(pool, grader, environment, scenarios[0])),
        inspections=(inspection,),
        certificates=certificates,
        difficulties=difficulties,
        provenance=(Provenance(record=environment.id, program="by hand", model="nobody"),),
    )


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    with Pool() as pool:
        yield pool


@pytest.fixture(scope="session")
def export(pool: Pool) -> Export:
    """One environment, a scenario and one that asks for an answer, three trajectories."""
    return _made(pool)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes an export, with parts of it replaced, and gives its folder."""

    def write(export: Export, **parts: Any) -> Path:
        folder = tmp_path / "export"
        write_export(folder, replace(export, **parts), render=render_functions)
        return folder

    return write


@pytest.fixture(scope="session")
def altered(export: Export) -> Callable[..., Export]:
    """The export with one record changed, and adapted whatever names the record by its id."""

    def alter(old: Environment | Scenario, **update: Any) -> Export:
        environments = tuple(
            record.model_copy(update=update if record.id == old.id else {})
            for record in export.environments
        )
        homes = dict(zip((e.id for e in export.environments), environments, strict=True))
        scenarios = tuple(
            record.model_copy(
                update={
                    "environment": homes[record.environment].id,
                    **(update if record.id == old.id else {}),
                }
            )
            for record in export.scenarios
        )
        ids = {s.id: new.id for s, new in zip(export.scenarios, scenarios, strict=True)}
        (inspection,) = export.inspections
        said = {
            name: tuple(
                part.model_copy(update={"scenario": ids[part.scenario]})
                for part in getattr(export, name)
            )
            for name in ("trajectories", "certificates", "difficulties")
        }
        return Export(
            environments=environments,
            scenarios=scenarios,
            inspections=(inspection.model_copy(update={"environment": environments[0].id}),),
            **said,
        )

    return alter


@pytest.fixture
def started(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts the command in a process of its own, without the keys of whoever runs the tests."""

    def start(*arguments: str, **more: Any) -> subprocess.Popen[str]:
        keys = ("OPENAI_", "ANTHROPIC_", "COLUMNS")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(keys)}
        command = [sys.executable, "-c", "from envscaler.runtime.cli import main; main()"]
        return subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment,
            preexec_fn=hear_interrupts,
            **more,
        )

    def hear_interrupts() -> None:
        # A shell starts its background jobs, and so perhaps these tests, deaf to Ctrl-C.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return start


@pytest.fixture
def envscaler(
    started: Callable[..., subprocess.Popen[str]],
) -> Callable[..., tuple[int, str, str]]:
    """Runs the command to its end: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        process = started(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    return run

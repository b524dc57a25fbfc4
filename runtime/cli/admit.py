"""`envscaler admit`: a class from anywhere before the gates, for people or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from ..admission import Admission, Candidate, GateResult, admit, read_candidates, read_state
from ..checks import GRADER
from ..errors import ConfigurationError, EnvscalerError
from ..formats import Export, write_export
from ..inspection import untested_tools
from ..records import Environment, Finding, Inspection
from ..sandbox import Pool
from ..state import Json
from .blocks import Cell, bullets, console, section, table
from .sources import Shelf, open_shelf
from .wording import clean, counted, one_line

_NOTES = 3
"""Notes of a gate that are printed."""


def run(
    file: Path,
    out: Path | None,
    *,
    state: Path | None,
    plan: Path | None,
    class_name: str | None,
    unsafe: bool,
    as_json: bool,
) -> None:
    """Put the classes of a file through the gates, print what came of it, and keep the admitted.

    Raises:
        typer.Exit: with 1, where a class is not admitted.
        EnvscalerError: an admitted class cannot be written to `out`.
        ConfigurationError: there is no such class, or `out` is given and no plan.
        DataError: a file cannot be read.
        SandboxError: the sealed execution itself failed.
    """
    if file.is_dir():
        if plan is not None:
            raise ConfigurationError(f"{file} has plans of its own: leave --plan out.")
        candidates = _kept(open_shelf(file), state, class_name)
    else:
        candidates = read_candidates(file, state=state, plan=plan, class_name=class_name)
    if out is not None and any(candidate.plan is None for candidate in candidates):
        raise ConfigurationError(
            "--out needs --plan: an export holds environments with a plan. Without --out, --json "
            "shows the plan that is derived from the class; complete it and give it."
        )
    with Pool(unsafe=unsafe) as pool:
        admissions = [admit(pool, candidate) for candidate in candidates]
    if as_json:
        print(json.dumps(_document(file, admissions), indent=2))
    else:
        for admission in admissions:
            console().print(_view(admission))
    if not admissions or not all(admission.admitted for admission in admissions):
        raise typer.Exit(1)
    if out is not None:
        _write(out, admissions)


def _kept(shelf: Shelf, state: Path | None, name: str | None) -> tuple[Candidate, ...]:
    """The environments of a run or an export, each with the given state or that of its first
    scenario."""
    found = [shelf.find(name)] if name else shelf.environments
    given = None if state is None else read_state(state)
    kept = [_candidate(shelf, one, given) for one in found if isinstance(one, Environment)]
    if not kept:
        what = f"{clean(name)} is no environment" if name else "it holds no environment"
        raise ConfigurationError(f"Nothing of {shelf.folder} can be admitted: {what}.")
    return tuple(kept)


def _candidate(shelf: Shelf, environment: Environment, given: Json) -> Candidate:
    scenarios = shelf.scenarios_of(environment)
    return Candidate(
        environment.source,
        environment.class_name,
        given or (scenarios[0].initial_state if scenarios else None),
        environment.plan,
        origin=f"{shelf.folder}, {environment.id}",
    )


def _write(out: Path, admissions: Iterable[Admission]) -> None:
    environments = [admission.environment for admission in admissions]
    lacking = [a for a in admissions if a.environment is None]
    if lacking:
        raise EnvscalerError(
            f"{lacking[0].class_name} is not written to {out}: it runs with the profile "
            f"{lacking[0].profile} only, and an export holds native classes"
        )
    inspections = [
        _inspection(a.environment, a.probes) for a in admissions if a.environment is not None
    ]
    kept = tuple(environment for environment in environments if environment is not None)
    write_export(out, Export(environments=kept, inspections=tuple(inspections)))


def _inspection(environment: Environment, probes: int) -> Inspection:
    """What is recorded: the gates alone, no test calls and no judgements."""
    return Inspection(
        environment=environment.id,
        grader=GRADER,
        probes=probes,
        untested_tools=untested_tools(environment, ()),
        admitted=True,
    )


# ------------------------------------------------------------------ for people


def _view(admission: Admission) -> RenderableType:
    name = admission.class_name or "no class"
    return Group(
        Text.assemble((clean(name), "bold"), f"  {clean(admission.origin)}"),
        bullets(_opening(admission)) or Text(),
        Text(),
        table(("gate", "verdict", "why"), [_row(gate) for gate in admission.gates],
              whole=("gate", "verdict")) or Text(),
        Text(),
        table(("tool", "kind", "tried", "ok", "refused", "failed", "changed the state"),
              _tools(admission), whole=("tool",), right=("tried", "ok", "refused", "failed", "changed the state"))
        or Text(),
        section("Findings", bullets(_told(admission.objections))),
        section("Notes", bullets(_notes(admission.gates))),
        section("Not looked at", bullets(("–", text) for text in admission.missing)),
        Text(),
        _last_line(admission),
    )  # fmt: skip


def _opening(admission: Admission) -> list[tuple[str, str]]:
    """The profile with the reasons against stricter ones, and where the plan is from."""
    lines: list[tuple[str, str]] = [("profile", admission.profile or "none takes it")]
    reasons: dict[str, list[str]] = {}
    for profile, reason in admission.turned_down.items():
        reasons.setdefault(_shortened(reason), []).append(profile)
    lines += [(f"not {', '.join(profiles)}", reason) for reason, profiles in reasons.items()]
    if plan := admission.plan:
        queries = sum(operation.kind == "query" for operation in plan.operations)
        parts = [
            counted(len(plan.entities), "entity", "entities"),
            counted(queries, "query", "queries"),
            counted(len(plan.operations) - queries, "change"),
            counted(len(plan.rules), "rule"),
        ]
        lines.append(("plan", f"{'derived' if admission.derived else 'given'}: {', '.join(parts)}"))
    return lines


def _shortened(reason: str) -> str:
    """The first two faults of several, each in one line."""
    lines = [one_line(line, 160) for line in reason.splitlines() if line.strip()]
    more = f" (and {len(lines) - 3} more)" if len(lines) > 3 else ""
    return " ".join(lines[:3]) + more


def _row(gate: GateResult) -> list[Cell]:
    verdicts = {
        "passed": Text("passed", "green"),
        "findings": Text(counted(len(gate.findings), "finding"), "bold red"),
        "noted": Text(counted(len(gate.notes), "note"), "yellow"),
        "not applicable": Text("not applicable", "dim"),
    }
    return [gate.gate, verdicts[gate.standing], gate.reason]


def _tools(admission: Admission) -> list[list[Cell]]:
    return [
        [t.tool, t.kind, t.tried, t.succeeded, t.refused, t.failed, t.moved]
        for t in admission.tools
    ]


def _told(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(f.gate, f"{f.where}: {f.message}") for f in findings]


def _notes(gates: Iterable[GateResult]) -> list[tuple[str, str]]:
    lines = []
    for gate in gates:
        lines += _told(gate.notes[:_NOTES])
        if len(gate.notes) > _NOTES:
            lines.append((gate.gate, f"… and {len(gate.notes) - _NOTES} more; --json gives all"))
    return lines


def _last_line(admission: Admission) -> Text:
    if admission.admitted:
        return Text("admitted", "bold green")
    counts = [
        f"{counted(len(gate.findings), 'finding')} of {gate.gate}"
        for gate in admission.gates
        if gate.findings
    ]
    return Text(f"not admitted: {', '.join(counts)}", "bold red")


# ------------------------------------------------------------------ as JSON


def _document(file: Path, admissions: list[Admission]) -> Json:
    return {
        "file": str(file),
        "admitted": bool(admissions) and all(admission.admitted for admission in admissions),
        "admissions": [
            {
                **admission.model_dump(mode="json"),
                "admitted": admission.admitted,
                "probes": admission.probes,
                "gates": [
                    {**gate.model_dump(mode="json"), "standing": gate.standing}
                    for gate in admission.gates
                ],
            }
            for admission in admissions
        ],
    }

"""`envscaler admit`: a class from anywhere before the gates, for people or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import typer

from ..admission import Admission, Candidate, admit, read_candidates, read_state
from ..checks import GRADER
from ..errors import ConfigurationError, EnvscalerError
from ..formats import Export, write_export
from ..inspection import untested_tools
from ..records import Environment, Inspection
from ..run_folder import DATABASE, EXPORT
from ..sandbox import Pool
from ..state import Json
from .admission_view import admission_view
from .blocks import console
from .sources import Shelf, open_shelf
from .wording import clean


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
        ConfigurationError: there is no such class, or `out` belongs to a run or is given without a
            plan.
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
    if out is not None and (out.parent if out.name == EXPORT else out).joinpath(DATABASE).exists():
        raise ConfigurationError(
            f"--out {out} belongs to a run, and its export would be replaced: give another folder."
        )
    with Pool(unsafe=unsafe) as pool:
        admissions = [admit(pool, candidate) for candidate in candidates]
    if as_json:
        print(json.dumps(_document(file, admissions), indent=2))
    else:
        for admission in admissions:
            console().print(admission_view(admission))
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
    inspection = shelf.inspections.get(environment.id)
    return Candidate(
        environment.source,
        environment.class_name,
        given or (scenarios[0].initial_state if scenarios else None),
        environment.plan,
        calls=inspection.calls if inspection else (),
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

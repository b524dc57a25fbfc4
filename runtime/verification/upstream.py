"""What the files in `upstream/` claim: that their checks are 0 before the solution and 1 after."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from ..checks import UpstreamChecks
from ..errors import DataError
from ..records import Scenario
from ..sandbox import Call, Pool
from ..state import Json, canonical
from .verdicts import Findings

_METADATA, _SCENARIOS = "upstream/env_metadata.json", "upstream/env_scenario.json"


class UpstreamFiles(NamedTuple):
    """The content of an export's `upstream/` folder."""

    environments: dict[str, Json]
    scenarios: dict[str, Json]
    """By `task_id`."""

    @classmethod
    def read(cls, folder: Path) -> UpstreamFiles:
        """Raises `DataError` when a file is missing or of another shape."""
        environments = _read(folder / _METADATA, dict[str, dict[str, Json]])
        listed = _read(folder / _SCENARIOS, list[dict[str, Json]])
        scenarios = {str(entry.get("task_id")): entry for entry in listed}
        if len(scenarios) < len(listed):
            raise DataError(f"{folder / _SCENARIOS} names a task_id twice. Export again.")
        return cls(environments, scenarios)

    def compare(self, name: str, fresh: dict[str, Json], findings: Findings) -> None:
        """An environment or scenario stands in its file as the records give it."""
        file = _METADATA if name in self.environments else _SCENARIOS
        entry = self.environments.get(name) or self.scenarios.get(name) or {}
        for field in sorted(fresh.keys() | entry.keys()):
            if canonical(entry.get(field)) != canonical(fresh.get(field)):
                findings.fail(f"its {field} in {file} is not what the records give")

    def run_checks(self, pool: Pool, scenario: Scenario, findings: Findings) -> None:
        """The checks of the file, sealed: a mean of 0 before its solution, of 1 after it."""
        entry = self.scenarios.get(scenario.id)
        if entry is None:
            findings.fail(f"it is missing from {_SCENARIOS}")
            return
        functions = [item["check_func"] for item in entry["checklist_with_func"]]
        if len(functions) != len(scenario.checks.goals):
            findings.fail(f"it has {len(functions)} checks for {len(scenario.checks.goals)} goals")
            return
        before, after = entry["init_config"], self._solved(pool, entry)
        with UpstreamChecks(pool, functions, before, profile="native") as checks:
            (found,) = checks.results([after])
        for when, wanted, results in (("before", 0, found.start), ("after", 1, found.end)):
            crashed = [result.reason for result in results if result.value is None]
            if crashed:
                findings.fail(f"a check fails {when} the solution: {crashed[0]}")
            elif (mean := sum(result.value is True for result in results) / len(results)) != wanted:
                findings.fail(f"its checks come to {mean:g} {when} the solution, not to {wanted}")
        findings.note(f"{len(functions)} check functions run before and after the solution")

    def _solved(self, pool: Pool, entry: Json) -> Json:
        """The state after the reference solution, by these files alone."""
        environment = self.environments[entry["env_id"]]
        with pool.open(environment["env_class_code"], environment["env_class_name"]) as sealed:
            (instance,) = sealed.create([entry["init_config"]])
            sealed.step(
                Call(instance, call["name"], call["arguments"])
                for call in entry["reference_solution"]
            )
            return sealed.snapshot([instance])[0].state


def _read(path: Path, shape: type) -> Json:
    try:
        return msgspec.json.decode(path.read_bytes(), type=shape)
    except FileNotFoundError:
        raise DataError(f"{path} is missing from the export; export again.") from None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise DataError(f"{path} is damaged: {fault}. Export again.") from fault

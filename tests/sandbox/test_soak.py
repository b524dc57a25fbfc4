from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from envscaler.runtime.benchmarks.environments.savings import Savings
from envscaler.runtime.benchmarks.soak import FAILING, soak
from envscaler.runtime.cli import app


def test_nothing_is_lost_and_nothing_leaks_while_workers_are_killed() -> None:
    report = soak(instances=300, calls=20_000, kills=10)
    assert report.fault == ""
    assert report.statuses.keys() == {"ok", *FAILING.values()}
    assert report.statuses.total() == report.calls == 20_000
    assert report.hashes >= 300
    assert {"created", "branched", "dropped", "restored", "reset", "killed"} == set(report.events)
    assert report.left == {"processes": 0, "descriptors": 0}
    assert report.flat("host") and report.flat("workers") and report.holds


def test_a_reply_that_is_not_the_model_s_ends_the_soak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Savings, "list_accounts", lambda self: {"success": True, "data": {}})
    report = soak(instances=20, calls=200, kills=0)
    assert "list_accounts" in report.fault and "should have ended" in report.fault
    assert not report.holds and report.left == {"processes": 0, "descriptors": 0}


def test_a_state_that_is_not_the_model_s_ends_the_soak(monkeypatch: pytest.MonkeyPatch) -> None:
    init = Savings.__init__

    def changed(self: Savings, init_config: dict[str, object]) -> None:
        init(self, init_config)
        vars(self)["rate"] = 0.01

    monkeypatch.setattr(Savings, "__init__", changed)
    report = soak(instances=20, calls=200, kills=0)
    assert "but should be" in report.fault


def test_the_command_prints_what_was_found_and_writes_it(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    sizes = ["--instances", "50", "--calls", "2000", "--kills", "2"]
    result = CliRunner().invoke(app, ["bench", "soak", *sizes, "--json", str(told)])
    assert result.exit_code == 0, result.output
    assert "nothing lost" in result.output and "NO" not in result.output
    document = json.loads(told.read_text())
    assert document["holds"] and document["calls"] == 2000 and document["fault"] == ""
    assert document["readings"][-1]["calls"] <= 2000

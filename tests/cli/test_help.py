from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from envscaler.programs.run import synthesize
from envscaler.runtime import errors
from envscaler.runtime.cli import app

HEAVY = ("dspy", "datasets", "pyarrow", "litellm", "openai", "jsonschema_rs")


@pytest.mark.parametrize("command", [[], ["synthesize"], ["show"], ["verify"], ["admit"]])
def test_help_names_the_exit_codes_and_loads_nothing_heavy(command: list[str]) -> None:
    program = (
        "import sys, atexit\n"
        "from envscaler.runtime.cli import main\n"
        f"atexit.register(lambda: print('LOADED', *({HEAVY!r} & sys.modules.keys())))\n"
        "main()\n"
    ).replace(repr(HEAVY), repr(set(HEAVY)))
    done = subprocess.run(
        [sys.executable, "-c", program, *command, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Exit codes:" in done.stdout
    assert done.stdout.splitlines()[-1].strip() == "LOADED"


def test_verifying_and_showing_never_import_dspy() -> None:
    program = (
        "import sys\n"
        "import envscaler.runtime.cli.show, envscaler.runtime.cli.verify\n"
        "print('dspy' in sys.modules, 'litellm' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False False\n", done.stderr


def test_each_code_of_the_error_tree_stands_in_the_help() -> None:
    told = " ".join(CliRunner().invoke(app, ["--help"]).stdout.split())
    kinds = [k for k in vars(errors).values() if isinstance(k, type)]
    codes = {k.exit_code for k in kinds if issubclass(k, errors.EnvscalerError)}
    assert codes == {1, 2, 3, 4, 5, 6}
    for code in (0, *codes, 130):
        assert f" {code} " in told


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["unknown"], 2),
        (["verify"], 2),
        (["synthesize", "--limit", "many"], 2),
        (["--version"], 0),
    ],
)
def test_the_command_line_itself_ends_with_the_usual_codes(arguments: list[str], code: int) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == code


def test_the_defaults_are_those_of_the_function() -> None:
    commands = {c.callback.__name__: c.callback for c in app.registered_commands if c.callback}
    ours = inspect.signature(commands["synthesize"]).parameters
    theirs = inspect.signature(synthesize).parameters
    for name in ("scenarios", "rollouts", "limit"):
        assert ours[name].default == theirs[name].default


def test_a_bug_keeps_its_traceback() -> None:
    program = (
        "import envscaler.runtime.cli.show as show\n"
        "from envscaler.runtime.cli import main\n"
        "show.open_shelf = lambda folder: {}['bug']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "show", "x"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "KeyError: 'bug'" in done.stderr

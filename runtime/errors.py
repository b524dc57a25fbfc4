"""Every error envscaler raises, named for the boundary that broke.

EnvscalerError
├── ConfigurationError        an option, setting or key is wrong or missing            exit 2
├── DataError                 an input file or an export is not what it should be      exit 3
├── RunError                  the run folder cannot be used (foreign, locked, full)    exit 4
├── ModelError                a language model did not deliver                         exit 5
│   ├── ModelUnavailable      the endpoint cannot be reached, refuses or keeps failing
│   ├── ReplayMiss            a recording lacks the answer that is asked for
│   └── BudgetSpent           the budget is used up: nothing new is asked
├── SandboxError              the sealed execution itself failed                       exit 6
│   └── SealUnavailable       this platform cannot seal a worker
└── Repairable                the generating model can mend it: becomes feedback       exit 1
    ├── GeneratedCodeError    a class or check does not parse, breaks the policy or fails to load
    ├── PlanError             a plan, a state or a solution contradicts itself
    └── AnswerError           a completion does not parse into the signature's outputs

Only the first five reach a user. A `Repairable` is turned into a row with its reason by the
program that meets it. Exit 1 is also what `verify` returns when a certificate does not hold;
Ctrl-C is exit 130.
"""

from __future__ import annotations

from typing import ClassVar


class EnvscalerError(Exception):
    """The root: its text is one clear message for the user."""

    exit_code: ClassVar[int] = 1


class ConfigurationError(EnvscalerError):
    """An option, setting or key is wrong or missing."""

    exit_code = 2


class DataError(EnvscalerError):
    """An input file or an export is not what it should be."""

    exit_code = 3


class RunError(EnvscalerError):
    """The run folder cannot be used."""

    exit_code = 4


class ModelError(EnvscalerError):
    """A language model did not deliver."""

    exit_code = 5


class ModelUnavailable(ModelError):
    """The endpoint cannot be reached, refuses, or kept failing after all retries."""


class ReplayMiss(ModelError):
    """A recording lacks the answer that is asked for."""


class BudgetSpent(ModelError):
    """The budget is used up; what is done is kept."""


class SandboxError(EnvscalerError):
    """The sealed execution itself failed."""

    exit_code = 6


class SealUnavailable(SandboxError):
    """This platform cannot seal a worker, so untrusted code is not run."""


class Repairable(EnvscalerError):
    """The generating model can mend it."""


class GeneratedCodeError(Repairable):
    """A generated class or check does not parse, breaks the policy or fails to load."""


class PlanError(Repairable):
    """A plan, a state or a solution contradicts itself."""


class AnswerError(Repairable):
    """A completion does not parse into the outputs its signature asks for."""

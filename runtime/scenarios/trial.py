"""A scenario on trial: all that it claims, executed once and shared by the certificate's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..checks import Grader
from ..records import Call, Checks, Environment, Outcome, PlannedCall, Scenario, Score
from ..sandbox import SealedClass
from ..state import Json, diff, digest
from .execution import Execution, run_plans
from .mutants import Mutant, mutants

SECOND_SEED = 1


@dataclass
class Trial:
    """A scenario on trial: executions and verdicts, computed once and shared by the rows."""

    environment: Environment
    scenario: Scenario
    sealed: SealedClass
    grader: Grader

    @property
    def initial(self) -> dict[str, Json]:
        return self.scenario.initial_state

    @cached_property
    def references(self) -> list[Execution]:
        """Each reference solution under the first and the second seed, one after the other."""
        plans = [solution.plan for solution in self.scenario.solutions]
        return [
            run
            for pair in zip(self.run(plans), self.run(plans, seed=SECOND_SEED), strict=True)
            for run in pair
        ]

    @property
    def reference(self) -> Execution:
        return self.references[0]

    @cached_property
    def verdicts(self) -> list[Score]:
        """The score of each execution in `references`."""
        return self.scores((run.final for run in self.references), self.scenario.checks.answer)

    @property
    def sound(self) -> bool:
        """Whether there is anything to examine: solutions that run and are accepted."""
        return bool(self.scenario.checks.outcomes and self.references) and all(
            not run.problem and score.reward == 1.0
            for run, score in zip(self.references, self.verdicts, strict=True)
        )

    @cached_property
    def outcomes(self) -> list[Execution]:
        """The recorded calls behind each accepted end state, run again."""
        return self.run(
            [as_plan(outcome.calls) for outcome in self.scenario.checks.outcomes], False
        )

    @cached_property
    def proven(self) -> list[bool]:
        """Whether each accepted end state is exactly what its recorded calls lead to."""
        scores = self.scores((run.final for run in self.outcomes), self.scenario.checks.answer)
        return [
            score.reward == 1.0 and _leads_to(run, outcome)
            for run, outcome, score in zip(
                self.outcomes, self.scenario.checks.outcomes, scores, strict=True
            )
        ]

    @cached_property
    def accepted(self) -> set[str]:
        """Hashes of the executed end states: what equals one of them is no wrong state."""
        return {digest(run.final) for run in [*self.outcomes, *self.references]}

    @cached_property
    def mutants(self) -> list[tuple[Checks, list[Mutant]]]:
        """The wrong states next to every proven end state, and the checks that must reject them.

        Those of the first end state face all checks, those of the others only their own outcome:
        what one outcome lets through shows in its own mutants, and the cost stays linear.
        """
        checks = self.scenario.checks
        return [
            (
                checks if n == 0 else checks.model_copy(update={"outcomes": (outcome,)}),
                [
                    mutant
                    for mutant in mutants(self.initial, run.final, outcome, run.touched())
                    if digest(mutant.state) not in self.accepted
                ],
            )
            for n, (outcome, run) in enumerate(zip(checks.outcomes, self.outcomes, strict=True))
            if self.proven[n]
        ]

    def run(
        self, plans: Sequence[Sequence[PlannedCall]], stop_early: bool = True, seed: int = 0
    ) -> list[Execution]:
        return run_plans(
            self.sealed, self.environment, self.initial, plans, seed=seed, stop_early=stop_early
        )

    def scores(self, states: Iterable[Json], answer: Json = None) -> list[Score]:
        cases = [(self.initial, state, answer) for state in states]
        return self.grader.scores(self.scenario.checks, cases)


def as_plan(calls: Iterable[Call]) -> list[PlannedCall]:
    return [PlannedCall(n=n, tool=c.tool, arguments=c.arguments) for n, c in enumerate(calls, 1)]


def _leads_to(run: Execution, outcome: Outcome) -> bool:
    changes = [(c.path, c.kind, c.value) for c in outcome.changes if c.kind != "keep"]
    reached = [(d.path, d.kind, d.new) for d in diff(run.initial, run.final)]
    return digest(sorted(changes, key=digest)) == digest(sorted(reached, key=digest))

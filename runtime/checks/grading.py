"""Grading: verdicts of checks on final states, always computed in a sealed worker."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..errors import GeneratedCodeError
from ..records import Checks, Score
from ..sandbox import Pool, SealedChecks
from ..state import Json, digest
from .rendering import matcher_source, specification

GRADER = f"1-{digest(matcher_source())[:8]}"
"""Version of the grader: rewards of different versions must not be mixed."""

Case = tuple[Json, Json, Json]
"""(initial state, final state, answer)"""


class Grader:
    """Scores final states. One sealed worker serves all scenarios: checks are data to it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._checks = self._open()

    def _open(self) -> SealedChecks:
        return self._pool.open_checks(matcher_source(), "grade")

    def scores(self, checks: Checks, cases: Sequence[Case]) -> list[Score]:
        """One score a case; a crashed check is a score without a reward, never 0 or 1."""
        texts: dict[int, msgspec.Raw] = {}  # by identity: the initial state is mostly the same

        def raw(value: Json) -> msgspec.Raw:
            if id(value) not in texts:
                texts[id(value)] = msgspec.Raw(msgspec.json.encode(value))
            return texts[id(value)]

        spec = raw(specification(checks))
        try:
            replies = self._checks.evaluate(
                [(spec, raw(initial), raw(final), answer) for initial, final, answer in cases]
            )
        except GeneratedCodeError as error:
            # States made to wear the matcher out must not end the grading of the others.
            self._checks.close()
            self._checks = self._open()
            return [Score(reward=None, error=str(error))] * len(cases)
        return [
            Score(**reply.value)
            if reply.status == "ok"
            else Score(reward=None, error=f"{reply.status}: {reply.error}")
            for reply in replies
        ]

    def close(self) -> None:
        self._checks.close()

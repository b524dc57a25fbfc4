"""Checks from elsewhere: upstream's `check_func(final_state)` functions, judged in sealed workers.

All functions of a scenario are one source, so that one worker serves them. Each judges a copy of
the state of its own, and one that cannot be loaded, raises or hangs takes no other down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from threading import RLock
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

import msgspec

from ..errors import GeneratedCodeError
from ..records import Score
from ..sandbox import Pool, Reply, SealedChecks
from ..sandbox.protocol import Profile
from ..state import Json
from .joint import joint_source

if TYPE_CHECKING:
    from ..formats import UpstreamScenario

Formula = Literal["upstream", "strict"]
"""upstream: the share of checks that are true, to four digits; one that crashes is not true.
strict: the share of true ones among the checks that are false at the start; None when any check
crashes, at the start or at the end."""
State = dict[str, Json] | bytes
"""A state as a JSON value or as JSON text; typed markers stand for what JSON lacks."""

_NOTHING = msgspec.Raw(b"null")


class CheckResult(NamedTuple):
    """What one check says of one state."""

    value: bool | None
    """None when it crashed: it cannot be loaded, raised, was stopped or gave no bool."""
    reason: str = ""
    """Why it crashed."""


class CheckResults(NamedTuple):
    """What the checks of a scenario say of its first state and of a final one, in their order."""

    start: tuple[CheckResult, ...]
    end: tuple[CheckResult, ...]

    def score(self, formula: Formula = "upstream") -> Score:
        """The reward under a formula; `goals` are the verdicts at the end, a crash is False.

        Without checks the reward is None under either formula. `error` says why it is None, and
        under upstream's formula also which checks crashed.
        """
        goals = tuple(result.value is True for result in self.end)
        if not goals:
            return Score(error="the scenario has no check functions, so there is no reward")
        error = _crashes(self.end, "")
        if formula == "upstream":
            return Score(reward=round(sum(goals) / len(goals), 4), goals=goals, error=error)
        error = error or _crashes(self.start, " at the start")
        pairs = zip(goals, self.start, strict=True)
        counted = [goal for goal, before in pairs if before.value is False]
        if not counted and not error:
            error = "every check is true at the start, so there is nothing to reward"
        reward = None if error else sum(counted) / len(counted)
        return Score(reward=reward, goals=goals, error=error)


class UpstreamGrader:
    """Judges final states of upstream's scenarios."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def open(
        self, scenario: UpstreamScenario, initial_state: State | None = None
    ) -> UpstreamChecks:
        """The checks of a scenario, kept ready until they are closed.

        Args:
            initial_state: what the checks find in the global `initial_state`: the state of the
                instance right after it was made. Without it, the scenario's `init_config`.
        """
        state = scenario.init_config if initial_state is None else initial_state
        return UpstreamChecks(self._pool, [source for _, source in scenario.checks], state)

    def results(
        self,
        scenario: UpstreamScenario,
        final_states: Iterable[State],
        initial_state: State | None = None,
    ) -> list[CheckResults]:
        """What the checks say of each final state; see `open` for `initial_state`.

        Raises:
            SandboxError: the sandbox itself failed.
        """
        with self.open(scenario, initial_state) as checks:
            return checks.results(final_states)


class UpstreamChecks:
    """Check functions of one scenario, opened; thread-safe."""

    def __init__(
        self,
        pool: Pool,
        functions: Sequence[str],
        initial_state: State,
        *,
        profile: Profile = "upstream",
    ) -> None:
        self._pool = pool
        self._profile = profile
        self._functions = functions
        self._initial = _raw(initial_state)
        self._lock = RLock()
        self._groups: list[_Group] = []
        try:
            self._groups.extend(self._opened(range(len(functions))))
            self.start = self._verdicts([self._initial])[0]
            """What each check says of the initial state."""
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the workers go; closing twice is fine."""
        for group in self._groups:
            group.close()

    def results(self, final_states: Iterable[State]) -> list[CheckResults]:
        """What the checks say of each final state."""
        found = self._verdicts(list(map(_raw, final_states)))
        return [CheckResults(self.start, end) for end in found]

    def _verdicts(self, states: Sequence[msgspec.Raw]) -> list[tuple[CheckResult, ...]]:
        """For each state what every check says of it."""
        said: dict[int, list[CheckResult]] = {}
        with self._lock:
            for group in list(self._groups):
                said |= self._judged(group, states)
        return [
            tuple(said[number][place] for number in range(len(self._functions)))
            for place in range(len(states))
        ]

    def _judged(self, group: _Group, states: Sequence[msgspec.Raw]) -> dict[int, list[CheckResult]]:
        """What the checks of a group say, in smaller groups if they break this one's worker."""
        results, broken = group.judge(self._cases(group, states))
        if broken and len(group.numbers) > 1:
            return self._judged_apart(group, states)
        told = iter(results)
        return {number: [next(told) for _ in states] for number in group.numbers}

    def _judged_apart(
        self, group: _Group, states: Sequence[msgspec.Raw]
    ) -> dict[int, list[CheckResult]]:
        """Two smaller groups instead of one: in the end who breaks a worker is alone in it."""
        group.close()
        self._groups.remove(group)
        said: dict[int, list[CheckResult]] = {}
        for numbers in group.halves():
            smaller = list(self._opened(numbers))
            self._groups += smaller
            for one in smaller:
                said |= self._judged(one, states)
        return said

    def _cases(self, group: _Group, states: Sequence[msgspec.Raw]) -> list[Sequence[Json]]:
        """Arguments for each check and state; who never asks for the initial state gets none."""
        sources = self._functions
        return [
            (place, self._initial if "initial_state" in sources[number] else _NOTHING, state)
            for place, number in enumerate(group.numbers)
            for state in states
        ]

    def _opened(self, numbers: Sequence[int]) -> Iterator[_Group]:
        """The functions in one group, or in more when some of them cannot be loaded."""
        if not numbers:
            return
        source = joint_source([self._functions[number] for number in numbers])
        try:
            sealed = self._pool.open_checks(source, profile=self._profile)
        except GeneratedCodeError as error:
            group = _Group(numbers, None, str(error))
            if len(numbers) == 1:
                yield group
                return
            for half in group.halves():
                yield from self._opened(half)
        else:
            yield _Group(numbers, sealed)


class _Group(NamedTuple):
    """Functions that share a worker."""

    numbers: Sequence[int]
    sealed: SealedChecks | None
    """None: the only function of the group cannot be loaded."""
    fault: str = ""

    def judge(self, cases: Sequence[Sequence[Json]]) -> tuple[list[CheckResult], bool]:
        """The result of each case, and whether a worker broke over them."""
        if self.sealed is None:
            return [CheckResult(None, self.fault)] * len(cases), False
        try:
            replies = self.sealed.evaluate(cases)
        except GeneratedCodeError as error:
            return [CheckResult(None, str(error))] * len(cases), True
        return list(map(_result, replies)), any(reply.status == "killed" for reply in replies)

    def halves(self) -> tuple[Sequence[int], Sequence[int]]:
        middle = len(self.numbers) // 2
        return self.numbers[:middle], self.numbers[middle:]

    def close(self) -> None:
        if self.sealed is not None:
            self.sealed.close()


def mean_of_checks(score: Score) -> float | None:
    """One of our own scores by upstream's formula: the mean of goals, guards and frame.

    Guards are one check, and so is the frame; None where a check crashed, since our crashed checks
    leave no verdicts to count.
    """
    if score.reward is None:
        return None
    checks = (*score.goals, score.guards, score.frame)
    return round(sum(checks) / len(checks), 4)


def _result(reply: Reply) -> CheckResult:
    if reply.status != "ok":
        return CheckResult(None, f"{reply.status}: {reply.error}")
    try:
        value = reply.value
    except GeneratedCodeError as error:
        return CheckResult(None, str(error))
    if not isinstance(value, bool):
        return CheckResult(None, f"it gave {value!r:.60}, expected True or False")
    return CheckResult(value)


def _crashes(results: Sequence[CheckResult], when: str) -> str:
    """The first check that crashed and how many more did; empty when none has."""
    crashed = [(n, result) for n, result in enumerate(results, 1) if result.value is None]
    if not crashed:
        return ""
    more = f" (and {len(crashed) - 1} more)" if len(crashed) > 1 else ""
    return f"check {crashed[0][0]} crashed{when}: {crashed[0][1].reason}{more}"


def _raw(state: State) -> msgspec.Raw:
    return msgspec.Raw(state if isinstance(state, bytes) else msgspec.json.encode(state))

"""Whether a planted defect shows: the same calls on the good class and on the spoilt one.

The calls only decide which mutants count. No inspection sees them, so they may be drawn from what
an inspection does not know: from the numbers in the good class, near which its borders lie.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest

from ...errors import GeneratedCodeError
from ...records import EnvironmentPlan, TestCall
from ...sandbox import Call, Pool, Reply, SealedClass
from ...state import Json
from .kinds import Defect
from .scripts import Drawing, Script, State

STRETCHES = 5
STRETCH = 6
WALKS = 16
"""Walks from each state: so many stretches of so many calls, each drawn for where the walk is."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Scripts that start from one state, and what the good class made of them."""

    state: State
    scripts: list[Script]
    told: list[Json]


class Conduct:
    """What a good class does in many calls, for comparison with spoilt copies of it.

    Args:
        states: initial states that fit the plan.
        calls: test calls, tried in the first state.

    Raises:
        GeneratedCodeError: the class does not load or refuses a state.
        SandboxError: the sealed execution itself failed.
    """

    def __init__(
        self,
        pool: Pool,
        source: str,
        plan: EnvironmentPlan,
        states: Sequence[State],
        *,
        seed: int = 0,
        calls: Sequence[TestCall] = (),
    ) -> None:
        self._pool, self._name, self._seed = pool, plan.class_name, seed
        self._parts: list[_Part] = []
        tests = [[*((c.tool, c.arguments) for c in t.before), (t.tool, t.arguments)] for t in calls]
        with closing(self._open(source)) as sealed:
            drawing = Drawing(plan, source, seed)
            for state in states:
                walks = self._walks(sealed, drawing, state)
                for scripts in (walks, tests, drawing.singles(state)):
                    if scripts:
                        told = self._played(sealed, state, scripts)
                        self._parts.append(_Part(state, scripts, told))
                tests = []

    def differs(self, defect: Defect) -> bool:
        """Whether a defect can be told from the good class; False if it is no Python any more.

        Replies are compared without the wording of messages and refusals (only of "wrong error"
        the codes of refusals count), and so are the states that all the calls lead to. A class that
        does not load, or gives way, differs. "nondeterminism" must differ from itself, in another
        worker beside other instances.
        """
        try:
            ast.parse(defect.source)
        except SyntaxError:
            return False
        try:
            return any(self._shows(defect, part) for part in self._parts)
        except GeneratedCodeError:
            return True

    def _shows(self, defect: Defect, part: _Part) -> bool:
        with closing(self._open(defect.source)) as sealed:
            told, known = self._played(sealed, part.state, part.scripts), part.told
        if defect.kind == "nondeterminism":
            with closing(self._open(defect.source)) as sealed:
                known = self._played(sealed, part.state, part.scripts[::-1])[::-1]
        codes = defect.kind == "wrong error"
        return [_plain(one, codes) for one in told] != [_plain(one, codes) for one in known]

    def _open(self, source: str) -> SealedClass:
        return self._pool.open(source, self._name, strict=True)

    def _walks(self, sealed: SealedClass, drawing: Drawing, state: State) -> list[Script]:
        """Seeded walks, which use the ids and values that come up on the way; in the end they ask
        again what they asked before."""
        walks: list[Script] = [[] for _ in range(WALKS)]
        instances = sealed.create([state] * WALKS, seed=self._seed)
        for _ in range(STRETCHES):
            for walk, snapshot in zip(walks, sealed.snapshot(instances), strict=True):
                walk += drawing.stretch(snapshot.state, STRETCH)
            latest = [walk[-STRETCH:] for walk in walks]
            sealed.step([c for _, c in _in_turns(instances, latest)])
        sealed.drop(instances)
        return [walk + drawing.queries(walk) for walk in walks]

    def _played(self, sealed: SealedClass, state: State, scripts: list[Script]) -> list[Json]:
        """For each script the replies to its calls and the hash of the state in the end."""
        instances = sealed.create([state] * len(scripts), seed=self._seed)
        turns = _in_turns(instances, scripts)
        told: list[list[Json]] = [[] for _ in scripts]
        replies = sealed.step([call for _, call in turns])
        for (number, _), reply in zip(turns, replies, strict=True):
            told[number].append(_telling(reply))
        for one, end in zip(told, sealed.hash(instances), strict=True):
            one.append(end)
        sealed.drop(instances)
        return told


def differs(
    pool: Pool,
    source: str,
    defect: Defect,
    plan: EnvironmentPlan,
    states: Sequence[State],
    *,
    seed: int = 0,
) -> bool:
    """Whether a defect shows in the seeded calls; for many of one class, make one `Conduct`."""
    return Conduct(pool, source, plan, states, seed=seed).differs(defect)


def _in_turns(instances: Sequence[int], scripts: list[Script]) -> list[tuple[int, Call]]:
    """The first calls of all scripts, then the second ones, with the numbers of their scripts."""
    return [
        (number, Call(instances[number], *wish))
        for row in zip_longest(*scripts)
        for number, wish in enumerate(row)
        if wish is not None
    ]


def _telling(reply: Reply) -> Json:
    """A reply as [status, value], without the texts that may say it in any words."""
    value = reply.value
    if isinstance(value, dict) and value.get("success") is True:
        value = {name: part for name, part in value.items() if name != "message"}
    elif isinstance(value, dict) and value.get("success") is False and value.get("error"):
        value = {"success": False, "error": str(value["error"]).partition(":")[0]}
    return [reply.status, value]


def _plain(told: Json, codes: bool) -> Json:
    """What a script came to, the errors of refusals only where they count."""
    *replies, end = told
    return [r if codes or not _refusal(r[1]) else "refused" for r in replies] + [end]


def _refusal(value: Json) -> bool:
    return isinstance(value, dict) and value.keys() == {"success", "error"}

"""Seeded calls for a class: single ones, and stretches of walks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from ...inspection.probes import fitting_probes, hostile_probes
from ...records import EnvironmentPlan, Operation, Parameter
from ...state import Json, canonical

SEEDS = 3
"""Samples of fitting single calls of each tool."""
State = dict[str, Json]
Wish = tuple[str, dict[str, Json]]
"""A call: the tool and its arguments."""
Script = list[Wish]
"""What is called on one instance, in order."""


class Drawing:
    """Draws calls for a planned class; the same ones for the same seed and order of requests."""

    def __init__(self, plan: EnvironmentPlan, source: str, seed: int) -> None:
        self._plan, self._seed = plan, seed
        self._numbers = _borders(source)
        self._random = Random(f"{seed} scripts")

    def singles(self, state: State) -> list[Script]:
        """Calls that fit, some with a number or a day moved, and calls that do not fit."""
        found: dict[bytes, Wish] = {}
        for operation in self._plan.operations:
            fitting: list[Wish] = []
            for seed in range(SEEDS):
                probes = fitting_probes(self._plan, state, operation, self._seed + seed)
                fitting += [(probe.tool, probe.arguments) for probe in probes]
            moved = [(tool, self._moved(operation, given)) for tool, given in fitting]
            for wish in [*fitting, *moved, *self._hostile(operation, fitting)]:
                found.setdefault(canonical(list(wish)), wish)
        return [[wish] for wish in found.values()]

    def stretch(self, state: State, length: int) -> Script:
        """So many calls that fit a state, changes rather than queries."""
        changes = [o for o in self._plan.operations if o.kind == "change"]
        others = [o for o in self._plan.operations if o.kind == "query"]
        script: Script = []
        for _ in range(length):
            pool = changes if changes and self._random.random() < 0.75 else others or changes
            operation = self._random.choice(pool)
            seed = self._random.randrange(1 << 30)
            probe = self._random.choice(fitting_probes(self._plan, state, operation, seed))
            given = probe.arguments
            script.append((probe.tool, self._moved(operation, given)))
        return script

    def queries(self, script: Script) -> Script:
        """The queries among some calls."""
        kinds = {operation.name: operation.kind for operation in self._plan.operations}
        return [wish for wish in script if kinds[wish[0]] == "query"]

    def _hostile(self, operation: Operation, fitting: list[Wish]) -> Iterator[Wish]:
        bases = sorted(fitting, key=lambda wish: len(wish[1]))
        for _, base in [*bases[:1], *bases[-1:]]:
            for probe in hostile_probes(operation, base):
                yield probe.tool, probe.arguments

    def _moved(self, operation: Operation, given: dict[str, Json]) -> dict[str, Json]:
        """Half of the numbers and days exchanged for others, near the borders of the class."""
        moved = dict(given)
        for field in operation.parameters:
            if field.name in given and self._random.random() < 0.5:
                moved[field.name] = self._other(field, given[field.name])
        return moved

    def _other(self, field: Parameter, value: Json) -> Json:
        if field.type in ("int", "float") and isinstance(value, int | float):
            near = [value + 1, value - 1, value * 2]
            drawn = self._random.choice([*self._numbers, *near, *range(4)])
            return int(drawn) if field.type == "int" else float(drawn)
        if field.type in ("date", "datetime") and isinstance(value, str):
            return self._day_near(value)
        return value

    def _day_near(self, value: str) -> str:
        """A day up to two weeks from that of a date, at the same time of day."""
        try:
            day = date.fromisoformat(value[:10])
        except ValueError:
            return value
        step = self._random.choice((-14, -7, -2, -1, 1, 2, 7, 14))
        return (day + timedelta(days=step)).isoformat() + value[10:]


def _borders(source: str) -> list[float]:
    """The numbers that a source names, and those one beside them."""
    values = [n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)]
    named = {v for v in values if isinstance(v, int | float) and not isinstance(v, bool)}
    return sorted({number + shift for number in named for shift in (-1, 0, 1)})

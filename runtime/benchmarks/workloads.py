"""What is called on which class: the domains of the benchmark."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

from . import environments, states
from .environments import Clinic, Fleet, Shop, Warehouse
from .states import State

DISTINCT = 16
"""Different first states among the instances of one domain."""
Kind = Literal["look", "update", "scan"]
"""A look-up of about a microsecond, a look-up with a small update, an aggregate over a table."""
Arguments = dict[str, Any]


class Request(NamedTuple):
    """A call before it is known whose it is: `place` is the position of an instance."""

    place: int
    tool: str
    arguments: Arguments


@dataclass(frozen=True)
class Domain:
    """A class, its first states, and how its tools are called."""

    made: Callable[[State], object]
    """The class itself."""
    state: Callable[[Random, int], State]
    tools: Mapping[Kind, tuple[str, Callable[[Random, int], Arguments]]]

    @property
    def name(self) -> str:
        return self.made.__name__.lower()

    @property
    def source(self) -> str:
        """The text of the module that the class stands in."""
        return Path(str(sys.modules[self.made.__module__].__file__)).read_text(encoding="utf-8")

    def states(self, records: int) -> list[State]:
        """`DISTINCT` first states, the same ones at every call."""
        return [self.state(Random(seed), records) for seed in range(DISTINCT)]

    def requests(self, kind: Kind, records: int, count: int, seed: int = 0) -> list[Request]:
        """A call for each of so many instances, the same ones for the same seed."""
        chance = Random(seed)
        tool, arguments = self.tools[kind]
        return [Request(place, tool, arguments(chance, records)) for place in range(count)]


def text(name: str) -> str:
    """The text of a module of `environments` by its name; it is not imported."""
    return files(environments).joinpath(f"{name}.py").read_text(encoding="utf-8")


def _key(letter: str, chance: Random, records: int) -> str:
    return f"{letter}{chance.randint(1, records // 2):04d}"


WAREHOUSE = Domain(
    Warehouse,
    states.warehouse,
    {
        "look": ("get_item", lambda c, n: {"item_id": _key("I", c, n)}),
        "update": (
            "sell_item",
            lambda c, n: {"item_id": _key("I", c, n), "quantity": c.randint(1, 12)},
        ),
        "scan": ("report_shortages", lambda c, n: {"days": c.randint(20, 200), "limit": 5}),
    },
)
FLEET = Domain(
    Fleet,
    states.fleet,
    {
        "look": ("get_vehicle", lambda c, n: {"vehicle_id": _key("V", c, n)}),
        "update": (
            "log_trip",
            lambda c, n: {
                "vehicle_id": _key("V", c, n),
                "kilometres": round(c.uniform(5, 400), 1),
                "litres": round(c.uniform(1, 30), 1),
            },
        ),
        "scan": ("report_depots", lambda c, n: {"most": round(c.uniform(6, 12), 1)}),
    },
)
CLINIC = Domain(
    Clinic,
    states.clinic,
    {
        "look": ("get_patient", lambda c, n: {"patient_id": _key("P", c, n)}),
        "update": (
            "take_reading",
            lambda c, n: {
                "patient_id": _key("P", c, n),
                "pulse": c.randint(45, 140),
                "oxygen": c.randint(86, 100),
            },
        ),
        "scan": ("report_ward", lambda c, n: {"floor": c.randint(3, 5), "limit": 5}),
    },
)
SHOP = Domain(
    Shop,
    states.shop,
    {
        "look": ("get_product", lambda c, n: {"product_id": _key("P", c, n)}),
        "update": (
            "buy",
            lambda c, n: {"customer_id": _key("C", c, n), "product_id": _key("P", c, n)},
        ),
    },
)
DOMAINS = (WAREHOUSE, FLEET, CLINIC)

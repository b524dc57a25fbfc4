"""The domains that the simulated model knows, and tasks for them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from random import Random
from typing import Any

from ...records import SourceTask
from ...state import Json
from . import register_plan

_SYLLABLES = "ba be bi bo du fa fe fi go ka ke ki lo lu ma mi mo na ne no pa pe po ra ri ro".split()
_IDLE = (
    "Explain in two sentences why the sky is blue, for a reader of age {n}.",
    "Write a rhyme with {n} lines about rain.",
    "What is {n} times {n}?",
)
"""Tasks that need no environment."""
_ASKED = (
    "Please give a {thing} of grade best to {person} number {n} and tell me when it was started.",
    "The {hold} {n} is over: take the {thing} back and count its copies.",
    "Block the {person} with card {n}; every {hold} of theirs stays as it is.",
)


@dataclass(frozen=True)
class Domain:
    """A register of things lent to persons, with the nouns of its trade."""

    thing: str
    person: str
    hold: str
    flavour: str
    """Words that only this trade uses; they keep its idea apart from the others."""

    @property
    def class_name(self) -> str:
        return f"{self.thing.capitalize()}Env"

    @property
    def summary(self) -> str:
        return f"{self.thing} {self.hold} desk, {self.flavour.split()[0]}"

    @property
    def introduction(self) -> str:
        return (
            f"{self.flavour.capitalize()}. Each {self.thing} has copies, each {self.person} a "
            f"status, each {self.hold} two dates."
        )

    @cached_property
    def source(self) -> str:
        """The class, as a correct answer holds it."""
        text = files(__package__).joinpath("register.py").read_text(encoding="utf-8")
        return self.renamed(text[text.index("import copy") :])

    @cached_property
    def plan(self) -> dict[str, Any]:
        """The output fields of a plan."""
        return self._of(register_plan.PLAN)

    @cached_property
    def state(self) -> dict[str, Any]:
        return self._of(register_plan.STATE)

    @cached_property
    def calls(self) -> list[dict[str, Any]]:
        """Test calls with what they must come to."""
        found: list[dict[str, Any]] = self._of(register_plan.CALLS)
        return found

    def renamed(self, text: str) -> str:
        """A text of the register with this domain's nouns."""
        nouns = {"thing": self.thing, "person": self.person, "hold": self.hold}
        nouns |= {name.capitalize(): noun.capitalize() for name, noun in nouns.items()}
        text = re.sub("[Tt]hing|[Pp]erson|[Hh]old", lambda found: nouns[found.group()], text)
        return text.replace("RegisterEnv", self.class_name)

    def _of(self, part: Json) -> Any:
        return json.loads(self.renamed(json.dumps(part)))


HAND_MADE = (
    Domain("bicycle", "rider", "hire", "pedals saddles spokes dynamos panniers"),
    Domain("tent", "camper", "pitch", "canvas guylines meadows campfires lanterns"),
    Domain("violin", "pupil", "loan", "strings rosin orchestra bridges scrolls"),
    Domain("canoe", "paddler", "outing", "rivers paddles rapids lifejackets jetty"),
    Domain("drill", "builder", "rental", "torque chuck masonry workshop batteries"),
    Domain("costume", "actor", "fitting", "velvet rehearsal wardrobe sequins stage"),
    Domain("telescope", "stargazer", "session", "nebula lenses observatory tripod comets"),
    Domain("tractor", "farmer", "shift", "harvest ploughs diesel barley furrows"),
    Domain("wheelchair", "patient", "lending", "clinic ramps physiotherapy armrests nurses"),
    Domain("projector", "teacher", "slot", "classroom lumens slides cables lectures"),
    Domain("surfboard", "surfer", "checkout", "waves fins wetsuits leash beach"),
    Domain("locker", "climber", "tenancy", "chalk carabiners boulders ropes harness"),
)


def domains(count: int) -> tuple[Domain, ...]:
    """So many domains: the hand-made ones, then some with invented nouns."""
    random = Random(0)

    def word() -> str:
        return "".join(random.choices(_SYLLABLES, k=5))

    invented = (
        Domain(word(), word(), word(), " ".join(word() for _ in range(5)))
        for _ in range(count - len(HAND_MADE))
    )
    return (*HAND_MADE[:count], *invented)


def tasks(count: int, known: Sequence[Domain]) -> tuple[SourceTask, ...]:
    """So many different tasks; one in eight needs no environment."""
    return tuple(SourceTask(text=_task(number, known), origin="simulated") for number in range(count))


def _task(number: int, known: Sequence[Domain]) -> str:
    if number % 8 == 7:
        return _IDLE[number % len(_IDLE)].format(n=number)
    domain = known[number % len(known)]
    asked = _ASKED[number // len(known) % len(_ASKED)]
    return asked.format(thing=domain.thing, person=domain.person, hold=domain.hold, n=number)

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
    "Explain to {a} in two sentences why the sky over {b} is blue, and why {c} disagrees.",
    "Write a rhyme about {a} and {b}, who met in the rain on the way to {c}.",
    "How many letters do the words {a}, {b} and {c} have together?",
)
"""Tasks that need no environment."""
_ASKED = (
    "Please give the {thing} named {a} to the {person} {b} of {c} and tell me when it was started.",
    "The {hold} of {a} is over: take the {thing} called {b} back and tell {c} about it.",
    "Block the {person} {a} from {b}; every {hold} of theirs stays as {c} has written it down.",
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
        return dict(self._of(register_plan.PLAN))

    @cached_property
    def state(self) -> dict[str, Any]:
        return dict(self._of(register_plan.STATE))

    @cached_property
    def calls(self) -> list[dict[str, Any]]:
        """Test calls with what they must come to."""
        return list(self._of(register_plan.CALLS))

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
    invented = (
        Domain(_word(random), _word(random), _word(random), " ".join(_words(random, 5)))
        for _ in range(count - len(HAND_MADE))
    )
    return (*HAND_MADE[:count], *invented)


def tasks(count: int, known: Sequence[Domain]) -> tuple[SourceTask, ...]:
    """So many different tasks; one in eight needs no environment."""
    return tuple(SourceTask(text=_task(n, known), origin="simulated") for n in range(count))


def _task(number: int, known: Sequence[Domain]) -> str:
    names = dict(zip("abc", map(str.capitalize, _words(Random(number), 3)), strict=True))
    if number % 8 == 7:
        return _IDLE[number % len(_IDLE)].format(**names)
    domain = known[number % len(known)]
    asked = _ASKED[number // len(known) % len(_ASKED)]
    return asked.format(thing=domain.thing, person=domain.person, hold=domain.hold, **names)


def _words(random: Random, count: int) -> list[str]:
    return [_word(random) for _ in range(count)]


def _word(random: Random) -> str:
    return "".join(random.choices(_SYLLABLES, k=5))

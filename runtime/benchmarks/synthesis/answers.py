"""What the simulated model answers at each step, rightly and wrongly."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ...state import canonical
from .domains import Domain

Fields = dict[str, Any]
Inputs = Mapping[str, str]
"""The texts of a prompt's input fields, by name."""


class Known(NamedTuple):
    """The domains of a simulated model, and how they are told."""

    domains: Mapping[str, Domain]
    """By what each lends."""
    names: re.Pattern[str]

    @classmethod
    def of(cls, domains: Sequence[Domain]) -> Known:
        names = "|".join(domain.thing for domain in domains)
        by_name = {domain.thing: domain for domain in domains}
        return cls(by_name, re.compile(f"(?<![a-z])(?:{names})(?![a-z])", re.IGNORECASE))

    def find(self, text: str) -> Domain | None:
        """The domain whose thing is named first."""
        found = self.names.search(text)
        return self.domains[found.group().lower()] if found else None


class Answering(NamedTuple):
    """How a step is answered."""

    right: Callable[[Known, Inputs], Fields]
    """The output fields of a correct answer."""
    wrong: Callable[[Fields], Fields]
    """The same with faults in the records, in the right format."""


def _domain(known: Known, inputs: Inputs) -> Domain:
    domain = known.find(" ".join(inputs.values()))
    if domain is None:
        raise LookupError(f"no domain of the simulated model is named in {str(inputs)[:300]}")
    return domain


def _lines(text: str) -> list[str]:
    """The items of a list of texts."""
    return [] if text == "(none)" else text.splitlines()


# ------------------------------------------------------------------ tasks


def _mined(known: Known, inputs: Inputs) -> Fields:
    ideas: dict[str, Fields] = {}
    idle = []
    for number, text in enumerate(_lines(inputs["tasks"]), 1):
        domain = known.find(text)
        if domain is None:
            idle.append({"task": number, "reason": "it can be answered from knowledge"})
            continue
        idea = {
            "tasks": [], "summary": domain.summary, "introduction": domain.introduction,
            "usefulness": 8, "modelability": 9,
        }  # fmt: skip
        ideas.setdefault(domain.thing, idea)["tasks"].append(number)
    return {"no_environment": idle, "ideas": list(ideas.values())}


def _passed_over(fields: Fields) -> Fields:
    return {**fields, "ideas": fields["ideas"][1:]}


# ------------------------------------------------------------------ plans and states


def _planned(known: Known, inputs: Inputs) -> Fields:
    return dict(_domain(known, inputs).plan)


def _patched(known: Known, inputs: Inputs) -> Fields:
    parts = dict(_domain(known, inputs).plan)
    del parts["class_name"]
    return {**parts, "drop": []}


def _unowned_rule(fields: Fields) -> Fields:
    return {**fields, "operations": [{**part, "rules": []} for part in fields["operations"]]}


def _state(known: Known, inputs: Inputs) -> Fields:
    return {"state": _domain(known, inputs).state}


def _dangling(fields: Fields) -> Fields:
    state = copy.deepcopy(fields["state"])
    first, *_ = state  # the things, to which everything else refers
    del state[first]["T1"]
    return {"state": state}


# ------------------------------------------------------------------ classes


def _class(known: Known, inputs: Inputs) -> Fields:
    return {"source": _domain(known, inputs).source}


def _uncopied(fields: Fields) -> Fields:
    """Queries hand out the stored records themselves, and one rule is gone."""
    source = fields["source"].replace("dict(", "(").replace(">= 2", ">= 9")
    return {"source": source}


# ------------------------------------------------------------------ tests


def _proposed(known: Known, inputs: Inputs) -> Fields:
    calls = _domain(known, inputs).calls
    missing = _lines(inputs["missing"])
    wanted = [call for call in calls if any(_meets(gap, call) for gap in missing)]
    return {"calls": wanted if missing else calls}


def _meets(gap: str, call: Fields) -> bool:
    about, _, outcome = gap.partition(":")
    name = about.removeprefix("rule ")
    refused = "refused" in outcome
    return name in (call["tool"], call["rule"]) and refused == (call["expect"] == "refused")


def _untested(fields: Fields) -> Fields:
    return {"calls": fields["calls"][: len(fields["calls"]) // 2]}


_NUMBERED = re.compile(r"(\d+)\. (?:after .*: )?(\w+)\((\{.*\})\)")


def _predicted(known: Known, inputs: Inputs) -> Fields:
    calls = _domain(known, inputs).calls
    expected = {(call["tool"], canonical(call["arguments"]).decode()): call for call in calls}
    outcomes = []
    for line in _lines(inputs["calls"]):
        found = _NUMBERED.fullmatch(line)
        call = expected.get((found[2], found[3])) if found else None
        if found and call:
            names = ("expect", "error", "changes", "data")
            told = {name: call[name] for name in names if name in call}
            outcomes.append({"call": int(found.group(1)), **told})
    return {"outcomes": outcomes}


def _misread(fields: Fields) -> Fields:
    half = fields["outcomes"][::2]
    return {"outcomes": [{"call": one["call"], "expect": "refused"} for one in half]}


def _judged(known: Known, inputs: Inputs) -> Fields:
    return {"reviewed": len(_lines(inputs["executed"])), "judgements": []}


def _blamed(fields: Fields) -> Fields:
    reason = "the method must say more about what it did"
    return {**fields, "judgements": [{"call": 1, "verdict": "fail", "reason": reason}]}


ANSWERS: Mapping[str, Answering] = {
    "mine tasks": Answering(_mined, _passed_over),
    "plan environment": Answering(_planned, _unowned_rule),
    "repair plan": Answering(_patched, _unowned_rule),
    "write state": Answering(_state, _dangling),
    "repair state": Answering(_state, _dangling),
    "write class": Answering(_class, _uncopied),
    "write methods": Answering(_class, _uncopied),
    "repair class": Answering(_class, _uncopied),
    "propose test calls": Answering(_proposed, _untested),
    "predict outcomes": Answering(_predicted, _misread),
    "judge outcomes": Answering(_judged, _blamed),
}
"""By the names of the steps."""

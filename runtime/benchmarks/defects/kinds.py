"""All kinds of defects by name, and their planting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from ...records import EnvironmentPlan
from . import answering, checking, hasty, remembering, writing
from .anatomy import Anatomy, Edit

Kind = Callable[[Anatomy], Iterator[Edit]]


@dataclass(frozen=True, slots=True)
class Defect:
    """One fault, put into a class."""

    kind: str
    where: str
    """The method or constant, with its line in the class without the fault."""
    description: str
    source: str
    """The whole module with the fault."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "type validation dropped": checking.type_validation_dropped,
        "existence check dropped": checking.existence_check_dropped,
        "exception on bad input": hasty.exception_on_bad_input,
        "rule dropped": checking.rule_dropped,
        "rule inverted": checking.rule_inverted,
        "border moved": checking.border_moved,
        "limit off by one": checking.limit_off_by_one,
        "condition confused": checking.condition_confused,
        "wrong case": checking.wrong_case,
        "half-write": hasty.half_write,
        "silent success": checking.silent_success,
        "wrong error": checking.wrong_error,
        "lost update": writing.lost_update,
        "argument ignored": answering.parameters_ignored,
        "wrong update": writing.wrong_update,
        "wrong calculation": writing.wrong_calculation,
        "arguments swapped": writing.wrong_argument_used,
        "wrong record": writing.wrong_record,
        "wrong foreign key": writing.wrong_foreign_key,
        "side effect": writing.side_effect,
        "counter not advanced": writing.counter_not_advanced,
        "alias between records": writing.alias_between_records,
        "query writes": answering.query_writes,
        "wrong key": answering.wrong_key,
        "wrong value": answering.wrong_value,
        "filter dropped": answering.filter_dropped,
        "filter inverted": answering.filter_inverted,
        "order changed": answering.order_changed,
        "page off by one": answering.page_off_by_one,
        "alias between instances": remembering.alias_between_instances,
        "hidden memory": remembering.hidden_memory,
        "nondeterminism": remembering.nondeterminism,
        "time misused": remembering.time_misused,
        "chance used": remembering.chance_used,
    }
)
"""Each says all the ways in which it can spoil a class."""


def plant(
    source: str,
    class_name: str,
    plan: EnvironmentPlan,
    *,
    seed: int,
    kinds: Mapping[str, Kind] = KINDS,
) -> Iterator[Defect]:
    """Classes with one defect each, kind by kind, those of a kind in an order drawn by the seed.

    Nothing is run here: a defect may turn out to change nothing that can be seen (see `differs`),
    or to be no Python any more. The same arguments give the same defects.

    Raises:
        SyntaxError: the source is no Python.
        ValueError: it holds no class of that name.
    """
    anatomy = Anatomy(source, class_name, plan)
    for name, kind in kinds.items():
        edits = list({edit.pieces: edit for edit in kind(anatomy)}.values())
        Random(f"{seed} {name}").shuffle(edits)
        for edit in edits:
            mutant = anatomy.source.edited(edit.pieces)
            if mutant != source:
                yield Defect(name, edit.where, edit.description, mutant)

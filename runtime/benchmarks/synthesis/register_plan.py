"""What the simulated model says of a register beside its class: plan, first state, test calls."""

from __future__ import annotations

from typing import Any

from ...state import Json


def _field(name: str, kind: str = "str", **more: Json) -> Json:
    return {"name": name, "type": kind, **more}


_THING = _field("thing_id", references="Thing", description="id of the thing")
_PERSON = _field("person_id", references="Person", description="id of the person")
_HOLD = _field("hold_id", references="Hold", description="id of the hold")
_GRADES = ["basic", "better", "best"]
_STATES = ["active", "blocked"]
_NO_THING = "thing_not_found: no thing has this id"
_NO_PERSON = "person_not_found: no person has this id"


def _operation(name: str, kind: str, said: str, *fields: Json, **more: Json) -> Json:
    return {"name": name, "kind": kind, "description": said, "parameters": list(fields), **more}


PLAN: dict[str, Any] = {
    "class_name": "RegisterEnv",
    "entities": [
        {
            "name": "Thing",
            "collection": "things",
            "key": "thing_id",
            "attributes": [
                _field("thing_id"),
                _field("name"),
                _field("grade", values=_GRADES),
                _field("copies", "int"),
            ],
        },
        {
            "name": "Person",
            "collection": "persons",
            "key": "person_id",
            "attributes": [
                _field("person_id"),
                _field("full_name"),
                _field("status", values=_STATES),
            ],
        },
        {
            "name": "Hold",
            "collection": "holds",
            "key": "hold_id",
            "attributes": [
                _field("hold_id", description="H and the next number, of next_hold"),
                _field("thing_id", references="Thing"),
                _field("person_id", references="Person"),
                _field("started_on", "date"),
                _field("ended_on", "date", optional=True),
            ],
        },
    ],
    "scalars": [_field("today", "date"), _field("next_hold", "int")],
    "rules": [
        {"id": "R1", "text": "Without a free copy no hold starts.", "depends": ["Thing.copies"]},
        {"id": "R2", "text": "A blocked person gets nothing.", "depends": ["Person.status"]},
        {"id": "R3", "text": "At most two open holds a person.", "depends": ["Hold.ended_on"]},
        {"id": "R4", "text": "A hold ends once.", "depends": ["Hold.ended_on"]},
        {"id": "R5", "text": "At most 50 copies of a thing.", "depends": ["Thing.copies"]},
    ],
    "operations": [
        _operation("get_thing", "query", "Return one thing.", _THING, returns=["Thing"],
                   errors=[_NO_THING]),
        _operation("search_things", "query", "Return the things of a grade or with a name.",
                   _field("grade", values=_GRADES, required=False), _field("name", required=False),
                   returns=["Thing"], many=True),
        _operation("get_person", "query", "Return one person.", _PERSON, returns=["Person"],
                   errors=[_NO_PERSON]),
        _operation("search_persons", "query", "Return the persons with a name.",
                   _field("full_name", required=False), returns=["Person"], many=True),
        _operation("list_holds", "query", "Return the holds of a person.", _PERSON,
                   returns=["Hold"], many=True, errors=[_NO_PERSON]),
        _operation("start_hold", "change", "Give a copy of a thing to a person.", _THING, _PERSON,
                   returns=["Hold"], writes=["Hold", "Thing.copies", "next_hold"],
                   rules=["R1", "R2", "R3"],
                   errors=[_NO_THING, _NO_PERSON, "no_copy: no copy is left",
                           "person_blocked: the person is blocked",
                           "too_many: the person has two open holds already"]),
        _operation("end_hold", "change", "Take a thing back.", _HOLD, returns=["Hold"],
                   writes=["Hold.ended_on", "Thing.copies"], rules=["R4"],
                   errors=["hold_not_found: no hold has this id",
                           "already_ended: the hold has ended"]),
        _operation("set_person_status", "change", "Block a person or make them active again.",
                   _PERSON, _field("status", values=_STATES), returns=["Person"],
                   writes=["Person.status"],
                   errors=[_NO_PERSON, "same_status: the person has this status already"]),
        _operation("add_copies", "change", "Add copies of a thing.", _THING,
                   _field("count", "int", description="1 or more"), returns=["Thing"],
                   writes=["Thing.copies"], rules=["R5"],
                   errors=[_NO_THING, "bad_count: there would be more than 50, or none is added"]),
        _operation("set_today", "change", "Move the date of the register on.",
                   _field("day", "date"), returns=["today"], writes=["today"],
                   errors=["not_later: the date only moves on"]),
    ],
}  # fmt: skip


def _thing(key: str, name: str, grade: str, copies: int) -> Json:
    return {"thing_id": key, "name": name, "grade": grade, "copies": copies}


def _person(key: str, name: str, status: str = "active") -> Json:
    return {"person_id": key, "full_name": name, "status": status}


def _hold(key: str, thing: str, person: str, ended: str | None) -> Json:
    dates = {"started_on": "2024-05-02", "ended_on": ended}
    return {"hold_id": key, "thing_id": thing, "person_id": person, **dates}


STATE: dict[str, Any] = {
    "things": {
        "T1": _thing("T1", "Old Faithful", "basic", 4),
        "T2": _thing("T2", "Silver Arrow", "better", 1),
        "T3": _thing("T3", "North Star", "best", 0),
        "T4": _thing("T4", "Small Wonder", "basic", 48),
        "T5": _thing("T5", "Long Winter", "better", 7),
    },
    "persons": {
        "P1": _person("P1", "Ada Weber"),
        "P2": _person("P2", "Ben Okafor", "blocked"),
        "P3": _person("P3", "Chloe Marin"),
        "P4": _person("P4", "Dan Iversen"),
        "P5": _person("P5", "Eva Rossi"),
    },
    "holds": {
        "H1": _hold("H1", "T3", "P1", None),
        "H2": _hold("H2", "T1", "P3", None),
        "H3": _hold("H3", "T5", "P3", None),
        "H4": _hold("H4", "T1", "P4", "2024-05-06"),
        "H5": _hold("H5", "T2", "P5", "2024-05-04"),
    },
    "today": "2024-05-10",
    "next_hold": 6,
}


def _ok(tool: str, arguments: Json, *, rule: str | None = None, **more: Json) -> Json:
    return {"tool": tool, "arguments": arguments, "expect": "ok", "rule": rule, **more}


def _no(tool: str, arguments: Json, code: str, rule: str | None = None) -> Json:
    return {"tool": tool, "arguments": arguments, "expect": "refused", "error": code, "rule": rule}


def _pair(thing: str, person: str) -> Json:
    return {"thing_id": thing, "person_id": person}


_NEW = {"holds.H6": {"hold_id": "H6", "thing_id": "T2", "person_id": "P1",
                     "started_on": "2024-05-10", "ended_on": None},
        "things.T2.copies": 0, "next_hold": 7}  # fmt: skip

CALLS: list[dict[str, Any]] = [
    _ok("get_thing", {"thing_id": "T2"}, data={"name": "Silver Arrow", "copies": 1}),
    _no("get_thing", {"thing_id": "T9"}, "thing_not_found"),
    _ok("search_things", {"grade": "best"}, data=[{"thing_id": "T3"}]),
    _ok("search_things", {"grade": "basic", "name": "Small Wonder"}, data=[{"thing_id": "T4"}]),
    _ok("get_person", {"person_id": "P2"}, data={"status": "blocked"}),
    _no("get_person", {"person_id": "P9"}, "person_not_found"),
    _ok("search_persons", {"full_name": "Eva Rossi"}, data=[{"person_id": "P5"}]),
    _ok("list_holds", {"person_id": "P3"}, data=[{"hold_id": "H2"}, {"hold_id": "H3"}]),
    _no("list_holds", {"person_id": "P9"}, "person_not_found"),
    _ok("start_hold", _pair("T2", "P1"), rule="R1", changes=_NEW),
    _no("start_hold", _pair("T3", "P5"), "no_copy", "R1"),
    _ok("start_hold", _pair("T1", "P4"), rule="R2"),
    _no("start_hold", _pair("T1", "P2"), "person_blocked", "R2"),
    _ok("start_hold", _pair("T5", "P1"), rule="R3"),
    _no("start_hold", _pair("T1", "P3"), "too_many", "R3"),
    _no("start_hold", _pair("T9", "P1"), "thing_not_found"),
    _no("start_hold", _pair("T1", "P9"), "person_not_found"),
    _ok("end_hold", {"hold_id": "H1"}, rule="R4",
        changes={"holds.H1.ended_on": "2024-05-10", "things.T3.copies": 1}),
    _no("end_hold", {"hold_id": "H4"}, "already_ended", "R4"),
    _no("end_hold", {"hold_id": "H9"}, "hold_not_found"),
    _ok("set_person_status", {"person_id": "P2", "status": "active"},
        changes={"persons.P2.status": "active"}),
    _no("set_person_status", {"person_id": "P2", "status": "blocked"}, "same_status"),
    _no("set_person_status", {"person_id": "P9", "status": "blocked"}, "person_not_found"),
    _ok("add_copies", {"thing_id": "T4", "count": 2}, rule="R5",
        changes={"things.T4.copies": 50}),
    _no("add_copies", {"thing_id": "T4", "count": 3}, "bad_count", "R5"),
    _no("add_copies", {"thing_id": "T9", "count": 1}, "thing_not_found"),
    _ok("set_today", {"day": "2024-05-11"}, changes={"today": "2024-05-11"}),
    _no("set_today", {"day": "2024-05-10"}, "not_later"),
]  # fmt: skip

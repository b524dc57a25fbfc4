from __future__ import annotations

from typing import Any

import pytest

from envscaler.runtime.admission import Admission, Candidate, admit, derive_plan
from envscaler.runtime.admission.applying import _WANTS, IMPORTED, UNPROMISED
from envscaler.runtime.inspection import GATES
from envscaler.runtime.records import EnvironmentPlan
from envscaler.runtime.sandbox import Pool


def standing(admission: Admission, gate: str) -> str:
    (result,) = (result for result in admission.gates if result.gate == gate)
    return result.standing


def told(admission: Admission, gate: str) -> str:
    (result,) = (result for result in admission.gates if result.gate == gate)
    return " ".join(finding.message for finding in (*result.findings, *result.notes))


def test_special_gates_are_gates() -> None:
    assert {*UNPROMISED, *IMPORTED, *_WANTS} <= set(GATES)


def test_a_class_with_its_plan_becomes_an_environment(
    pool: Pool, source: str, plan: EnvironmentPlan, state: dict[str, Any]
) -> None:
    admission = admit(pool, Candidate(source, state=state, plan=plan))
    assert [str(finding) for finding in admission.objections] == []
    assert admission.admitted and admission.profile == "native" and not admission.turned_down
    assert {result.gate for result in admission.gates} >= set(GATES)
    assert {result.standing for result in admission.gates} == {"passed"}
    assert admission.environment is not None and admission.environment.plan == plan
    assert [text.partition(":")[0] for text in admission.missing][-1] == "no model"
    assert all(tally.tried and tally.succeeded for tally in admission.tools)


def test_without_a_plan_one_is_derived_and_much_is_said_to_be_unchecked(
    pool: Pool, source: str, plan: EnvironmentPlan, state: dict[str, Any]
) -> None:
    admission = admit(pool, Candidate(source, state=state))
    assert admission.admitted and admission.derived and admission.environment is None
    assert admission.missing[0].startswith("no plan")
    assert standing(admission, "returns") == "not applicable"
    assert admission.plan is not None
    kinds = {operation.name: operation.kind for operation in admission.plan.operations}
    assert kinds == {operation.name: operation.kind for operation in plan.operations}


def test_a_derived_plan_has_the_parameters_of_the_methods(
    pool: Pool, source: str, plan: EnvironmentPlan, state: dict[str, Any]
) -> None:
    derived = derive_plan(pool, source, "LibraryEnv", state)
    fields = {(o.name, p.name): p for o in derived.operations for p in o.parameters}
    for operation in plan.operations:
        for planned in operation.parameters:
            found = fields[operation.name, planned.name]
            assert (found.type, found.required) == (planned.type, planned.required)
            by_name = "Member" if planned.name == "member_id" else None
            assert found.references == planned.references or found.references == by_name
    assert all(o.description and not o.returns and not o.errors for o in derived.operations)


def test_findings_of_a_broken_class_stand_in_its_way(
    pool: Pool, source: str, state: dict[str, Any]
) -> None:
    blocked = '        if member["status"] == "blocked":\n'
    assert blocked in source
    broken = source.replace(blocked, '        book["copies"] -= 1\n' + blocked)
    admission = admit(pool, Candidate(broken, state=state))
    assert not admission.admitted
    assert {finding.gate for finding in admission.objections} == {"refusals"}
    assert 'lend_book({"book_id":"B1","member_id":"M2"})' in told(admission, "refusals")


def test_a_tool_that_moves_the_state_is_a_change_whatever_its_name(pool: Pool) -> None:
    found = '        return {"success": True, "data": self.notes[note_id]}\n'
    counting = NOTES.replace(found, '        self.notes[note_id]["seen"] += 1\n' + found)
    assert counting != NOTES
    admission = admit(pool, Candidate(counting, state={"notes": {"n1": {"seen": 0}}}))
    assert admission.admitted and standing(admission, "kinds") == "noted"
    assert 'get_note({"note_id":"n1"}) changed the state' in told(admission, "kinds")
    assert [(tally.kind, bool(tally.moved)) for tally in admission.tools] == [("change", True)]


# ------------------------------------------------------------------ initial states


NOTES = '''
class Notes:
    def __init__(self, init_config: dict):
        self.notes = init_config.get("notes", {})

    def get_note(self, note_id: str) -> dict:
        """Return a note.

        Args:
            note_id: Id of the note.
        """
        if not isinstance(note_id, str) or note_id not in self.notes:
            return {"success": False, "error": "There is no such note."}
        return {"success": True, "data": self.notes[note_id]}
'''


def test_an_empty_start_is_a_finding_without_a_state_and_a_note_with_one(pool: Pool) -> None:
    alone = admit(pool, Candidate(NOTES))
    assert standing(alone, "start") == standing(alone, "reach") == "findings"
    assert "notes is empty" in told(alone, "start")
    given = admit(pool, Candidate(NOTES, state={"notes": {}}))
    assert standing(given, "start") == "noted"
    candidate = Candidate(NOTES, state={"notes": {"n1": {"text": "Tides"}}})
    full = admit(pool, candidate)
    assert full.admitted and full == admit(pool, candidate)


def test_a_constructor_that_needs_a_state_asks_for_one(pool: Pool, source: str) -> None:
    admission = admit(pool, Candidate(source))
    (finding,) = admission.objections
    assert finding.gate == "loads" and admission.profile is None
    assert finding.where == "LibraryEnv"
    assert "KeyError: 'books'" in finding.message and "no initial state" in finding.message


def test_a_state_that_is_not_the_plans_is_a_finding(
    pool: Pool, source: str, plan: EnvironmentPlan, state: dict[str, Any]
) -> None:
    admission = admit(pool, Candidate(source, state={**state, "today": "soon"}, plan=plan))
    assert standing(admission, "start") == "findings" and "soon" in told(admission, "start")


def test_a_plan_that_contradicts_itself_is_mended_first(
    pool: Pool, source: str, plan: EnvironmentPlan, state: dict[str, Any]
) -> None:
    fields = plan.model_dump(mode="json")
    fields["operations"][0]["rules"] = ["R99"]
    wrong = EnvironmentPlan.model_validate(fields)
    admission = admit(pool, Candidate(source, state=state, plan=wrong))
    assert "R99" in told(admission, "plan")
    assert standing(admission, "loads") == "not applicable" and not admission.admitted


# ------------------------------------------------------------------ profiles


CLOCK = '''
from datetime import datetime

class Log:
    def __init__(self):
        self.entries = {"e1": {"text": "first"}}

    def add_entry(self, text: str) -> dict:
        """Add an entry.

        Args:
            text: What it says.
        """
        self.entries[f"e{len(self.entries) + 1}"] = {"text": text}
        return {"success": True, "data": datetime.now().isoformat()}
'''
HIDDEN = '''
class Till:
    def __init__(self, init_config: dict):
        self.sums = init_config["sums"]
        self._opened = 0

    def open_till(self) -> dict:
        """Open the till."""
        self._opened += 1
        self.sums["all"] += 1
        if self._opened > 2:
            return {"success": True, "message": "Again?"}
        return {"success": True, "message": "Open."}
'''
SHARED = (
    HIDDEN.replace("        self._opened = 0\n", "")
    .replace("class Till:\n", "class Till:\n    log = []\n")
    .replace("self._opened += 1", "self.log.append(1)")
    .replace("self._opened", "len(self.log)")
)
SETS = '''
class Tags:
    def __init__(self, init_config: dict):
        self.tags = init_config["tags"]

    def add_tag(self, tag: str) -> dict:
        """Add a tag.

        Args:
            tag: Its text.
        """
        self.tags["all"] = set(self.tags["all"]) | {str(tag)}
        return {"success": True, "message": "Tagged."}
'''
MARKED = {"tags": {"all": {"__type__": "set", "items": ["a"]}}}


@pytest.mark.parametrize(
    ("source", "state", "profile", "reason"),
    [
        (CLOCK, None, "imported", "`datetime.now` is not available"),
        (HIDDEN, {"sums": {"all": 0}}, "imported", "keep nothing outside the keys"),
        (SHARED, {"sums": {"all": 0}}, "imported", "which all instances share"),
        (SETS, {"tags": {"all": ["a"]}}, "upstream", "is of type set"),
        (SETS, MARKED, "upstream", "typed markers"),
    ],
    ids=["a clock", "private state", "shared state", "sets in the state", "typed markers"],
)
def test_a_class_gets_the_strictest_profile_that_suits_it(
    pool: Pool, source: str, state: dict[str, Any] | None, profile: str, reason: str
) -> None:
    admission = admit(pool, Candidate(source, state=state))
    assert [str(finding) for finding in admission.objections] == []
    assert admission.profile == profile
    last = list(admission.turned_down)[-1]
    assert reason in admission.turned_down[last]
    assert any(f"the profile {profile} only" in text for text in admission.missing)


def test_chance_of_imported_classes_is_noted_and_not_held_against_them(pool: Pool) -> None:
    drawing = CLOCK.replace("from datetime import datetime", "import random").replace(
        "datetime.now().isoformat()", "random.random()"
    )
    admission = admit(pool, Candidate(drawing))
    assert admission.admitted and standing(admission, "isolation") == "noted"


# ------------------------------------------------------------------ classes of other habits


BANK = '''
class Bank:
    """Accounts."""

    def __init__(self, init_config: dict):
        self.accounts = init_config["accounts"]

    def balance(self, account: str) -> float:
        """Return the balance of an account.

        Args:
            account: Its number.
        """
        return self.accounts[account]["balance"]
'''
ACCOUNTS = {"accounts": {"A1": {"balance": 10.0}, "A2": {"balance": 5}}}


def test_what_only_our_classes_promise_is_noted_without_a_plan(pool: Pool) -> None:
    admission = admit(pool, Candidate(BANK, state=ACCOUNTS))
    assert admission.admitted
    assert standing(admission, "contract") == standing(admission, "total") == "noted"
    assert "it returned 10.0" in told(admission, "contract")


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        ("while True:\n            pass", "timeout"),
        ("return [0] * 10**11", "memory"),
        ("return self.missing[account]", "AttributeError: 'Bank' object has no attribute"),
        ("return account + 1", "TypeError"),
    ],
)
def test_hanging_breaking_limits_and_bugs_count_even_without_a_plan(
    pool: Pool, body: str, ending: str
) -> None:
    broken = BANK.replace('return self.accounts[account]["balance"]', body)
    admission = admit(pool, Candidate(broken, state=ACCOUNTS))
    assert standing(admission, "total") == "findings" and ending in told(admission, "total")
    lacking = [text for text in admission.missing if text.startswith("no attribute missing")]
    assert bool(lacking) == ("AttributeError" in ending)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class Bank:\n    def balance(self:\n", "does not parse"),
        ("class Bank:\n    def _balance(self):\n        pass\n", "it has none"),
        (BANK + BANK.replace("Bank", "Shop"), "name the class that is meant"),
        ("import os\n" + BANK.replace("self.accounts[", "os.listdir("), "os.listdir"),
        ("", "it has none"),
    ],
)
def test_a_source_that_no_profile_takes_says_why(pool: Pool, source: str, said: str) -> None:
    admission = admit(pool, Candidate(source, state=ACCOUNTS))
    assert admission.profile is None and not admission.admitted
    assert said in told(admission, "loads")
    assert list(admission.turned_down) == ["native", "imported", "upstream"]


def test_a_collection_that_becomes_something_else_ends_no_examination(pool: Pool) -> None:
    odd = (
        NOTES
        + '''
    def write(self, text: str, mood: str) -> dict:
        """Write a note.

        Args:
            text: What it says.
            mood: How it feels.
        """
        self.notes["n2"] = "a text"
        return {"success": True, "message": "Written."}

    def archive(self, mood: str) -> dict:
        """Archive the notes.

        Args:
            mood: How they feel.
        """
        self.notes = []
        return {"success": True, "message": "Archived."}
'''
    )
    state = {"notes": {"n1": {"text": "Tides", "mood": "glad"}}}
    admission = admit(pool, Candidate(odd, state=state))
    assert {tally.tool for tally in admission.tools if tally.moved} == {"write", "archive"}

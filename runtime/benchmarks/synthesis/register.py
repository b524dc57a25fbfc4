"""A register of things that are lent to persons: the class that the simulated model writes.

Its nouns, `thing`, `person` and `hold`, are replaced by those of a domain.
"""

import copy
import datetime
from typing import Any


class RegisterEnv:
    """Things in several copies, the persons who hold them, and the holds between them."""

    def __init__(self, init_config: dict[str, Any]) -> None:
        self.things = copy.deepcopy(init_config["things"])
        self.persons = copy.deepcopy(init_config["persons"])
        self.holds = copy.deepcopy(init_config["holds"])
        self.today = init_config["today"]
        self.next_hold = init_config["next_hold"]

    def _refuse(self, code: str, text: str) -> dict[str, Any]:
        return {"success": False, "error": f"{code}: {text}"}

    def _is_text(self, value: object) -> bool:
        return isinstance(value, str) and value != ""

    def _open_holds(self, person_id: str) -> int:
        open_ones = (h for h in self.holds.values() if h["ended_on"] is None)
        return sum(1 for hold in open_ones if hold["person_id"] == person_id)

    def get_thing(self, thing_id: str) -> dict[str, Any]:
        """Return one thing.

        Args:
            thing_id: Id of the thing.

        Returns:
            All attributes of the thing.
        """
        if not self._is_text(thing_id):
            return self._refuse("invalid_argument", "thing_id must be a text")
        if thing_id not in self.things:
            return self._refuse("thing_not_found", "no thing has this id")
        return {"success": True, "data": dict(self.things[thing_id])}

    def search_things(self, grade: str | None = None, name: str | None = None) -> dict[str, Any]:
        """Return the things of a grade or with a name.

        Args:
            grade: Grade to look for; all grades when left out.
            name: Exact name to look for; all names when left out.

        Returns:
            A list of things.
        """
        if grade is not None and grade not in ("basic", "better", "best"):
            return self._refuse("invalid_argument", "grade must be basic, better or best")
        if name is not None and not self._is_text(name):
            return self._refuse("invalid_argument", "name must be a text")
        found = [
            dict(thing)
            for thing in self.things.values()
            if (grade is None or thing["grade"] == grade)
            and (name is None or thing["name"] == name)
        ]
        return {"success": True, "data": found}

    def get_person(self, person_id: str) -> dict[str, Any]:
        """Return one person.

        Args:
            person_id: Id of the person.

        Returns:
            All attributes of the person.
        """
        if not self._is_text(person_id):
            return self._refuse("invalid_argument", "person_id must be a text")
        if person_id not in self.persons:
            return self._refuse("person_not_found", "no person has this id")
        return {"success": True, "data": dict(self.persons[person_id])}

    def search_persons(self, full_name: str | None = None) -> dict[str, Any]:
        """Return the persons with a name.

        Args:
            full_name: Exact name to look for; all persons when left out.

        Returns:
            A list of persons.
        """
        if full_name is not None and not self._is_text(full_name):
            return self._refuse("invalid_argument", "full_name must be a text")
        found = [
            dict(person)
            for person in self.persons.values()
            if full_name is None or person["full_name"] == full_name
        ]
        return {"success": True, "data": found}

    def list_holds(self, person_id: str) -> dict[str, Any]:
        """Return the holds of a person.

        Args:
            person_id: Id of the person.

        Returns:
            A list of holds.
        """
        if not self._is_text(person_id):
            return self._refuse("invalid_argument", "person_id must be a text")
        if person_id not in self.persons:
            return self._refuse("person_not_found", "no person has this id")
        found = [dict(h) for h in self.holds.values() if h["person_id"] == person_id]
        return {"success": True, "data": found}

    def start_hold(self, thing_id: str, person_id: str) -> dict[str, Any]:
        """Give a copy of a thing to a person.

        Args:
            thing_id: Id of the thing.
            person_id: Id of the person.

        Returns:
            The new hold.
        """
        if not self._is_text(thing_id):
            return self._refuse("invalid_argument", "thing_id must be a text")
        if not self._is_text(person_id):
            return self._refuse("invalid_argument", "person_id must be a text")
        if thing_id not in self.things:
            return self._refuse("thing_not_found", "no thing has this id")
        if person_id not in self.persons:
            return self._refuse("person_not_found", "no person has this id")
        if self.things[thing_id]["copies"] < 1:
            return self._refuse("no_copy", "no copy is left")
        if self.persons[person_id]["status"] == "blocked":
            return self._refuse("person_blocked", "the person is blocked")
        if self._open_holds(person_id) >= 2:
            return self._refuse("too_many", "the person has two open holds already")
        hold_id = f"H{self.next_hold}"
        self.next_hold += 1
        self.things[thing_id]["copies"] -= 1
        self.holds[hold_id] = {
            "hold_id": hold_id,
            "thing_id": thing_id,
            "person_id": person_id,
            "started_on": self.today,
            "ended_on": None,
        }
        return {"success": True, "data": dict(self.holds[hold_id])}

    def end_hold(self, hold_id: str) -> dict[str, Any]:
        """Take a thing back.

        Args:
            hold_id: Id of the hold.

        Returns:
            The ended hold.
        """
        if not self._is_text(hold_id):
            return self._refuse("invalid_argument", "hold_id must be a text")
        if hold_id not in self.holds:
            return self._refuse("hold_not_found", "no hold has this id")
        hold = self.holds[hold_id]
        if hold["ended_on"] is not None:
            return self._refuse("already_ended", "the hold has ended")
        hold["ended_on"] = self.today
        self.things[hold["thing_id"]]["copies"] += 1
        return {"success": True, "data": dict(hold)}

    def set_person_status(self, person_id: str, status: str) -> dict[str, Any]:
        """Block a person or make them active again.

        Args:
            person_id: Id of the person.
            status: The new status.

        Returns:
            The person.
        """
        if not self._is_text(person_id):
            return self._refuse("invalid_argument", "person_id must be a text")
        if status not in ("active", "blocked"):
            return self._refuse("invalid_argument", "status must be active or blocked")
        if person_id not in self.persons:
            return self._refuse("person_not_found", "no person has this id")
        if self.persons[person_id]["status"] == status:
            return self._refuse("same_status", "the person has this status already")
        self.persons[person_id]["status"] = status
        return {"success": True, "data": dict(self.persons[person_id])}

    def add_copies(self, thing_id: str, count: int) -> dict[str, Any]:
        """Add copies of a thing.

        Args:
            thing_id: Id of the thing.
            count: How many.

        Returns:
            The thing.
        """
        if not self._is_text(thing_id):
            return self._refuse("invalid_argument", "thing_id must be a text")
        if isinstance(count, bool) or not isinstance(count, int):
            return self._refuse("invalid_argument", "count must be a whole number")
        if thing_id not in self.things:
            return self._refuse("thing_not_found", "no thing has this id")
        if count < 1 or self.things[thing_id]["copies"] + count > 50:
            return self._refuse("bad_count", "there may be 50 copies, and at least one is added")
        self.things[thing_id]["copies"] += count
        return {"success": True, "data": dict(self.things[thing_id])}

    def set_today(self, day: str) -> dict[str, Any]:
        """Move the date of the register on.

        Args:
            day: The new date, ISO 8601.

        Returns:
            The date.
        """
        try:
            given = datetime.date.fromisoformat(day)
        except (TypeError, ValueError):
            return self._refuse("invalid_argument", "day must be a date such as 2024-05-10")
        if given <= datetime.date.fromisoformat(self.today):
            return self._refuse("not_later", "the date only moves on")
        self.today = given.isoformat()
        return {"success": True, "data": {"today": self.today}}

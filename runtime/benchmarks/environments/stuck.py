"""A desk with tickets, two of whose tools do not come back: only ever run sealed."""

from typing import Any


class Desk:
    """A desk whose tickets are stamped."""

    def __init__(self, init_config: dict[str, Any]) -> None:
        self.tickets: dict[str, dict[str, Any]] = init_config["tickets"]

    def stamp(self, ticket_id: str) -> dict[str, Any]:
        """Put one more stamp on a ticket.

        Args:
            ticket_id: The ticket.
        """
        ticket = self.tickets.get(ticket_id)
        if ticket is None:
            return {"success": False, "error": f"There is no ticket {ticket_id!r}."}
        ticket["stamps"] += 1
        return {"success": True, "data": {"stamps": ticket["stamps"]}}

    def loop(self) -> dict[str, Any]:
        """Never return, in Python."""
        while True:
            pass

    def count(self, limit: int) -> dict[str, Any]:
        """Add numbers up in one call that no signal reaches.

        Args:
            limit: How many.
        """
        return {"success": True, "data": sum(range(limit))}

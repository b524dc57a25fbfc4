"""Checks of a few lines on a final state, one for each class."""

from typing import Any


def warehouse(final: dict[str, Any]) -> bool:
    """Whether at least five items sell, and every one has a supplier who brings it."""
    selling = [item for item in final["items"].values() if item["demand"] > 0]
    return len(selling) >= 5 and all(i["supplier_id"] in final["suppliers"] for i in selling)


def fleet(final: dict[str, Any]) -> bool:
    """Whether every vehicle has a driver, and none is overdue."""
    return all(
        vehicle["driver_id"] in final["drivers"] and vehicle["service_in"] > 0
        for vehicle in final["vehicles"].values()
    )


def clinic(final: dict[str, Any]) -> bool:
    """Whether whoever was warned of is cared for by a nurse."""
    warned = [p for p in final["patients"].values() if p["warnings"] > 0 or p["score"] >= 3]
    return all(patient["nurse_id"] in final["nurses"] for patient in warned)

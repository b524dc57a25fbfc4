"""Seeded first states: half of the records in each of two tables."""

from __future__ import annotations

from random import Random
from typing import Any

from ..state import Json

State = dict[str, Json]
Table = dict[str, dict[str, Any]]

_CITIES = ("Basel", "Ghent", "Lille", "Porto", "Turku", "Vaasa")


def keys(letter: str, count: int) -> list[str]:
    """The keys of a table, such as "I0001"."""
    return [f"{letter}{number:04d}" for number in range(1, count + 1)]


def warehouse(chance: Random, records: int) -> State:
    suppliers: Table = {
        key: {
            "supplier_id": key,
            "name": f"Supplier {chance.randrange(10**6):06d}",
            "city": chance.choice(_CITIES),
            "lead_days": chance.randint(2, 21),
            "rating": round(chance.uniform(1, 5), 1),
            "deliveries": chance.randint(0, 40),
            "active": chance.random() < 0.9,
        }
        for key in keys("S", records // 2)
    }
    items: Table = {
        key: {
            "item_id": key,
            "name": f"Item {chance.randrange(10**6):06d}",
            "supplier_id": chance.choice(list(suppliers)),
            "price": round(chance.uniform(1, 200), 2),
            "stock": chance.randint(20, 300),
            "sold": [chance.randint(0, 12) for _ in range(12)],
            "demand": 0.0,
            "revenue": 0.0,
        }
        for key in keys("I", records // 2)
    }
    return {"items": items, "suppliers": suppliers, "week": 27, "sales": 0}


def fleet(chance: Random, records: int) -> State:
    drivers: Table = {
        key: {
            "driver_id": key,
            "name": f"Driver {chance.randrange(10**6):06d}",
            "home": chance.choice(_CITIES),
            "kilometres": round(chance.uniform(0, 90_000), 1),
            "rating": round(chance.uniform(3, 5), 3),
            "licence": chance.choice(("B", "C", "CE")),
            "on_duty": chance.random() < 0.7,
        }
        for key in keys("D", records // 2)
    }
    vehicles: Table = {
        key: {
            "vehicle_id": key,
            "driver_id": chance.choice(list(drivers)),
            "depot": chance.choice(_CITIES),
            "mileage": round(chance.uniform(0, 300_000), 1),
            "cost": 0.0,
            "service_in": round(chance.uniform(100, 15_000), 1),
            "used": [round(chance.uniform(5, 14), 2) for _ in range(10)],
        }
        for key in keys("V", records // 2)
    }
    return {"vehicles": vehicles, "drivers": drivers, "trips": 0, "fuel_price": 1.79}


def clinic(chance: Random, records: int) -> State:
    nurses: Table = {
        key: {
            "nurse_id": key,
            "name": f"Nurse {chance.randrange(10**6):06d}",
            "shift": chance.choice(("early", "late", "night")),
            "rounds": chance.randint(0, 400),
            "calls": chance.randint(0, 30),
            "on_duty": chance.random() < 0.5,
            "phone": f"{chance.randrange(10**8):08d}",
        }
        for key in keys("N", records // 2)
    }
    patients: Table = {
        key: {
            "patient_id": key,
            "name": f"Patient {chance.randrange(10**6):06d}",
            "nurse_id": chance.choice(list(nurses)),
            "floor": chance.randint(0, 9),
            "pulses": [chance.randint(55, 110) for _ in range(12)],
            "oxygen": chance.randint(88, 100),
            "score": 0,
            "warnings": 0,
        }
        for key in keys("P", records // 2)
    }
    return {"patients": patients, "nurses": nurses, "readings": 0}


def shop(chance: Random, records: int) -> State:
    customers: Table = {
        key: {
            "customer_id": key,
            "name": f"Customer {chance.randrange(10**6):06d}",
            "city": chance.choice(_CITIES),
            "owes": chance.randint(0, 90),
        }
        for key in keys("C", records // 2)
    }
    products: Table = {
        key: {
            "product_id": key,
            "title": f"Product {chance.randrange(10**6):06d}",
            "price": chance.randint(1, 90),
            "sold": 0,
        }
        for key in keys("P", records // 2)
    }
    return {"customers": customers, "products": products}


def desk(chance: Random, records: int) -> State:
    tickets: Table = {
        key: {
            "ticket_id": key,
            "subject": f"Subject {chance.randrange(10**6):06d}",
            "city": chance.choice(_CITIES),
            "urgent": chance.random() < 0.2,
            "stamps": 0,
        }
        for key in keys("T", records)
    }
    return {"tickets": tickets}

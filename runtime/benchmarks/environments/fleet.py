"""A fleet: vehicles, and the drivers who are out with them."""

from typing import Any

Record = dict[str, Any]


class Fleet:
    """A fleet of vehicles whose trips are logged and whose services fall due."""

    def __init__(self, init_config: dict[str, Any]) -> None:
        self.vehicles: dict[str, Record] = init_config["vehicles"]
        self.drivers: dict[str, Record] = init_config["drivers"]
        self.trips: int = init_config["trips"]
        self.fuel_price: float = init_config["fuel_price"]

    def get_vehicle(self, vehicle_id: str) -> dict[str, Any]:
        """Return a vehicle.

        Args:
            vehicle_id: The vehicle.
        """
        vehicle = self.vehicles.get(vehicle_id)
        if vehicle is None:
            return {"success": False, "error": f"There is no vehicle {vehicle_id!r}."}
        return {"success": True, "data": dict(vehicle)}

    def log_trip(self, vehicle_id: str, kilometres: float, litres: float) -> dict[str, Any]:
        """Log a trip of a vehicle with its driver.

        Args:
            vehicle_id: The vehicle.
            kilometres: How far it went, more than 0.
            litres: The fuel that it took, more than 0.
        """
        vehicle = self.vehicles.get(vehicle_id)
        if vehicle is None:
            return {"success": False, "error": f"There is no vehicle {vehicle_id!r}."}
        if kilometres <= 0 or litres <= 0:
            return {"success": False, "error": "Kilometres and litres must be more than 0."}
        driver = self.drivers[vehicle["driver_id"]]
        used = [*vehicle["used"][1:], round(100 * litres / kilometres, 2)]
        typical = sorted(used)[len(used) // 2]
        unusual = [value for value in used if abs(value - typical) > 0.25 * typical]
        vehicle["used"] = used
        vehicle["mileage"] = round(vehicle["mileage"] + kilometres, 1)
        vehicle["cost"] = round(vehicle["cost"] + litres * self.fuel_price, 2)
        vehicle["service_in"] = round(vehicle["service_in"] - kilometres, 1)
        served = vehicle["service_in"] <= 0
        if served:
            vehicle["service_in"] = 15000.0
        smooth = sum(value * weight for weight, value in enumerate(used, 1)) / (
            len(used) * (len(used) + 1) / 2
        )
        driver["kilometres"] = round(driver["kilometres"] + kilometres, 1)
        driver["rating"] = round(0.9 * driver["rating"] + 0.1 * (5 - len(unusual) / 3), 3)
        self.trips += 1
        return {
            "success": True,
            "data": {"vehicle_id": vehicle_id, "usage": round(smooth, 2), "served": served},
        }

    def report_depots(self, most: float) -> dict[str, Any]:
        """Return for each depot how its vehicles do.

        Args:
            most: The most litres on 100 km that count as thrifty.
        """
        depots: dict[str, Record] = {}
        for vehicle in self.vehicles.values():
            driver = self.drivers[vehicle["driver_id"]]
            depot = depots.setdefault(
                vehicle["depot"], {"vehicles": 0, "thrifty": 0, "kilometres": 0.0, "best": ""}
            )
            usage = sum(vehicle["used"][-4:]) / 4
            depot["vehicles"] += 1
            depot["thrifty"] += usage <= most and driver["on_duty"]
            depot["kilometres"] += vehicle["mileage"]
            if driver["rating"] > 4.5 and usage < most:
                depot["best"] = max(depot["best"], vehicle["vehicle_id"])
        return {"success": True, "data": depots}

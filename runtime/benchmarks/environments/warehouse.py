"""A warehouse: items, and the suppliers that bring them."""

from typing import Any

Record = dict[str, Any]


class Warehouse:
    """A warehouse that sells items and has them brought again in time."""

    def __init__(self, init_config: dict[str, Any]) -> None:
        self.items: dict[str, Record] = init_config["items"]
        self.suppliers: dict[str, Record] = init_config["suppliers"]
        self.week: int = init_config["week"]
        self.sales: int = init_config["sales"]

    def get_item(self, item_id: str) -> dict[str, Any]:
        """Return an item.

        Args:
            item_id: The item.
        """
        item = self.items.get(item_id)
        if item is None:
            return {"success": False, "error": f"There is no item {item_id!r}."}
        return {"success": True, "data": dict(item)}

    def sell_item(self, item_id: str, quantity: int) -> dict[str, Any]:
        """Sell some pieces of an item; its supplier delivers when too few are left.

        Args:
            item_id: The item.
            quantity: How many pieces, at least one.
        """
        item = self.items.get(item_id)
        if item is None:
            return {"success": False, "error": f"There is no item {item_id!r}."}
        if quantity < 1:
            return {"success": False, "error": "At least one piece must be sold."}
        supplier = self.suppliers[item["supplier_id"]]
        item["sold"] = [*item["sold"][1:], quantity]
        mean, level = self._demand(item["sold"], supplier["lead_days"])
        item["stock"] -= quantity
        delivered = 0
        if item["stock"] < level:
            delivered = 4 * level
            item["stock"] += delivered
            supplier["deliveries"] += 1
        item["demand"] = mean
        item["revenue"] = round(item["revenue"] + quantity * item["price"], 2)
        self.sales += 1
        return {
            "success": True,
            "data": {"item_id": item_id, "stock": item["stock"], "delivered": delivered},
        }

    def _demand(self, sold: list[int], lead_days: int) -> tuple[float, int]:
        """The mean demand, and the level of stock below which more is ordered."""
        mean = sum(sold) / len(sold)
        spread = sum((pieces - mean) ** 2 for pieces in sold) / len(sold)
        recent = [pieces for pieces in sold[-6:] if pieces > 0]
        trend = sum(recent) / len(recent) - mean if recent else 0.0
        level = (mean + max(trend, 0.0)) * lead_days / 7 + 2 * spread**0.5
        return round(mean, 3), int(level) + 1

    def report_shortages(self, days: int, limit: int) -> dict[str, Any]:
        """Return the items that run out first, with their suppliers.

        Args:
            days: Items that last longer are left out.
            limit: The most items to return.
        """
        found: list[Record] = []
        cities: dict[str, int] = {}
        for item in self.items.values():
            supplier = self.suppliers[item["supplier_id"]]
            demand = sum(item["sold"][-4:]) / 28
            lasts = item["stock"] / demand if demand else 999.0
            if lasts > days or not supplier["active"]:
                continue
            cities[supplier["city"]] = cities.get(supplier["city"], 0) + 1
            found.append({"item_id": item["item_id"], "days": round(lasts, 1)})
        found.sort(key=lambda row: (row["days"], row["item_id"]))
        return {"success": True, "data": {"items": found[:limit], "cities": cities}}

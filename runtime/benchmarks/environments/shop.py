"""A small shop: two tables of flat records and tools of about a microsecond."""

from typing import Any

Record = dict[str, Any]


class Shop:
    """A shop that sells products to its customers."""

    def __init__(self, init_config: dict[str, Any]) -> None:
        self.customers: dict[str, Record] = init_config["customers"]
        self.products: dict[str, Record] = init_config["products"]

    def get_product(self, product_id: str) -> dict[str, Any]:
        """Return a product.

        Args:
            product_id: The product.
        """
        product = self.products.get(product_id)
        if product is None:
            return {"success": False, "error": f"There is no product {product_id!r}."}
        return {"success": True, "data": product}

    def buy(self, customer_id: str, product_id: str) -> dict[str, Any]:
        """Sell one piece of a product to a customer.

        Args:
            customer_id: The customer.
            product_id: The product.
        """
        customer = self.customers.get(customer_id)
        product = self.products.get(product_id)
        if customer is None or product is None:
            return {"success": False, "error": "There is no such customer or product."}
        customer["owes"] += product["price"]
        product["sold"] += 1
        return {"success": True, "data": {"owes": customer["owes"]}}

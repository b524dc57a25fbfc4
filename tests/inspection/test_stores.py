from __future__ import annotations

import ast

import pytest

from envscaler.runtime.inspection.stores import stores_of

SHOP = '''
def note(record, text):
    record["note"] = text

class Kept:
    def _count(self):
        self.next_sale += 1

class Shop(Kept):
    def sell(self, item_id, price):
        """Sell."""
        {body}
        return {{"success": True, "data": {{}}}}
'''


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ('self.items[item_id]["price"] = price', {"price"}),
        ('item = self.items[item_id]; item["sold"] += 1', {"sold"}),
        ("self.items[item_id] = {'price': price}", {"items", "price"}),
        ("del self.items[item_id]", {"items"}),
        ("self.items.pop(item_id)", {"items"}),
        ('self.items[item_id]["tags"].append(price)', {"tags"}),
        ("self._count()", {"next_sale"}),
        ("note(self.items[item_id], price)", {"note"}),
        ("self.items[item_id] = dict(self.items[item_id], price=price)", {"items", "price"}),
        ('old = self.items[item_id]["price"]', set()),
    ],
)
def test_what_is_stored_is_read_from_the_source(body: str, names: set[str]) -> None:
    found = stores_of(ast.parse(SHOP.format(body=body)), "Shop", "sell")
    assert not found.anything
    assert found.names - {"success", "data"} == names


@pytest.mark.parametrize(
    "body",
    [
        "self.items[item_id][price] = 1",
        "tags = self.items[item_id]['tags']; tags.append(price)",
        "tags = self.items[item_id]['tags']; tags += [price]",
        "self.items[item_id].update(price)",
        "self.items[item_id] = {**self.items[item_id], **price}",
        "setattr(self, item_id, price)",
    ],
)
def test_what_the_source_does_not_tell_may_be_anything(body: str) -> None:
    found = stores_of(ast.parse(SHOP.format(body=body)), "Shop", "sell")
    assert found.may_store("colour")


def test_only_what_is_counted_under_no_condition_is_always_stored() -> None:
    body = 'self.items[item_id]["sold"] += 1\n        if price:\n            self.takings += price'
    assert stores_of(ast.parse(SHOP.format(body=body)), "Shop", "sell").always == {"sold"}

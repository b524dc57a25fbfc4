"""A pool with short deadlines, and a small class to try it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from envscaler.runtime.sandbox import Limits, Pool, SealedClass
from envscaler.runtime.sandbox.protocol import Load

SHOP = '''
"""A shop."""

from typing import Optional

PRICES = {"pen": 2}


class Shop:
    """Keeps stock."""

    def __init__(self, init_config: dict):
        self.stock = init_config["stock"]
        self.log = init_config.get("log", [])

    def add(self, item: str, count: int = 1) -> dict:
        """Add things to the stock.

        Args:
            item (str): What.
            count (int): How many
                of them.

        Returns:
            dict: the new count.
        """
        self.stock[item] = self.stock.get(item, 0) + count
        return {"success": True, "data": (item, self.stock[item])}

    def count(self, item: str) -> dict:
        """Look a count up."""
        return {"success": True, "data": self.stock[item]}

    def break_off(self, item: str) -> dict:
        """Change the state, then fail."""
        self.stock[item] = -1
        self.log.append(item)
        raise ValueError(f"no {item}")

    def note_price(self) -> dict:
        """Change what all instances share."""
        PRICES["pen"] += 1
        return PRICES

    def crash(self) -> dict:
        """Keep the interpreter from answering."""
        self.stock["pen"] = -1
        return sum(range(10**12))

    def _hidden(self) -> None:
        pass
'''


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    with Pool(Limits(soft_seconds=0.15, hard_seconds=1.0, memory_bytes=256 << 20)) as pool:
        yield pool


@pytest.fixture(scope="session")
def shop_source() -> str:
    return SHOP


@pytest.fixture
def shop(pool: Pool) -> Iterator[SealedClass]:
    with pool.open(SHOP) as shop:
        yield shop


@pytest.fixture
def unguarded(pool: Pool) -> Iterator[Callable[[str], SealedClass]]:
    """Opens a class with the language layer off, so that only the seal stands in its way."""
    opened: list[SealedClass] = []

    def unguarded(source: str) -> SealedClass:
        opened.append(SealedClass(pool._worker, Load(source, "class", guarded=False)))
        return opened[-1]

    yield unguarded
    for sealed in opened:
        sealed.close()

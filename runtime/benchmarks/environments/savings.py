"""Savings accounts, for soaks: some of the tools fail, and only after they changed the state."""

from typing import Any


class Savings:
    """Savings accounts, each with the latest entries in its book."""

    def __init__(self, init_config: dict[str, Any]) -> None:
        self.accounts: dict[str, dict[str, Any]] = init_config["accounts"]
        self.next_account: int = init_config["next_account"]

    def open_account(self, owner: str) -> dict[str, Any]:
        """Open an account; the oldest one is closed when there are too many."""
        key = f"A{self.next_account}"
        self.next_account += 1
        self.accounts[key] = {"owner": owner, "balance": 0, "entries": []}
        if len(self.accounts) > 6:
            del self.accounts[next(iter(self.accounts))]
        return {"success": True, "data": key}

    def pay_in(self, account: str, amount: int) -> dict[str, Any]:
        """Pay money into an account."""
        if account not in self.accounts:
            return {"success": False, "error": f"There is no account {account!r}."}
        found = self.accounts[account]
        found["balance"] += amount
        found["entries"] = [*found["entries"][-4:], amount]
        return {"success": True, "data": found}

    def list_accounts(self) -> dict[str, Any]:
        """Return all accounts."""
        return {"success": True, "data": self.accounts}

    def pay_in_halves(self, account: str, amount: int) -> dict[str, Any]:
        """Pay in one half, then fail, as a careless tool does."""
        self.accounts = {account: {"owner": "nobody", "balance": amount / 2, "entries": []}}
        raise RuntimeError(f"the other half of {amount} is missing")

    def audit(self) -> dict[str, Any]:
        """Answer with something that is not JSON, having changed the state."""
        self.accounts.clear()
        return {"success": True, "data": {1, 2, 3}}

"""Scenarios: running reference plans, deriving checks from their effects, proving them."""

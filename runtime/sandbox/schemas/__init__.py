"""Tool descriptions: signatures and docstrings as JSON Schema."""

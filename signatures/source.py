"""Python source as a typed field: raw text in the prompt, whole text in the record."""

from __future__ import annotations

import re
from typing import Any

import dspy
import pydantic

_FENCED = re.compile(r"^```[^\n]*\n(.*?)(\n```)?\Z", re.DOTALL)


class PySource(dspy.Code):
    """The source text of a Python module.

    Only an outermost fence is taken off, also one that a cut answer left open: `dspy.Code` itself
    cuts at the first inner one. Text that is no Python is kept as it is, so that a gate can say
    what is wrong with it.
    """

    @pydantic.model_validator(mode="before")
    @classmethod
    def validate_input(cls, data: Any) -> Any:
        if isinstance(data, cls):
            return data
        text = data.get("code") if isinstance(data, dict) else data
        if not isinstance(text, str):
            raise ValueError(f"source must be text, not {type(data).__name__}")
        fenced = _FENCED.match(text.strip())
        return {"code": (fenced.group(1) if fenced else text).strip("\n") + "\n"}

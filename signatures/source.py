"""Python source as a typed field: raw text in the prompt, whole text in the record."""

from __future__ import annotations

import re
from typing import Any

import dspy
import pydantic

_FENCED = re.compile(r"^```[^\n]*\n(.*)\n```\s*$", re.DOTALL)


class PySource(dspy.Code):
    """The source text of a Python module.

    Only an outermost fence is taken off: `dspy.Code` itself cuts at the first inner one. Text that
    is no Python is kept as it is, so that a gate can say what is wrong with it.
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


class SourceAdapter(dspy.ChatAdapter):
    """The chat adapter without its hidden second call, and with source text taken as it is.

    DSPy's parser tries to repair every typed value as JSON first, which makes a class into the
    first literals that stand in it.
    """

    def __init__(self) -> None:
        super().__init__(use_json_adapter_fallback=False)

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        fields = signature.output_fields.items()
        sources = [name for name, field in fields if field.annotation is PySource]
        for name in sources:
            signature = signature.with_updated_fields(name, type_=str)
        values: dict[str, Any] = super().parse(signature, completion)
        return {**values, **{name: PySource(code=values[name]) for name in sources}}

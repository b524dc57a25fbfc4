"""The chat adapter of all steps: DSPy's prompts and values, worked out once for each signature."""

from __future__ import annotations

import json
import re
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_origin

import dspy
import pydantic

from .source import PySource

_HEADING = re.compile(r"\[\[ ## (\w+) ## \]\]")


class Unreadable(Exception):
    """A plain reading fails: the lenient parser has to say what the text means."""


@dataclass
class Form:
    """The parts of a signature's prompts that are the same for all inputs."""

    outputs: dict[str, Any]
    """Annotations of the output fields by name."""
    mark: tuple[Any, ...]
    """What they were worked out from; a signature may be changed in place."""
    texts: dict[str, str] = field(default_factory=dict)
    """Rendered parts by name."""

    def text(self, part: str, render: Callable[[], str]) -> str:
        """A part that only the signature decides, rendered on first use."""
        if part not in self.texts:
            self.texts[part] = render()
        return self.texts[part]

    @cached_property
    def readers(self) -> dict[str, pydantic.TypeAdapter[Any]]:
        """Validators of the output fields that DSPy reads as JSON first."""
        typed = {name: kind for name, kind in self.outputs.items() if _is_json(kind)}
        return {name: pydantic.TypeAdapter(kind) for name, kind in typed.items()}

    def read(self, completion: str) -> dict[str, Any]:
        """The values of a completion that has all fields, the typed ones as strict JSON.

        Raises:
            Unreadable: it is not of this plain kind.
        """
        found = sections(completion)
        if not found.keys() >= self.outputs.keys():
            raise Unreadable
        return {name: self._value(name, found[name]) for name in self.outputs}

    def _value(self, name: str, text: str) -> Any:
        kind = self.outputs[name]
        if kind is str:
            return text
        if kind is PySource:
            return PySource(code=text)
        if kind is bool and text in ("True", "False"):
            return text == "True"
        try:
            return self.readers[name].validate_python(json.loads(text))
        except (ValueError, KeyError) as error:
            raise Unreadable from error


def sections(completion: str) -> dict[str, str]:
    """The text below each heading `[[ ## name ## ]]`; of a repeated one the first.

    Raises:
        Unreadable: something like a heading stands where none should.
    """
    found: dict[str, str] = {}
    name, lines = "", list[str]()
    for line in completion.splitlines():
        heading = _HEADING.match(line)
        if heading is None:
            if line.lstrip().startswith("[[ ## "):
                raise Unreadable
            lines.append(line)
            continue
        found.setdefault(name, "\n".join(lines).strip())
        rest = line[heading.end() :].strip()
        name, lines = heading.group(1), [rest] if rest else []
    found.setdefault(name, "\n".join(lines).strip())
    return found


def _is_json(kind: Any) -> bool:
    if get_origin(kind) in (list, dict):
        return True
    return isinstance(kind, type) and issubclass(kind, (bool, int, float, pydantic.BaseModel))


def _lines(value: Any) -> Any:
    """A list of texts as lines: as JSON, every quotation mark in it would be escaped."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value) or "(none)"
    return value


_FORMS: weakref.WeakKeyDictionary[type[dspy.Signature], Form] = weakref.WeakKeyDictionary()


def form_of(signature: type[dspy.Signature]) -> Form:
    """The form of a signature, made anew after its instruction or a field was changed in place."""
    fields = signature.model_fields
    mark = (
        signature.__doc__,
        [(name, info.annotation, dict(info.json_schema_extra)) for name, info in fields.items()],
    )
    form = _FORMS.get(signature)
    if form is None or form.mark != mark:
        outputs = {name: info.annotation for name, info in signature.output_fields.items()}
        form = _FORMS[signature] = Form(outputs, mark)
    return form


class SourceAdapter(dspy.ChatAdapter):
    """The chat adapter without its hidden second call, and with source text taken as it is.

    DSPy's parser tries to repair every typed value as JSON first, which makes a class into the
    first literals that stand in it. Lists of texts are shown as lines. Else prompts and values are
    DSPy's own, letter by letter; what depends on the signature alone is worked out once, where DSPy
    does so for every call.
    """

    def __init__(self) -> None:
        super().__init__(use_json_adapter_fallback=False)

    def format_system_message(self, signature: type[dspy.Signature]) -> str:
        render = super().format_system_message
        return form_of(signature).text("system", lambda: render(signature))

    def user_message_output_requirements(self, signature: type[dspy.Signature]) -> str:
        render = super().user_message_output_requirements
        return form_of(signature).text("requirements", lambda: render(signature))

    def format_user_message_content(
        self,
        signature: type[dspy.Signature],
        inputs: dict[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        shown = {name: _lines(value) for name, value in inputs.items()}
        said: str = super().format_user_message_content(
            signature, shown, prefix, suffix, main_request
        )
        return said

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        form = form_of(signature)
        try:
            return form.read(completion)
        except Unreadable:
            return self._repaired(signature, completion)

    def _repaired(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """The values as DSPy's lenient parser reads them."""
        fields = signature.output_fields.items()
        sources = [name for name, field in fields if field.annotation is PySource]
        for name in sources:
            signature = signature.with_updated_fields(name, type_=str)
        values: dict[str, Any] = super().parse(signature, completion)
        return {**values, **{name: PySource(code=values[name]) for name in sources}}

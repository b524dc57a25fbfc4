"""What workers say of their sources, as the host takes it: checked before it is believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
import orjson

from ..errors import GeneratedCodeError
from ..state import Json
from .protocol import Failure, Outcome, Status
from .values.plain import DEPTH, brackets, shallow

T = TypeVar("T")


class Schema(msgspec.Struct, forbid_unknown_fields=True):
    """What every schema of a tool that a worker describes must look like."""

    type: str | list[str] = ""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    items: Schema | bool | None = None
    prefixItems: list[Schema] = []
    minItems: int = 0
    maxItems: int = 0
    uniqueItems: bool = False
    anyOf: list[Schema] = []
    enum: list[Json] = []
    const: Json = None
    default: Json = None
    format: str = ""
    title: str = ""
    description: str = ""
    additionalProperties: bool | Schema = True


class Tool(msgspec.Struct):
    """What every tool that a worker describes must look like."""

    name: str
    description: Annotated[str, msgspec.Meta(max_length=20_000)]
    parameters: Schema


class _Described(msgspec.Struct):
    tools: list[Tool]


class Loaded(msgspec.Struct):
    """What a source offers once it is loaded."""

    name: str
    tools: list[dict[str, Json]]


described = msgspec.json.Decoder(_Described).decode
loaded = msgspec.json.Decoder(Loaded).decode


class Reply(msgspec.Struct, frozen=True, gc=False):
    """How a call ended."""

    status: Status
    error: str = ""
    """For example "KeyError: 'x' (line 42, in rent_unit)"; empty when the status is "ok"."""
    text: bytes = b"null"
    """JSON text of what the call gave; "null" unless the status is "ok"."""

    @property
    def value(self) -> Json:
        """What the call gave.

        Raises:
            GeneratedCodeError: the worker was tampered with and sent something else than JSON.
        """
        return received(self.text)


def reply_of(outcome: Outcome) -> Reply:
    """An outcome of generated code for the caller."""
    if isinstance(outcome, Failure):
        return Reply(outcome.status, outcome.error)
    return Reply("ok", "", outcome)


def read(decode: Callable[[bytes], T], text: bytes) -> T:
    """What a worker reports of itself.

    Raises:
        GeneratedCodeError: it is not what a worker sends that has not been tampered with.
    """
    try:
        return decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise GeneratedCodeError(f"the source tampers with its worker: {error}") from error


def received(text: bytes) -> Json:
    """A JSON value that a worker sent; it nests so little that it can be walked.

    Raises:
        GeneratedCodeError: it is something else.
    """
    value = read(orjson.loads, text)
    if brackets(text) > DEPTH and type(value) in (dict, list) and not shallow(value):
        raise GeneratedCodeError(f"a value nests deeper than {DEPTH} levels")
    return value

from __future__ import annotations

import pytest

from envscaler.runtime.sandbox import Pool
from envscaler.runtime.state import Json

TYPES = """
from typing import *
from enum import Enum

class Address(TypedDict):
    street: str
    number: NotRequired[int]

class Person(TypedDict, total=False):
    name: str
    home: Address
    friends: "list[Person]"

class Colour(Enum):
    RED = "red"
    BLUE = "blue"

class Env:
    def __init__(self, init_config): pass
    def tool(self, x{annotation}): pass
"""
ADDRESS = {
    "type": "object",
    "properties": {"street": {"type": "string"}, "number": {"type": "integer"}},
    "required": ["street"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        ("", {}),
        (": Any", {}),
        (": object", {}),
        (": int", {"type": "integer"}),
        (": float", {"type": "number"}),
        (": bool", {"type": "boolean"}),
        (": 'str'", {"type": "string"}),
        (": list", {"type": "array"}),
        (": list[int]", {"type": "array", "items": {"type": "integer"}}),
        (": List[Any]", {"type": "array"}),
        (": dict", {"type": "object"}),
        (": Dict[str, Any]", {"type": "object"}),
        (": dict[str, float]", {"type": "object", "additionalProperties": {"type": "number"}}),
        (": Optional[str]", {"type": ["string", "null"]}),
        (": str | None", {"type": ["string", "null"]}),
        (": None | list[int]", {"type": ["array", "null"], "items": {"type": "integer"}}),
        (": Union[int, str]", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (
            ": int | str | None",
            {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
        ),
        (": Literal['a', 'b']", {"type": "string", "enum": ["a", "b"]}),
        (": Literal['a'] | None", {"type": ["string", "null"], "enum": ["a", None]}),
        (": Literal['a', 1]", {"type": ["string", "integer"], "enum": ["a", 1]}),
        (": Annotated[int, 'size']", {"type": "integer"}),
        (": Colour", {"type": "string", "enum": ["red", "blue"]}),
        (": Address", ADDRESS),
        (": list[Address]", {"type": "array", "items": ADDRESS}),
        (": Unknown.Thing", {}),
        (": int = 3", {"type": "integer", "default": 3}),
        (": str = None", {"type": ["string", "null"], "default": None}),
        (": Optional[int] = -1", {"type": ["integer", "null"], "default": -1}),
        (": tuple[str, ...] = ()", {"type": "array", "items": {"type": "string"}}),
    ],
)
def test_annotations_become_json_schema(pool: Pool, annotation: str, schema: Json) -> None:
    source = "from __future__ import annotations" + TYPES.replace("{annotation}", annotation)
    # Annotations are read, not run: those that the policy would refuse are none of these.
    with pool.open(source.replace("import *", "import TypedDict, NotRequired"), "Env") as sealed:
        [tool] = sealed.tools
    assert tool["parameters"] == {
        "type": "object",
        "properties": {"x": schema},
        "required": [] if "=" in annotation else ["x"],
        "additionalProperties": False,
    }


def test_a_record_that_holds_itself_ends(pool: Pool) -> None:
    source = "from __future__ import annotations" + TYPES.replace("{annotation}", ": Person")
    with pool.open(source.replace("import *", "import TypedDict, NotRequired"), "Env") as sealed:
        schema = sealed.tools[0]["parameters"]["properties"]["x"]
    assert schema["required"] == []
    assert schema["properties"]["home"] == ADDRESS
    assert schema["properties"]["friends"] == {"type": "array", "items": {"type": "object"}}


def test_docstrings_describe_tools_and_parameters(pool: Pool) -> None:
    source = '''
class Env:
    def __init__(self, init_config): pass
    def rent(self, unit_id: str, *, months: int = 1, note=None, **more):
        """Rent a unit.

        Only free units can be rented.

        Args:
            unit_id (str): The unit: its
                id, not its name.
            months (int, optional): How long.
            note: Anything.

        Returns:
            dict: see above
        """
    def plain(self): pass
'''
    with pool.open(source) as sealed:
        rent, plain = sealed.tools
    assert rent["description"] == "Rent a unit.\n\nOnly free units can be rented."
    properties = rent["parameters"]["properties"]
    assert {name: schema["description"] for name, schema in properties.items()} == {
        "unit_id": "The unit: its id, not its name.",
        "months": "How long.",
        "note": "Anything.",
    }
    assert rent["parameters"]["required"] == ["unit_id"]
    assert rent["parameters"]["additionalProperties"] is True
    assert plain == {
        "name": "plain",
        "description": "",
        "parameters": {
            "type": "object",
            "properties": {},
            "required": [],
            "additionalProperties": False,
        },
    }

"""The adapter: DSPy's own prompts and values, only faster."""

from __future__ import annotations

import json
from typing import Any, Literal

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import envscaler.signatures
from envscaler.signatures import MineTasks, PlanEnvironment, SourceAdapter, WriteClass

PLAIN = dspy.ChatAdapter(use_json_adapter_fallback=False)
SIGNATURES = [
    found
    for found in vars(envscaler.signatures).values()
    if isinstance(found, type) and issubclass(found, dspy.Signature)
]


class Typed(dspy.Signature):  # type: ignore[misc]
    """Take what is read as JSON."""

    text: str = dspy.InputField()
    name: str = dspy.OutputField()
    flag: bool = dspy.OutputField()
    count: int = dspy.OutputField()
    rows: list[dict[str, int]] = dspy.OutputField()


class Odd(Typed):
    """Take what DSPy reads in its own ways, too."""

    choice: Literal["a", "1"] = dspy.OutputField()
    maybe: str | None = dspy.OutputField()


def reading(adapter: dspy.ChatAdapter, signature: type[dspy.Signature], text: str) -> Any:
    """What an adapter makes of a completion, a refusal included."""
    try:
        return adapter.parse(signature, text)
    except dspy.AdapterParseError as error:
        return str(error)


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda signature: signature.__name__)
def test_the_prompt_of_every_step_is_the_one_of_dspy(signature: type[dspy.Signature]) -> None:
    inputs = dict.fromkeys(signature.input_fields, "x «y»\nz")
    demos = [inputs | dict.fromkeys(signature.output_fields, "said")]
    for _ in range(2):  # rendered, then remembered
        assert SourceAdapter().format(signature, demos, inputs) == PLAIN.format(
            signature, demos, inputs
        )


def test_a_changed_instruction_or_description_is_sent() -> None:
    signature = MineTasks.with_updated_fields("ideas", desc="in prose")  # shares no field
    signature.instructions = "First."
    assert "First." in SourceAdapter().format(signature, [], {"tasks": ["a"]})[0]["content"]
    signature.instructions = "Second."
    signature.model_fields["ideas"].json_schema_extra["desc"] = "in verse"
    sent = SourceAdapter().format(signature, [], {"tasks": "a"})
    assert sent == PLAIN.format(signature, [], {"tasks": "a"})
    assert "Second." in sent[0]["content"] and "in verse" in sent[0]["content"]


def test_a_list_of_texts_is_shown_as_lines_and_an_empty_one_as_such() -> None:
    def shown(tasks: list[str]) -> str:
        asked: str = SourceAdapter().format(MineTasks, [], {"tasks": tasks})[-1]["content"]
        return asked.split("\n\n")[0]

    assert shown(['1. a "b"', "2. c"]) == '[[ ## tasks ## ]]\n1. a "b"\n2. c'
    assert shown([]) == "[[ ## tasks ## ]]\n(none)"


_VALUES = st.sampled_from(
    ["True", "true", "False", "yes", "1", " 2 ", "2.0", '"a"', "a", "null", "None", "", "[]", "{}",
     '[{"a": 1}]', "[{'a': 1}]", '[{"a": "1"},]', '```json\n[{"a": 2}]\n```', "[1, 2", "NaN",
     '"\\ud83d"', "x\n [[ ## flag ## ]] y", "[[ ## name ## ]]\nb", "line\u2028line"]
) | st.text(max_size=20)  # fmt: skip


_GOOD = {"name": "Ada", "flag": "True", "count": "3", "rows": "[]", "choice": "a", "maybe": "x"}


@pytest.mark.parametrize("signature", [Typed, Odd])
@given(st.dictionaries(st.sampled_from(list(_GOOD)), st.none() | _VALUES), st.text(max_size=9))
def test_every_completion_is_read_as_dspy_reads_it(
    signature: type[dspy.Signature], changed: dict[str, str | None], before: str
) -> None:
    values = {name: value for name, value in (_GOOD | changed).items() if value is not None}
    text = before + "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in values.items())
    expected = reading(PLAIN, signature, text)
    assert repr(reading(SourceAdapter(), signature, text)) == repr(expected)  # NaN is not itself


def test_a_whole_plan_is_read_as_dspy_reads_it(plan_answer: dict[str, Any]) -> None:
    values = {k: v if isinstance(v, str) else json.dumps(v) for k, v in plan_answer.items()}
    text = PLAIN.format_assistant_message_content(PlanEnvironment, values)
    assert SourceAdapter().parse(PlanEnvironment, text) == PLAIN.parse(PlanEnvironment, text)
    assert SourceAdapter().parse(PlanEnvironment, text)["rules"]


@given(st.text())
def test_source_is_read_the_same_with_and_without_the_lenient_parser(source: str) -> None:
    adapter = SourceAdapter()
    text = f"[[ ## source ## ]]\n{source}\n[[ ## completed ## ]]"
    assert adapter.parse(WriteClass, text) == adapter._repaired(WriteClass, text)

from __future__ import annotations

import io
import warnings
from typing import Any

import pytest
from PIL import Image

from envscaler.runtime.reporting import Report
from envscaler.runtime.reporting.flow import Flow, Loss
from envscaler.runtime.reporting.picture import picture
from envscaler.runtime.reporting.spending import Spent

COLOURS = {"kept": (47, 133, 90), "lost": (200, 85, 61), "unfinished": (183, 137, 43)}


def drawn(*flows: Flow) -> tuple[Any, dict[str, int]]:
    """The picture and how many pixels it has of each kind."""
    data = picture(Report("run", {}, flows, Spent(), {}, (), (), ()))
    image = Image.open(io.BytesIO(data))
    assert image.format == "PNG"
    found = {colour: count for count, colour in image.convert("RGB").getcolors(2**24) or ()}
    return image, {kind: found.get(colour, 0) for kind, colour in COLOURS.items()}


def test_bars_are_as_long_as_their_numbers() -> None:
    _, pixels = drawn(Flow("task", 10, 4, (Loss("vague", 4),), 2))
    assert pixels["kept"] == pytest.approx(pixels["lost"], rel=0.03)
    assert pixels["kept"] == pytest.approx(2 * pixels["unfinished"], rel=0.03)


@pytest.mark.parametrize("stages", [1, 2, 12])
def test_any_number_of_stages_can_be_drawn_with_nothing_kept(stages: int) -> None:
    image, pixels = drawn(*(Flow(f"stage {n}", 0, 0) for n in range(stages)))
    assert image.width == 1500 and image.height > 40 * stages
    assert not any(pixels.values())


def test_a_picture_grows_with_its_reasons_up_to_a_limit() -> None:
    heights = [
        drawn(Flow("task", n, 0, tuple(Loss(f"reason {i}", 1) for i in range(n))))[0].height
        for n in (1, 8, 9, 30)
    ]
    assert heights[0] < heights[1] == heights[2] == heights[3]


def test_formulas_and_unknown_characters_of_a_model_are_drawn_in_silence(hostile: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, pixels = drawn(Flow(hostile, 2, 1, (Loss(f"数据 $x_{{ {hostile}", 1),)))
    assert pixels["kept"] and pixels["lost"]

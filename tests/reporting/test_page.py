from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime.errors import ConfigurationError
from envscaler.runtime.reporting import Report, Section, Table, report_of
from envscaler.runtime.reporting.flow import Flow, Loss
from envscaler.runtime.reporting.page import page, write_page
from envscaler.runtime.reporting.report import Demand, End
from envscaler.runtime.reporting.spending import Spent

HARMLESS = set(
    "html head meta title style body h1 h2 p div table thead tbody tr th td svg g rect text".split()
)


class Tags(HTMLParser):
    """What a browser would find in a page: its elements, their attributes and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def report(text: str, **more: Any) -> Report:
    """A report that holds the text in every place where a model's text may stand."""
    spent = Spent(asked=1, prompt_tokens=10)
    parts: dict[str, Any] = {
        "folder": f"runs/{text}",
        "settings": {"model": text},
        "flows": (Flow("task", 2, 1, (Loss(text, 1),)),),
        "spent": spent,
        "by_step": {text: spent},
        "ends": (End("task", "rejected", text, 1, spent),),
        "environments": (),
        "demands": (Demand(text, 1, 1, 1, 1),),
        "sections": (Section(text, (text,), (Table((text,), ((text,),)),)),),
    }
    return Report(**{**parts, **more})


def test_text_of_a_model_stays_text(hostile: str) -> None:
    found = Tags(page(report(hostile)))
    assert found.open == [] and found.names <= HARMLESS
    assert not any(name.startswith("on") for name in found.attributes)
    assert "<script>alert('x')</script> & <img src=x onerror=y>" in found.text
    assert not set("\x1b\u202e\x00") & set(found.text)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_out_of_its_place(text: str) -> None:
    found = Tags(page(report(text)))
    assert found.open == [] and found.names <= HARMLESS
    assert set(found.attributes) <= {
        "aria-label", "charset", "class", "content", "height", "http-equiv", "lang", "name",
        "role", "viewbox", "width", "x", "y",
    }  # fmt: skip


def test_a_page_needs_nothing_from_elsewhere(story: Any, written: Callable[..., Path]) -> None:
    told = page(report_of(written(story)))
    assert "default-src 'none'" in told
    assert not re.search(r"https?:|url\(|@import|<link|<script|src=|href=", told)
    assert "prefers-color-scheme: dark" in told


def test_the_waterfall_of_a_page_is_as_long_as_its_numbers() -> None:
    flows = (Flow("task", 8, 4, (Loss("vague", 3),), 1), Flow("idea", 4, 0, (Loss("weak", 4),)))
    told = page(report("x", flows=flows))
    widths = dict.fromkeys(("track", "kept", "lost", "unfinished"), 0.0)
    for kind, width in re.findall(r'<rect class="(\w+)"[^>]* width="([\d.]+)"', told):
        widths[kind] += float(width)
    whole = widths["track"] / 2
    assert widths["kept"] == pytest.approx(whole / 2)
    assert widths["lost"] == pytest.approx(whole * (3 / 8 + 1))
    assert widths["unfinished"] == pytest.approx(whole / 8)


def test_a_section_of_somebody_else_stands_in_the_page_with_its_picture() -> None:
    more = Section("Domains", ("Four of them.",), (Table(("a",), ((1,), (None,))),), b"\x89PNG")
    told = page(report("x", sections=(more,)))
    assert "<h2>Domains</h2><p>Four of them.</p>" in told
    assert '<img alt="Domains" src="data:image/png;base64,iVBORw==">' in told
    assert '<td class="">1</td>' in told and '<td class="">–</td>' in told


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be written .* a folder that exists"):
        write_page(report("x"), tmp_path / "no" / "page.html")

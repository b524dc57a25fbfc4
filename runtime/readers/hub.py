"""Tasks of a Hub data set, or of a local folder in the same form, streamed row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigurationError, DataError
from .shapes import Row, kind_of, shown


class HubSource(NamedTuple):
    """One column of one split."""

    name: str
    config: str | None
    split: str
    column: str

    @classmethod
    def parse(cls, text: str) -> HubSource:
        """Read `hub:NAME:SPLIT:COLUMN` or `hub:NAME@CONFIG:SPLIT:COLUMN`.

        Raises:
            ConfigurationError: a part is missing or empty.
        """
        parts = text.removeprefix("hub:").rsplit(":", 2)
        name, _, config = parts[0].partition("@")
        if len(parts) != 3 or not all((name, *parts[1:])):
            raise ConfigurationError(
                f"{text!r} is no column of a data set: write hub:NAME:SPLIT:COLUMN or "
                "hub:NAME@CONFIG:SPLIT:COLUMN, such as hub:org/data:train:question"
            )
        return cls(name, config or None, parts[1], parts[2])

    @property
    def title(self) -> str:
        """What origins call it: the Hub's name, or the name of the folder alone."""
        return Path(self.name).resolve().name if Path(self.name).is_dir() else self.name

    def rows(self) -> Iterator[Row]:
        """The texts of the column; what is null counts as empty.

        Raises:
            DataError: there is no such data set, configuration, split or column, the Hub cannot
                be reached, or a row has no text there.
        """
        split = self._streamed()
        columns = split.column_names
        if columns is not None and self.column in columns:
            split = split.select_columns([self.column])  # leaves images and sounds undecoded
        rows = enumerate(_read(self.name, split), start=1)
        return (Row(number, self._text(number, row)) for number, row in rows)

    def _streamed(self) -> Any:
        from datasets import load_dataset

        try:
            splits = load_dataset(self.name, self.config, streaming=True)
        except ConnectionError as fault:
            raise DataError(
                f"The data set {self.name!r} cannot be looked up, for the Hub is not reached: "
                f"{_line(fault)}. Check the network, or give a local folder or file."
            ) from fault
        except FileNotFoundError as fault:
            raise DataError(
                f"There is no data set {self.name!r}: {_line(fault)}. Check the name; one that is "
                "private or gated needs HF_TOKEN in the environment."
            ) from fault
        except Exception as fault:  # `datasets` has no root of its own errors
            raise DataError(f"The data set {self.name!r} does not open: {_line(fault)}") from fault
        if self.split not in splits:
            found = ", ".join(map(str, splits))
            raise DataError(
                f"The data set {self.name!r} has no split {self.split!r}; it has {found}."
            )
        return splits[self.split]

    def _text(self, number: int, row: Mapping[str, Any]) -> str:
        if self.column not in row:
            raise DataError(
                f"The data set {self.name!r} has no column {self.column!r} in its split "
                f"{self.split!r}; it has {', '.join(row)}."
            )
        text = row[self.column]
        if not isinstance(text, str | None):
            raise DataError(
                f"The data set {self.name!r}, row {number}: the column {self.column!r} holds "
                f"a JSON {kind_of(text)} where a string is expected: {shown(text)}. "
                "Choose another column."
            )
        return text or ""


def _read(name: str, split: Any) -> Iterator[Mapping[str, Any]]:
    try:
        yield from split
    except Exception as fault:  # files of many forms, each with errors of its own
        raise DataError(f"The data set {name!r} cannot be read on: {_line(fault)}") from fault


def _line(fault: Exception) -> str:
    text = " ".join(str(fault).split()) or type(fault).__name__
    return (text if len(text) <= 300 else text[:297] + "...").rstrip(".")

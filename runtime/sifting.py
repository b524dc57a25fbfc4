"""Cheap filters on task texts, before any model is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from .errors import ConfigurationError
from .records import SourceTask

_CERTAIN = 0.01
"""A text is in another language when the languages asked for share less than this probability. Of
545 English tasks the least had 0.08; 14 foreign ones had at most 0.0002."""
_PERMUTATIONS = 128
_CLOSEST = 0.9
"""The index wants two bands at least, so it looks no closer than for this similarity."""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]+")
"""A run of letters, or one Chinese or Japanese sign, for those put no spaces between words."""
_PAIRED = re.compile(rf"{_WORD.pattern}|\d+")
_THING = (
    r"(?:images?|photos?|pictures?|photographs?|screenshots?|drawings?|diagrams?|videos?"
    r"|audio(?: (?:files?|clips?|recordings?))?|sound (?:files?|clips?)|voice (?:notes?|memos?))"
)
_BEYOND_TEXT = re.compile(
    rf"\b(?:attached|accompanying|enclosed)\s+(?:\w+\s+)?{_THING}\b"
    rf"|\b{_THING}\s+(?:attached|below|above|I(?:'ve| have)? (?:attached|uploaded|sent))\b"
    rf"|\b(?:in|of|from|on|at|to|describe|caption|transcribe)\s+this\s+{_THING}\b"
    rf"|<\s*{_THING}\s*>|\[\s*{_THING}\s*\]|!\[[^\]]*\]\(|\bdata:(?:image|audio|video)/",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sifting:
    """What a task text must be."""

    languages: tuple[str, ...] = ("en",)
    """ISO 639-1 codes of the languages to keep; empty keeps all."""
    language_words: int = 10
    """Texts of fewer words are too short to tell a language by, and stay."""
    least: int = 20
    """Characters."""
    most: int = 4000
    """Characters."""
    similar: float = 0.7
    """Share of equal word pairs (Jaccard) from which two texts are near-duplicates, above 0 and at
    most 1; all numbers count as the same word."""

    def __post_init__(self) -> None:
        if not 0 < self.similar <= 1:
            raise ConfigurationError(f"similar is {self.similar}: give more than 0, at most 1")
        if not 0 <= self.least <= self.most:
            raise ConfigurationError(
                f"least is {self.least} and most {self.most}: give 0 <= least <= most characters"
            )


class Sifted(NamedTuple):
    """The tasks to go on with and the others with the reason, each in the order given."""

    kept: tuple[SourceTask, ...]
    dropped: tuple[tuple[SourceTask, str], ...]


def sift(tasks: Iterable[SourceTask], settings: Sifting = Sifting()) -> Sifted:
    """Keeps texts of fitting length, in a wanted language, about text alone, and each one once.

    The first of near-duplicates is kept. They are looked for by MinHash (128 permutations), and
    then compared exactly; just above the threshold some go unseen. 100,000 tasks of 200
    characters take half a minute of one core.

    Raises:
        ConfigurationError: a language is unknown.
    """
    judges: list[Callable[[SourceTask], str]] = [
        lambda task: _ill_formed(task.text, settings),
        *([_Languages(settings)] if settings.languages else []),
        _Earlier(settings.similar),
    ]
    kept: list[SourceTask] = []
    dropped: list[tuple[SourceTask, str]] = []
    for task in tasks:
        reason = next((reason for judge in judges if (reason := judge(task))), "")
        if reason:
            dropped.append((task, reason))
        else:
            kept.append(task)
    return Sifted(tuple(kept), tuple(dropped))


def _ill_formed(text: str, settings: Sifting) -> str:
    length = len(text.strip())
    if not _WORD.search(text):
        return "no words: nothing but signs and digits"
    if length < settings.least:
        return f"too short: {length} characters of {settings.least}"
    if length > settings.most:
        return f"too long: {length} characters of {settings.most}"
    beyond = _BEYOND_TEXT.search(text)
    return f"about more than text: {' '.join(beyond[0].split())!r}" if beyond else ""


@cache
def _identifier() -> Any:
    """The language model of `py3langid`; unpacking it takes most of a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


class _Languages:
    """Says which texts are in none of the languages asked for."""

    def __init__(self, settings: Sifting) -> None:
        unknown = sorted(set(settings.languages) - set(_identifier().labels))
        if unknown:
            raise ConfigurationError(
                f"the language {unknown[0]!r} is unknown: give ISO 639-1 codes such as en or de, "
                "or no language to keep all"
            )
        self._settings = settings

    def __call__(self, task: SourceTask) -> str:
        wanted = self._settings.languages
        if len(_WORD.findall(task.text)) < self._settings.language_words:
            return ""
        found, _ = _identifier().classify(task.text)
        if found in wanted:
            return ""
        shares: dict[str, float] = dict(_identifier().rank(task.text))
        if sum(shares[code] for code in wanted) >= _CERTAIN:
            return ""
        return f"another language: {found}, not {' or '.join(wanted)}"


class _Earlier:
    """Remembers the texts it is asked of, and says which are near-duplicates of an earlier one."""

    def __init__(self, similar: float) -> None:
        from datasketch import MinHash, MinHashLSH

        self._empty = MinHash(num_perm=_PERMUTATIONS)
        self._index: Any = MinHashLSH(threshold=min(similar, _CLOSEST), num_perm=_PERMUTATIONS)
        self._similar = similar
        self._kept: list[SourceTask] = []

    def __call__(self, task: SourceTask) -> str:
        pairs = _pairs(task.text)
        sketch = self._empty.copy()
        sketch.update_batch(sorted(pairs))
        for number in sorted(self._index.query(sketch)):
            earlier = self._kept[number]
            theirs = _pairs(earlier.text)
            share = len(pairs & theirs) / len(pairs | theirs)
            if share >= self._similar:
                return f"near-duplicate of {earlier.origin or earlier.id}: {share:.0%} alike"
        self._index.insert(len(self._kept), sketch, check_duplication=False)
        self._kept.append(task)
        return ""


def _pairs(text: str) -> frozenset[bytes]:
    """Neighbouring words, the ends included; every number is 0."""
    words = ["0" if word.isdigit() else word for word in _PAIRED.findall(text.casefold())]
    return frozenset(f"{a} {b}".encode() for a, b in pairwise(["", *words, ""]))

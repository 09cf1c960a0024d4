"""Finding turns of phrase that are given as data: promises a firm is bound by, orders to a program.

Responsible for the small language of the files in `rules/` and for matching it in linear time, whatever case, accents,
look-alike letters or invisible characters are used. What follows from a match is the caller's business.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from kits.core.settings import load_yaml

RuleSet = Literal["promises", "injections"]

MAX_CHARS = 50_000
"""Of a text that is looked at; callers bound theirs first."""
_GAP, _NUMBER = "...", "#"
_GAP_WORDS = 4
_WORD = re.compile(r"[^\W_]+")
_LOOKALIKES = str.maketrans(
    {
        **dict(zip("аеорсухіјѕԁһӏԛԝкмтвн", "aeopcyxijsdhlqwkmtbh")),
        **dict(zip("αβεικνορτυχγηωѵ", "abeiknoptuxynwv")),
        **dict(zip("ıłøđ", "ilod")),
        "æ": "ae",
        "œ": "oe",
        "ß": "ss",
    }
)
_SIGNS = {"%": " percent procent prozent "}


@dataclass(frozen=True, slots=True)
class Found:
    """One match: its kind (`refund`), the rule's language and the words."""

    kind: str
    language: str
    words: str


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: str
    language: str
    steps: tuple[tuple[str, ...], ...]


class Wordings:
    """The rules of one file, ready to be looked for.

    Args:
        table: kind → language → phrases.
    """

    def __init__(self, table: Mapping[str, Mapping[str, Iterable[str]]]) -> None:
        self._exact: dict[str, list[_Rule]] = {}
        self._prefixed: dict[str, list[tuple[str, _Rule]]] = {}
        self.languages = frozenset(code for by_language in table.values() for code in by_language)
        for kind, by_language in table.items():
            for language, texts in by_language.items():
                for text in texts:
                    self._add(_Rule(kind, language, _steps(text)))

    def find(self, text: str) -> tuple[Found, ...]:
        """All matches, in every language at once: who wants around a rule changes the language."""
        words = folded_words(text[:MAX_CHARS])
        found: dict[Found, None] = {}
        for at, word in enumerate(words):
            for rule in self._starting(word):
                end = _match(rule.steps, words, at)
                if end:
                    found[Found(rule.kind, rule.language, " ".join(words[at:end]))] = None
        return tuple(found)

    def _add(self, rule: _Rule) -> None:
        for token in rule.steps[0]:
            if "*" in token:
                self._prefixed.setdefault(token[:2], []).append((token, rule))
            else:
                self._exact.setdefault(token, []).append(rule)

    def _starting(self, word: str) -> Iterator[_Rule]:
        yield from self._exact.get(word, ())
        if word.isdigit():
            yield from self._exact.get(_NUMBER, ())
        for token, rule in self._prefixed.get(word[:2], ()):
            if _fits(word, token):
                yield rule


@cache
def wordings(name: RuleSet) -> Wordings:
    """The rules of `rules/NAME.yaml`."""
    text = (Path(__file__).parent / "rules" / f"{name}.yaml").read_text(encoding="utf-8")
    table = TypeAdapter(dict[str, dict[str, list[str]]]).validate_python(load_yaml(text))
    return Wordings(table)


@cache
def stopwords() -> frozenset[str]:
    """Words of all languages that say nothing about what a mail is about, folded."""
    text = (Path(__file__).parent / "rules" / "stopwords.yaml").read_text(encoding="utf-8")
    table = TypeAdapter(dict[str, str]).validate_python(load_yaml(text))
    return frozenset(word for words in table.values() for word in folded_words(words))


def folded_words(text: str) -> list[str]:
    """The words of a text without case, accents, invisible characters and look-alike letters."""
    # accents that are piled up would be sorted in quadratic time; they go first, those within a letter after it
    visible = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Mn"))
    for sign, words in _SIGNS.items():
        visible = visible.replace(sign, words)
    spread = unicodedata.normalize("NFKD", visible.casefold())
    plain = "".join(c for c in spread if not unicodedata.combining(c)).translate(_LOOKALIKES)
    return _WORD.findall(plain)


def _steps(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(token.split("/")) for token in text.split())


def _match(steps: tuple[tuple[str, ...], ...], words: list[str], at: int) -> int:
    """Index after the last word of a match that begins at `at`; 0 when there is none.

    A gap is left at the first word that fits; so the work is bounded by steps times gap, with no way back.
    """
    gap = 0
    for step in steps:
        if step == (_GAP,):
            gap = _GAP_WORDS
            continue
        reach = range(at, min(at + gap + 1, len(words)))
        place = next((i for i in reach if any(_fits(words[i], token) for token in step)), -1)
        if place < 0:
            return 0
        at, gap = place + 1, 0
    return at


def _fits(word: str, token: str) -> bool:
    if token == _NUMBER:
        return word.isdigit()
    stem, star, ending = token.partition("*")
    if not star:
        return word == token
    return word.startswith(stem) and word.endswith(ending) and len(word) >= len(stem) + len(ending)

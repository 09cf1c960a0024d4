"""What a column's name, or a word in a value, says about when and by whom it was written.

Phrases are data (`names.yaml`). A name alone never shows anything; what it weighs is the business of `leaks.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from kits.core.settings import load_yaml

NameSort: TypeAlias = Literal[
    "after", "worked", "maybe", "earlier", "arrival", "identity", "protected", "things"
]
"""What the name of a column says."""
ValueSort: TypeAlias = Literal[
    "outcome_words", "gender_values", "gender_neutral", "marital_values", "marital_neutral"
]
"""What words of values say."""
Sort: TypeAlias = NameSort | ValueSort
_MOST_LETTERS = 200
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+")
_WHOLE_LETTERS = str.maketrans(
    {
        "ł": "l",
        "Ł": "L",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
    }
)
"""Letters that no accent can be taken off."""
_GAP = 2
"""Words that a `*` may stand for."""
_JOINED, _LEAST_PART = range(7, 31), 2
"""Letters of a word that may be several ones, and of each of these at least."""


_Words: TypeAlias = frozenset[tuple[str, ...]]
_OF_PERSONS: tuple[tuple[str, Sort, Sort], ...] = (
    ("genders", "gender_values", "gender_neutral"),
    ("marital statuses", "marital_values", "marital_neutral"),
)


@dataclass(frozen=True)
class Phrase:
    """Words in a row that say something.

    Attributes:
        words: in lower case, without accents; `*` stands for up to two words.
        whole: whether they must be the whole name.
    """

    words: tuple[str, ...]
    whole: bool
    language: str

    @property
    def text(self) -> str:
        return " ".join(self.words).replace("*", "…")


def words_of(text: str) -> tuple[str, ...]:
    """Words of a name: `LastNotable_Activity` gives last, notable, activity."""
    plain = unicodedata.normalize("NFKD", text[:_MOST_LETTERS].translate(_WHOLE_LETTERS))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return tuple(word.lower() for part in _CAMEL.split(plain) for word in _WORD.findall(part))


def said(sort: Sort, name: str) -> Phrase | None:
    """The first phrase of a sort that a name holds; None when it holds none.

    A joined column is called `table.column`: then the part behind the point may be the whole name too. Words may be
    written as one, as HubSpot and SQL do: `closedate`, `LASTCONTACTDATE`.
    """
    words = _apart(words_of(name))
    wholes = (words, _apart(words_of(name.rpartition(".")[2])))
    for phrase in _phrases()[sort]:
        if phrase.whole:
            if phrase.words in wholes:
                return phrase
        elif any(_holds(words[start:], phrase.words) for start in range(len(words))):
            return phrase
    return None


def told_of_persons(values: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """What a column's values say of persons, and those that do, where nearly nothing else is there.

    Genders (`Herr`, `Frau Dr.`, `divers`) or marital statuses (`2. Married`, `ledig`); empty: neither.
    """
    seen = tuple(values)
    for what, sort, neutral in _OF_PERSONS:
        if told := _told(seen, _sort_words(sort), _sort_words(neutral)):
            return what, told
    return "", ()


def _told(values: Sequence[str], known: _Words, neutral: _Words) -> tuple[str, ...]:
    """A value for each word of a sort, where at least two are met and what stands beside them is neutral."""
    told: dict[tuple[str, ...], str] = {}
    for value in values:
        words = words_of(value)
        word = words if words in known else next(((w,) for w in words if (w,) in known), ())
        rest = tuple(one for one in words if one not in word)
        if rest and rest not in neutral:
            return ()
        if word:
            told.setdefault(word, value)
    return tuple(told.values()) if len(told) > 1 else ()


def _apart(words: Iterable[str]) -> tuple[str, ...]:
    """Words of a name, those that several are written as taken apart."""
    return tuple(part for word in words for part in (_parts(word) or (word,)))


@lru_cache(10_000)
def _parts(word: str) -> tuple[str, ...]:
    """The fewest words of phrases in one language that a word is made of; empty where it is one itself, or is made of others."""
    if len(word) not in _JOINED:
        return ()
    for known in _vocabularies():
        if word in known:
            return ()
        best: list[tuple[str, ...] | None] = [()] + [None] * len(word)
        for end in range(1, len(word) + 1):
            made = (
                (*before, word[start:end])
                for start, before in enumerate(best[:end])
                if before is not None and word[start:end] in known
            )
            best[end] = min(made, key=len, default=None)
        if found := best[-1]:
            return found
    return ()


@cache
def _vocabularies() -> tuple[frozenset[str], ...]:
    """Words of names, of each language."""
    known: dict[str, set[str]] = {}
    for sort in get_args(NameSort):
        for phrase in _phrases()[sort]:
            known.setdefault(phrase.language, set()).update(
                word for word in phrase.words if len(word) >= _LEAST_PART
            )
    return tuple(map(frozenset, known.values()))


@cache
def _sort_words(sort: Sort) -> _Words:
    return frozenset(phrase.words for phrase in _phrases()[sort])


def _holds(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether `words` begin with a phrase."""
    if not phrase:
        return True
    if phrase[0] == "*":
        return any(_holds(words[gap:], phrase[1:]) for gap in range(min(_GAP, len(words)) + 1))
    return bool(words) and words[0] == phrase[0] and _holds(words[1:], phrase[1:])


@cache
def _phrases() -> dict[str, tuple[Phrase, ...]]:
    raw: dict[str, dict[str, list[str]]] = load_yaml(
        Path(__file__).with_name("names.yaml").read_text(encoding="utf-8")
    )
    return {
        sort: tuple(
            Phrase(tuple(text.removeprefix("=").split()), text.startswith("="), language)
            for language, texts in languages.items()
            for text in texts
        )
        for sort, languages in raw.items()
    }

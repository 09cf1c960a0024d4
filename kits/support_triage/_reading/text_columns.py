"""Which columns may be the mail's text and its subject: by their names, or by being texts."""

from __future__ import annotations

from collections.abc import Mapping

from kits.support_triage._reading.fits import MOST_LABELS, are_json, mean_words
from kits.support_triage._reading.naming import are_unnamed, ranked, words_of
from kits.support_triage._reading.role_names import ANSWERS, NAMED, SUBJECT_NAMES, TEXT_NAMES

_TEXT_WORDS = 2.5
_LONG = 0.5
"""Share of the longest text's words from which another column is as long."""


def texts_in(free: Mapping[str, list[str]], taken: set[str]) -> list[str]:
    """Columns that are called like a text; those that the firm answered in last."""
    named = [name for name in ranked(free, TEXT_NAMES) if name not in taken]
    fitting = [n for n in named if mean_words(free[n]) >= _TEXT_WORDS and not are_json(free[n])]
    return sorted(fitting, key=is_answer)


def is_answer(name: str) -> bool:
    """Whether a column is called like what the firm wrote, or wrote last."""
    return not ANSWERS.isdisjoint(words_of(name))


def subject_in(free: Mapping[str, list[str]], taken: set[str]) -> str:
    for name in ranked(free, SUBJECT_NAMES):
        if name not in taken and free[name] and not are_json(free[name]):
            return name
    # a person's name is shorter than what a card is called
    named = [*ranked(free, NAMED, words=False), *_unnamed(free)]
    return next((n for n in named if n not in taken and _are_texts(free[n])), "")


def _unnamed(free: Mapping[str, list[str]]) -> list[str]:
    """Where no column has a name: the one text beside a longer one, which is its title."""
    texts = [n for n in free if _are_texts(free[n])]
    if len(texts) != 2 or not are_unnamed(free):
        return []
    return sorted(texts, key=lambda name: mean_words(free[name]))[:1]


def _are_texts(cells: list[str]) -> bool:
    """Many words, hardly ever the same."""
    return (
        bool(cells)
        and not are_json(cells)
        and mean_words(cells) > _TEXT_WORDS
        and len(set(cells)) > MOST_LABELS * len(cells)
    )


def longest_of(free: Mapping[str, list[str]], taken: set[str]) -> list[str]:
    """Columns of running text where no name tells: many words, hardly ever the same. Of long ones the first, since what is asked
    stands before what is answered; then shorter ones."""
    words = {
        name: mean_words(cells)
        for name, cells in free.items()
        if name not in taken and _are_texts(cells)
    }
    most = max(words.values(), default=0.0)
    return sorted(words, key=lambda name: words[name] < _LONG * most)

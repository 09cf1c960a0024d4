"""Answered mails → what a writer is given and should have answered.

A writer may only choose sentences of the firm's passages, so that is what it learns: of those that it would be
shown, the ones that the firm's own answer says, word for word or nearly. Where the answer says none of them, it
learns to choose nothing. Personal data is gone before anything is learned: a brief holds none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kits.core.correspondence import (
    WRITER_RULES,
    Brief,
    Correspondent,
    brief_as_text,
    written_as_text,
)
from kits.core.runtime import Runtime
from kits.support_triage._drafting.sentences import split_sentences
from kits.support_triage._replies.pairs import Pair

ALIKE = 0.8
"""Share of a passage's sentence whose words an answer's sentence has, from which it counts as said."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation to learn from.

    Attributes:
        told: the brief as text. `written`: the answer to learn, as text.
        chosen: sentences in it.
    """

    told: str
    written: str
    chosen: int

    @property
    def messages(self) -> list[dict[str, str]]:
        """What a chat template takes, without the answer."""
        return [
            {"role": "system", "content": WRITER_RULES},
            {"role": "user", "content": self.told},
        ]


def examples_of(pairs: Iterable[Pair], runtime: Runtime) -> Iterator[Example]:
    """What each pair teaches; a mail that the bundle would not answer teaches nothing."""
    if not isinstance(runtime, Correspondent):
        return
    for pair in pairs:
        prediction = runtime.predict([pair.asked])[0]
        brief = runtime.brief(pair.asked, prediction)
        if brief is not None:
            chosen = said_of(brief, pair.answer.body)
            yield Example(brief_as_text(brief), written_as_text(chosen), len(chosen))


def said_of(brief: Brief, answer: str) -> list[tuple[str, str]]:
    """(source, sentence) of the brief's passages that an answer says, in the answer's order."""
    said = [_words(sentence) for sentence in split_sentences(answer, brief.language)]
    found: dict[str, tuple[int, str]] = {}
    for passage in brief.passages:
        for sentence in split_sentences(passage.text, brief.language):
            place = _place(_words(sentence), said)
            if place is not None:
                found.setdefault(sentence, (place, passage.source))
    ordered = sorted(found.items(), key=lambda item: item[1][0])
    return [(source, sentence) for sentence, (_, source) in ordered]


def _words(sentence: str) -> frozenset[str]:
    return frozenset(_WORD.findall(sentence.casefold()))


def _place(words: frozenset[str], said: list[frozenset[str]]) -> int | None:
    """The sentence of the answer that has these words, and hardly others."""
    if not words:
        return None
    shares = [len(words & other) / max(len(words | other), 1) for other in said]
    best = max(range(len(said)), key=lambda n: shares[n], default=None)
    return best if best is not None and shares[best] >= ALIKE else None

"""Answered mails → what a writer is given and should have answered.

A writer may only choose sentences of the firm's passages, so that is what it learns: of those that it would be
shown, the ones that the firm's own answer says, word for word or nearly. Where the answer says none of them, it
learns to choose nothing. Personal data is gone before anything is learned: a brief holds none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kits.core.correspondence import (
    WRITER_RULES,
    Brief,
    Correspondent,
    brief_as_text,
    written_as_text,
)
from kits.core.errors import DataError
from kits.core.runtime import Runtime
from kits.core.stats import MIN_GROUPS
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
        chosen: sentences in it. `thread`: names the thread it is of, where that is known.
    """

    told: str
    written: str
    chosen: int
    thread: str = ""

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
            yield Example(brief_as_text(brief), written_as_text(chosen), len(chosen), pair.thread)


@dataclass(frozen=True)
class Parts:
    """Where examples are in a sequence of them.

    Attributes:
        learned: those to learn from; `unseen`: those to judge by, with the conversation of each in `conversations`.
    """

    learned: list[int]
    unseen: list[int]
    conversations: list[str]


def parts_of(examples: Sequence[Example], least: int, rng: np.random.Generator) -> Parts:
    """A fifth of the conversations kept aside, whole: of one thread some mails tell what others were answered.

    A mail kept aside that says what one of the others says is not unseen, and judges nothing.

    Args:
        least: conversations that there have to be.

    Raises:
        DataError: there are too few.
    """
    names = [example.thread or f"of its own {n}" for n, example in enumerate(examples)]
    known = list(dict.fromkeys(names))
    if len(known) < least:
        raise DataError(
            f"{len(names)} answered mails in {len(known)} conversations are too few to learn a reply model from",
            fix=f"at least {least} conversations that fit into max_tokens; some hundred do well",
        )
    order = rng.permutation(len(known))
    aside = {known[n] for n in order[: max(MIN_GROUPS, len(known) // 5)]}
    learned = [n for n, name in enumerate(names) if name not in aside]
    said = {examples[n].told for n in learned}
    unseen = [n for n, name in enumerate(names) if name in aside and examples[n].told not in said]
    conversations = [names[n] for n in unseen]
    if len(set(conversations)) < MIN_GROUPS:
        raise DataError(
            f"{len(names)} answered mails say too much alike: none that was not learned is left to judge by",
            fix="take an archive with more different mails",
        )
    return Parts(learned, unseen, conversations)


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

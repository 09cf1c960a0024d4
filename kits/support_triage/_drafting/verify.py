"""The check that every sentence of a reply passes: it is known word by word, or it is cut and told.

A sentence stands when it is one of a cited passage's, one of the templates', or one that a record filled; compared as
a whole, so no half of a sentence says the opposite of it. What goes out is the known sentence and not the one that was
proposed: its numbers, dates, links and letters are those of its source. Links lead to the firm's hosts or nowhere.

Responsible for the verdict on text; where sentences come from is `drafter.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from kits.support_triage._drafting.links import foreign_links, has_markup
from kits.support_triage._drafting.sentences import normalised, split_sentences
from kits.support_triage._drafting.wordings import wordings

MAX_WRITTEN = 20_000
"""Characters of a proposal that are looked at."""
MAX_SENTENCES = 60
LONGEST = 2_000
"""Characters of a sentence that is compared."""
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence that may go out, and what it was taken from."""

    text: str
    citation: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The sentences that stand, in their order, and those that were cut, each with the reason."""

    lines: tuple[Line, ...]
    cut: tuple[str, ...]


@dataclass
class Sources:
    """Sentences that may be said in one reply.

    Args:
        hosts: the firm's own, for links.
    """

    hosts: tuple[str, ...] = ()
    _known: dict[str, Line] = field(default_factory=dict)
    _numbers: set[str] = field(default_factory=set)

    def add(
        self, citation: str, sentences: Iterable[str]
    ) -> tuple[tuple[Line, ...], tuple[str, ...]]:
        """Makes sentences known; those with links to elsewhere or markup are cut, whoever wrote them."""
        lines: list[Line] = []
        cut: list[str] = []
        for sentence in sentences:
            fault = self._fault(sentence)
            if fault:
                cut.append(told(sentence, f"{fault} ({citation})"))
                continue
            line = self._known.setdefault(normalised(sentence), Line(sentence, citation))
            self._numbers.update(_NUMBER.findall(sentence))
            lines.append(line)
        return tuple(lines), tuple(cut)

    def verify(self, text: str, language: str = "") -> Verified:
        """Sentence by sentence, what of a proposed text may go out."""
        lines: dict[Line, None] = {}
        cut: list[str] = []
        sentences = split_sentences(text[:MAX_WRITTEN], language)
        for sentence in sentences[:MAX_SENTENCES]:
            known = len(sentence) <= LONGEST
            line = self._known.get(normalised(sentence)) if known else None
            if line is None:
                cut.append(told(sentence, self._why_unknown(sentence)))
            else:
                lines[line] = None
        beyond = len(sentences) - MAX_SENTENCES
        if beyond > 0 or len(text) > MAX_WRITTEN:
            cut.append("what came after that was too much to look at")
        return Verified(tuple(lines), tuple(cut))

    def _fault(self, sentence: str) -> str:
        if has_markup(sentence):
            return "it holds markup"
        links = foreign_links(sentence, self.hosts)
        return f"it links to {links[0]}, which is none of link_hosts" if links else ""

    def _why_unknown(self, sentence: str) -> str:
        """The most serious reason first: a person reads why, and may still write it."""
        if len(sentence) > LONGEST:
            return "it is longer than any sentence that is known"
        promises = wordings("promises").find(sentence)
        if promises:
            return f"it promises ({promises[0].kind}: {promises[0].words!r}), and nothing cited says so"
        fault = self._fault(sentence)
        if fault:
            return fault
        unknown = [n for n in _NUMBER.findall(sentence) if n not in self._numbers]
        if unknown:
            return f"the number {unknown[0]} is in no source"
        return "it is in no passage, template or record"


def told(sentence: str, reason: str) -> str:
    """A cut sentence as a person reads of it."""
    whole = sentence.encode("utf-8", "replace").decode()  # halves of characters can be kept nowhere
    shown = " ".join(whole.split())
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    return f"{shown} – cut: {reason}"

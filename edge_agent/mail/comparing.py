"""A draft beside what was sent: used as it was, changed, or not used. Pure functions on bounded text."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from kits.core.events import DraftFate

_MAX_CHARS = 20_000
_MAX_WORDS = 1500
_UNUSED = 0.7
"""A reply that keeps less than 30 % of the draft was written anew."""
_SAME = 0.02
"""A greeting's comma or a blank more is no change of the draft."""
_MAX_CHANGED = 20
_HIDDEN = frozenset({"blockquote", "style", "script", "head", "title"})
_BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3"})
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_WORD = re.compile(r"\w+")
_QUOTE_MARKS = (">", "-----", "_____", "________________________________")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of a draft.

    Attributes:
        changed_share: share of the draft's words that were not sent.
        changed: the draft's sentences that were not sent as they were.
    """

    fate: DraftFate
    changed_share: float
    changed: tuple[str, ...]


def compare(draft: str, sent: str, *, signature: str = "") -> Comparison:
    """Compares a draft's body with the plain text of the mail that was sent."""
    own = own_text(sent)
    mine, theirs = words(draft), words(own)
    matcher = difflib.SequenceMatcher(None, mine, theirs, autojunk=False)
    kept = sum(block.size for block in matcher.get_matching_blocks())
    share = 1 - kept / len(mine) if mine else 0.0
    flat = " ".join(theirs)
    changed = tuple(
        sentence for sentence in sentences(draft) if " ".join(words(sentence)) not in flat
    )[:_MAX_CHANGED]
    signed = len(words(signature))
    added = max(0, len(theirs) - kept - signed) / max(1, len(mine))
    if share >= _UNUSED:
        return Comparison("discarded", round(share, 4), changed)
    same = share <= _SAME and added <= _SAME and not changed
    return Comparison("accepted" if same else "edited", round(share, 4), changed)


def own_text(sent: str) -> str:
    """The part of a mail above what it quotes and above its signature."""
    kept: list[str] = []
    for line in sent[: 4 * _MAX_CHARS].splitlines():
        bare = line.strip()
        if line.rstrip("\r") == "-- " or bare == "--" or bare.startswith(_QUOTE_MARKS):
            break
        kept.append(line)
    while kept and (not kept[-1].strip() or _introduces(kept[-1])):
        kept.pop()
    return "\n".join(kept)[:_MAX_CHARS]


class _Words(HTMLParser):
    """The text of HTML without quotations and what is not shown."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._inside += tag in _HIDDEN
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._inside = max(0, self._inside - (tag in _HIDDEN))
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)


def text_of_html(html: str) -> str:
    """The words of a mail that was sent as HTML alone."""
    parser = _Words()
    parser.feed(html[: 10 * _MAX_CHARS])
    parser.close()
    return "".join(parser.parts)


def sentences(text: str) -> Sequence[str]:
    """The sentences of a text that have words in them."""
    found = (one.strip() for one in _SENTENCE.findall(text[:_MAX_CHARS]))
    return [one for one in found if _WORD.search(one)]


def words(text: str) -> list[str]:
    """Words in one form, whatever a mail program made of blanks, case and marks."""
    plain = unicodedata.normalize("NFKC", text[:_MAX_CHARS]).casefold()
    return _WORD.findall(plain)[:_MAX_WORDS]


def _introduces(line: str) -> bool:
    """Whether it is the line before a quotation: "On … wrote:", in any language."""
    bare = line.strip()
    return bare.endswith((":", "：")) and any(c.isdigit() for c in bare)

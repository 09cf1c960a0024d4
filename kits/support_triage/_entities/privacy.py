"""What must not leave the process: personal data found, replaced by placeholders, and put back exactly.

`<EMAIL_1>` stands for one address wherever it occurs in a thread. What looks like a placeholder in the text itself is
replaced too, so that a stranger can neither forge one nor break the way back. No guarantee that every name is found:
the kinds that are found are in `kinds.KINDS`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kits.core.prediction import Span
from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.phrases import Phrases
from kits.support_triage._entities.rules import settle
from kits.support_triage._entities.text import Found, Text

_PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]{0,40}_[0-9]{1,9}>")
_LITERAL = "LITERAL"
_NAME = "name"
_LONG_PIECE = re.compile(r"[A-Za-z0-9_-]{16,}")
_DIGIT = re.compile(r"[0-9]")
_NUMBER = "number"
_LONG_NUMBER = re.compile(r"\d(?:[ \u00a0()/.-]{0,3}\d){10,400}")
"""As long as a card or an account, whatever stands beside it: two numbers in a row have no right check digit."""
_ROUNDS = 8
_LEAST = 3
"""Letters and digits of what is looked for again: shorter pieces are other words too."""
_MAX_AGAIN = 500


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without personal data.

    Attributes:
        table: placeholder → what it stands for. It stays in the process.
    """

    text: str
    table: Mapping[str, str] = field(default_factory=dict)


def personal_spans(
    text: str, extractor: Extractor, language: str = "", names: Iterable[str] = ()
) -> tuple[Span, ...]:
    """The personal data in `text`: of personal kinds, web addresses that carry a token, and all of it wherever it comes again.

    Args:
        names: known from elsewhere, as the sender's from the mail's header.
    """
    forged = [Found(m.start(), m.end(), _LITERAL, 1.0) for m in _PLACEHOLDER.finditer(text)]
    found: list[Found] = []
    known = tuple((name, _NAME) for name in names)
    for _ in range(_ROUNDS):
        # what lost against an overlapping finding, or stands otherwise beside a placeholder, shows only once it is replaced
        left = _Left(text, [*found, *forged])
        seen = _found_in(left.text, extractor, language, known)
        fresh = [one for one in map(left.original, seen) if one is not None]
        if not fresh:
            break
        found += fresh
        known = (*known, *((text[f.start : f.end], f.kind) for f in fresh))
    return tuple(
        Span(f.start, f.end, f.kind, text[f.start : f.end], f.confidence)
        for f in sorted(found, key=lambda f: f.start)
    )


def _found_in(
    text: str, extractor: Extractor, language: str, known: Sequence[tuple[str, str]]
) -> list[Found]:
    def wanted(kind: str, surface: str) -> bool:
        return _carries_a_token(surface) if kind == "url" else extractor.personal(kind)

    spans = extractor.find_where(text, language, wanted)
    rows = [(0, Found(s.start, s.end, s.label, s.confidence)) for s in spans]
    if _LONG_NUMBER.search(text):
        others = extractor.find_where(text, language, lambda kind, said: not wanted(kind, said))
        rows += [(2, one) for one in _long_numbers(text, others)]
    said = [*known, *((span.text, span.label) for span in spans)]
    return settle([*rows, *((1, one) for one in _again(text, said))], len(text))


def _long_numbers(text: str, others: Iterable[Span]) -> Iterator[Found]:
    """Numbers that may be an account and are nothing else, as a date, a sum or an article that is known."""
    left = text
    for one in others:
        left = left[: one.start] + "x" * (one.end - one.start) + left[one.end :]
    for match in _LONG_NUMBER.finditer(left):
        yield Found(match.start(), match.end(), _NUMBER, 0.5)


def _carries_a_token(address: str) -> bool:
    _, _, path = address.partition("://")
    if "?" in path or "@" in path or "#" in path:
        return True
    return any(_DIGIT.search(piece[0]) for piece in _LONG_PIECE.finditer(path))


class _Left:
    """What is left of a text once findings are replaced, and the way back to places in it.

    Args:
        text: the original.
        found: not overlapping.
    """

    def __init__(self, text: str, found: Sequence[Found]) -> None:
        pieces: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._shifts: list[int] = []
        at = length = 0
        for one in sorted(found, key=lambda f: f.start):
            mark = f"<{_word(one.kind)}_1>"
            pieces += [text[at : one.start], mark]
            self._kept(length, one.start - at, at)
            length += one.start - at + len(mark)
            at = one.end
        self._kept(length, len(text) - at, at)
        self.text = "".join([*pieces, text[at:]])

    def _kept(self, start: int, size: int, origin: int) -> None:
        self._starts.append(start)
        self._ends.append(start + size)
        self._shifts.append(origin - start)

    def original(self, found: Found) -> Found | None:
        """`found` where it stands in the original; None: a placeholder is part of it."""
        piece = bisect_right(self._starts, found.start) - 1
        while piece >= 0 and self._ends[piece] == self._starts[piece]:
            piece -= 1
        if piece < 0 or found.end > self._ends[piece] or found.start < self._starts[piece]:
            return None
        shift = self._shifts[piece]
        return Found(found.start + shift, found.end + shift, found.kind, found.confidence)


def _word(kind: str) -> str:
    """A kind as a placeholder spells it."""
    return re.sub(r"[^A-Z0-9]", "_", kind.upper())[:40]


def _again(text: str, said: Iterable[tuple[str, str]]) -> list[Found]:
    """Every other place of what was found: a name and its parts with a capital, anything else as it is."""
    table: dict[str, str] = {}
    for surface, kind in said:
        pieces = (surface, *surface.split()) if kind == _NAME else (surface,)
        for piece in pieces:
            if len(table) < _MAX_AGAIN and sum(c.isalnum() for c in piece) >= _LEAST:
                table.setdefault(piece.lower(), kind)
    read = Text(text)
    found: list[Found] = []
    for hit in Phrases(table).find(read):
        start, end = read.words[hit.first].start, read.words[hit.last - 1].end
        if hit.value != _NAME or text[start].isupper():
            found.append(Found(start, end, hit.value, 0.7))
    return found


def redact(text: str, spans: Sequence[Span], table: Mapping[str, str] | None = None) -> Redacted:
    """`text` with every span replaced by a placeholder of its kind.

    Args:
        spans: as `personal_spans` gives them; of overlapping ones the first counts.
        table: of the mails before in the thread: what is known keeps its placeholder.

    Returns:
        The text, and the table with all that was known and what is new.
    """
    known = dict(table or {})
    names = {(_kind_of(mark), value): mark for mark, value in known.items()}
    counts: dict[str, int] = {}
    for mark in known:
        counts[_kind_of(mark)] = max(
            counts.get(_kind_of(mark), 0), int(mark[1:-1].rsplit("_", 1)[1])
        )
    pieces: list[str] = []
    at = 0
    for start, end, kind in _replaced(text, spans):
        if start < at:
            continue
        value = text[start:end]
        if (kind, value) not in names:
            counts[kind] = counts.get(kind, 0) + 1
            names[kind, value] = f"<{kind}_{counts[kind]}>"
            known[names[kind, value]] = value
        pieces += [text[at:start], names[kind, value]]
        at = end
    return Redacted("".join([*pieces, text[at:]]), known)


def _replaced(text: str, spans: Sequence[Span]) -> list[tuple[int, int, str]]:
    forged = [(m.start(), m.end(), _LITERAL) for m in _PLACEHOLDER.finditer(text)]
    ends = [end for _, end, _ in forged]
    free = []
    for span in spans:
        # a forged placeholder goes before what lies in it: else half of one could stay
        next_forged = bisect_right(ends, span.start)
        if next_forged == len(forged) or forged[next_forged][0] >= span.end:
            free.append((span.start, span.end, _word(span.label)))
    return sorted([*free, *forged])


def _kind_of(mark: str) -> str:
    return mark[1:-1].rsplit("_", 1)[0]


def restore(text: str, table: Mapping[str, str]) -> str:
    """`text` with every placeholder of `table` replaced by what it stands for; others stay as they are."""
    return _PLACEHOLDER.sub(lambda match: table.get(match.group(), match.group()), text)

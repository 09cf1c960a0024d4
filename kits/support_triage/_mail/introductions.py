"""Lines by which mail programs introduce what they quote or forward: is this one, and how many lines is it?

The words are in `quote_words.py`; what becomes of the lines around is decided in `quotes.py`. Every
pattern is bounded and sees at most `MAX_LINE_CHARS` characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from kits.support_triage._mail._folding import fold, folded_words
from kits.support_triage._mail.quote_words import LANGUAGES

MAX_LINE_CHARS = 1000
"""Characters of a line that are looked at."""
_MAX_LINES = 4
"""Lines over which an introduction may be wrapped."""
_MAX_CHARS = 400
_MAX_HEADER_LINES = 14
_MAX_UNLABELLED = 3
"""Lines of a header block that go on with the one above."""
_MARK = re.compile(r"\s{0,3}[>＞›]")
_DASHES = "-–—_=~"
_FEWEST_DASHES = 2
_MAX_SEPARATOR_CHARS = 350
_DESK = re.compile(r"\s{0,9}##- ?.{5,200}? ?-##\s*$")
"""The line above which help desks want their answer, in every language."""
_RULE = re.compile(r"\s{0,20}[-–—_=*]{5,200}\s*$")
_LABEL = re.compile(r"[\s>*_•·|-]{0,8}([^:：]{1,40}?)[\s*_]{0,4}[:：](?!//)")
_YEAR = re.compile(r"(?<!\d)(?:19|20|14|25)\d\d(?!\d)")
_TIME = re.compile(r"(?<!\d)\d{1,2}\s?[:.h時时]\s?\d{2}(?!\d)")
_DATE = re.compile(r"(?<!\d)\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}")
_OLD_GMAIL = re.compile(
    r"\s{0,5}\d{4}[/-]\d{1,2}[/-]\d{1,2} [^<>]{0,80}<[^\s<>@]{1,64}@[^\s<>@]{1,190}>\s*$"
)
_MAILBOX = re.compile(r"[^\s<>@()\[\]]{1,64}@[^\s<>@()\[\]]{1,190}")


def _all(name: str) -> frozenset[str]:
    return frozenset().union(*(folded_words(getattr(one, name)) for one in LANGUAGES.values()))


_ORIGINAL = _all("original")
_FORWARDED = _all("forwarded")
_KINDS = {kind: _all(kind) for kind in ("sender", "sent", "to", "subject", "copy")}


def _either(words: frozenset[str]) -> re.Pattern[str]:
    """Any of the words, standing alone; languages without spaces between words need no border."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(
        "|".join(
            re.escape(word) if ord(word[-1]) > 0x1100 else rf"(?<!\w){re.escape(word)}(?!\w)"
            for word in longest_first
        )
    )


_VERB = _either(_all("verbs"))
_OWN = _either(_all("own") | folded_words("i|we|ich|wir|ik|wij|jag|jeg|nous|yo|j'ai"))
_START = re.compile(
    rf"(?:{'|'.join(re.escape(word) for word in sorted(_all('starts'), key=len, reverse=True))})\b"
)


class Strength(Enum):
    """How sure an introduction is by itself."""

    WEAK = 1
    """Only where quoted lines follow: a person may have written it."""
    STRONG = 2
    """With date and time or address, as only programs write it."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """An introduction of a quote that takes `lines` lines."""

    lines: int
    strength: Strength


def is_quoted(line: str) -> bool:
    """Whether a line carries a quote mark."""
    return _MARK.match(line) is not None


def unmarked(line: str) -> str:
    """`line` without its quote marks."""
    return line.lstrip(" >＞›")


def is_rule(line: str) -> bool:
    """Whether a line is drawn, not written."""
    return _RULE.match(line[:MAX_LINE_CHARS]) is not None


def is_forward(line: str) -> bool:
    """Whether what follows is a forwarded mail."""
    said = _separated(line) or fold(line[:120].strip(" >*_")).rstrip(" :：")
    return said in _FORWARDED or (
        bool(_separated(line)) and any(said.startswith(word) for word in _FORWARDED)
    )


def is_separator(line: str) -> bool:
    """Whether a dashed line says that the mail that is answered follows."""
    if _DESK.match(line[:MAX_LINE_CHARS]):
        return True
    said = _separated(line)
    return bool(said) and (said in _ORIGINAL or (bool(_VERB.search(said)) and _dated(said)))


def _separated(line: str) -> str:
    """What stands between the dashes of a dashed line; empty: it is none."""
    bare = line[:MAX_LINE_CHARS].strip(" \t\r\u00a0*")
    if len(bare) > _MAX_SEPARATOR_CHARS:
        return ""
    # a pattern for both ends tries each length of one with each of the other
    before = len(bare) - len(bare.lstrip(_DASHES))
    after = len(bare) - len(bare.rstrip(_DASHES))
    if min(before, after) < _FEWEST_DASHES:
        return ""
    return fold(bare.strip(f"{_DASHES} *:："))


def header_block(lines: Sequence[str], at: int) -> int:
    """Lines of a block `From: … Sent: … To: … Subject: …` that starts here; 0 when none does."""
    if not _labels(lines[at]):
        return 0
    found: set[str] = set()
    last, unlabelled, spaced = at, 0, False
    for number in range(at, min(len(lines), at + _MAX_HEADER_LINES)):
        kinds = _labels(lines[number])
        if kinds:
            found |= kinds
            last, unlabelled = number, 0
        elif not lines[number].strip():
            if _is_complete(lines[at : last + 1], found, spaced) or not _goes_on(lines, number):
                break
            spaced = True
        elif unlabelled >= _MAX_UNLABELLED:
            break
        else:
            unlabelled += 1
    return last + 1 - at if _is_complete(lines[at : last + 1], found, spaced) else 0


def _is_complete(lines: Sequence[str], found: set[str], spaced: bool) -> bool:
    """Whether these kinds of labels make a header block; with blank lines between it must say when."""
    # sender and recipient alone may be a journey; forms write sender and subject
    if not spaced and {"sender", "subject"} <= found and found & {"sent", "to"}:
        return True
    if not {"sender", "sent", "to"} <= found:
        return False
    # a mail without a subject has no line for it
    block = " ".join(line[:MAX_LINE_CHARS] for line in lines)
    named = "subject" in found or _MAILBOX.search(block)
    return bool(named and _YEAR.search(block) and _TIME.search(block))


def _goes_on(lines: Sequence[str], blank: int) -> bool:
    """Whether a header block goes on below a blank line: each line of it was a paragraph."""
    return blank + 1 < len(lines) and bool(_labels(lines[blank + 1]))


def _labels(line: str) -> frozenset[str]:
    match = _LABEL.match(line[:MAX_LINE_CHARS])
    if match is None:
        return frozenset()
    return _kinds(match[1].strip(" *_"))


@lru_cache(maxsize=1024)
def _kinds(label: str) -> frozenset[str]:
    folded = fold(label)
    return frozenset(kind for kind, words in _KINDS.items() if folded in words)


def introduction(lines: Sequence[str], at: int) -> Introduction | None:
    """The introduction (`On … Jo wrote:`) that starts at this line, if one does."""
    if _VERB.search(_separated(lines[at])) or _OLD_GMAIL.match(lines[at][:MAX_LINE_CHARS]):
        return Introduction(1, Strength.WEAK)
    joined = ""
    for number in range(at, min(len(lines), at + _MAX_LINES)):
        line = lines[number][:MAX_LINE_CHARS].strip()
        if not line or is_quoted(lines[number]) or len(joined) > _MAX_CHARS:
            return None
        joined = f"{joined} {line}".strip()
        # Hungarian programs put a colon into the brackets that hold the date
        closed = joined.count("(") <= joined.count(")")
        if closed and line.rstrip(" *_").endswith((":", "：")):
            if number > at and not _begins(fold(lines[at][:MAX_LINE_CHARS])):
                return None
            strength = _strength(fold(joined[:_MAX_CHARS]))
            return Introduction(number + 1 - at, strength) if strength else None
    return None


def _begins(line: str) -> bool:
    return bool(_START.match(line) or line[:1].isdigit() or _dated(line) or _MAILBOX.search(line))


def _dated(text: str) -> bool:
    return bool(_YEAR.search(text) or _DATE.search(text))


def _strength(text: str) -> Strength | None:
    if _OWN.search(text):
        return None
    wrote, dated = bool(_VERB.search(text)), _dated(text)
    timed, mailbox = bool(_TIME.search(text)), bool(_MAILBOX.search(text))
    # Russian, Czech and Japanese programs name date, time and address, and no verb
    if dated and (
        (wrote and mailbox) or (timed and mailbox) or (wrote and timed and _START.match(text))
    ):
        return Strength.STRONG
    if wrote or (dated and timed):
        return Strength.WEAK
    return None

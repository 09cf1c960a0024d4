"""Tokens of a text and what a linear model may know of each: the same code in training and on the device.

A feature is a short string, known by its CRC-32. Digits count by how many there are, never by value: an order number
must be found that no example had.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from kits.support_triage._entities.date_words import MONTHS, NUMBERS, RELATIVE, UNITS, WEEKDAYS
from kits.support_triage._entities.text import Found

_TOKEN = re.compile(r"[^\W\d_]+|[0-9]+|[^\s]")
_LONGEST = 40
REACH = 3
"""Tokens to each side that a model sees."""
_NEAR = (-1, 0, 1)
_ALL = tuple(range(-REACH, REACH + 1))
PAD = "\x00"


class Token(NamedTuple):
    """A run of letters, a run of digits, or one mark. A tuple, because a mail has hundreds.

    Attributes:
        key: all that features are made of: equal keys have equal features.
        glued: no space before it.
        hint: what rules found here: `B-date` where it begins, `I-date` within; empty: nothing.
    """

    start: int
    end: int
    key: str
    glued: bool
    hint: str = ""


def tokenise(text: str, hints: Sequence[Found] = ()) -> list[list[Token]]:
    """The tokens of each line of `text` that has any; places index into the whole text.

    Args:
        hints: what rules found, in order and not overlapping.
    """
    told = iter(hints)
    hint = next(told, None)
    lines: list[list[Token]] = []
    offset = 0
    for line in text.split("\n"):
        row: list[Token] = []
        before = -1
        for match in _TOKEN.finditer(line):
            start, end = match.span()
            piece = match.group()[:_LONGEST]
            key = "0" * len(piece) if piece[0] in "0123456789" else piece
            while hint is not None and hint.end <= offset + start:
                hint = next(told, None)
            said = ""
            if hint is not None and hint.start < offset + end:
                said = f"{'B' if offset + start <= hint.start else 'I'}-{hint.kind}"
            row.append(Token(offset + start, offset + end, key, start == before, said))
            before = end
        if row:
            lines.append(row)
        offset += len(line) + 1
    return lines


def is_mark(key: str) -> bool:
    """Whether a token is neither letters nor digits."""
    return not key[0].isalnum()


def _classes(word: str) -> list[str]:
    return [
        name
        for name, table in (
            ("month", MONTHS),
            ("weekday", WEEKDAYS),
            ("number", NUMBERS),
            ("unit", UNITS),
            ("day", RELATIVE),
        )
        if word in table
    ]


def _shape(key: str) -> str:
    if key[0] == "0":
        return "0"
    if not key[0].isalpha():
        return "."
    if len(key) > 1 and key.isupper():
        return "AA"
    return "Aa" if key[0].isupper() else "a"


def token_features(key: str, hint: str = "", masked: bool = False) -> list[tuple[int, str]]:
    """Features of one token, each with where it is seen from: -1 is seen by the token before it.

    Args:
        hint: as in `Token`.
        masked: as if the word had never been seen: only its shape and class are told.
    """
    if key == PAD:
        return [(offset, "pad") for offset in _ALL]
    word = key.lower()
    shape = _shape(key)
    found = [(offset, f"s{shape}") for offset in _ALL[1:-1]]
    if key[0] == "0":
        found += [(offset, f"n{len(key)}") for offset in _NEAR]
    found += [(offset, f"c{name}") for name in _classes(word) for offset in _ALL[1:-1]]
    if hint:
        found += [(offset, f"h{hint}") for offset in _ALL[1:-1]]
    if masked:
        return found
    found += [(offset, f"w{word}") for offset in _ALL]
    if key[0].isalpha():
        found += [(offset, f"p{word[:3]}") for offset in _NEAR]
        found += [(offset, f"e{word[-3:]}") for offset in _NEAR]
        found += [(0, f"b{word[-2:]}")]
    return found


def pair_features(left: str, right: str, glued: bool) -> list[tuple[int, str]]:
    """Features of two neighbours, seen from the right one (0), the left one (-1, counted from the right) and around."""
    one, two = left.lower(), right.lower()
    shapes = ("0" if left == PAD else _shape(left)) + ("0" if right == PAD else _shape(right))
    mark = "+" if glued else " "
    return [
        *((offset, f"2{one}{mark}{two}") for offset in (-2, -1, 0, 1, 2)),
        *((offset, f"3{shapes}{mark}") for offset in (-1, 0)),
    ]


def feature_id(offset: int, feature: str) -> int:
    """CRC-32 of a feature as seen from `offset`."""
    return zlib.crc32(f"{offset}{feature}".encode("utf-8", "surrogatepass"))


def tags(kinds: Sequence[str]) -> tuple[str, ...]:
    """`O`, then begin and inside of each kind."""
    return ("O", *(f"{part}-{kind}" for kind in kinds for part in "BI"))

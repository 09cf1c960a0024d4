"""Patterns a firm writes for its own numbers: a small, bounded part of regular expressions.

A pattern is parsed here, not only compiled: mails are written by strangers, and a pattern that tries a thousand ways at
every character would stop the mailbox. Allowed are literals, classes, groups, alternatives and bounded repeats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LENGTH = 64
"""Characters a pattern may match at most."""
MAX_WAYS = 1_000
"""Ways to match at one place, counted as if every repeat and alternative were tried."""
MAX_SOURCE = 500
_CLASS_ESCAPES = {"d", "w"}
_REFUSED_ESCAPES = set("bBAZsSDWGgkupPNxU0123456789")


@dataclass(frozen=True, slots=True)
class _Part:
    shortest: int
    longest: int
    ways: int
    single: bool = False
    """One character wide, whatever it matches."""


class _Parser:
    """Recursive descent; every error names the place in the pattern."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def parse(self) -> _Part:
        part = self._alternatives()
        if self._at < len(self._source):
            raise self._wrong("a ) without its (")
        return part

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"{what}, at character {self._at + 1} of {self._source!r}")

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _alternatives(self) -> _Part:
        self._depth += 1
        if self._depth > 5:
            raise self._wrong("groups more than four deep")
        parts = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._sequence())
        self._depth -= 1
        return _Part(
            min(p.shortest for p in parts),
            max(p.longest for p in parts),
            sum(p.ways for p in parts),
        )

    def _sequence(self) -> _Part:
        shortest = longest = 0
        ways = 1
        while self._peek() and self._peek() not in "|)":
            part = self._repeated(self._atom())
            shortest, longest = shortest + part.shortest, longest + part.longest
            ways = min(ways * part.ways, MAX_WAYS + 1)
        return _Part(shortest, longest, ways)

    def _atom(self) -> _Part:
        char = self._peek()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char in "*+?{":
            raise self._wrong("a repeat with nothing before it")
        if char in "^$.":
            raise self._wrong(
                f"{char} is not allowed: whole words are matched anyway, and a class says which characters"
            )
        self._at += 1
        return _Part(1, 1, 1, single=True)

    def _group(self) -> _Part:
        self._at += 1
        if self._source.startswith("?:", self._at):
            self._at += 2
        elif self._peek() == "?":
            raise self._wrong("only plain groups and (?:…) are allowed")
        part = self._alternatives()
        if self._peek() != ")":
            raise self._wrong("a ( without its )")
        self._at += 1
        return part

    def _class(self) -> _Part:
        end = self._at + 1
        while end < len(self._source) and self._source[end] != "]":
            end += 2 if self._source[end] == "\\" else 1
        body = self._source[self._at + 1 : end]
        if end >= len(self._source) or not body or body[0] == "^" or "[" in body:
            raise self._wrong("a class lists the characters it allows, as [A-Z0-9]")
        self._at = end + 1
        return _Part(1, 1, 1, single=True)

    def _escape(self) -> _Part:
        char = self._source[self._at + 1 : self._at + 2]
        if not char or (char in _REFUSED_ESCAPES and char not in _CLASS_ESCAPES):
            raise self._wrong(f"\\{char} is not allowed; \\d, \\w and escaped marks are")
        self._at += 2
        return _Part(1, 1, 1, single=True)

    def _repeated(self, part: _Part) -> _Part:
        char = self._peek()
        if char in ("*", "+"):
            raise self._wrong(f"{char} has no end: write {{1,20}}")
        if char == "?":
            self._at += 1
            low, high = 0, 1
        elif char == "{":
            found = re.compile(r"\{(\d{1,3})(?:,(\d{1,3}))?\}").match(self._source, self._at)
            if found is None:
                raise self._wrong("a repeat is written {6} or {4,8}")
            self._at = found.end()
            low, high = int(found[1]), int(found[2] or found[1])
            if not low <= high <= MAX_LENGTH:
                raise self._wrong(f"a repeat goes from less to more, {MAX_LENGTH} at most")
        else:
            return part
        if self._peek() and self._peek() in "*+?{":
            raise self._wrong("a repeat of a repeat")
        ways = high - low + 1
        if not part.single:
            ways = sum(min(part.ways**times, MAX_WAYS + 1) for times in range(low, high + 1))
            if part.longest > part.shortest and high > 1:
                raise self._wrong("a repeated group has one length only")
        return _Part(part.shortest * low, part.longest * high, min(ways, MAX_WAYS + 1))


def compile_safely(source: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """`source` as a whole word, compiled, if it belongs to the safe part.

    Raises:
        ValueError: it does not; the message says where and what to write instead.
    """
    if not source or len(source) > MAX_SOURCE:
        raise ValueError(f"a pattern has 1 to {MAX_SOURCE} characters")
    part = _Parser(source).parse()
    if part.shortest < 2:
        raise ValueError(f"{source!r} matches less than two characters: say more of the number")
    if part.longest > MAX_LENGTH:
        raise ValueError(f"{source!r} matches more than {MAX_LENGTH} characters")
    if part.ways > MAX_WAYS:
        raise ValueError(
            f"{source!r} can match one place in too many ways: fewer repeats of varying length"
        )
    try:
        return re.compile(
            rf"(?<![^\W_])(?:{source})(?![^\W_])", re.ASCII | (re.IGNORECASE if ignore_case else 0)
        )
    except re.error as error:
        raise ValueError(f"{source!r} is not a pattern: {error}") from error

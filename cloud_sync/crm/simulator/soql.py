"""The part of SOQL a hub asks with: SELECT … FROM … WHERE … ORDER BY … LIMIT …, over records in memory.

Source: Salesforce "SOQL and SOSL Reference". Conditions may be joined by AND, OR and NOT, with brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import JsonValue

Row = Mapping[str, JsonValue]
Test = Callable[[Row], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<moment>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign><=|>=|!=|[=<>(),])|(?P<word>[A-Za-z_][\w.]*))"
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda found, wanted: bool(found == wanted),
    "!=": lambda found, wanted: bool(found != wanted),
    "<": lambda found, wanted: bool(found < wanted),
    "<=": lambda found, wanted: bool(found <= wanted),
    ">": lambda found, wanted: bool(found > wanted),
    ">=": lambda found, wanted: bool(found >= wanted),
}
MAX_CHARS = 100_000


class SoqlError(Exception):
    """Not a query."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, understood.

    Attributes:
        order: fields and whether downwards.
        names: all fields it mentions.
    """

    select: tuple[str, ...]
    thing: str
    test: Test
    order: tuple[tuple[str, bool], ...] = ()
    limit: int = 50_000
    names: frozenset[str] = field(default_factory=frozenset)

    def run(self, rows: list[Row]) -> list[Row]:
        """The rows that fit, in order."""
        found = [row for row in rows if self.test(row)]
        for name, down in reversed(self.order):
            found.sort(key=lambda row: _sorting(row.get(name)), reverse=down)
        return found[: self.limit]


def parse(text: str) -> Query:
    """Understands a query.

    Raises:
        SoqlError: it is none, or longer than Salesforce allows.
    """
    if len(text) > MAX_CHARS:
        raise SoqlError(f"a query of {len(text)} characters")
    return _Parser(_tokens(text)).query()


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise SoqlError(f"unexpected token at {text[at : at + 20]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    """One query, token by token."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._names: set[str] = set()

    def query(self) -> Query:
        self._word("SELECT")
        select = [self._name()]
        while self._is(","):
            select.append(self._name())
        self._word("FROM")
        thing = self._take("word")
        test: Test = self._any() if self._is("WHERE") else lambda _row: True
        order: list[tuple[str, bool]] = []
        if self._is("ORDER"):
            self._word("BY")
            order.append(self._sort())
            while self._is(","):
                order.append(self._sort())
        limit = int(self._take("number")) if self._is("LIMIT") else 50_000
        if self._at < len(self._tokens):
            raise SoqlError(f"unexpected token: {self._tokens[self._at][1]!r}")
        return Query(tuple(select), thing, test, tuple(order), limit, frozenset(self._names))

    def _sort(self) -> tuple[str, bool]:
        name = self._name()
        down = self._is("DESC")
        if not down:
            self._is("ASC")
        return name, down

    def _any(self) -> Test:
        tests = [self._all()]
        while self._is("OR"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._is("AND"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._is("NOT"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._is("("):
            inner = self._any()
            self._word(")")
            return inner
        name = self._name()
        if self._is("IN"):
            return self._within(name, inside=True)
        if self._is("NOT"):
            self._word("IN")
            return self._within(name, inside=False)
        sign = self._take("sign")
        if sign not in _COMPARE:
            raise SoqlError(f"unexpected token: {sign!r}")
        wanted = self._value()
        return lambda row: _fits(row.get(name), sign, wanted)

    def _within(self, name: str, *, inside: bool) -> Test:
        self._word("(")
        wanted = [self._value()]
        while self._is(","):
            wanted.append(self._value())
        self._word(")")
        return lambda row: any(_fits(row.get(name), "=", one) for one in wanted) == inside

    def _value(self) -> JsonValue:
        kind, text = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text)
        if kind == "moment":
            return text
        table: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
        if text.lower() not in table:
            raise SoqlError(f"unexpected token: {text!r}")
        return table[text.lower()]

    def _name(self) -> str:
        name = self._take("word")
        self._names.add(name)
        return name

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise SoqlError("unexpected end of the query")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, kind: str) -> str:
        found, text = self._next()
        if found != kind:
            raise SoqlError(f"unexpected token: {text!r}")
        return text

    def _is(self, word: str) -> bool:
        there = self._at < len(self._tokens) and self._tokens[self._at][1].upper() == word
        self._at += there
        return there

    def _word(self, word: str) -> None:
        if not self._is(word):
            raise SoqlError(f"expecting {word}")


def _fits(found: JsonValue, sign: str, wanted: JsonValue) -> bool:
    if found is None or wanted is None:
        return (found is wanted) == (sign == "=") and sign in ("=", "!=")
    first, second = _moment(found), _moment(wanted)
    if first is not None and second is not None:
        return _COMPARE[sign](first, second)
    if isinstance(found, str) and isinstance(wanted, str):
        if len(found) >= 15 and found[:15] == wanted[:15]:  # ids of 15 and 18 characters
            return sign in ("=", "<=", ">=")
        # Salesforce compares texts without case
        return _COMPARE[sign](found.lower(), wanted.lower())
    if isinstance(found, str) != isinstance(wanted, str):
        return False
    return _COMPARE[sign](found, wanted)


def _moment(value: JsonValue) -> datetime | None:
    if not isinstance(value, str) or "T" not in value[:11]:
        return None
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None


def _sorting(value: JsonValue) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, "" if value is None else str(value))

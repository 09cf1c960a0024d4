"""Conditions over records in memory, as SOQL and OData write them: comparisons joined by AND, OR and NOT, with brackets.

Sources: Salesforce "SOQL and SOSL Reference"; OData 4 "URL Conventions", $filter. What else a query has is not here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import JsonValue

Row = Mapping[str, JsonValue]
Test = Callable[[Row], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<moment>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d))"
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
_ODATA = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
MAX_CHARS = 100_000
_ID = 15
"""Characters of an id of Salesforce that count; three more may follow."""


class WrongConditionError(Exception):
    """Not a condition."""


def odata_filter(text: str) -> tuple[Test, frozenset[str]]:
    """A `$filter`, and the fields it mentions. Raises WrongConditionError."""
    reader = Reader(text)
    test = reader.condition()
    reader.end()
    return test, frozenset(reader.names)


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_CHARS:
        raise WrongConditionError(f"a query of {len(text)} characters")
    found: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise WrongConditionError(f"unexpected token at {text[at : at + 20]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class Reader:
    """Reads a query token by token.

    Raises:
        WrongConditionError: longer than a query may be, or with a sign that none has; all methods raise it too.
    """

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self.names: set[str] = set()
        """Fields that were mentioned so far."""

    def end(self) -> None:
        """Nothing may follow."""
        if self._at < len(self._tokens):
            raise WrongConditionError(f"unexpected token: {self._tokens[self._at][1]!r}")

    def condition(self) -> Test:
        """A condition, up to what is none."""
        tests = [self._all()]
        while self.follows("OR"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self.follows("AND"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self.follows("NOT"):
            inner = self._one()
            return lambda row: not inner(row)
        if self.follows("("):
            inner = self.condition()
            self.word(")")
            return inner
        name = self.name()
        if self.follows("IN"):
            return self._within(name, inside=True)
        if self.follows("NOT"):
            self.word("IN")
            return self._within(name, inside=False)
        _, said = self._next()
        sign = _ODATA.get(said, said)
        if sign not in _COMPARE:
            raise WrongConditionError(f"unexpected token: {said!r}")
        wanted = self._value()
        return lambda row: _fits(row.get(name), sign, wanted)

    def _within(self, name: str, *, inside: bool) -> Test:
        self.word("(")
        wanted = [self._value()]
        while self.follows(","):
            wanted.append(self._value())
        self.word(")")
        return _among(name, wanted, inside=inside)

    def _value(self) -> JsonValue:
        kind, text = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text)
        if kind in ("moment", "guid"):
            return text
        table: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
        if text.lower() not in table:
            raise WrongConditionError(f"unexpected token: {text!r}")
        return table[text.lower()]

    def name(self) -> str:
        """The name of a field."""
        name = self.take("word")
        self.names.add(name)
        return name

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise WrongConditionError("unexpected end of the query")
        self._at += 1
        return self._tokens[self._at - 1]

    def take(self, kind: str) -> str:
        """A token of this kind: text, guid, moment, number, sign or word."""
        found, text = self._next()
        if found != kind:
            raise WrongConditionError(f"unexpected token: {text!r}")
        return text

    def follows(self, word: str) -> bool:
        """Whether this word is next; then it is read."""
        there = self._at < len(self._tokens) and self._tokens[self._at][1].upper() == word
        self._at += there
        return there

    def word(self, word: str) -> None:
        """This word must be next."""
        if not self.follows(word):
            raise WrongConditionError(f"expecting {word}")


def _among(name: str, wanted: list[JsonValue], *, inside: bool) -> Test:
    if any(not isinstance(one, str) or _moment(one) is not None for one in wanted):
        return lambda row: any(_fits(row.get(name), "=", one) for one in wanted) == inside
    # hundreds of ids in one condition are usual: they are looked up
    texts = {str(one).lower() for one in wanted}
    ids = {str(one)[:_ID] for one in wanted if len(str(one)) >= _ID}

    def test(row: Row) -> bool:
        found = row.get(name)
        if not isinstance(found, str):
            return not inside
        return (found.lower() in texts or found[:_ID] in ids) == inside

    return test


def _fits(found: JsonValue, sign: str, wanted: JsonValue) -> bool:
    if found is None or wanted is None:
        return (found is wanted) == (sign == "=") and sign in ("=", "!=")
    first, second = _moment(found), _moment(wanted)
    if first is not None and second is not None:
        return _COMPARE[sign](first, second)
    if isinstance(found, str) and isinstance(wanted, str):
        if len(found) >= _ID and found[:_ID] == wanted[:_ID]:
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


def sorting(value: JsonValue) -> tuple[int, float, str]:
    """What rows are sorted by: numbers before texts."""
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, "" if value is None else str(value))

"""Sums of money: found by their currency, read in the formats of all locales.

A number without a currency is no sum. Which of two separators is the decimal one is decided by the digits after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from kits.support_triage._entities.text import Found, Text

_CURRENCIES: Mapping[str, str] = {
    "EUR": "€ eur euro euros",
    "USD": "$ usd dollar dollars us$ dólares dollari",
    "GBP": "£ gbp pound pounds pfund libras sterline",
    "JPY": "¥ jpy yen",
    "CHF": "chf franken sfr fr",
    "PLN": "zł pln zl złotych złote",
    "SEK": "sek",
    "DKK": "dkk",
    "NOK": "nok",
    "CZK": "kč czk korun",
    "TRY": "₺ try tl lira",
    "CAD": "cad c$",
    "AUD": "aud a$",
    "": "kr kronor kroner",
}
"""How a currency is written; `kr` is one of three and stays without a code unless the language tells."""

_BY_LANGUAGE = {"sv": "SEK", "da": "DKK", "nb": "NOK", "no": "NOK"}
_CODES: Mapping[str, str] = {
    mark: code for code, marks in _CURRENCIES.items() for mark in marks.split()
}
_SYMBOLS = re.compile(r"[€$£¥₺]")
_BEFORE = re.compile(
    r"(?<![\w.,])[0-9]{1,9}(?:[.,'’ \u00a0\u202f][0-9]{3}){0,4}(?:[.,][0-9]{1,2})?(?:,[-–])?[ \u00a0\u202f]{0,2}$"
)
_AFTER = re.compile(
    r"[ \u00a0\u202f]{0,2}[0-9]{1,9}(?:[.,'’ \u00a0\u202f][0-9]{3}){0,4}(?:[.,][0-9]{1,2})?(?:,[-–])?(?![0-9])"
)
_NUMBER = re.compile(r"[0-9][0-9.,'’ \u00a0\u202f]*")
_ENDS = frozenset("0123456789 \u00a0\u202f-–")
_REACH = 28
_IN_FRONT = frozenset("$£¥")


def amounts(text: Text) -> Iterator[Found]:
    """Numbers beside a currency, with it."""
    if not text.has_digits:
        return
    marks = [(m.start(), m.end()) for m in _SYMBOLS.finditer(text.raw)]
    marks += [(w.start, w.end) for w in text.words if w.folded in _CODES and not w.folded.isdigit()]
    for start, end in sorted(marks):
        found = _beside(text.raw, start, end)
        if found is not None:
            yield Found(*found, "amount", 0.95)
    yield from _glued(text)


def _glued(text: Text) -> Iterator[Found]:
    """`50EUR` is one word."""
    for word in text.words:
        letters = word.folded.lstrip("0123456789")
        if letters and letters != word.folded and letters in _CODES:
            head = text.raw[max(0, word.end - len(letters) - _REACH) : word.end - len(letters)]
            number = _BEFORE.search(head)
            if number is not None:
                yield Found(word.end - len(letters) - len(number.group()), word.end, "amount", 0.95)


def _beside(raw: str, start: int, end: int) -> tuple[int, int] | None:
    # only where a number may end: else each of a million currency signs would look back
    near = start and raw[start - 1] in _ENDS
    head = _BEFORE.search(raw[max(0, start - _REACH) : start]) if near else None
    tail = _AFTER.match(raw, end, end + _REACH)
    before = (start - len(head.group()), end) if head else None
    after = (start, tail.end()) if tail else None
    return (after or before) if raw[start] in _IN_FRONT else (before or after)


def read_amount(surface: str, language: str = "") -> dict[str, str] | None:
    """`{"value": "1234.50", "currency": "EUR"}`; the currency is empty where it is not said. None: no sum."""
    number = _NUMBER.search(surface)
    if number is None:
        return None
    value = read_number(number.group())
    if value is None:
        return None
    rest = (surface[: number.start()] + " " + surface[number.end() :]).lower()
    for mark in re.findall(r"[a-z]?[€$£¥₺]|[^\W\d_]+", rest):
        if mark in _CODES:
            return {"value": value, "currency": _CODES[mark] or _BY_LANGUAGE.get(language, "")}
    return {"value": value, "currency": ""}


def read_number(digits: str) -> str | None:
    """`1.234,50`, `1,234.50`, `1 234,5`, `1'234` → a decimal number as text; None: not one."""
    digits = digits.strip(" \u00a0\u202f").rstrip(",.'’")
    marks = [c for c in digits if c in ".,"]
    decimal = ""
    if marks:
        last = marks[-1]
        fraction = digits.rsplit(last, 1)[1]
        alone = marks.count(last) == 1
        if alone and (len(set(marks)) == 2 or len(fraction) != 3):
            decimal = last
    whole, _, part = digits.rpartition(decimal) if decimal else (digits, "", "")
    plain = "".join(c for c in whole if c.isdigit())
    try:
        return str(Decimal(f"{plain}.{part}" if decimal else plain))
    except InvalidOperation:
        return None

"""VAT identification numbers of European countries and their check digits, as published by their authorities.

Pure functions on the compact form of a number; the checks that several countries share are in `checksums`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kits.support_triage._entities.checksums import (
    Check,
    digits_only,
    luhn,
    mod_11_10,
    mod_97_10,
    weighted,
)

_SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE"
_IRISH = "WABCDEFGHIJKLMNOPQRSTUV"
_SPANISH_FIRM = "JABCDEFGHI"


def _plain(length: int, weights: Sequence[int], modulus: int, special: Mapping[int, int]) -> Check:
    """The check digit is the modulus less the rest of the weighted sum; `special` maps what is left."""

    def check(number: str) -> bool:
        if len(number) != length or not digits_only(number):
            return False
        rest = modulus - weighted(number, weights) % modulus
        return special.get(rest, rest) == int(number[-1])

    return check


def _remainder(length: int, weights: Sequence[int], modulus: int, then: int = 0) -> Check:
    """The check digit is the rest itself (modulo `then` where that is given)."""

    def check(number: str) -> bool:
        if len(number) != length or not digits_only(number):
            return False
        rest = weighted(number, weights) % modulus
        return (rest % then if then else rest) == int(number[-1])

    return check


def _austria(number: str) -> bool:
    digits = number[1:]
    if len(number) != 9 or number[0] != "U" or not digits_only(digits):
        return False
    total = sum(int(c) for c in digits[0:7:2]) + sum(
        sum(divmod(2 * int(c), 10)) for c in digits[1:7:2]
    )
    return (10 - (total + 4) % 10) % 10 == int(digits[7])


def _belgium(number: str) -> bool:
    return (
        len(number) == 10
        and digits_only(number)
        and number[0] in "01"
        and 97 - int(number[:8]) % 97 == int(number[8:])
    )


def _france(number: str) -> bool:
    return (
        len(number) == 11
        and digits_only(number)
        and luhn(number[2:])
        and (12 + 3 * (int(number[2:]) % 97)) % 97 == int(number[:2])
    )


def _netherlands(number: str) -> bool:
    if len(number) != 12 or number[9] != "B" or not digits_only(number[:9] + number[10:]):
        return False
    old = weighted(number[:8], (9, 8, 7, 6, 5, 4, 3, 2)) % 11 == int(number[8])
    return old or mod_97_10("NL" + number)


def _spain(number: str) -> bool:
    if len(number) != 9 or not digits_only(number[1:8]):
        return False
    first, last = number[0], number[8]
    if digits_only(first) or first in "XYZ":
        rank = str("XYZ".index(first)) if first in "XYZ" else first
        return _SPANISH[int(rank + number[1:8]) % 23] == last
    if first not in "ABCDEFGHJNPQRSUVW":
        return False
    digits = number[1:8]
    total = sum(int(c) for c in digits[1::2]) + sum(
        sum(divmod(2 * int(c), 10)) for c in digits[0::2]
    )
    expected = (10 - total % 10) % 10
    return last in (str(expected), _SPANISH_FIRM[expected])


def _ireland(number: str) -> bool:
    if len(number) not in (8, 9) or not digits_only(number[:7]) or not number[7:].isalpha():
        return False
    total = weighted(number[:7], (8, 7, 6, 5, 4, 3, 2))
    if len(number) == 9:
        total += 9 * _IRISH.find(number[8])
    return _IRISH[total % 23] == number[7]


def _luxembourg(number: str) -> bool:
    return len(number) == 8 and digits_only(number) and int(number[:6]) % 89 == int(number[6:])


def _sweden(number: str) -> bool:
    return (
        len(number) == 12
        and digits_only(number)
        and luhn(number[:10])
        and 1 <= int(number[10:]) <= 94
    )


def _slovakia(number: str) -> bool:
    return len(number) == 10 and digits_only(number) and int(number) % 11 == 0


def _romania(number: str) -> bool:
    if not 2 <= len(number) <= 10 or not digits_only(number):
        return False
    total = weighted(number[:-1].zfill(9), (7, 5, 3, 2, 1, 7, 5, 3, 2))
    return total * 10 % 11 % 10 == int(number[-1])


def _britain(number: str) -> bool:
    if len(number) not in (9, 12) or not digits_only(number):
        return False
    rest = (weighted(number[:7], (8, 7, 6, 5, 4, 3, 2)) + int(number[7:9])) % 97
    return rest in (0, 42)


def _denmark(number: str) -> bool:
    return (
        len(number) == 8
        and digits_only(number)
        and number[0] != "0"
        and weighted(number, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def _exactly(length: int, check: Check) -> Check:
    return lambda number: len(number) == length and check(number)


_DOWN = (8, 7, 6, 5, 4, 3, 2)

VAT: Mapping[str, Check] = {
    "AT": _austria,
    "BE": _belgium,
    "CHE": _plain(9, (5, 4, 3, 2, 7, 6, 5, 4), 11, {11: 0}),
    "CZ": _plain(8, _DOWN, 11, {10: 0, 11: 1}),
    "DE": _exactly(9, mod_11_10),
    "DK": _denmark,
    "EE": _plain(9, (3, 7, 1, 3, 7, 1, 3, 7), 10, {10: 0}),
    "EL": _remainder(9, (256, 128, 64, 32, 16, 8, 4, 2), 11, then=10),
    "ES": _spain,
    "FI": _plain(8, (7, 9, 10, 5, 8, 4, 2), 11, {11: 0}),
    "FR": _france,
    "GB": _britain,
    "HR": _exactly(11, mod_11_10),
    "HU": _plain(8, (9, 7, 3, 1, 9, 7, 3), 10, {10: 0}),
    "IE": _ireland,
    "IT": _exactly(11, luhn),
    "LU": _luxembourg,
    "NL": _netherlands,
    "PL": _remainder(10, (6, 5, 7, 2, 3, 4, 5, 6, 7), 11),
    "PT": _plain(9, (9, 8, 7, 6, 5, 4, 3, 2), 11, {10: 0, 11: 0}),
    "RO": _romania,
    "SE": _sweden,
    "SI": _plain(8, _DOWN, 11, {10: 0}),
    "SK": _slovakia,
}
"""What follows the country's letters in a VAT identification number, by those letters."""


def vat(value: str) -> bool:
    """Whether a compact number with its country's letters can be a VAT id of a country in `VAT`."""
    for length in (3, 2):
        check = VAT.get(value[:length])
        if check is not None:
            return check(value[length:].removesuffix("MWST") if length == 3 else value[2:])
    return False

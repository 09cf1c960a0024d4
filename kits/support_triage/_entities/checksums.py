"""Check digits: which numbers can be real ones.

Pure functions on the compact form of a number (no spaces, capitals) and the tables of what is checked where. Finding
numbers in a text is not done here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Check = Callable[[str], bool]

_SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE"
_IRISH = "WABCDEFGHIJKLMNOPQRSTUV"
_SPANISH_FIRM = "JABCDEFGHI"


def compact(value: str) -> str:
    """`value` without everything but ASCII letters and digits, in capitals."""
    return "".join(c for c in value.upper() if c.isascii() and c.isalnum())


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B: cards, Italian VAT, SIREN."""
    if not _digits(number):
        return False
    odd = sum(int(c) for c in number[-1::-2])
    even = sum(sum(divmod(2 * int(c), 10)) for c in number[-2::-2])
    return (odd + even) % 10 == 0


def _letters_as_numbers(value: str) -> int | None:
    if not (value.isascii() and value.isalnum()):
        return None
    return int("".join(str(int(c, 36)) for c in value))


def mod_97_10(value: str) -> bool:
    """ISO 7064 MOD 97-10: two check digits at the end, letters count from A = 10."""
    number = _letters_as_numbers(value)
    return number is not None and len(value) > 2 and number % 97 == 1


def mod_11_10(number: str) -> bool:
    """ISO 7064 MOD 11,10: one check digit at the end."""
    if not _digits(number) or len(number) < 2:
        return False
    product = 10
    for digit in number[:-1]:
        total = (int(digit) + product) % 10 or 10
        product = (2 * total) % 11
    return (11 - product) % 10 == int(number[-1])


def mod_11_2(number: str) -> bool:
    """ISO 7064 MOD 11-2: the last character is a digit or X."""
    body, last = number[:-1], number[-1:]
    if not _digits(body) or not (_digits(last) or last == "X"):
        return False
    total = 0
    for digit in body:
        total = (total + int(digit)) * 2
    return (12 - total % 11) % 11 == (10 if last == "X" else int(last))


def mod_11(number: str) -> bool:
    """Weights 2 to 7 from the right, the check digit last; a remainder of 10 has no number."""
    if not _digits(number) or len(number) < 2:
        return False
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(number[:-1])))
    return (11 - total % 11) % 11 == int(number[-1])


def ean(number: str) -> bool:
    """GS1 modulo 10 with weights 3 and 1: EAN, GTIN, SSCC."""
    if not _digits(number) or len(number) < 2:
        return False
    total = sum(
        int(digit) * (3 if place % 2 == 0 else 1)
        for place, digit in enumerate(reversed(number[:-1]))
    )
    return (10 - total % 10) % 10 == int(number[-1])


def s10(number: str) -> bool:
    """UPU S10: two letters, eight digits and a check digit, two letters of the country."""
    digits = number[2:11]
    if len(number) != 13 or not _digits(digits):
        return False
    if not (number[:2].isalpha() and number[11:].isalpha() and number.isascii()):
        return False
    rest = 11 - _weighted(digits, (8, 6, 4, 2, 3, 5, 9, 7)) % 11
    return {10: 0, 11: 5}.get(rest, rest) == int(digits[8])


def ups(number: str) -> bool:
    """UPS `1Z`: letters count as (position in the alphabet + 1) modulo 10."""
    if len(number) != 18 or not number.startswith("1Z") or not _digits(number[-1]):
        return False
    values = [int(c) if _digits(c) else (ord(c) - 63) % 10 for c in number[2:17]]
    total = sum(value * (2 if place % 2 else 1) for place, value in enumerate(values))
    return (10 - total % 10) % 10 == int(number[-1])


SCHEMES: Mapping[str, Check] = {
    "luhn": luhn,
    "mod97-10": mod_97_10,
    "mod11-10": mod_11_10,
    "mod11-2": mod_11_2,
    "mod11": mod_11,
    "ean": ean,
}
"""Schemes a firm may name for its own numbers, and that learning tries on examples."""

IBAN_LENGTHS: Mapping[str, int] = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FO", "GL", "NL"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "XK"), 20),
    **dict.fromkeys(("CH", "CR", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS"), 22),
    **dict.fromkeys(("AE", "GI", "IL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "CY", "DO", "GT", "HU", "LB", "PL"), 28),
    **dict.fromkeys(("BR", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW"), 30),
    **dict.fromkeys(("MT",), 31),
}
"""Characters of an IBAN by country (ISO 13616 registry)."""


def iban(value: str) -> bool:
    """Length of its country and ISO 7064 MOD 97-10 with the first four characters at the end."""
    return IBAN_LENGTHS.get(value[:2]) == len(value) and mod_97_10(value[4:] + value[:4])


def card(number: str) -> bool:
    """12 to 19 digits, a leading digit that issuers use, Luhn, and not one digit repeated."""
    return (
        12 <= len(number) <= 19 and number[0] in "23456" and len(set(number)) > 1 and luhn(number)
    )


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _plain(length: int, weights: Sequence[int], modulus: int, special: Mapping[int, int]) -> Check:
    """The check digit is the modulus less the rest of the weighted sum; `special` maps what is left."""

    def check(number: str) -> bool:
        if len(number) != length or not _digits(number):
            return False
        rest = modulus - _weighted(number, weights) % modulus
        return special.get(rest, rest) == int(number[-1])

    return check


def _remainder(length: int, weights: Sequence[int], modulus: int, then: int = 0) -> Check:
    """The check digit is the rest itself (modulo `then` where that is given)."""

    def check(number: str) -> bool:
        if len(number) != length or not _digits(number):
            return False
        rest = _weighted(number, weights) % modulus
        return (rest % then if then else rest) == int(number[-1])

    return check


def _austria(number: str) -> bool:
    digits = number[1:]
    if len(number) != 9 or number[0] != "U" or not _digits(digits):
        return False
    total = sum(int(c) for c in digits[0:7:2]) + sum(
        sum(divmod(2 * int(c), 10)) for c in digits[1:7:2]
    )
    return (10 - (total + 4) % 10) % 10 == int(digits[7])


def _belgium(number: str) -> bool:
    return (
        len(number) == 10
        and _digits(number)
        and number[0] in "01"
        and 97 - int(number[:8]) % 97 == int(number[8:])
    )


def _france(number: str) -> bool:
    return (
        len(number) == 11
        and _digits(number)
        and luhn(number[2:])
        and (12 + 3 * (int(number[2:]) % 97)) % 97 == int(number[:2])
    )


def _netherlands(number: str) -> bool:
    if len(number) != 12 or number[9] != "B" or not _digits(number[:9] + number[10:]):
        return False
    old = _weighted(number[:8], (9, 8, 7, 6, 5, 4, 3, 2)) % 11 == int(number[8])
    return old or mod_97_10("NL" + number)


def _spain(number: str) -> bool:
    if len(number) != 9 or not _digits(number[1:8]):
        return False
    first, last = number[0], number[8]
    if _digits(first) or first in "XYZ":
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
    if len(number) not in (8, 9) or not _digits(number[:7]) or not number[7:].isalpha():
        return False
    total = _weighted(number[:7], (8, 7, 6, 5, 4, 3, 2))
    if len(number) == 9:
        total += 9 * _IRISH.find(number[8])
    return _IRISH[total % 23] == number[7]


def _luxembourg(number: str) -> bool:
    return len(number) == 8 and _digits(number) and int(number[:6]) % 89 == int(number[6:])


def _sweden(number: str) -> bool:
    return (
        len(number) == 12 and _digits(number) and luhn(number[:10]) and 1 <= int(number[10:]) <= 94
    )


def _slovakia(number: str) -> bool:
    return len(number) == 10 and _digits(number) and int(number) % 11 == 0


def _romania(number: str) -> bool:
    if not 2 <= len(number) <= 10 or not _digits(number):
        return False
    total = _weighted(number[:-1].zfill(9), (7, 5, 3, 2, 1, 7, 5, 3, 2))
    return total * 10 % 11 % 10 == int(number[-1])


def _britain(number: str) -> bool:
    if len(number) not in (9, 12) or not _digits(number):
        return False
    rest = (_weighted(number[:7], (8, 7, 6, 5, 4, 3, 2)) + int(number[7:9])) % 97
    return rest in (0, 42)


def _denmark(number: str) -> bool:
    return (
        len(number) == 8
        and _digits(number)
        and number[0] != "0"
        and _weighted(number, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
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

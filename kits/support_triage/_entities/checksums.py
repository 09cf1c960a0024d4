"""Check digits: which numbers can be real ones.

Pure functions on the compact form of a number (no spaces, capitals) and the tables of what is checked where. Finding
numbers in a text is not done here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Check = Callable[[str], bool]


def compact(value: str) -> str:
    """`value` without everything but ASCII letters and digits, in capitals."""
    return "".join(c for c in value.upper() if c.isascii() and c.isalnum())


def digits_only(text: str) -> bool:
    """Whether `text` is ASCII digits and nothing else."""
    return text.isascii() and text.isdigit()


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B: cards, Italian VAT, SIREN."""
    if not digits_only(number):
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
    if not digits_only(number) or len(number) < 2:
        return False
    product = 10
    for digit in number[:-1]:
        total = (int(digit) + product) % 10 or 10
        product = (2 * total) % 11
    return (11 - product) % 10 == int(number[-1])


def mod_11_2(number: str) -> bool:
    """ISO 7064 MOD 11-2: the last character is a digit or X."""
    body, last = number[:-1], number[-1:]
    if not digits_only(body) or not (digits_only(last) or last == "X"):
        return False
    total = 0
    for digit in body:
        total = (total + int(digit)) * 2
    return (12 - total % 11) % 11 == (10 if last == "X" else int(last))


def mod_11(number: str) -> bool:
    """Weights 2 to 7 from the right, the check digit last; a remainder of 10 has no number."""
    return _from_the_right(number, (2, 3, 4, 5, 6, 7), 11)


def ean(number: str) -> bool:
    """GS1 modulo 10 with weights 3 and 1: EAN, GTIN, SSCC."""
    return _from_the_right(number, (3, 1), 10)


def _from_the_right(number: str, weights: Sequence[int], modulus: int) -> bool:
    """Whether the last digit fills the sum of the others up to the modulus; weights begin beside it, again and again."""
    if not digits_only(number) or len(number) < 2:
        return False
    body = enumerate(reversed(number[:-1]))
    total = sum(int(digit) * weights[place % len(weights)] for place, digit in body)
    return -total % modulus == int(number[-1])


def s10(number: str) -> bool:
    """UPU S10: two letters, eight digits and a check digit, two letters of the country."""
    digits = number[2:11]
    if len(number) != 13 or not digits_only(digits):
        return False
    if not (number[:2].isalpha() and number[11:].isalpha() and number.isascii()):
        return False
    rest = 11 - weighted(digits, (8, 6, 4, 2, 3, 5, 9, 7)) % 11
    return {10: 0, 11: 5}.get(rest, rest) == int(digits[8])


def ups(number: str) -> bool:
    """UPS `1Z`: letters count as (position in the alphabet + 1) modulo 10."""
    if len(number) != 18 or not number.startswith("1Z") or not digits_only(number[-1]):
        return False
    values = [int(c) if digits_only(c) else (ord(c) - 63) % 10 for c in number[2:17]]
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


def passes(scheme: str, value: str) -> bool:
    """Whether a number of the firm passes `scheme`, with its letters or without them: `SO-` may be no part of the sum."""
    number = compact(value)
    digits = "".join(c for c in number if c.isdigit())
    return SCHEMES[scheme](number) or SCHEMES[scheme](digits)


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


def weighted(digits: str, weights: Sequence[int]) -> int:
    """The sum of digits times weights, from the left, as far as both go."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))

"""Addresses and numbers that say themselves what they are: web and mail addresses, IBAN, cards, VAT ids, phones, parcels.

Every pattern is bounded in length and begins only where a word begins, so time is linear in the text. Numbers that
need a word before them (an order's) are found in `numbers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kits.support_triage._entities import checksums, vat_ids
from kits.support_triage._entities.text import Found, Text, listed

_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"“”]{1,2000}", re.IGNORECASE)
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{0,22}[^\W\d_](?![\w-])"
)
_IBAN = re.compile(r"(?<![^\W_])[A-Za-z]{2}[0-9]{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,30}")
_CARD = re.compile(r"(?<![\w.,-])[2-6](?:[ \u00a0-]?[0-9]){11,18}(?![\w])")
_VAT = re.compile(r"(?<![^\W_])[A-Z]{2,3}[ -]?[0-9A-Z](?:[ .-]?[0-9A-Z]){6,14}")
_PHONE = re.compile(r"(?<![\w.,/#-])(?:\+|\()?[0-9](?:[ ()/.\u00a0-]{0,3}[0-9]){5,16}(?![\w])")
_PARCEL = re.compile(
    r"(?<![^\W_])(?:[A-Z]{2}[ ]?[0-9]{3}[ ]?[0-9]{3}[ ]?[0-9]{3}[ ]?[A-Z]{2}|1Z(?:[ ]?[0-9A-Z]){16})(?![^\W_])"
)
_AMERICAN = re.compile(r"^(?:\+?1[ .-]?)?\(?[2-9]\d\d\)?[ .-]\s?\d{3}[ .-]\d{4}$")
_DATE_LIKE = re.compile(r"^(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?!\d)")
_PHONE_CUES = frozenset(
    listed(
        "phone tel telephone telefon mobile mobil cell handy handynummer telefonnummer rufnummer fax "
        "whatsapp téléphone portable teléfono telefono móvil cellulare telefone celular telemóvel "
        "telefoon mobiel telefoonnummer komórka komórkowy telefonu tlf mobilnummer telefonní cep gsm "
        "call ring"
    )
)


def urls(text: Text) -> Iterator[Found]:
    """Web addresses, without the punctuation that follows them."""
    for match in _URL.finditer(text.raw):
        found = match.group().rstrip(".,;:!?'’)]}*_")
        if len(found) > len("https://"):
            yield Found(match.start(), match.start() + len(found), "url", 0.99)


def emails(text: Text) -> Iterator[Found]:
    """Mail addresses."""
    if "@" in text.raw:
        for match in _EMAIL.finditer(text.raw):
            start = match.start() + len(match.group()) - len(match.group().lstrip(".'-"))
            yield Found(start, match.end(), "email", 0.99)


def ibans(text: Text) -> Iterator[Found]:
    """Bank accounts whose length and check digits are right."""
    for match in _IBAN.finditer(text.raw):
        length = checksums.IBAN_LENGTHS.get(match.group()[:2].upper())
        end = _end_after(match.group(), length) if length else None
        if end is None or text.raw[match.start() + end : match.start() + end + 1].isalnum():
            continue
        if checksums.iban(checksums.compact(match.group()[:end])):
            yield Found(match.start(), match.start() + end, "iban", 0.99)


def _end_after(piece: str, count: int) -> int | None:
    """Where `piece` has had `count` letters and digits."""
    for place, char in enumerate(piece):
        count -= char.isalnum()
        if count == 0:
            return place + 1
    return None


def cards(text: Text) -> Iterator[Found]:
    """Payment cards by the Luhn digit."""
    for match in _CARD.finditer(text.raw):
        if checksums.card(checksums.compact(match.group())):
            yield Found(match.start(), match.end(), "card", 0.97)


def vats(text: Text) -> Iterator[Found]:
    """VAT ids by the check digits of their country."""
    for match in _VAT.finditer(text.raw):
        piece = match.group()
        if piece[:3] not in vat_ids.VAT and piece[:2] not in vat_ids.VAT:
            continue
        for size in range(len(piece), 7, -1):
            after = text.raw[match.start() + size : match.start() + size + 1]
            if not after.isalnum() and vat_ids.vat(checksums.compact(piece[:size])):
                yield Found(match.start(), match.start() + size, "vat", 0.99)
                break


def parcels(text: Text) -> Iterator[Found]:
    """Parcel numbers whose check digit is right: UPU S10 and UPS."""
    for match in _PARCEL.finditer(text.raw):
        number = checksums.compact(match.group())
        if checksums.s10(number) or checksums.ups(number):
            yield Found(match.start(), match.end(), "tracking", 0.98)


def phones(text: Text) -> Iterator[Found]:
    """Telephone numbers: international, with a leading zero and marks, American, or after a word for one."""
    for match in _PHONE.finditer(text.raw):
        piece = match.group()
        digits = checksums.compact(piece)
        if _DATE_LIKE.match(piece) or not 6 <= len(digits) <= 15:
            continue
        told = _cue_before(text.raw, match.start())
        international = piece.startswith("+") or digits.startswith("00")
        national = digits.startswith("0") and len(digits) >= 7 and not piece.isdigit()
        start = match.start()
        if piece.startswith("(") and ")" not in piece:
            start += 1
        if international and len(digits) >= 8:
            yield Found(start, match.end(), "phone", 0.95)
        elif told or _AMERICAN.match(piece):
            yield Found(start, match.end(), "phone", 0.9)
        elif national and "." not in piece:
            yield Found(start, match.end(), "phone", 0.8)


def _cue_before(raw: str, start: int) -> bool:
    words = re.findall(r"[^\W\d_]+", raw[max(0, start - 200) : start].lower())
    return any(word in _PHONE_CUES for word in words[-4:])

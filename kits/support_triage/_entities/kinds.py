"""The kinds of entities every firm has, as a table: what each is, whether it is personal, and which wins where two overlap.

A firm adds kinds of its own by patterns, a catalogue or labelled examples (see `spec`). How a kind is found is told by
`extractor`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EntityKind:
    """A row of the table.

    Attributes:
        rank: smaller wins where two findings overlap.
        personal: replaced before a text leaves the process.
    """

    rank: int
    personal: bool
    description: str


KINDS: Mapping[str, EntityKind] = {
    "url": EntityKind(10, False, "a web address"),
    "email": EntityKind(11, True, "an e-mail address"),
    "iban": EntityKind(12, True, "a bank account, ISO 13616, check digits right"),
    "card": EntityKind(13, True, "a payment card, Luhn digit right"),
    "vat": EntityKind(14, True, "a VAT identification number, check digits right"),
    "tracking": EntityKind(20, True, "a parcel's number"),
    "order": EntityKind(21, True, "an order number"),
    "invoice": EntityKind(22, True, "an invoice number"),
    "customer": EntityKind(23, True, "a customer number"),
    "amount": EntityKind(30, False, "a sum of money with its currency"),
    "date": EntityKind(31, False, "a day"),
    "phone": EntityKind(32, True, "a telephone number"),
    "address": EntityKind(40, True, "a street and house number, or a post code and town"),
    "name": EntityKind(50, True, "a person's name after a greeting, a closing or a title"),
}

FROM_CONFIG = 0
AGREED = 1
FROM_MODEL = 2
FROM_LOOKS = 24
FROM_CATALOGUE = 35
"""Ranks of what a firm says itself, common kinds whose rules agree with the firm's marks, what the model sees, what only looks like an example, and products:
a number whose check digits or words say what it is goes before a look; a sum or a number is never a product."""

PRODUCT = "product"

"""A made-up web shop: its catalogue, customers and orders, drawn from a seed.

Responsible for who ordered what and what has become of it, so that mails, the order API and the truth about
both agree. It writes no mail (`mails.py`) and serves nothing (`order_api.py`); every name and number is invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, cast

import numpy as np
from pydantic import JsonValue

State = Literal["received", "packed", "shipped", "delivered", "cancelled", "returned", "refunded"]
Rng = np.random.Generator

TODAY = date(2026, 3, 16)
"""The shop's clock stands: data of one seed are the same whenever they are made."""
CURRENCY = "EUR"
HOST = "lumen-and-linen.example"
ADDRESS = f"service@{HOST}"

_STATES: Mapping[State, float] = {
    "received": 0.12,
    "packed": 0.10,
    "shipped": 0.33,
    "delivered": 0.30,
    "cancelled": 0.03,
    "returned": 0.06,
    "refunded": 0.06,
}
_CARRIERS = ("Parcelo", "Nordpost", "QuickVan")
_PEOPLE: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("Alice", "James", "Priya", "Oliver", "Megan", "Tom", "Zoe", "Liam"),
        ("Harper", "Whitfield", "Patel", "Osborne", "Kerr", "Dalton", "Finch"),
    ),
    "de": (
        ("Anna", "Jörg", "Sabine", "Lukas", "Birgit", "Uwe", "Leonie", "Cem"),
        ("Schäfer", "Krüger", "Vogel", "Yılmaz", "Brandt", "Lindner", "Weiß"),
    ),
    "fr": (
        ("Camille", "Étienne", "Chloé", "Hugo", "Agnès", "Mathieu", "Inès"),
        ("Lefèvre", "Moreau", "Garnier", "Dufour", "Chevalier", "Perrin"),
    ),
    "es": (
        ("Lucía", "Javier", "Marta", "Íñigo", "Carmen", "Pablo", "Nuria"),
        ("Ibáñez", "Romero", "Castaño", "Molina", "Serrano", "Vidal"),
    ),
}
LANGUAGES = tuple(_PEOPLE)


@dataclass(frozen=True, slots=True)
class Product:
    """One article; `price` in `CURRENCY`."""

    name: str
    price: Decimal


CATALOGUE = tuple(
    Product(name, Decimal(price))
    for name, price in (
        ("Aurora X2", "79.90"),
        ("Aurora Mini", "49.90"),
        ("Borealis 300", "129.00"),
        ("Lumen Arc", "64.50"),
        ("Lumen Dot", "24.90"),
        ("Fjord linen set", "89.00"),
        ("Fjord pillow", "29.90"),
        ("Havana 4", "39.00"),
        ("Kestrel lamp", "54.00"),
        ("Kestrel shade", "19.50"),
        ("Marlow throw", "45.00"),
        ("Nimbus duvet", "149.00"),
        ("Oslo desk light", "72.00"),
        ("Pico bulb E14", "8.90"),
        ("Pico bulb E27", "9.90"),
        ("Quill curtain", "34.90"),
        ("Rialto chandelier", "219.00"),
        ("Solstice strip 5m", "32.00"),
        ("Tarn towel", "17.90"),
        ("Verona sheet", "41.00"),
    )
)


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer. Whether to say Mr or Ms nobody knows, here as in life."""

    number: str
    first: str
    last: str
    email: str
    phone: str
    language: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Order:
    """One order and what has become of it; dates that lie ahead of its state are None."""

    number: str
    customer: Customer
    items: tuple[Product, ...]
    state: State
    ordered_on: date
    shipped_on: date | None
    expected_on: date | None
    delivered_on: date | None
    refunded_on: date | None
    carrier: str
    tracking: str
    invoice: str

    @property
    def total(self) -> Decimal:
        return sum((item.price for item in self.items), Decimal(0))

    def as_json(self) -> dict[str, JsonValue]:
        """The order as the shop's API tells it."""
        return {
            "number": self.number,
            "state": self.state,
            "customer": {"number": self.customer.number, "email": self.customer.email},
            "items": [{"name": item.name, "price": str(item.price)} for item in self.items],
            "total": {"amount": str(self.total), "currency": CURRENCY},
            "ordered_on": self.ordered_on.isoformat(),
            "shipped_on": _iso(self.shipped_on),
            "expected_on": _iso(self.expected_on),
            "delivered_on": _iso(self.delivered_on),
            "refunded_on": _iso(self.refunded_on),
            "carrier": self.carrier,
            "tracking": self.tracking,
            "invoice": self.invoice,
        }


@dataclass(frozen=True, slots=True)
class Shop:
    """Customers and their orders; every customer has one order at least."""

    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]


def make_shop(rng: Rng, customers: int = 240) -> Shop:
    """A shop whose customers have one to three orders each."""
    people = tuple(_customer(rng, number) for number in range(customers))
    orders: list[Order] = []
    for person in people:
        for _ in range(int(rng.integers(1, 4))):
            orders.append(_order(rng, person, 48_000 + len(orders)))
    return Shop(people, tuple(orders))


def _customer(rng: Rng, number: int) -> Customer:
    language = str(rng.choice(LANGUAGES, p=(0.4, 0.3, 0.15, 0.15)))
    firsts, lasts = _PEOPLE[language]
    first, last = str(rng.choice(firsts)), str(rng.choice(lasts))
    box = f"{_ascii(first)}.{_ascii(last)}{number}"
    phone = (
        f"+{ {'en': 44, 'de': 49, 'fr': 33, 'es': 34}[language] } 555 {rng.integers(10**6, 10**7)}"
    )
    return Customer(f"C-{20_000 + number}", first, last, f"{box}@mail.example", phone, language)


def _order(rng: Rng, customer: Customer, number: int) -> Order:
    state = cast("State", str(rng.choice(list(_STATES), p=list(_STATES.values()))))
    ordered = TODAY - timedelta(days=int(rng.integers(1, 40)))
    sent = state not in ("received", "packed", "cancelled")
    arrived = state in ("delivered", "returned", "refunded")
    shipped = ordered + timedelta(days=int(rng.integers(1, 4))) if sent else None
    delivered = shipped + timedelta(days=int(rng.integers(1, 6))) if shipped and arrived else None
    waits = state in ("received", "packed", "shipped")
    picks = rng.choice(len(CATALOGUE), size=int(rng.integers(1, 4)), replace=False)
    return Order(
        number=str(number),
        customer=customer,
        items=tuple(CATALOGUE[int(pick)] for pick in picks),
        state=state,
        ordered_on=ordered,
        shipped_on=shipped,
        expected_on=TODAY + timedelta(days=int(rng.integers(1, 8))) if waits else None,
        delivered_on=delivered,
        refunded_on=TODAY - timedelta(days=1) if state == "refunded" else None,
        carrier=str(rng.choice(_CARRIERS)),
        tracking=f"PX{rng.integers(10**9, 10**10)}" if sent else "",
        invoice=f"R-2026-{number}",
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


_FOLDED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "É": "E", "Í": "I", "í": "i"}
    | {"ñ": "n", "á": "a", "ı": "i"}
)


def _ascii(name: str) -> str:
    return name.translate(_FOLDED).lower()

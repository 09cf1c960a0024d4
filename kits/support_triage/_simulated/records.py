"""The made-up shop's orders as records that replies may tell: as a file, and as what the order API's answers become.

Responsible for the one table that says where in an order each field is. `order_api.py` serves the orders.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from kits.support_triage._simulated.shop import CURRENCY, Order

_DATES = ("ordered_on", "shipped_on", "expected_on", "delivered_on", "refunded_on")
LOOKUP_FIELDS: dict[str, JsonValue] = {
    "number": {"path": "number"},
    "customer_email": {"path": "customer.email", "type": "email"},
    "carrier": {"path": "carrier"},
    "tracking": {"path": "tracking"},
    "invoice": {"path": "invoice"},
    "total": {"path": "total.amount", "type": "amount", "currency": "total.currency"},
    **{name: {"path": name, "type": "date"} for name in _DATES},
}
"""`source.lookups.fields` of `agent.yaml`."""


def record_rows(orders: Iterable[Order]) -> list[JsonValue]:
    """The same fields as rows for `kit predict --records`; what an order does not have yet is left out."""
    return [{"kind": "order", "key": order.number, "fields": _fields(order)} for order in orders]


def _fields(order: Order) -> dict[str, JsonValue]:
    told = order.as_json()
    found: dict[str, JsonValue] = {
        "number": order.number,
        "customer_email": order.customer.email,
        "carrier": order.carrier,
        "tracking": order.tracking,
        "invoice": order.invoice,
        "total": f"{order.total} {CURRENCY}",
        **{name: told[name] for name in _DATES},
    }
    return {name: value for name, value in found.items() if value}

"""HubSpot's search: filters on contacts, as `POST /crm/objects/2026-09/contacts/search` takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from cloud_sync.crm.simulator.hubspot.fields import MOMENTS, is_number, value
from cloud_sync.crm.simulator.hubspot.http import HubSpotError
from cloud_sync.crm.simulator.values import Held
from cloud_sync.crm.simulator.vendor import millis

_Key = tuple[int, float, str]


def sort_key(held: Held, name: str) -> _Key:
    """What contacts are sorted by: numbers before texts."""
    return _key(value(held, name))


def _key(found: JsonValue) -> _Key:
    text = "" if found is None else str(found)
    return (0, float(text), "") if is_number(text) else (1, 0.0, text)


def fits(held: Held, filters: list[dict[str, Any]]) -> bool:
    """Whether a contact passes all of them. Raises HubSpotError for an operator that is none."""
    return all(_fits_one(held, one) for one in filters)


def _fits_one(held: Held, one: Mapping[str, Any]) -> bool:
    name, operator = str(one["propertyName"]), str(one["operator"])
    found = value(held, name)
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return (found not in (None, "")) == (operator == "HAS_PROPERTY")
    if operator in ("IN", "NOT_IN"):
        return (str(found) in map(str, one["values"])) == (operator == "IN")
    if name in MOMENTS:
        moment = held.created_at if name == "createdate" else held.modified_at
        found = str(millis(moment))
        wanted = str(one["value"])
        if not wanted.isdigit():
            wanted = str(millis(datetime.fromisoformat(wanted.replace("Z", "+00:00"))))
        one = {**one, "value": wanted}
    return _compare(operator, _key(found), one)


def _compare(operator: str, found: _Key, one: Mapping[str, Any]) -> bool:
    wanted = _key(one.get("value"))
    table: Mapping[str, Callable[[], bool]] = {
        "EQ": lambda: found == wanted,
        "NEQ": lambda: found != wanted,
        "GT": lambda: found > wanted,
        "GTE": lambda: found >= wanted,
        "LT": lambda: found < wanted,
        "LTE": lambda: found <= wanted,
        "BETWEEN": lambda: wanted <= found <= _key(one.get("highValue")),
        "CONTAINS_TOKEN": lambda: str(one.get("value", "")).strip("*") in found[2],
    }
    if operator not in table:
        raise HubSpotError(400, "VALIDATION_ERROR", f"operator {operator} is not known")
    return table[operator]()

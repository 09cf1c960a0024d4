"""Partners, users, teams and tags of the pretended Odoo: what a lead refers to, and which fields these have."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.simulator.choices import title
from cloud_sync.crm.simulator.firms import (
    CITIES,
    OWNERS,
    SEGMENTS,
    TAGS,
    TEAMS,
    Firm,
    Firms,
    owner_of,
)
from cloud_sync.crm.simulator.values import Fields
from cloud_sync.crm.simulator.world import Value

PARTNER: Final = "res.partner"
LABELS: Mapping[str, str] = {
    "partner_id": "Customer", "user_id": "Salesperson", "team_id": "Sales Team", "tag_ids": "Tags",
}  # fmt: skip
MODELS: Mapping[str, str] = {
    "partner_id": PARTNER, "user_id": "res.users", "team_id": "crm.team", "tag_ids": "crm.tag",
    "country_id": "res.country", "source_id": "utm.source",
}  # fmt: skip
"""Field of a lead → the model of what it refers to."""
CATEGORY: Final = "res.partner.category"
"""Tags of partners."""
_NAMED: Mapping[str, tuple[str, ...]] = {
    "res.users": OWNERS,
    "crm.team": TEAMS,
    "crm.tag": TAGS,
    CATEGORY: CITIES,
}
"""Models whose records have nothing but a name; the number of each is its place, from 1."""
_KEYS = {segment.lower().replace(" ", "_"): segment for segment in SEGMENTS}
_TYPES: Mapping[str, str] = {"id": "integer", "name": "char", "display_name": "char"}
_OF_PARTNERS: Mapping[str, str] = {
    **_TYPES, "city": "char", "x_segment": "selection", "x_staff": "integer", "user_id": "many2one",
    "image_1920": "binary", "category_id": "many2many",
}  # fmt: skip
_STRINGS = {
    "x_segment": "Segment", "x_staff": "Number of Employees", "user_id": "Salesperson", "category_id": "Tags",
}  # fmt: skip
_RELATIONS = {"user_id": "res.users", "category_id": CATEGORY}


def linked(columns: Mapping[str, Value], firms: Firms) -> Fields:
    """What a lead refers to; a tag is one, or are two."""
    firm = firms.called(columns.get("company"))
    owner = owner_of(columns)
    drawn = zlib.crc32(f"tags:{columns.get('email', '')}".encode())
    tags: list[JsonValue] = [*dict.fromkeys((1 + drawn % len(TAGS), 1 + drawn // 7 % len(TAGS)))]
    team = 1 + owner % len(TEAMS)
    return {
        "partner_id": [firm.number, firm.name] if firm else False, "user_id": [owner, OWNERS[owner - 1]],
        "team_id": [team, TEAMS[team - 1]], "tag_ids": tags,
    }  # fmt: skip


def exported(fields: Fields, firms: Firms) -> Fields:
    """The same as an export shows it, with fields of the customer."""
    customer = fields.get("partner_id")
    firm = firms.called(customer[1] if isinstance(customer, list) else "")
    tags = fields.get("tag_ids")
    numbers = [n for n in (tags if isinstance(tags, list) else []) if isinstance(n, int)]
    named = {LABELS[n]: v[1] if isinstance(v, list) else "" for n in ("user_id", "team_id") for v in [fields.get(n)]}  # fmt: skip
    return {
        **named, "Tags": ",".join(TAGS[number - 1] for number in numbers),
        "Customer": firm.name if firm else "", "Customer/Segment": firm.segment if firm else "",
        "Customer/City": firm.city if firm else "",
        "Customer/Number of Employees": firm.staff if firm else "",
    }  # fmt: skip


def fields_of(model: str) -> Fields:
    """The fields of a model, as `fields_get` has them."""
    types = _OF_PARTNERS if model == PARTNER else _TYPES
    return {
        name: {
            "type": kind, "string": _STRINGS.get(name) or title(name), "readonly": name == "id",
            **({"relation": _RELATIONS[name]} if name in _RELATIONS else {}),
            **({"selection": [[key, said] for key, said in _KEYS.items()]} if kind == "selection" else {}),
        }
        for name, kind in types.items()
    }  # fmt: skip


def rows_of(model: str, firms: Firms) -> list[Fields]:
    """All records of a model."""
    if model == PARTNER:
        return [_partner(firm) for firm in firms]
    names = _NAMED.get(model, ())
    return [{"id": n, "name": name, "display_name": name} for n, name in enumerate(names, 1)]


def _partner(firm: Firm) -> Fields:
    key = next((key for key, said in _KEYS.items() if said == firm.segment), "")
    return {
        "id": firm.number, "name": firm.name, "display_name": firm.name, "city": firm.city,
        "x_segment": key or False, "x_staff": firm.staff, "user_id": [firm.owner, OWNERS[firm.owner - 1]],
        "image_1920": False, "category_id": [1 + CITIES.index(firm.city)] if firm.city in CITIES else [],
    }  # fmt: skip

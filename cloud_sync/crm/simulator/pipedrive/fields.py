"""Fields, pipelines and stages of the pretended Pipedrive, by its API v2: listed page by page, fields made.

What is asked is looked at strictly, as API v2 does: a key it does not know and a value of another type are 400.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi.responses import JSONResponse
from pydantic import JsonValue

from cloud_sync.crm.simulator.answering import Body, Handler, Query
from cloud_sync.crm.simulator.pipedrive.v2 import page_of, refused, require_known
from cloud_sync.crm.simulator.pipedrive.vendor import CHOICES, field_key, field_type, is_key, label
from cloud_sync.crm.simulator.values import Fields
from cloud_sync.crm.simulator.vendor import State

OWN: Mapping[str, str] = {
    "owner_id": "user", "org_id": "org", "person_id": "people", "pipeline_id": "double", "title": "varchar", "value": "monetary", "status": "status", "stage_id": "stage", "add_time": "date",
    "update_time": "date", "won_time": "date", "lost_time": "date", "close_time": "date",
}  # fmt: skip
"""Fields every Pipedrive has, and their types."""
_TITLES = {
    "owner_id": "Owner",
    "org_id": "Organization",
    "person_id": "Contact person",
    "pipeline_id": "Pipeline",
    "stage_id": "Stage",
}
_CHOICES = frozenset({"enum", "set"})
_MADE = _CHOICES | {
    "varchar", "varchar_auto", "text", "double", "phone", "date", "daterange", "time", "timerange", "address", "monetary",
    "org", "people", "user",
}  # fmt: skip
"""Types of fields that may be made."""
_PARTS = {
    "monetary": {"value": "double", "currency": "varchar"},
    "address": {"value": "varchar", "locality": "varchar", "country": "varchar"},
}
"""Types whose values have parts, with the types of these."""
_SINCE = "2026-01-05T09:00:00Z"
PIPELINES: tuple[Fields, ...] = (
    {
        "id": 1, "name": "Pipeline", "order_nr": 0, "is_deleted": False, "is_deal_probability_enabled": True,
        "add_time": _SINCE, "update_time": _SINCE,
    },
)  # fmt: skip
STAGES: tuple[Fields, ...] = tuple(
    {
        "id": number, "order_nr": number, "name": name, "is_deleted": False, "deal_probability": 100, "pipeline_id": 1,
        "is_deal_rot_enabled": False, "days_to_rotten": None, "add_time": _SINCE, "update_time": _SINCE,
    }
    for number, name in enumerate(("Qualified", "Contact Made", "Demo Scheduled"), 1)
)  # fmt: skip


def listed(rows: tuple[Fields, ...], *parameters: str) -> Handler:
    """A list of records that others refer to by number. `parameters`: it takes besides those of pages."""

    def handler(_body: Body, query: Query) -> JSONResponse:
        require_known(query, "sort_by", "sort_direction", *parameters)
        page, following = page_of(rows, query)
        return JSONResponse({"success": True, "data": [*page], "additional_data": following})

    return handler


class AccountFields:
    """The fields of one object. `state.custom`: those that somebody made, by their codes, as they are shown."""

    def __init__(self, state: State) -> None:
        self._state = state

    def get(self, _body: Body, query: Query) -> JSONResponse:
        """All fields, page by page."""
        require_known(query, "include_fields")
        every = [_field(code, _TITLES.get(code) or label(code), kind) for code, kind in OWN.items()]
        every += [
            _field(field_key(n), label(n), field_type(n), _options(field_key(n)))
            for n in self._state.world_columns
        ]
        page, following = page_of([*every, *self._state.custom.values()], query)
        return JSONResponse({"success": True, "data": [*page], "additional_data": following})

    def add(self, body: Body, _query: Query) -> JSONResponse:
        """A new field of one's own; its code is Pipedrive's choice."""
        _check(body)
        number = len(self._state.custom) + 1
        name, kind = body["field_name"], body["field_type"]
        options: list[JsonValue] = [
            _option(number * 100 + place, one["label"])
            for place, one in enumerate(body.get("options", []), 1)
        ]
        code = field_key(f"{name}:{number}")
        made = _field(code, name, kind, options, body.get("description"))
        self._state.custom[code] = made
        return JSONResponse({"success": True, "data": made})

    def kinds(self) -> dict[str, str]:
        """Code → type of all."""
        own = {**OWN, **{field_key(n): field_type(n) for n in self._state.world_columns}}
        return own | {code: str(made["field_type"]) for code, made in self._state.custom.items()}

    def options(self, code: str) -> list[JsonValue]:
        """What may be chosen in a field; empty: anything."""
        found = self._state.custom.get(code, {}).get("options") or _options(code)
        return found if isinstance(found, list) else []


_KEYS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "field_name": (lambda value: isinstance(value, str) and bool(value), "a text"),
    "field_type": (lambda value: isinstance(value, str) and value in _MADE, "a type of a field that may be made"),
    "options": (lambda value: isinstance(value, list) and bool(value) and all(map(_is_option, value)), "a list of objects with a label"),
    "description": (lambda value: value is None or isinstance(value, str), "a text or null"),
    "ui_visibility": (lambda value: isinstance(value, dict), "an object"),
    "important_fields": (lambda value: isinstance(value, dict), "an object"),
    "required_fields": (lambda value: isinstance(value, dict), "an object"),
}  # fmt: skip
"""Keys of a field to be made → whether a value is one of theirs, and what it should be."""


def _is_option(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"label"} and isinstance(value["label"], str)


def _check(body: Body) -> None:
    for key, value in body.items():
        if key not in _KEYS:
            raise refused(f"{key}: unknown key")
        fits, wanted = _KEYS[key]
        if not fits(value):
            raise refused(f"{key}: not {wanted}")
    needed = ["field_name", "field_type"]
    needed += ["options"] if body.get("field_type") in _CHOICES else []
    for key in needed:
        if key not in body:
            raise refused(f"{key}: required")


def _options(code: str) -> list[JsonValue]:
    return [_option(int(value), shown) for value, shown in CHOICES.of(code).items()]


def _option(number: int, shown: str) -> Fields:
    return {"id": number, "label": shown, "color": None, "update_time": None, "add_time": _SINCE}


def _field(
    code: str,
    name: str,
    kind: str,
    options: list[JsonValue] | None = None,
    description: str | None = None,
) -> Fields:
    parts: list[JsonValue] = [
        {"field_code": part, "field_name": f"{part.capitalize()} of {name}", "field_type": own}
        for part, own in _PARTS.get(kind, {}).items()
    ]
    return {
        "field_name": name, "field_code": code, "description": description, "field_type": kind,
        "options": options or None, "subfields": parts or None, "is_custom_field": is_key(code),
        "is_optional_response_field": False,
    }  # fmt: skip

"""The part of Pipedrive's API a hub uses: deals and the like, their fields, and who the token's user is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import JsonValue

from cloud_sync.crm.simulator.answering import ApiError, Body, Query, Route, add_table
from cloud_sync.crm.simulator.pipedrive import (
    API_USER,
    CHOICES,
    COMPANY,
    OWNER,
    Pipedrive,
    field_key,
    field_type,
    is_key,
    label,
    parted,
    seconds,
)
from cloud_sync.crm.simulator.values import Fields, Held

MAX_IDS = 100
MAX_PAGE = 500
ADMIN = "admin"
OWN: Mapping[str, str] = {
    "user_id": "user", "pipeline": "double", "title": "varchar", "value": "monetary", "status": "status", "stage_id": "stage", "add_time": "date",
    "update_time": "date", "won_time": "date", "lost_time": "date", "close_time": "date",
}  # fmt: skip
"""Fields every Pipedrive has, and their types."""
_TITLES = {"user_id": "Owner", "stage_id": "Stage"}
USERS = {int(OWNER): "Ann Arbor", int(API_USER): "Kitwright"}
PIPELINES = {1: "Pipeline"}
STAGES = {1: "Qualified", 2: "Contact Made", 3: "Demo Scheduled"}


def add_routes(app: FastAPI, vendor: Pipedrive) -> None:
    """Adds the API to `app`."""
    api = _Api(vendor)
    path, one = vendor.about.path, vendor.about.path + "/{record}"
    area = next(name.partition(":")[0] for name in vendor.rights(vendor.thing) if ":" in name)
    read, full = f"{area}:read", f"{area}:full"
    table: list[Route] = [
        ("GET", path, read, api.list),
        ("GET", one, read, api.get),
        ("PATCH", one, full, api.patch),
    ]
    for base in ("/v1", "/api/v1"):
        table += [
            ("GET", f"{base}/{vendor.about.fields}", read, api.fields),
            ("POST", f"{base}/{vendor.about.fields}", ADMIN, api.add_field),
            ("GET", f"{base}/users/me", "", api.me),
            ("GET", f"{base}/users", "", _named(USERS)),
            ("GET", f"{base}/pipelines", read, _named(PIPELINES)),
            ("GET", f"{base}/stages", read, _named(STAGES)),
        ]
    add_table(app, table, api.admit)


def _named(names: Mapping[int, str]) -> Callable[[Body, Query], JSONResponse]:
    """A list of records that others refer to by number."""
    rows: list[JsonValue] = [{"id": number, "name": name} for number, name in names.items()]
    return lambda _body, _query: JSONResponse({"success": True, "data": rows})


_SORTS: Mapping[str, Callable[[Held], tuple[int, str]]] = {
    "id": lambda held: (int(held.object_id) if held.object_id.isdigit() else 0, held.object_id),
    "add_time": lambda held: (0, held.created_at.isoformat()),
    "update_time": lambda held: (0, held.modified_at.isoformat()),
}


def _sort(found: list[Held], query: Query, *, flat: bool) -> None:
    """Version 1 names field and direction in `sort`, version 2 each for itself."""
    name, _, way = query.get("sort", "").partition(" ")
    if not flat:
        name, way = query.get("sort_by", ""), query.get("sort_direction", "")
    if name and name not in _SORTS:
        raise _refusal(400, f"sort: {name} is none of {', '.join(_SORTS)}")
    if name:
        found.sort(key=_SORTS[name], reverse=way.lower() == "desc")


def _refusal(status: int, said: str, **more: JsonValue) -> ApiError:
    body: Fields = {"success": False, "error": said, "errorCode": status, **more}
    return ApiError(status, body)


class _Api:
    """What each route does."""

    def __init__(self, vendor: Pipedrive) -> None:
        self._vendor = vendor
        self._state = vendor.state

    def admit(self, request: Request, right: str) -> Mapping[str, str]:
        """By header or by query, as Pipedrive takes both."""
        token = request.headers.get("x-api-token") or request.query_params.get("api_token", "")
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self._state.tokens.good(token or bearer):
            raise _refusal(401, "unauthorized access")
        budget = self._state.limiter.take()
        headers = {
            "x-ratelimit-limit": str(budget.limit),
            "x-ratelimit-remaining": str(budget.left),
            "x-ratelimit-reset": str(max(1, round(budget.wait_s or budget.window_s))),
        }
        if budget.wait_s:
            refused = _refusal(429, "request over limit")
            raise ApiError(429, refused.body, headers)
        if right and right not in self._state.rights:
            raise _refusal(
                403, "Scope and URL mismatch" if right != ADMIN else "This action needs an admin"
            )
        return headers if budget.limit else {}

    def list(self, _body: Body, query: Query) -> JSONResponse:
        """By id, or all page by page; `updated_since` cuts, `sort_by` and `sort` sort."""
        if "ids" in query:
            ids = query["ids"].split(",")
            if len(ids) > MAX_IDS:
                raise _refusal(400, f"ids: at most {MAX_IDS}")
            found = [held for one in ids if (held := self._state.records.get(one.strip()))]
        else:
            found = [held for held in self._state.records if not held.deleted]
        since = query.get("updated_since", "")
        found = [held for held in found if seconds(held.modified_at) >= since]
        flat = self._vendor.about.flat
        _sort(found, query, flat=flat)
        start = int(query.get("start" if flat else "cursor") or 0)
        limit = min(int(query.get("limit", "100")), MAX_PAGE)
        more = start + limit < len(found)
        page: list[JsonValue] = [self._shown(held) for held in found[start : start + limit]]
        following: Fields = {"next_cursor": str(start + limit) if more else None}
        if flat:
            following = {
                "pagination": {"start": start, "limit": limit, "more_items_in_collection": more}
            }
        return JSONResponse({"success": True, "data": page, "additional_data": following})

    def get(self, _body: Body, query: Query) -> JSONResponse:
        """One of them."""
        return JSONResponse({"success": True, "data": self._shown(self._held(query))})

    def patch(self, body: Body, query: Query) -> JSONResponse:
        """Sets fields of one."""
        plain = {name: value for name, value in body.items() if name != "custom_fields"}
        values: Fields = {**plain, **(body.get("custom_fields") or {})}
        if self._vendor.about.flat == ("custom_fields" in body):
            raise _refusal(400, "Validation failed: custom_fields")
        held = self._held(query)
        kinds = self._kinds()
        for name, value in values.items():
            self._check(name, value, kinds)
        self._state.records.set(held.object_id, values, by="api")
        return JSONResponse({"success": True, "data": self._shown(held)})

    def _shown(self, held: Held) -> Fields:
        fields = dict(held.fields) if self._vendor.about.flat else parted(held.fields)
        return {
            "id": self._vendor.shown_id(held.object_id), **fields, "add_time": seconds(held.created_at),
            "update_time": seconds(held.modified_at), "is_deleted": False,
        }  # fmt: skip

    def _check(self, name: str, value: JsonValue, kinds: Mapping[str, str]) -> None:
        kind = kinds.get(name)
        if kind is None:
            raise _refusal(400, f"Validation failed: {name}: unknown field")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind == "double" and value is not None and not number:
            raise _refusal(400, f"Validation failed: {name}: Expected number, received text")
        if kind == "enum" and value is not None:
            options = self._state.custom.get(name, {}).get("options") or _options(name)
            listed = options if isinstance(options, list) else []
            known = [one["id"] for one in listed if isinstance(one, dict)]
            if value not in known:
                raise _refusal(400, f"Validation failed: {name}: no such option")

    def fields(self, _body: Body, query: Query) -> JSONResponse:
        """All fields, page by page."""
        every = [_field(n, n, _TITLES.get(n) or label(n), kind) for n, kind in OWN.items()]
        every += [
            _field(n, field_key(n), label(n), field_type(n)) for n in self._state.world_columns
        ]
        every += self._state.custom.values()
        start, limit = int(query.get("start", "0")), min(int(query.get("limit", "100")), MAX_PAGE)
        more = start + limit < len(every)
        paging = {
            "start": start,
            "limit": limit,
            "more_items_in_collection": more,
            **({"next_start": start + limit} if more else {}),
        }
        return JSONResponse({
            "success": True, "data": every[start : start + limit],
            "additional_data": {"pagination": paging},
        })  # fmt: skip

    def add_field(self, body: Body, _query: Query) -> JSONResponse:
        """A new custom field; its key is Pipedrive's choice."""
        name, kind = str(body.get("name", "")), str(body.get("field_type", ""))
        if not name or not kind:
            raise _refusal(400, "name and field_type are needed")
        number = len(self._state.custom) + 1
        key = field_key(f"{name}:{number}")
        made = _field(name, key, name, kind)
        if kind in ("enum", "set"):
            options = body.get("options") or []
            made["options"] = [
                {"id": number * 100 + place, "label": str(one.get("label", ""))}
                for place, one in enumerate(options, 1)
            ]
        self._state.custom[key] = made
        return JSONResponse({"success": True, "data": made}, 201)

    def me(self, _body: Body, _query: Query) -> JSONResponse:
        """Whose token it is."""
        return JSONResponse({
            "success": True,
            "data": {
                "id": int(API_USER), "name": "Kitwright", "email": "kitwright@example.com", "company_id": int(COMPANY),
                "company_name": "Pretended", "company_domain": "sim", "is_admin": int(ADMIN in self._state.rights),
            },
        })  # fmt: skip

    def _kinds(self) -> dict[str, str]:
        own = {**OWN, **{field_key(n): field_type(n) for n in self._state.world_columns}}
        return own | {key: str(made["field_type"]) for key, made in self._state.custom.items()}

    def _held(self, query: Query) -> Held:
        held = self._state.records.get(query["record"])
        if held is None:
            raise _refusal(404, f"{self._vendor.about.entity.capitalize()} not found")
        return held


def _options(key: str) -> list[JsonValue]:
    return [{"id": int(value), "label": label} for value, label in CHOICES.of(key).items()]


def _field(number: str, key: str, name: str, kind: str) -> Fields:
    identity = 12_000 + sum(number.encode())
    return {
        "id": identity, "key": key, "name": name, "field_type": kind, "edit_flag": is_key(key),
        "bulk_edit_allowed": True, "mandatory_flag": False, "active_flag": True,
        **({"options": _options(key)} if CHOICES.of(key) else {}),
    }  # fmt: skip

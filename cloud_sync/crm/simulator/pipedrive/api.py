"""The part of Pipedrive's API a hub uses: deals and the like, their fields, and who the token's user is.

API v2 but for what it lacks: leads and users are of v1. What v1 had of pipelines and stages is out of support since
August 2026 and its fields have a successor: nothing of these is there, 404.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import JsonValue

from cloud_sync.crm.simulator.answering import ApiError, Body, Query, Route, add_table
from cloud_sync.crm.simulator.pipedrive import persons as pipedrive_persons
from cloud_sync.crm.simulator.pipedrive.fields import PIPELINES, STAGES, AccountFields, listed
from cloud_sync.crm.simulator.pipedrive.firms import OF_FIRMS, USERS, fields, organization
from cloud_sync.crm.simulator.pipedrive.v2 import MAX_PAGE, page_of, refused, require_known
from cloud_sync.crm.simulator.pipedrive.vendor import (
    API_USER,
    COMPANY,
    Pipedrive,
    area_of,
    field_key,
    parted,
    seconds,
)
from cloud_sync.crm.simulator.values import Fields, Held

MAX_IDS = 100
ADMIN = "admin"
ARCHIVED: Final = "archived"
EVERY_USER: Final = {**USERS, int(API_USER): "Kitwright"}


def add_routes(app: FastAPI, vendor: Pipedrive) -> None:
    """Adds the API to `app`."""
    api = _Api(vendor)
    path, one = vendor.about.path, vendor.about.path + "/{record}"
    area = area_of(vendor.thing)
    read, full = f"{area}:read", f"{area}:full"
    table: list[Route] = [
        ("GET", path, read, api.list),
        ("GET", f"{path}/{ARCHIVED}", read, api.archive),
        ("GET", one, read, api.get),
        ("PATCH", one, full, api.patch),
    ]
    own = f"/api/v2/{vendor.about.fields}"
    table += [
        ("GET", own, read, api.fields.get),
        ("POST", own, ADMIN, api.fields.add),
        ("GET", "/api/v2/pipelines", read, listed(PIPELINES)),
        ("GET", "/api/v2/stages", read, listed(STAGES, "pipeline_id")),
    ]
    if vendor.of_firms:
        table += [
            ("GET", "/api/v2/organizations", OF_FIRMS, api.organizations),
            (
                "GET",
                "/api/v2/organizationFields",
                OF_FIRMS,
                listed(tuple(fields()), "include_fields"),
            ),
            ("GET", "/api/v2/persons", OF_FIRMS, api.persons),
            (
                "GET",
                "/api/v2/personFields",
                OF_FIRMS,
                listed(tuple(pipedrive_persons.fields()), "include_fields"),
            ),
        ]
    for base in ("/v1", "/api/v1"):
        table += [("GET", f"{base}/users/me", "", api.me), ("GET", f"{base}/users", "", api.users)]
    add_table(app, table, api.admit)


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
        said = f"none of {', '.join(_SORTS)}"
        raise _refusal(400, f"sort: {said}") if flat else refused(f"sort_by: {said}")
    if name:
        found.sort(key=_SORTS[name], reverse=way.lower() == "desc")


def is_archived(held: Held) -> bool:
    """Whether somebody put a deal or lead away: it is in no list but its own, and nobody can edit it."""
    return held.fields.get("is_archived") is True


def _refusal(status: int, said: str, **more: JsonValue) -> ApiError:
    body: Fields = {"success": False, "error": said, "errorCode": status, **more}
    return ApiError(status, body)


def _cost(request: Request) -> int:
    """Tokens of a day; version 2 costs half. Source: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting."""
    one = bool(request.path_params)
    cost = (2 if one else 20) if request.method == "GET" else 10
    return cost // 2 if request.url.path.startswith("/api/v2/") else cost


class _Api:
    """What each route does."""

    def __init__(self, vendor: Pipedrive) -> None:
        self._vendor = vendor
        self._state = vendor.state
        self.fields = AccountFields(vendor.state)

    def admit(self, request: Request, right: str) -> Mapping[str, str]:
        """By header or by query, as Pipedrive takes both."""
        token = request.headers.get("x-api-token") or request.query_params.get("api_token", "")
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self._state.tokens.good(token or bearer):
            raise _refusal(401, "unauthorized access")
        budget, day = self._state.limiter.take(), self._state.day
        headers = {}
        if budget.limit:
            headers = {
                "x-ratelimit-limit": str(budget.limit),
                "x-ratelimit-remaining": str(budget.left),
                "x-ratelimit-reset": str(max(1, round(budget.wait_s or budget.window_s))),
            }
        enough = bool(budget.wait_s) or day.take(_cost(request))
        if day.limit:
            headers["x-daily-ratelimit-token-limit"] = str(day.limit)
            headers["x-daily-ratelimit-token-remaining"] = str(day.left)
        if budget.wait_s or not enough:
            refused = _refusal(429, "request over limit")
            raise ApiError(429, refused.body, headers)
        if right and right not in self._state.rights:
            raise _refusal(
                403, "Scope and URL mismatch" if right != ADMIN else "This action needs an admin"
            )
        return headers

    def list(self, _body: Body, query: Query) -> JSONResponse:
        """By id, or all page by page; `updated_since` cuts, `sort_by` and `sort` sort. What is archived is not there."""
        return self._listed(query, archived=False)

    def archive(self, _body: Body, query: Query) -> JSONResponse:
        """The same of those that are."""
        return self._listed(query, archived=True)

    def _listed(self, query: Query, *, archived: bool) -> JSONResponse:
        if "ids" in query:
            ids = query["ids"].split(",")
            if len(ids) > MAX_IDS:
                raise refused(f"ids: at most {MAX_IDS}")
            found = [held for one in ids if (held := self._state.records.get(one.strip()))]
        else:
            found = [held for held in self._state.records if not held.deleted]
        since = query.get("updated_since", "")
        found = [
            held
            for held in found
            if seconds(held.modified_at) >= since and is_archived(held) is archived
        ]
        flat = self._vendor.about.flat
        _sort(found, query, flat=flat)
        page, following = _counted(found, query) if flat else page_of(found, query)
        data: list[JsonValue] = [self._shown(held) for held in page]
        return JSONResponse({"success": True, "data": data, "additional_data": following})

    def organizations(self, _body: Body, query: Query) -> JSONResponse:
        """Those with these numbers, or all, page by page."""
        return _beside([organization(firm) for firm in self._state.firms], query)

    def persons(self, _body: Body, query: Query) -> JSONResponse:
        """The same of those that records are of."""
        keys = {name: field_key(name) for name in pipedrive_persons.COLUMNS}
        rows = [held.fields for held in self._state.records if not held.deleted]
        return _beside([*pipedrive_persons.persons(rows, keys).values()], query)

    def get(self, _body: Body, query: Query) -> JSONResponse:
        """One of them."""
        return JSONResponse({"success": True, "data": self._shown(self._held(query))})

    def patch(self, body: Body, query: Query) -> JSONResponse:
        """Sets fields of one."""
        plain = {name: value for name, value in body.items() if name != "custom_fields"}
        values: Fields = {**plain, **(body.get("custom_fields") or {})}
        if self._vendor.about.flat == ("custom_fields" in body):
            raise self._invalid("custom_fields: they stand elsewhere")
        held = self._held(query)
        if is_archived(held):
            raise self._invalid(f"an archived {self._vendor.about.entity} cannot be edited")
        kinds = self.fields.kinds()
        for name, value in values.items():
            self._check(name, value, kinds)
        self._state.records.set(held.object_id, values, by="api")
        return JSONResponse({"success": True, "data": self._shown(held)})

    def _shown(self, held: Held) -> Fields:
        fields = dict(held.fields) if self._vendor.about.flat else parted(held.fields)
        return {
            "id": self._vendor.shown_id(held.object_id), **fields, "add_time": seconds(held.created_at),
            "update_time": seconds(held.modified_at), "is_deleted": False, "is_archived": is_archived(held),
        }  # fmt: skip

    def _check(self, name: str, value: JsonValue, kinds: Mapping[str, str]) -> None:
        kind = kinds.get(name)
        if kind is None:
            raise self._invalid(f"{name}: unknown field")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind == "double" and value is not None and not number:
            raise self._invalid(f"{name}: Expected number, received text")
        if kind == "enum" and value is not None:
            options = self.fields.options(name)
            if value not in [one["id"] for one in options if isinstance(one, dict)]:
                raise self._invalid(f"{name}: no such option")

    def _invalid(self, said: str) -> ApiError:
        if self._vendor.about.flat:
            return _refusal(400, f"Validation failed: {said}")
        return refused(said)

    def users(self, _body: Body, _query: Query) -> JSONResponse:
        """All users, on one page."""
        rows: list[JsonValue] = [
            {"id": number, "name": name} for number, name in EVERY_USER.items()
        ]
        return JSONResponse({"success": True, "data": rows})

    def me(self, _body: Body, _query: Query) -> JSONResponse:
        """Whose token it is."""
        return JSONResponse({
            "success": True,
            "data": {
                "id": int(API_USER), "name": "Kitwright", "email": "kitwright@example.com", "company_id": int(COMPANY),
                "company_name": "Pretended", "company_domain": "sim", "is_admin": int(ADMIN in self._state.rights),
            },
        })  # fmt: skip

    def _held(self, query: Query) -> Held:
        held = self._state.records.get(query["record"])
        if held is None:
            raise _refusal(404, f"{self._vendor.about.entity.capitalize()} not found")
        return held


def _counted(found: list[Held], query: Query) -> tuple[list[Held], Fields]:
    """A page as version 1 has it, by the number of its first row, and what tells of the next."""
    start, limit = int(query.get("start") or 0), min(int(query.get("limit", "100")), MAX_PAGE)
    more = start + limit < len(found)
    paging: Fields = {"start": start, "limit": limit, "more_items_in_collection": more}
    return found[start : start + limit], {"pagination": paging}


def _beside(rows: list[Fields], query: Query) -> JSONResponse:
    """Those of the rows with these numbers, or all, page by page."""
    require_known(query, "ids", "sort_by", "sort_direction")
    ids = query["ids"].split(",") if "ids" in query else []
    if len(ids) > MAX_IDS:
        raise refused(f"ids: at most {MAX_IDS}")
    found = [row for row in rows if "ids" not in query or str(row["id"]) in ids]
    page, following = page_of(found, query)
    return JSONResponse({"success": True, "data": [*page], "additional_data": following})

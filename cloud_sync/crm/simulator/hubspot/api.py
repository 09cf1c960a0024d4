"""The part of HubSpot's API a hub uses: reading and writing contacts in batches, properties, search, tokens.

It is there under the dates of its versions (`hubspot_http.DATES`) and as v3, with the same answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from cloud_sync.crm.simulator.answering import Body, Query, Route, add_table
from cloud_sync.crm.simulator.hubspot.companies import (
    COMPANY_OF,
    READ_COMPANIES,
    READ_OWNERS,
    READ_SCHEMA,
    company,
    company_id,
    owners,
)
from cloud_sync.crm.simulator.hubspot.companies import properties as company_properties
from cloud_sync.crm.simulator.hubspot.fields import MODIFIED, properties, shown, texts, wrong
from cloud_sync.crm.simulator.hubspot.http import HubSpotError, admit, token
from cloud_sync.crm.simulator.hubspot.search import fits, sort_key
from cloud_sync.crm.simulator.hubspot.vendor import (
    APP_ID,
    BATCH,
    READ,
    SCHEMA_READ,
    SCHEMA_WRITE,
    WRITE,
    HubSpot,
)
from cloud_sync.crm.simulator.values import Fields, Held
from cloud_sync.crm.simulator.vendor import iso

PATHS = (
    ("/crm/v3/objects/{kind}", "/crm/v3/properties/{kind}", "/account-info/v3/details"),
    (
        "/crm/objects/{version}/{kind}",
        "/crm/properties/{version}/{kind}",
        "/account-info/{version}/details",
    ),
)
"""Of objects, of properties, and of the account: as they were before, and with a date."""
MAX_FOUND = 200
SEARCHED = 10_000
"""Records that a search shows, however many it finds."""


def add_routes(app: FastAPI, vendor: HubSpot) -> None:
    """Adds the API to `app`."""
    api = _Api(vendor)
    if vendor.thing in COMPANY_OF:
        _add_beside(app, vendor)
    for objects, fields, account in PATHS:
        one = objects + "/{object_id}"
        table: list[Route] = [
            ("POST", objects + "/batch/read", READ, api.batch_read),
            ("POST", objects + "/batch/update", WRITE, api.batch_update),
            ("POST", objects + "/search", READ, api.search),
            ("GET", objects, READ, api.list_all),
            ("GET", one, READ, api.read),
            ("PATCH", one, WRITE, api.update),
            ("GET", fields, SCHEMA_READ, api.properties),
            ("POST", fields, SCHEMA_WRITE, api.add_property),
            ("GET", fields + "/groups", SCHEMA_READ, api.groups),
            ("POST", fields + "/groups", SCHEMA_WRITE, api.add_group),
            ("GET", fields + "/{name}", SCHEMA_READ, api.property),
            ("GET", account, "", api.account),
        ]
        add_table(app, table, partial(admit, vendor))
    info = "/oauth/v2/private-apps/get/access-token-info"
    add_table(app, [("POST", info, "", api.token_info)], partial(admit, vendor))
    tokens: list[Route] = [
        ("POST", path, "", partial(token, vendor))
        for path in ("/oauth/v1/token", "/oauth/v3/token")
    ]
    add_table(app, tokens, lambda _request, _right: {})


def _add_beside(app: FastAPI, vendor: HubSpot) -> None:
    """Companies and owners, beside what leads are."""
    firms = vendor.state.firms

    def read(body: Body, _query: Query) -> JSONResponse:
        known = {company_id(firm): company(firm) for firm in firms}
        names = [str(name) for name in body.get("properties", ())]
        ids = [str(one["id"]) for one in _inputs(body)]
        results = [
            {"id": i, "properties": {n: known[i].get(n) for n in names}} for i in ids if i in known
        ]
        return JSONResponse(
            {"status": "COMPLETE", "results": results}, 200 if len(results) == len(ids) else 207
        )

    def listed(_body: Body, _query: Query) -> JSONResponse:
        return JSONResponse(
            {"results": [{"id": company_id(firm), "properties": {}} for firm in firms][:10]}
        )

    def described(_body: Body, _query: Query) -> JSONResponse:
        return JSONResponse({"results": company_properties()})

    def people(_body: Body, query: Query) -> JSONResponse:
        return JSONResponse({"results": [] if query.get("archived") == "true" else owners()})

    for objects, fields, _ in PATHS:
        companies = objects.replace("{kind}", "companies")
        table: list[Route] = [
            ("POST", companies + "/batch/read", READ_COMPANIES, read),
            ("GET", companies, READ_COMPANIES, listed),
            ("GET", fields.replace("{kind}", "companies"), READ_SCHEMA, described),
        ]
        add_table(app, table, partial(admit, vendor))
    for path in ("/crm/v3/owners", "/crm/owners/{version}"):
        add_table(app, [("GET", path, READ_OWNERS, people)], partial(admit, vendor))


class _Api:
    """What each route does; who asks was let in before."""

    def __init__(self, vendor: HubSpot) -> None:
        self._vendor = vendor
        self._state = vendor.state
        self._groups: dict[str, Fields] = {
            "contactinformation": {"name": "contactinformation", "label": "Contact information"}
        }

    def batch_read(self, body: Body, _query: Query) -> JSONResponse:
        """Those that are there, of merged ones what they became; those that are not make it a 207."""
        ids = [self._state.records.became(str(one["id"])) for one in _inputs(body)]
        wanted = [str(name) for name in body.get("properties", ())]
        found = [held for one in dict.fromkeys(ids) if (held := self._state.records.get(one))]
        missing = [one for one in dict.fromkeys(ids) if self._state.records.get(one) is None]
        return self._batch([shown(held, wanted) for held in found], missing)

    def batch_update(self, body: Body, _query: Query) -> JSONResponse:
        """All values are looked at before any is set; contacts that are gone make it a 207."""
        inputs = _inputs(body)
        for one in inputs:
            self._check(one.get("properties", {}))
        done, missing = [], []
        for one in inputs:
            object_id = self._state.records.became(str(one["id"]))
            if self._state.records.set(object_id, texts(one["properties"]), by="api"):
                held = self._state.records.any(object_id)
                done.append(shown(held, list(one["properties"])) if held else {})
            else:
                missing.append(object_id)
        return self._batch(done, missing)

    def _batch(self, results: list[Fields], missing: list[str]) -> JSONResponse:
        now = iso(self._state.now())
        body: dict[str, object] = {
            "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now,
        }  # fmt: skip
        if missing:
            body["numErrors"] = 1
            body["errors"] = [{
                "status": "error", "category": "OBJECT_NOT_FOUND",
                "message": f"Could not get some {self._vendor.about.event.upper()} objects, they may be deleted or not exist. Check that ids are"
                " valid.",
                "context": {"ids": missing},
            }]  # fmt: skip
        return JSONResponse(body, 207 if missing else 200)

    def read(self, _body: Body, query: Query) -> JSONResponse:
        """One contact."""
        held = self._state.records.get(self._state.records.became(query["object_id"]))
        if held is None:
            raise HubSpotError(404, "OBJECT_NOT_FOUND", "resource not found")
        return JSONResponse(shown(held, query.get("properties", "").split(",")))

    def update(self, body: Body, query: Query) -> JSONResponse:
        """Sets properties of one contact."""
        self._check(body["properties"])
        object_id = self._state.records.became(query["object_id"])
        if not self._state.records.set(object_id, texts(body["properties"]), by="api"):
            raise HubSpotError(404, "OBJECT_NOT_FOUND", "resource not found")
        return self.read({}, {**query, "properties": ",".join(body["properties"])})

    def list_all(self, _body: Body, query: Query) -> JSONResponse:
        """Page by page, by id."""
        limit, after = min(int(query.get("limit", "10")), BATCH), int(query.get("after", "0"))
        return self._page(
            [held for held in self._state.records if not held.deleted],
            after, limit, query.get("properties", "").split(","),
        )  # fmt: skip

    def search(self, body: Body, _query: Query) -> JSONResponse:
        """Any of the groups, all filters of it."""
        groups = body.get("filterGroups", [])
        names = {one["propertyName"] for group in groups for one in group["filters"]}
        if names & (MODIFIED - {self._vendor.about.modified}):
            raise HubSpotError(400, "VALIDATION_ERROR", "There was a problem with the request.")
        found = [
            held
            for held in self._state.records
            if not held.deleted
            and (not groups or any(fits(held, group["filters"]) for group in groups))
        ]
        for sort in reversed(body.get("sorts", [])):
            name, down = sort["propertyName"], sort.get("direction") == "DESCENDING"
            found.sort(key=lambda held: sort_key(held, name), reverse=down)
        limit, after = min(int(body.get("limit", 10)), MAX_FOUND), int(body.get("after") or 0)
        if after + limit > SEARCHED:
            raise HubSpotError(
                400, "VALIDATION_ERROR", f"the limit of a search is {SEARCHED} records"
            )
        return self._page(found, after, limit, body.get("properties", []), total=True)

    def _page(
        self, found: list[Held], after: int, limit: int, wanted: list[str], *, total: bool = False
    ) -> JSONResponse:
        page = found[after : after + limit]
        body: dict[str, object] = {"results": [shown(held, wanted) for held in page]}
        if total:
            body["total"] = len(found)
        if after + limit < len(found):
            body["paging"] = {"next": {"after": str(after + limit)}}
        return JSONResponse(body)

    def properties(self, _body: Body, _query: Query) -> JSONResponse:
        """All of them."""
        return JSONResponse({"results": list(properties(self._state).values())})

    def property(self, _body: Body, query: Query) -> JSONResponse:
        """One of them."""
        found = properties(self._state).get(query["name"])
        if found is None:
            raise HubSpotError(404, "OBJECT_NOT_FOUND", f"Property {query['name']} does not exist")
        return JSONResponse(found)

    def add_property(self, body: Body, _query: Query) -> JSONResponse:
        """A new one: name, label, type, field type and an existing group are needed."""
        for needed in ("name", "label", "type", "fieldType", "groupName"):
            if not body.get(needed):
                raise HubSpotError(
                    400, "VALIDATION_ERROR", f"Some required fields were not set: [{needed}]"
                )
        name = str(body["name"])
        if name in properties(self._state):
            raise HubSpotError(
                409, "OBJECT_ALREADY_EXISTS", f"A property named '{name}' already exists."
            )
        if body["groupName"] not in self._groups:
            raise HubSpotError(
                400, "VALIDATION_ERROR", f"property group {body['groupName']} does not exist"
            )
        self._state.custom[name] = dict(body)
        return JSONResponse(body, 201)

    def groups(self, _body: Body, _query: Query) -> JSONResponse:
        """Groups of properties."""
        return JSONResponse({"results": list(self._groups.values())})

    def add_group(self, body: Body, _query: Query) -> JSONResponse:
        """A new group."""
        name = str(body.get("name", ""))
        if name in self._groups:
            raise HubSpotError(
                409, "OBJECT_ALREADY_EXISTS", f"A group named '{name}' already exists."
            )
        self._groups[name] = dict(body)
        return JSONResponse(body, 201)

    def account(self, _body: Body, _query: Query) -> JSONResponse:
        """Whose account it is."""
        return JSONResponse({
            "portalId": self._vendor.portal_id, "accountType": "DEVELOPER_TEST", "timeZone": "Europe/Berlin",
            "companyCurrency": "EUR", "uiDomain": "app.hubspot.com", "dataHostingLocation": "eu1",
        })  # fmt: skip

    def token_info(self, _body: Body, _query: Query) -> JSONResponse:
        """What the key may do."""
        return JSONResponse({
            "userId": 9024, "hubId": self._vendor.portal_id, "appId": APP_ID,
            "scopes": sorted(self._state.rights.held),
        })  # fmt: skip

    def _check(self, values: Mapping[str, Any]) -> None:
        known = properties(self._state)
        faults = [
            {"isValid": False, "message": said, "error": code, "name": name}
            for name, value in values.items()
            for code, said in [wrong(name, value, known.get(name))]
            if code
        ]
        if faults:
            said = json.dumps(faults, separators=(",", ":"))
            raise HubSpotError(400, "VALIDATION_ERROR", f"Property values were not valid: {said}")


def _inputs(body: Any) -> list[dict[str, Any]]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise HubSpotError(400, "VALIDATION_ERROR", "Some required fields were not set: [inputs]")
    if len(inputs) > BATCH:
        raise HubSpotError(
            400, "VALIDATION_ERROR",
            f"The request contained {len(inputs)} inputs, the limit is {BATCH}",
        )  # fmt: skip
    return inputs

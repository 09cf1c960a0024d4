"""The part of Dataverse's Web API a hub uses: tokens, leads by OData, and the place for foreign scores."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue

from cloud_sync.crm.simulator.answering import ApiError, Body, Query, Route, add_table
from cloud_sync.crm.simulator.choices import title
from cloud_sync.crm.simulator.conditions import (
    Row,
    Test,
    WrongConditionError,
    odata_filter,
    sorting,
)
from cloud_sync.crm.simulator.dynamics.related import (
    ACCOUNTS,
    LOOKUPS,
    STAGES,
    TABLES,
    account_label,
    account_row,
    attribute,
    name_of,
    relations,
    table,
    with_named,
)
from cloud_sync.crm.simulator.dynamics.vendor import (
    API_USER,
    CHOICES,
    DISQUALIFIED,
    ORGANIZATION,
    TRUTHS,
    Dynamics,
    label_of,
)
from cloud_sync.crm.simulator.values import Fields, Held

BASE = "/api/data/{version}"
SCORES = "msdyn_predictivescores"
PAGE = 5000
LABEL = "@OData.Community.Display.V1.FormattedValue"
TO = "@Microsoft.Dynamics.CRM.lookuplogicalname"
OWN = ("leadid", "createdon", "modifiedon")
OF_MERGED = ("merged", "_masterid_value")
"""Columns that say whether a record went into another one, and into which."""
SCORE_FIELDS = frozenset({
    "msdyn_score", "msdyn_scoretrend", "msdyn_grade", "msdyn_entityid", "msdyn_entitytype",
})  # fmt: skip
_TYPES = {
    "leadid": "Uniqueidentifier", "createdon": "DateTime", "modifiedon": "DateTime", "statecode": "State",
    "statuscode": "Status", "numberofemployees": "Integer",
}  # fmt: skip
LABELS = {
    "leadsourcecode": "Lead Source", "industrycode": "Industry", "companyname": "Company Name",
    "numberofemployees": "No. of Employees", "emailaddress1": "Email", "address1_country": "Country/Region",
    "donotbulkemail": "Do not allow Bulk Emails", "jobtitle": "Job Title",
}  # fmt: skip
_PAGE = re.compile(r"odata\.maxpagesize=(\d{1,4})")
_KEY = re.compile(r"msdyn_entityid='([0-9a-fA-F-]{36})',msdyn_entitytype='lead'")
_TABLES = "prvReadEntity"
_READ, _WRITE = "prvReadLead", "prvWriteLead"
_READ_SCORE, _WRITE_SCORE = "prvReadmsdyn_predictivescore", "prvWritemsdyn_predictivescore"


def add_routes(app: FastAPI, vendor: Dynamics) -> None:
    """Adds the API to `app`."""
    api = _Api(vendor)
    routes: list[Route] = [
        ("GET", BASE + "/WhoAmI", "", api.who),
        (
            "GET",
            BASE + "/EntityDefinitions(LogicalName='lead')/Attributes",
            _TABLES,
            api.attributes,
        ),
        (
            "GET",
            BASE + "/EntityDefinitions(LogicalName='account')/Attributes",
            _TABLES,
            api.of_accounts,
        ),
        (
            "GET",
            BASE + "/EntityDefinitions(LogicalName='processstage')/Attributes",
            _TABLES,
            api.of_stages,
        ),
        (
            "GET",
            BASE + "/EntityDefinitions(LogicalName='lead')/ManyToOneRelationships",
            _TABLES,
            api.lookups,
        ),
        ("GET", BASE + "/EntityDefinitions", _TABLES, api.tables),
        ("GET", BASE + "/accounts", "prvReadAccount", api.accounts),
        ("GET", BASE + "/leads", _READ, api.leads),
        ("GET", BASE + "/leads({lead})", _READ, api.lead),
        ("PATCH", BASE + "/leads({lead})", _WRITE, api.update),
        ("GET", BASE + f"/{SCORES}", _READ_SCORE, api.scores),
        ("PATCH", BASE + f"/{SCORES}({{key}})", _WRITE_SCORE, api.score),
        ("DELETE", BASE + f"/{SCORES}({{key}})", _WRITE_SCORE, api.unscore),
    ]
    add_table(app, routes, api.admit)
    tokens: list[Route] = [("POST", "/{tenant}/oauth2/v2.0/token", "", api.token)]
    add_table(app, tokens, lambda _request, _right: {})


def _refusal(status: int, code: str, said: str) -> ApiError:
    return ApiError(status, {"error": {"code": code, "message": said}})


class _Api:
    """What each route does."""

    def __init__(self, vendor: Dynamics) -> None:
        self._state = vendor.state
        self._scores: dict[str, Fields] = {}

    def admit(self, request: Request, right: str) -> Mapping[str, str]:
        """By bearer token, privilege and service protection limit."""
        state = self._state
        if not state.tokens.good(request.headers.get("authorization", "").removeprefix("Bearer ")):
            raise ApiError(401, {})
        budget = state.limiter.take()
        if budget.wait_s:
            refused = _refusal(429, "0x80072322", "Number of requests exceeded the limit of 6000 over the time window of 300 seconds.")  # fmt: skip
            raise ApiError(429, refused.body, {"Retry-After": str(int(budget.wait_s) + 1)})
        if right and right not in state.rights:
            raise _refusal(
                403, "0x80040220",
                f"Principal user (Id={API_USER}, type=8) is missing {right} privilege (Id={ORGANIZATION}) on OTC=4",
            )  # fmt: skip
        left = {"x-ms-ratelimit-burst-remaining-xrm-requests": str(budget.left)}
        return left if budget.limit else {}

    def token(self, body: Body, query: Query) -> JSONResponse:
        """Client credentials only."""
        known = self._state.secrets.api
        given = {**body, "tenant": query["tenant"]}
        names = ("tenant", "client_id", "client_secret")
        fine = all(known.get(name) and given.get(name) == known[name] for name in names)
        if body.get("grant_type") != "client_credentials" or not fine:
            said = "AADSTS7000215: Invalid client secret provided."
            return JSONResponse({"error": "invalid_client", "error_description": said}, 401)
        return JSONResponse({
            "token_type": "Bearer", "expires_in": int(self._state.tokens.life_s),
            "access_token": self._state.tokens.grant(),
        })  # fmt: skip

    def who(self, _body: Body, _query: Query) -> JSONResponse:
        """The application user."""
        return JSONResponse({"UserId": API_USER, "OrganizationId": ORGANIZATION})

    def attributes(self, _body: Body, _query: Query) -> JSONResponse:
        """The columns of leads, as the metadata describe them."""
        names = dict.fromkeys([*OWN, *self._state.records.names()])
        return JSONResponse({"value": with_named([_attribute(name) for name in names])})

    def of_accounts(self, _body: Body, _query: Query) -> JSONResponse:
        """The columns of accounts."""
        rows = [attribute(name, *said) for name, said in ACCOUNTS.items()]
        return JSONResponse({"value": with_named(rows)})

    def of_stages(self, _body: Body, _query: Query) -> JSONResponse:
        """The columns of stages of processes."""
        rows: list[JsonValue] = [attribute(name, *said) for name, said in STAGES.items()]
        return JSONResponse({"value": rows})

    def lookups(self, _body: Body, _query: Query) -> JSONResponse:
        """What leads refer to."""
        return JSONResponse({"value": relations()})

    def tables(self, _body: Body, query: Query) -> JSONResponse:
        """Tables that fit."""
        test = self._filter(query.get("$filter", ""))[0]
        return JSONResponse({"value": [row for row in map(table, TABLES) if test(row)]})

    def accounts(self, _body: Body, query: Query) -> JSONResponse:
        """Accounts that fit."""
        test, named = self._filter(query.get("$filter", ""))
        asked = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
        for name in (*named, *asked):
            if name not in ACCOUNTS:
                raise _refusal(400, "0x80060888", f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.account'.")  # fmt: skip
        rows = [row for row in map(account_row, self._state.firms) if test(row)]
        labelled = "FormattedValue" in query["header:prefer"]
        found: list[JsonValue] = []
        for row in rows[: int(query.get("$top") or PAGE)]:
            shown: Fields = {name: row.get(name) for name in asked or ACCOUNTS}
            labels = {f"{n}{LABEL}": account_label(n, value) for n, value in shown.items()}
            found.append({**shown, **({n: said for n, said in labels.items() if said} if labelled else {})})  # fmt: skip
        return JSONResponse({"value": found})

    def leads(self, _body: Body, query: Query) -> JSONResponse:
        """Leads that fit, page by page."""
        test = self._test(query.get("$filter", ""))
        there = (h for h in self._state.records if not h.deleted or h.merged_into)
        rows = [self._row(held) for held in there]
        found = [row for row in rows if test(row)]
        for part in reversed([one for one in query.get("$orderby", "").split(",") if one]):
            name, _, way = part.strip().partition(" ")
            key = self._known(name)
            found.sort(key=lambda row: sorting(row.get(key)), reverse=way == "desc")
        if "$top" in query:
            return JSONResponse({"value": [self._shown(row, query) for row in found[: int(query["$top"])]]})  # fmt: skip
        asked = _PAGE.search(query["header:prefer"])
        size = min(int(asked[1]), PAGE) if asked else PAGE
        start = int(query.get("$skiptoken") or 0)
        body: Fields = {"value": [self._shown(row, query) for row in found[start : start + size]]}
        if start + size < len(found):
            kept = {name: value for name, value in query.items() if name.startswith("$")}
            following = urlencode({**kept, "$skiptoken": str(start + size)})
            body["@odata.nextLink"] = (
                f"https://sim.crm.dynamics.com/api/data/v9.2/leads?{following}"
            )
        return JSONResponse(body)

    def lead(self, _body: Body, query: Query) -> JSONResponse:
        """One lead."""
        return JSONResponse(self._shown(self._row(self._held(query)), query))

    def update(self, body: Body, query: Query) -> Response:
        """Sets columns of one lead."""
        held = self._held(query)
        for name in body:
            if self._known(name) in (*OWN, *OF_MERGED):
                raise _refusal(400, "0x80048d19", f"{name} cannot be set")
        self._state.records.set(held.object_id, body, by="api")
        return Response(status_code=204)

    def scores(self, _body: Body, query: Query) -> JSONResponse:
        """All scores, or the first."""
        rows: list[JsonValue] = [*self._scores.values()]
        return JSONResponse({"value": rows[: int(query.get("$top") or PAGE)]})

    def score(self, body: Body, query: Query) -> Response:
        """Makes or changes the score of a lead; it is a record of its own, the lead itself stays as it is."""
        object_id = self._key(query)
        for name in body:
            if name not in SCORE_FIELDS:
                raise _refusal(400, "0x80060888", f"Could not find a property named '{name}'")
        points = body.get("msdyn_score")
        if not isinstance(points, int) or not 0 <= points <= 100:
            raise _refusal(400, "0x8004431a", "A validation error occurred: msdyn_score")
        # what names a record in the address becomes part of it
        keys: Fields = {"msdyn_entityid": object_id, "msdyn_entitytype": "lead"}
        row = {**self._scores.get(object_id, keys), **body}
        same = row == self._scores.get(object_id)
        self._scores[object_id] = row
        self._state.records.note(object_id, body, same=same)
        return Response(status_code=204)

    def unscore(self, _body: Body, query: Query) -> Response:
        """Takes the score of a lead away."""
        object_id = self._key(query)
        if self._scores.pop(object_id, None) is None:
            raise _refusal(404, "0x80040217", "msdyn_predictivescore Does Not Exist")
        self._state.records.note(object_id, {"msdyn_score": None}, same=False)
        return Response(status_code=204)

    def _key(self, query: Query) -> str:
        found = _KEY.fullmatch(query["key"])
        if found is None:
            raise _refusal(
                404, "0x80060891", "A record with the specified key values does not exist"
            )
        return found[1].lower()

    def _held(self, query: Query) -> Held:
        held = self._state.records.get(query["lead"].lower())
        if held is None:
            raise _refusal(
                404, "0x80040217", f"Entity 'lead' With Id = {query['lead']} Does Not Exist"
            )
        return held

    def _test(self, text: str) -> Test:
        test, names = self._filter(text)
        for name in names:
            self._known(name)
        return test

    @staticmethod
    def _filter(text: str) -> tuple[Test, frozenset[str]]:
        """A condition, and the columns that it names."""
        if not text:
            return (lambda _row: True), frozenset()
        try:
            test, names = odata_filter(text)
        except WrongConditionError as error:
            raise _refusal(400, "0x80060888", str(error)) from None
        return test, frozenset(names)

    def _known(self, name: str) -> str:
        if name not in (*OWN, *OF_MERGED) and name not in self._state.records.names():
            said = (
                f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.lead'."
            )
            raise _refusal(400, "0x80060888", said)
        return name

    def _row(self, held: Held) -> Row:
        return {
            **held.fields, "leadid": held.object_id, "createdon": _stamp(held.created_at.isoformat(timespec="seconds")),
            "modifiedon": _stamp(held.modified_at.isoformat(timespec="seconds")), "merged": bool(held.merged_into),
            "_masterid_value": held.merged_into or None, **(DISQUALIFIED if held.merged_into else {}),
        }  # fmt: skip

    def _shown(self, row: Row, query: Query) -> Fields:
        asked = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
        names = [self._known(name) for name in asked] or list(row)
        shown: Fields = {"@odata.etag": f'W/"{row["modifiedon"]}"', "leadid": row["leadid"]}
        labelled = "FormattedValue" in query["header:prefer"]
        for name in names:
            shown[name] = row.get(name)
            label = label_of(name, row.get(name)) or name_of(name, row.get(name), self._state.firms)
            if label and labelled:
                shown[name + LABEL] = label
            if row.get(name) and name in LOOKUPS and "lookuplogicalname" in query["header:prefer"]:
                shown[name + TO] = LOOKUPS[name][2]
        return shown


def _attribute(name: str) -> Fields:
    if name in LOOKUPS:
        return attribute(name, *LOOKUPS[name][:2])
    kind = "Picklist" if CHOICES.of(name) else "Boolean" if name in TRUTHS else _TYPES.get(name, "String")  # fmt: skip
    label = LABELS.get(name) or title(name.removeprefix("new_"))
    return attribute(name, kind, label)


def _stamp(text: str) -> str:
    """Whole seconds of UTC, as Dataverse shows them."""
    return text.replace("+00:00", "Z")

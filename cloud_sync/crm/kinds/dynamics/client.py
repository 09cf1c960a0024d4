"""Dynamics 365 Sales: scores in the official place for foreign ones (`msdyn_predictivescores`), leads by the Web API.

Sources: https://learn.microsoft.com/dynamics365/sales/populate-predictive-scores and the Dataverse Web API. A score is
named by the lead it belongs to (an alternate key), so that writing it twice makes no second one. It has a place for
points, trend and grade; what else is to be shown goes into columns of the lead that `fields` names. How columns are
named is `columns.py`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import JsonValue

from cloud_sync.crm.client.http import (
    FORBIDDEN,
    GONE,
    CrmHttp,
    CrmRefusedError,
    Wire,
    one,
    rows_in,
    text,
    words_in,
)
from cloud_sync.crm.client.oauth import Tokens
from cloud_sync.crm.client.remedies import remedy
from cloud_sync.crm.client.shown import (
    json_values,
    listed_of,
    record_of,
    shown_fields,
    stamp,
)
from cloud_sync.crm.client.singly import write_singly
from cloud_sync.crm.client.window import event_of, merged_of, time_of, window_of
from cloud_sync.crm.kinds.base import (
    Access,
    CrmEvent,
    Listing,
    Page,
    Record,
    ScoreWrite,
    WriteOutcome,
)
from cloud_sync.crm.kinds.dynamics.beside import Related, is_guid
from cloud_sync.crm.kinds.dynamics.columns import INTO, MERGED, Columns, is_column
from cloud_sync.effects.addresses import checked_url
from cloud_sync.effects.checks import Check
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError

BASE: Final = "/api/data/v9.2"
AUTHORITY: Final = "https://login.microsoftonline.com"
SCORES: Final = "msdyn_predictivescores"
PAGE: Final = 500
_SETS = {"lead": "leads", "opportunity": "opportunities"}
_TRENDS = {"improving": 0, "steady": 1, "declining": 2}
UNKNOWN_TREND: Final = 3
_GRADES = {"hot": 0, "warm": 1, "cold": 3}
"""A, B and D: there are three bands and four grades."""
_PREFER = f'odata.maxpagesize={PAGE},odata.include-annotations="OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.lookuplogicalname"'


class Dynamics:
    """Leads or opportunities of one environment.

    Args:
        access: settings with the kind's defaults, and the secrets `tenant`, `client_id`, `client_secret`.
        wire: how requests go out; None: as the settings say.

    Raises:
        ConfigError: no such object, or an option is none.
    """

    kind = "dynamics"
    batch = 20
    singly = True

    def __init__(self, access: Access, wire: Wire | None = None) -> None:
        settings, options = access.settings, access.settings.options
        if settings.object not in _SETS:
            raise ConfigError(
                f"Dynamics takes no scores of {settings.object!r}", where=f"{access.name}: object",
                fix="lead or opportunity",
            )  # fmt: skip
        self._settings = settings
        self._name = access.name
        self._object = settings.object
        self._set = _SETS[settings.object]
        self._key = f"{settings.object}id"
        self._wire = wire or Wire(access)
        self.budget = self._wire.budget
        self._secrets = access.secrets
        self._columns = Columns(self._get, settings, self._key, access.name, access.met)
        self._related = Related(self._get, self._columns, access, time.monotonic)
        self.polls = options.get("events", "poll") == "poll"
        authority = checked_url(options.get("authority", AUTHORITY)).geturl().rstrip("/")
        path = f"/{quote(access.secrets['tenant'], safe='')}/oauth2/v2.0/token"
        self._tokens = Tokens(self._wire, authority, path, self._form)
        self._http = CrmHttp(
            self._wire, settings.url, self._tokens.headers, renew=self._tokens.renew,
            explain=_explained,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Dynamics({self._object!r})"

    def _form(self) -> dict[str, str]:
        return {
            "grant_type": "client_credentials", "client_id": self._secrets["client_id"],
            "client_secret": self._secrets["client_secret"], "scope": f"{self._settings.url}/.default",
        }  # fmt: skip

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        """As `Crm.read`."""
        asked = {object_id.lower(): object_id for object_id in object_ids if is_guid(object_id)}
        if not asked:
            return []
        terms = " or ".join(f"{self._key} eq {object_id}" for object_id in asked)
        columns = self._columns.select(self._related.keys())
        answer = self._get(self._set, {"$filter": terms, **columns})
        # one that was merged away is there, disqualified, and tells of nobody
        rows = [
            row
            for row in rows_in({**answer}, "value", self._name)
            if text(row.get(self._key)).lower() in asked and row.get(MERGED) is not True
        ]
        beside = self._related.values(rows)
        return [self._record(row, asked, more) for row, more in zip(rows, beside)]

    def _record(
        self, row: Mapping[str, JsonValue], asked: Mapping[str, str], more: Mapping[str, JsonValue]
    ) -> Record:
        """A record. `more`: values of what it refers to, by column."""
        return record_of(
            asked[text(row.get(self._key)).lower()], {**self._columns.values(row), **more},
            self._settings, modified=row.get("modifiedon"), created=row.get("createdon"),
            persons=self._columns.persons(row),
        )  # fmt: skip

    def labels(self) -> Mapping[str, str]:
        """As `Crm.labels`."""
        return self._columns.labels

    def _get(self, path: str, query: Mapping[str, str]) -> Mapping[str, JsonValue]:
        told = self._http.tell("GET", f"{BASE}/{path}", None, query, {"prefer": _PREFER})
        return one(told.value)

    def changed_since(self, cursor: str) -> Page:
        """As `Crm.changed_since`. What is deleted is told by its webhook only."""
        if self._wire.server_time() is None:
            self._get("WhoAmI", {})
        now = time_of(self._wire.server_time() or self._wire.clock())
        window = window_of(cursor, now)
        if not cursor or window.since >= window.until:
            return Page((), window.text())
        span = f"modifiedon ge {stamp(window.since)} and modifiedon lt {stamp(window.until)}"
        query = {
            "$select": ",".join((self._key, "modifiedon", "createdon", *self._columns.merged)),
            "$filter": span, "$orderby": f"{self._key} asc",
        }  # fmt: skip
        if window.after:
            query["$skiptoken"] = window.after
        answer = self._get(self._set, query)
        rows = rows_in({**answer}, "value", self._name)
        rows = [row for row in rows if is_guid(text(row.get(self._key)))]
        events = tuple(event for row in rows for event in self._events(row, window.until))
        token = self._token_in(text(answer.get("@odata.nextLink")))
        if token:
            return Page(events, window.behind(token).text(), more=True)
        return Page(events, window.done().text(), more=window.leaves(now))

    def _events(self, row: Mapping[str, JsonValue], fallback: datetime) -> tuple[CrmEvent, ...]:
        name, at = text(row.get(self._key)).lower(), row.get("modifiedon")
        into = text(row.get(INTO)).lower()
        if row.get(MERGED) is True and is_guid(into):
            return merged_of(name, into, at, fallback)
        return (event_of(name, at, row.get("createdon"), fallback),)

    def listed(self, cursor: str, since: datetime | None) -> Listing:
        """As `Crm.listed`: by the time they were made."""
        outcome = self._settings.outcome.field
        names = [self._key, "modifiedon", *([outcome] if is_column(outcome) else [])]
        query = {"$select": ",".join(names), "$orderby": f"createdon desc,{self._key} desc"}
        if since is not None:
            query["$filter"] = f"modifiedon ge {stamp(since)}"
        if cursor:
            query["$skiptoken"] = cursor
        answer = self._get(self._set, query)
        found = tuple(
            listed_of(
                text(row.get(self._key)).lower(), row.get(outcome), self._settings,
                modified=row.get("modifiedon"),
            )
            for row in rows_in({**answer}, "value", self._name)
            if is_guid(text(row.get(self._key)))
        )  # fmt: skip
        token = self._token_in(text(answer.get("@odata.nextLink")))
        return Listing(found, token or cursor, more=bool(token) and token != cursor)

    @staticmethod
    def _token_in(link: str) -> str:
        """Where the next page begins; of the link nothing else is believed."""
        return dict(parse_qsl(urlsplit(link).query)).get("$skiptoken", "")[:4000]

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        """As `Crm.write`."""
        return write_singly(writes, self._write_one)

    def _write_one(self, write: ScoreWrite) -> None:
        if not is_guid(write.object_id):
            raise CrmRefusedError("no id of Dynamics", status=404, where=self._name, retry=False)
        own = json_values(write, self._settings.fields)
        if own:
            # only what is there: an update of a deleted lead would make it anew
            path = f"{BASE}/{self._set}({write.object_id})"
            self._http.tell("PATCH", path, own, None, {"if-match": "*"})
        place = (
            f"{BASE}/{SCORES}(msdyn_entityid='{write.object_id}',msdyn_entitytype='{self._object}')"
        )
        if write.points is None:
            self._take_away(place)
            return
        body: JsonValue = {
            "msdyn_score": write.points,
            "msdyn_scoretrend": _TRENDS.get(write.trend, UNKNOWN_TREND),
            "msdyn_grade": _GRADES.get(write.band, UNKNOWN_TREND),
        }
        try:
            self._http.call("PATCH", place, body)
        except CrmRefusedError as error:
            if error.status not in GONE:
                raise
            # a score is made where there is none: what is not there is the table
            raise CrmRefusedError(
                f"has no place for scores ({SCORES}): {error.what}", status=FORBIDDEN,
                where=self._name, retry=True,
            ) from error  # fmt: skip

    def _take_away(self, place: str) -> None:
        try:
            self._http.call("DELETE", place)
        except CrmRefusedError as error:
            if error.status not in GONE:
                raise

    def make_fields(self) -> list[Check]:
        """The place for scores comes with Dynamics 365 Sales; columns of the firm's own are made by an administrator."""
        return self.check()

    def check(self) -> list[Check]:
        """As `Crm.check`."""
        try:
            who = self._get("WhoAmI", {})
        except DeliveryError as error:
            fix = (
                "check url (https://ORG.crm.dynamics.com), tenant, client id and secret, and that the application user is"
                " added in the Power Platform admin center"
            )
            return [Check("sign in", False, error.what, remedy(error, fix))]
        checks = [Check("sign in", True, f"as {text(who.get('UserId'))}")]
        checks.append(
            self._may_read(self._set, f"give the application user Read on {self._object}")
        )
        fix = (
            "Dynamics 365 Sales Premium or Enterprise has it; the application user needs the role System Customizer, or"
            " Create, Read, Write and Delete on Predictive Score"
        )
        checks.append(self._may_read(SCORES, fix))
        checks += self._related.checks(self._may_read)
        return checks + [
            self._check_column(name) for name, _ in shown_fields(self._settings.fields)
        ]

    def _may_read(self, path: str, fix: str) -> Check:
        try:
            self._get(path, {"$top": "1"})
        except CrmRefusedError as error:
            return Check(f"right to read {path}", False, error.what, remedy(error, fix))
        return Check(f"right to read {path}", True, "granted")

    def _check_column(self, name: str) -> Check:
        try:
            self._get(self._set, {"$top": "1", "$select": name})
        except CrmRefusedError as error:
            fix = f"make the column in the table {self._object}, or name another one in `fields`"
            return Check(f"column {name}", False, error.what, remedy(error, fix))
        return Check(f"column {name}", True, "there")


def _explained(status: int, value: JsonValue) -> str:
    said = words_in(value)
    missing = re.search(r"missing (prv\w{1,60}) privilege", said[:400])
    if status == FORBIDDEN and missing:
        return f"the application user lacks the privilege {missing[1]}: add it to its security role"
    return ""

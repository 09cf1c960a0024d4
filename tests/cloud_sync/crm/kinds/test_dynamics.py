"""Dynamics 365: one score per lead in its official place, labels instead of numbers, changes by its own clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from cloud_sync.crm.kinds.base import Crm, CrmEvent
from cloud_sync.crm.kinds.table import open_crm
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.servers import (
    Asked,
    Reply,
    Server,
    access_for,
    crm_for,
    crm_server,
    score,
)

SECRETS = {"tenant": "t-1", "client_id": "app", "client_secret": "s3cr3t"}
BASE = "/api/data/v9.2"
LABEL = "@OData.Community.Display.V1.FormattedValue"
SCORE = re.compile(r"/msdyn_predictivescores\(msdyn_entityid='(.*)',msdyn_entitytype='lead'\)")
PAGE = 3


def guid(number: int) -> str:
    return f"abcdef00-0000-4000-8000-{number:012d}"


class Environment:
    """What an environment holds."""

    def __init__(self) -> None:
        self.leads: dict[str, dict[str, Any]] = {}
        self.scores: dict[str, dict[str, Any]] = {}
        self.tokens: set[str] = set()
        self.forms: list[dict[str, str]] = []
        self.missing = ""
        self.date = ""

    def lead(self, number: int, at: str = "2026-05-04T12:00:00Z", **fields: Any) -> str:
        self.leads[guid(number)] = {
            "leadid": guid(number), "modifiedon": at, "createdon": "2026-01-01T00:00:00Z",
            "statecode": 0, f"statecode{LABEL}": "Open", "fullname": "Ann Arbor", "companyname": f"Firm {number}",
            "leadsourcecode": 8, f"leadsourcecode{LABEL}": "Web", "revenue": 1000,
            f"revenue{LABEL}": "1,000", "_ownerid_value": guid(999), f"_ownerid_value{LABEL}": "Ann",
            "donotemail": False, f"donotemail{LABEL}": "Allow", "merged": False,
            "_masterid_value": None, **fields,
        }  # fmt: skip
        return guid(number)

    def act(self, asked: Asked) -> Reply:
        if asked.path == "/t-1/oauth2/v2.0/token":
            form = {name: values[0] for name, values in parse_qs(asked.raw.decode()).items()}
            self.forms.append(form)
            if form["client_secret"] != "s3cr3t":
                said = "AADSTS7000215: Invalid client secret provided."
                return Reply({"error": "invalid_client", "error_description": said}, 401)
            self.tokens.add(f"token-{len(self.forms)}")
            return Reply({"access_token": f"token-{len(self.forms)}", "expires_in": 3599})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Reply({"error": {"code": "0x80040204", "message": "token expired"}}, 401)
        reply = self._act(asked)
        if self.date:
            reply.headers["date"] = self.date
        return reply

    def _act(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix(BASE)
        found = SCORE.fullmatch(path)
        if found:
            return self._score(found[1], asked)
        if self.missing and self.missing in path:
            said = f"Principal user is missing prv{self.missing} privilege (Id=1) on OTC=1"
            return Reply({"error": {"code": "0x80040220", "message": said}}, 403)
        table: dict[str, Callable[[Asked], Reply]] = {
            "/EntityDefinitions(LogicalName='lead')/Attributes": lambda _: Reply({"value": [
                {"LogicalName": name, "AttributeType": kind, "DisplayName": {"UserLocalizedLabel": {"Label": label}}}
                for name, kind, label in (("companyname", "String", "Company Name"), ("ownerid", "Owner", "Owner"),
                                          ("leadsourcecode", "Picklist", "Lead Source"), ("donotemail", "Boolean", "Do not allow Emails"),
                                          ("new_themes", "Virtual", "Themes"))]}),
            "/WhoAmI": lambda _: Reply({"UserId": guid(7)}), "/leads": self._list,
            "/msdyn_predictivescores": lambda _: Reply({"value": []}),
        }  # fmt: skip
        if path in table:
            return table[path](asked)
        object_id = path.removeprefix("/leads(").removesuffix(")")
        if object_id not in self.leads:
            return Reply({"error": {"code": "0x80040217", "message": "Does Not Exist"}}, 404)
        assert asked.headers["if-match"] == "*"
        self.leads[object_id] |= asked.body
        return Reply(status=204)

    def _score(self, object_id: str, asked: Asked) -> Reply:
        if self.missing == "WritePredictiveScore":
            said = "Principal user is missing prvWritePredictiveScore privilege"
            return Reply({"error": {"code": "0x80040220", "message": said}}, 403)
        if self.missing == "table":
            said = "Resource not found for the segment 'msdyn_predictivescores'."
            return Reply({"error": {"code": "0x8006088a", "message": said}}, 404)
        if asked.method == "DELETE":
            there = self.scores.pop(object_id, None)
            return Reply(status=204) if there else Reply({"error": {"message": "Does Not Exist"}}, 404)  # fmt: skip
        self.scores[object_id] = {**self.scores.get(object_id, {}), **asked.body}
        return Reply(status=204)

    def _list(self, asked: Asked) -> Reply:
        rows = sorted(self.leads.values(), key=lambda row: row["leadid"])
        wanted = asked.query.get("$filter", "")
        if ids := re.findall(r"leadid eq ([0-9a-fA-F-]+)", wanted):
            rows = [row for row in rows if row["leadid"] in {i.lower() for i in ids}]
        if span := re.search(r"modifiedon ge (\S+) and modifiedon lt (\S+)", wanted):
            rows = [row for row in rows if span[1] <= row["modifiedon"] < span[2]]
        names = asked.query.get("$select", "").split(",")
        unknown = [n for n in names if n and n not in {"leadid", *self.leads[guid(1)]}] if self.leads else []  # fmt: skip
        if unknown:
            said = f"Could not find a property named '{unknown[0]}'"
            return Reply({"error": {"message": said}}, 400)
        start = int(asked.query.get("$skiptoken", "0"))
        more = len(rows) > start + PAGE and "$orderby" in asked.query
        page = rows[start : start + PAGE] if "$orderby" in asked.query else rows
        link = {"@odata.nextLink": f"http://evil.example/leads?$skiptoken={start + PAGE}"} if more else {}  # fmt: skip
        return Reply({"value": page, **link})


@pytest.fixture
def environment() -> Environment:
    return Environment()


@pytest.fixture
def server(environment: Environment) -> Iterator[Server]:
    with crm_server(environment.act) as server:
        yield server


@pytest.fixture
def crm(server: Server) -> Crm:
    return crm_for("dynamics", server, SECRETS, options={"authority": server.url})


def test_a_record_has_labels_where_people_see_labels(crm: Crm, environment: Environment) -> None:
    one = environment.lead(1)
    won = environment.lead(2, statecode=1)
    asked = one.upper()
    first, second = crm.read([asked, won, guid(99), "x' or 1 eq 1"])
    assert first.object_id == asked
    assert first.fields["leadsourcecode"] == "Web" and first.fields["_ownerid_value"] == "Ann"
    assert first.fields["revenue"] == 1000 and first.fields["donotemail"] is False
    assert (first.outcome, second.outcome) == ("", "won")
    assert not any("@" in name for name in first.fields)


def test_columns_of_an_export_are_found_by_their_labels(
    server: Server, environment: Environment
) -> None:
    columns = ["Company Name", "Lead Source", "Owner", "accounts.sector"]
    options = {"authority": server.url}
    crm = crm_for("dynamics", server, SECRETS, options=options, columns=columns)
    [record] = crm.read([environment.lead(1, statecode=2)])
    assert record.fields == {
        "Company Name": "Firm 1", "Lead Source": "Web", "Owner": "Ann", "fullname": "Ann Arbor"
    }  # fmt: skip
    assert record.outcome == "lost"


def test_each_lead_has_one_score_however_often_it_is_written(
    crm: Crm, environment: Environment, server: Server
) -> None:
    one = environment.lead(1)
    server.troubles.extend([None])  # the token
    server.lost.append(False)
    server.lose_answer()
    with pytest.raises(DeliveryError):
        crm.write([score(one)])
    assert crm.write([score(one, 88)])[0].ok
    assert environment.scores == {one: {"msdyn_score": 88, "msdyn_scoretrend": 0, "msdyn_grade": 0}}


def test_a_score_that_is_taken_away_is_deleted_and_so_it_stays(
    crm: Crm, environment: Environment
) -> None:
    one = environment.lead(1)
    crm.write([score(one)])
    assert crm.write([score(one, None, version=2)])[0].ok
    assert crm.write([score(one, None, version=2)])[0].ok
    assert environment.scores == {}


def test_where_the_place_for_scores_is_missing_no_lead_is_taken_for_gone(
    server: Server, environment: Environment
) -> None:
    environment.missing = "table"
    crm = crm_for("dynamics", server, SECRETS, options={"authority": server.url})
    with pytest.raises(DeliveryError, match="no place for scores") as caught:
        crm.write([score(environment.lead(number)) for number in (1, 2)])
    assert caught.value.retry


def test_columns_of_the_firms_own_are_written_only_where_the_lead_is(
    server: Server, environment: Environment
) -> None:
    options = {"authority": server.url}
    fields = {"reasons": "new_reasons"}
    crm = crm_for("dynamics", server, SECRETS, options=options, fields=fields)
    one = environment.lead(1)
    fine, gone = crm.write([score(one), score(guid(99))])
    assert fine.ok and gone.gone
    assert environment.leads[one]["new_reasons"].startswith("asked for a demo")
    assert list(environment.scores) == [one]


def test_a_privilege_that_is_missing_is_named(crm: Crm, environment: Environment) -> None:
    one = environment.lead(1)
    environment.missing = "WritePredictiveScore"
    with pytest.raises(
        DeliveryError, match="lacks the privilege prvWritePredictiveScore"
    ) as caught:
        crm.write([score(one), score(environment.lead(2))])
    assert caught.value.retry
    environment.missing = "msdyn_predictivescores"
    [check] = [check for check in crm.check() if not check.ok]
    assert "System Customizer" in check.fix


def test_a_wrong_secret_is_said_and_never_shown(server: Server) -> None:
    secrets = {**SECRETS, "client_secret": "wr0ng"}
    crm = crm_for("dynamics", server, secrets, options={"authority": server.url})
    [check] = crm.check()
    assert "Invalid client secret" in check.found and "wr0ng" not in f"{check}{crm!r}"


def test_a_column_that_is_no_name_is_not_asked_for(
    server: Server, environment: Environment
) -> None:
    options = {"authority": server.url}
    crm = crm_for("dynamics", server, SECRETS, options=options, columns=["a,b$expand=x"])
    assert crm.read([environment.lead(1)])[0].fields.keys() == {"fullname"}
    assert not any("expand" in str(asked.query) for asked in server.asked)
    with pytest.raises(ConfigError):
        crm_for("dynamics", server, SECRETS, object="account")


def test_changes_are_told_page_by_page_and_only_its_own_server_is_asked(
    crm: Crm, environment: Environment
) -> None:
    at = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=2)
    environment.date = format_datetime(at, usegmt=True)
    cursor = crm.changed_since("").cursor
    ids = [environment.lead(n, at.strftime("%Y-%m-%dT%H:%M:%SZ")) for n in range(1, 9)]
    environment.date = format_datetime(at + timedelta(seconds=30), usegmt=True)
    crm.check()
    events: list[CrmEvent] = []
    more = True
    while more:
        page = crm.changed_since(cursor)
        cursor, more = page.cursor, page.more
        events += page.events
    assert {event.object_id for event in events} == set(ids)
    assert len({event.event_id for event in events}) == len(ids)


def test_a_lead_that_was_merged_away_is_gone_not_lost_and_names_the_other(
    crm: Crm, environment: Environment
) -> None:
    at = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=2)
    environment.date = format_datetime(at, usegmt=True)
    cursor = crm.changed_since("").cursor
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = environment.lead(1)
    gone = environment.lead(2, stamp, statecode=2, merged=True, _masterid_value=kept.upper())
    environment.date = format_datetime(at + timedelta(seconds=30), usegmt=True)
    crm.check()
    events = crm.changed_since(cursor).events
    assert [(event.object_id, event.what) for event in events] == [
        (gone, "merged"),
        (kept, "joined"),
    ]
    assert [record.object_id for record in crm.read([kept, gone])] == [kept]


def test_choices_of_several_and_a_yes_or_no_are_read_as_an_export_shows_them(
    environment: Environment, server: Server
) -> None:
    name = environment.lead(1, new_themes="3,7", **{f"new_themes{LABEL}": "Pumps; Valves"})
    columns = ["Themes", "Do not allow Emails"]
    learned = {("Do not allow Emails", "Allow"), ("Themes", "Valves")}
    access = access_for(
        "dynamics", server, SECRETS, columns=columns, options={"authority": server.url}
    )
    crm = open_crm(replace(access, met=lambda column, value: (column, value) in learned))
    assert crm.read([name])[0].fields | {"fullname": ""} == {
        "Themes": "Pumps; Valves", "Do not allow Emails": "Allow", "fullname": "",
    }  # fmt: skip
    plain = crm_for("dynamics", server, SECRETS, columns=columns, options={"authority": server.url})
    assert plain.read([name])[0].fields["Do not allow Emails"] is False


def test_columns_are_read_by_their_names_where_the_user_may_not_see_which_there_are(
    environment: Environment, server: Server
) -> None:
    name, environment.missing = environment.lead(1), "EntityDefinitions"
    crm = crm_for(
        "dynamics", server, SECRETS, columns=["leadsourcecode"], options={"authority": server.url}
    )
    assert crm.read([name])[0].fields["leadsourcecode"] == "Web" and crm.labels() == {}

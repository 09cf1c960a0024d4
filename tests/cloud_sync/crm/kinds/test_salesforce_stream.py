"""Salesforce's stream of changes: replay after a pause, gaps, ended sessions, our own changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from cloud_sync.crm.inbound.inbox import is_own
from cloud_sync.crm.kinds.base import Crm, CrmEvent
from cloud_sync.crm.kinds.incoming import INCOMING, own_fields
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import DataError
from tests.cloud_sync.crm.org import SECRETS, Org
from tests.cloud_sync.crm.servers import Asked, Reply, Server, crm_for, crm_server, score

CHANNEL = "/data/LeadChangeEvent"


class Streaming(Org):
    """An organisation with Change Data Capture.

    Attributes:
        oldest: replay ids below are gone.
        sessions: client id → the replay id it has heard.
    """

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[int, dict[str, Any]]] = []
        self.sessions: dict[str, int] = {}
        self.oldest = 1
        self.on = True
        self.at = datetime.now(timezone.utc).replace(microsecond=0)

    def change(self, number: int, kind: str = "UPDATE", *, origin: str = "", fields: Any = ("Company", "LastModifiedDate"), **more: Any) -> str:  # fmt: skip
        at = self.at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        object_id = self.lead(number, at)
        header = {
            "entityName": "Lead", "recordIds": [object_id], "changeType": kind, "changedFields": list(fields),
            "changeOrigin": origin, "commitTimestamp": int(self.at.timestamp() * 1000), **more,
        }  # fmt: skip
        self.events.append((self.oldest + len(self.events) * 3, header))
        return object_id

    def act(self, asked: Asked) -> Reply:
        self.date = format_datetime(self.at, usegmt=True)
        return super().act(asked)

    def _make(self, path: str, asked: Asked) -> Reply:
        if path.startswith("/cometd/"):
            [message] = asked.body
            reply = Reply(self._bayeux(message, asked.headers.get("cookie", "")))
            reply.headers["set-cookie"] = "BAYEUX_BROWSER=abc; path=/; HttpOnly"
            return reply
        return super()._make(path, asked)

    def _bayeux(self, message: dict[str, Any], cookie: str) -> list[dict[str, Any]]:
        channel, client = message["channel"], message.get("clientId", "")
        if channel == "/meta/handshake":
            name = f"client{len(self.sessions)}"
            self.sessions[name] = -1
            return [{"channel": channel, "successful": True, "clientId": name}]
        if client not in self.sessions or "BAYEUX_BROWSER=abc" not in cookie:
            return [{"channel": channel, "successful": False, "error": "402::Unknown client"}]
        if channel == "/meta/subscribe":
            return [{"channel": channel, **self._subscribe(client, message)}]
        heard = self.sessions[client]
        fresh = [(n, header) for n, header in self.events if n > heard][:2]
        self.sessions[client] = fresh[-1][0] if fresh else heard
        told = [
            {"channel": CHANNEL, "data": {"event": {"replayId": n}, "payload": {"ChangeEventHeader": header}}}
            for n, header in fresh
        ]  # fmt: skip
        return [*told, {"channel": channel, "successful": True}]

    def _subscribe(self, client: str, message: dict[str, Any]) -> dict[str, Any]:
        if not self.on:
            return {"successful": False, "error": f"403:denied_by_security_policy:{CHANNEL}"}
        replay = message["ext"]["replay"][CHANNEL]
        if replay != -2 and replay < self.oldest:
            said = f"400::The replayId {{{replay}}} you provided was invalid.  Please provide a valid ID"
            return {"successful": False, "error": said}
        self.sessions[client] = self.oldest - 1 if replay == -2 else replay
        return {"successful": True}


@pytest.fixture
def org() -> Streaming:
    return Streaming()


@pytest.fixture
def server(org: Streaming) -> Iterator[Server]:
    with crm_server(org.act) as server:
        org.instance = server.url
        yield server


@pytest.fixture
def crm(server: Server) -> Crm:
    return crm_for("salesforce", server, SECRETS, columns=["Company"], options={"events": "cdc"})


class Asking:
    """A poller that keeps its cursor."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm
        self.cursor = ""

    def poll(self) -> list[CrmEvent]:
        found: list[CrmEvent] = []
        while True:
            page = self.crm.changed_since(self.cursor)
            self.cursor = page.cursor
            found += page.events
            if not page.more:
                return found


def test_each_change_is_told_once_with_its_fields(crm: Crm, org: Streaming, server: Server) -> None:
    asking = Asking(crm)
    one = org.change(1)
    [event] = asking.poll()
    assert (event.object_id, event.what) == (one, "changed")
    assert event.fields == {"Company", "LastModifiedDate"} and event.at == org.at
    assert asking.poll() == []
    for number in range(2, 9):
        org.change(number, "CREATE")
    assert [e.what for e in asking.poll()] == ["created"] * 7
    org.change(1, "DELETE")
    before = len(server.asked)
    assert [e.what for e in asking.poll()] == ["deleted"]
    # the session goes on; one question is whether the record went into another one
    assert len(server.asked) - before == 3


def test_a_record_that_was_deleted_by_a_merge_names_the_one_it_went_into(
    crm: Crm, org: Streaming
) -> None:
    asking = Asking(crm)
    one, two = org.change(1), org.change(2)
    asking.poll()
    org.change(1, "DELETE")
    org.leads[one] |= {"IsDeleted": True, "MasterRecordId": two}
    told = [(e.object_id, e.what) for e in asking.poll()]
    assert told == [(one, "deleted"), (one, "merged"), (two, "joined")]


def test_a_hub_that_was_away_hears_what_it_missed(crm: Crm, org: Streaming, server: Server) -> None:
    asking = Asking(crm)
    org.change(1)
    asking.poll()
    org.sessions.clear()
    missed = {org.change(number) for number in (2, 3, 4)}
    again = crm_for("salesforce", server, SECRETS, columns=["Company"], options={"events": "cdc"})
    asking.crm = again
    assert {event.object_id for event in asking.poll()} == missed


def test_a_session_that_ended_is_opened_again(crm: Crm, org: Streaming) -> None:
    asking = Asking(crm)
    org.change(1)
    asking.poll()
    org.sessions.clear()
    two = org.change(2)
    with pytest.raises(DeliveryError, match="Unknown client") as caught:
        asking.poll()
    assert caught.value.retry
    assert [event.object_id for event in asking.poll()] == [two]


def test_what_salesforce_has_forgotten_is_found_by_time(crm: Crm, org: Streaming) -> None:
    asking = Asking(crm)
    org.change(1)
    asking.poll()
    org.at += timedelta(days=5)
    forgotten = org.change(2)
    org.at += timedelta(days=5)
    org.oldest = 100
    org.sessions.clear()
    asking.crm = crm_for("salesforce", server_of(crm), SECRETS, columns=["Company"], options={"events": "cdc"})  # fmt: skip
    assert forgotten in {event.object_id for event in asking.poll()}
    late = org.change(3)
    assert late in {event.object_id for event in asking.poll()}
    assert asking.cursor.startswith("cdc:")


def server_of(crm: Crm) -> Server:
    """The same server, for another connection to it."""
    found = Server(lambda _asked: Reply())
    found.url = vars(crm)["_settings"].url
    return found


def test_too_many_changes_to_be_named_are_found_by_time(crm: Crm, org: Streaming) -> None:
    asking = Asking(crm)
    org.change(1)
    asking.poll()
    org.at += timedelta(seconds=30)
    unnamed = org.lead(7, org.at.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))
    org.change(2, "GAP_OVERFLOW", recordIds=["000000000000000AAA"])
    org.at += timedelta(seconds=30)
    assert unnamed in {event.object_id for event in asking.poll()}


def test_our_own_writes_are_known_and_those_of_people_with_ours_are_not_skipped(
    crm: Crm, org: Streaming, server: Server
) -> None:
    asking = Asking(crm)
    origin = "com/salesforce/api/rest/62.0;client=Kitwright"
    books = ("LastModifiedDate", "LastModifiedById")
    org.change(1, origin=origin, fields=("Kitwright_score__c", *books))
    org.change(2, origin=origin, fields=("Company", *books))
    org.change(3, origin="com/salesforce/core", fields=("Kitwright_band__c", "Company", *books))
    settings = vars(crm)["_settings"]
    own, bookkeeping = own_fields(settings), INCOMING["salesforce"].bookkeeping
    assert [is_own(event, own, bookkeeping) for event in asking.poll()] == [True, False, False]
    crm.make_fields()
    crm.write([score(org.lead(5))])
    assert server.asked[-1].headers["sforce-call-options"] == "client=Kitwright"


def test_an_organisation_without_change_data_capture_says_what_to_do(
    crm: Crm, org: Streaming
) -> None:
    org.on = False
    with pytest.raises(DeliveryError, match="switch on Change Data Capture"):
        crm.changed_since("")


@pytest.mark.parametrize("cursor", ["cdc:", "cdc:x", "cdc:[1]", 'cdc:["a","b"]', 'cdc:[1,"b"]', "cdc:{}"])  # fmt: skip
def test_a_damaged_cursor_is_said(crm: Crm, cursor: str) -> None:
    with pytest.raises(DataError):
        crm.changed_since(cursor)


@pytest.mark.parametrize(
    "header",
    [None, 5, {"recordIds": 7}, {"recordIds": [None, {"a": 1}, "x" * 99, "00Q*"]}, {"entityName": "Account"},
     {"changedFields": "Company", "commitTimestamp": "never", "changeOrigin": [1]}],
)  # fmt: skip
def test_odd_events_harm_nothing(crm: Crm, org: Streaming, header: Any) -> None:
    asking = Asking(crm)
    org.change(1)
    if isinstance(header, dict):
        org.events[-1][1].update(header)
    else:
        org.events[-1] = (1, header)
    asking.poll()
    two = org.change(2)
    assert two in {event.object_id for event in asking.poll()}

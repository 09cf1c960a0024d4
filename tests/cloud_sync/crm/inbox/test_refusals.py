"""Messages that are not taken, secrets that change, and connections that are not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.health import connections as connections_said
from cloud_sync.crm.connection.secrets import add_webhook_secret, drop_webhook_secret, secrets_path
from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError
from cloud_sync.crm.inbound.sweeps import OVERLAP, state_of
from cloud_sync.crm.kinds.base import Request
from cloud_sync.errors import BusyError, MalformedError, TooLargeError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert
from tests.cloud_sync.crm.builders import (
    BODIES,
    HUB,
    NOW,
    WAYS,
    connect,
    hubspot_event,
    signed,
)
from tests.cloud_sync.crm.inboxes import (
    AT,
    EVERYWHERE,
    counted,
    events,
    leads,
    sent,
)
from tests.cloud_sync.fleet_builders import make_hub


def test_a_message_that_is_not_verified_is_counted_and_never_stored(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    with pytest.raises(UnverifiedError):
        inbox.take("crm", signed("hubspot-v3", secret="wrong"))
    with pytest.raises(BusyError):
        inbox.take("crm", signed("hubspot-v3", at=NOW - 400))
    for name in ("other", "../keys", "x" * 300, ""):
        with pytest.raises(UnverifiedError):
            inbox.take(name, signed("hubspot-v3"))
    assert not events(hub)
    assert not leads(hub)
    assert counted(hub, "crm_refused") == {"signature": 1, "time": 1, "unknown": 4}


def test_a_connection_without_a_secret_takes_nothing_and_tells_once(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3", secrets=())
    for _ in range(3):
        with pytest.raises(UnverifiedError):
            inbox.take("crm", signed("hubspot-v3"))
    assert alerts(hub) == [("crm-no-secret", "crm")]
    assert "it has no secret to know them by" in said_of(hub, "messages refused")
    add_webhook_secret(hub.config.keys_dir, "crm", WAYS["hubspot-v3"].secret)
    inbox.take("crm", signed("hubspot-v3"))
    assert alerts(hub) == []
    assert said_of(hub, "not scored") == ""


def test_a_crm_with_another_secret_is_told_after_some_messages_and_closed_by_the_next_that_is_taken(
    hub: Hub, inbox: Inbox
) -> None:
    """It is answered 401, which a CRM keeps to itself: nothing came, and all seemed in order."""
    connect(hub, "hubspot-v3")
    forged = replace(signed("hubspot-v3", secret="renewed"), called="https://elsewhere.example/x")

    def refused(times: int) -> list[tuple[str, str]]:
        for _ in range(times):
            with pytest.raises(UnverifiedError):
                inbox.take("crm", forged)
        return alerts(hub)

    assert refused(4) == []
    inbox.take("crm", signed("hubspot-v3"))
    assert refused(4) == [], "counted in a row"
    assert refused(2) == [("crm-messages-refused", "crm")]
    assert "cloud-sync crm secret crm" in said_of(hub, "messages refused")
    inbox.take("crm", signed("hubspot-v3"))
    assert alerts(hub) == []


@pytest.mark.parametrize(("sweep_h", "looks"), [(24, True), (0, False)])
def test_what_was_refused_is_looked_for_once_messages_are_taken_again(
    hub: Hub, inbox: Inbox, sweep_h: int, looks: bool
) -> None:
    """HubSpot never sends again what was answered 401: those leads had to wait for the next day's sweep."""
    connect(hub, "hubspot-v3")
    before = AT - timedelta(hours=3)
    with hub.database.transaction() as session:
        row = connections.require(session, "crm")
        row.project, row.settings = "leads", {**row.settings, "sweep_h": sweep_h}
        row.sweep, row.sweep_began_at, row.sweep_ended_at, row.swept_to = 1, before, before, before

    def sweep() -> tuple[str, datetime | None]:
        with hub.database.session() as session:
            row = connections.require(session, "crm")
            return state_of(row), row.sweep_since

    inbox.take("crm", signed("hubspot-v3"))
    assert sweep() == ("done", None), "nothing was lost"
    for _ in range(5):
        with pytest.raises(UnverifiedError):
            inbox.take("crm", signed("hubspot-v3", secret="renewed"))
    assert sweep() == ("done", None)
    inbox.take("crm", signed("hubspot-v3", secret=WAYS["hubspot-v3"].secret))
    assert sweep() == (("running", before - OVERLAP) if looks else ("done", None))
    for _ in range(5):
        with pytest.raises(UnverifiedError):
            inbox.take("crm", signed("hubspot-v3", secret="a stranger's"))
    inbox.take("crm", signed("hubspot-v3", secret=WAYS["hubspot-v3"].secret))
    with hub.database.session() as session:
        assert connections.require(session, "crm").sweep == (2 if looks else 1), "within an hour"


def test_messages_that_cannot_be_read_are_told_after_some_until_the_next_that_can(
    hub: Hub, inbox: Inbox
) -> None:
    """Who sends them is answered 400; here only a figure among the metrics told of it."""
    connect(hub, "standard")

    def unread(times: int) -> list[tuple[str, str]]:
        for _ in range(times):
            with pytest.raises(MalformedError):
                inbox.take(
                    "crm",
                    signed("standard", b'{"type": "lead.changed", "data": {"no": "Mia Sorg"}}'),
                )
        return alerts(hub)

    assert unread(4) == []
    inbox.take("crm", signed("standard"))
    assert unread(4) == [], "counted in a row"
    assert unread(2) == [("crm-messages-unreadable", "crm")]
    said = said_of(hub, "messages refused")
    assert "an event that names no record (data.id)" in said and "Mia" not in said
    with pytest.raises(UnverifiedError):
        inbox.take("crm", signed("standard", secret="whsec_" + "A" * 32))
    assert alerts(hub) == [("crm-messages-unreadable", "crm")], "a stranger closes nothing"
    inbox.take("crm", signed("standard"))
    assert alerts(hub) == []
    assert said_of(hub, "not scored") == ""


def test_a_clock_that_is_wrong_puts_messages_off_and_a_person_is_told(tmp_path: Path) -> None:
    """What is refused as forged is not sent again, and an hour of a wrong clock would lose an hour's events."""
    with make_hub(tmp_path) as hub:
        shown = [AT + timedelta(days=5 * 365)]
        inbox = Inbox(hub, now=lambda: shown[0])
        connect(hub, "hubspot-v3")
        for told in ([], [], [("crm-other-time", "crm")], [("crm-other-time", "crm")]):
            with pytest.raises(BusyError):
                inbox.take("crm", signed("hubspot-v3"))
            assert alerts(hub) == told
        assert "timedatectl" in said_of(hub, "messages refused")
        assert not events(hub)
        with pytest.raises(UnverifiedError):
            inbox.take("crm", signed("hubspot-v3", secret="wrong"))
        shown[0] = AT
        inbox.take("crm", signed("hubspot-v3"))
        assert alerts(hub) == [] and len(events(hub)) == 1
        shown[0] = AT - timedelta(hours=1)
        with pytest.raises(BusyError):
            inbox.take("crm", signed("hubspot-v3"))
        assert alerts(hub) == [], "a single one may have lain somewhere"


def test_a_time_in_another_unit_is_not_taken_for_a_wrong_clock(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    for _ in range(3):
        with pytest.raises(BusyError, match="milliseconds of 13"):
            inbox.take("crm", signed("hubspot-v3", at=NOW / 1000))
    said = said_of(hub, "messages refused")
    assert "scheme.unit" in said and "timedatectl" not in said
    assert counted(hub, "crm_refused") == {"unit": 3}


def test_where_the_file_of_secrets_is_lost_the_network_alone_is_no_proof(
    hub: Hub, inbox: Inbox
) -> None:
    connect(hub, "salesforce-outbound", options={"networks": "10.1.0.0/16"})
    message = replace(signed("salesforce-outbound"), peer="10.1.2.3")
    inbox.take("crm", message)
    secrets_path(hub.config.keys_dir, "crm").unlink()
    for request in (message, replace(message, tail="")):
        with pytest.raises(UnverifiedError):
            inbox.take("crm", request)
    assert alerts(hub) == [("crm-no-secret", "crm")]


@pytest.mark.parametrize("name", [".", "..", " .. "])
def test_an_id_that_leads_out_of_an_address_names_no_record(
    hub: Hub, inbox: Inbox, name: str
) -> None:
    connect(hub, "hubspot-v3")
    with pytest.raises(MalformedError):
        sent(inbox, hubspot_event(1, 7, objectId=name))


def test_records_with_long_names_that_were_merged_away_are_all_gone(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    gone = [f"{'8' * 90}{number}" for number in range(3)]
    merge = hubspot_event(
        3, 7, subscriptionType="contact.merge", newObjectId=9, mergedObjectIds=[*gone], propertyName="",
        subscriptionId="s" * 190,
    )  # fmt: skip
    sent(inbox, merge)
    assert {name: leads(hub)[name].state for name in gone} == dict.fromkeys(gone, "gone")


def test_nothing_is_told_of_a_connection_that_was_removed(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3", secrets=())
    with pytest.raises(UnverifiedError):
        inbox.take("crm", signed("hubspot-v3"))
    connections.remove(hub, "crm", by="ann")
    assert alerts(hub) == []


def said_of(hub: Hub, state: str) -> str:
    """Why the connection is in this state."""
    with hub.database.session() as session:
        [said] = connections_said(session, AT)
    assert said.state == state
    return said.error


def alerts(hub: Hub) -> list[tuple[str, str]]:
    """Those that are open."""
    with hub.database.session() as session:
        found = session.scalars(select(Alert).where(Alert.seen_at.is_(None)))
        return [(alert.name, str(alert.where)) for alert in found]


def test_a_message_signed_for_another_address_is_refused_and_told(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    inside = "http://10.0.0.9:8080/v1/crm/crm"
    body = BODIES["hubspot"]
    headers = WAYS["hubspot-v3"].headers(WAYS["hubspot-v3"].secret, "POST", inside, body, NOW)
    made = Request("POST", f"{HUB}/v1/crm/crm", headers, body, called=inside)
    with pytest.raises(UnverifiedError) as told:
        inbox.take("crm", made)
    assert told.value.reason == "url"
    assert alerts(hub) == [("crm-other-address", "crm")]
    assert "public_url" in said_of(hub, "messages refused")
    forged = signed("hubspot-v3", secret="wrong")
    with pytest.raises(UnverifiedError) as told:
        inbox.take("crm", Request("POST", forged.url, forged.headers, body, called=inside))
    assert told.value.reason == "signature"


def test_secrets_change_while_the_hub_runs(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    keys = hub.config.keys_dir
    inbox.take("crm", signed("hubspot-v3"))
    add_webhook_secret(keys, "crm", "the-new-one")
    for secret in ("the-new-one", WAYS["hubspot-v3"].secret):
        inbox.take("crm", signed("hubspot-v3", secret=secret))
    drop_webhook_secret(keys, "crm")
    inbox.take("crm", signed("hubspot-v3", secret="the-new-one"))
    with pytest.raises(UnverifiedError):
        inbox.take("crm", signed("hubspot-v3"))


@EVERYWHERE
def test_a_paused_connection_takes_events_and_a_removed_one_none(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    connections.pause(hub, "crm", by="ann", paused=True)
    sent(inbox, hubspot_event())
    assert leads(hub)["7"].due_at == AT
    connections.remove(hub, "crm", by="ann")
    with pytest.raises(UnverifiedError):
        sent(inbox, hubspot_event(2))


# what cannot be read


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b'"x"', b"[1]", b"[[]]", b"\xff\xfe", b"\xef\xbb\xbf[]", "[]".encode("utf-16"),
        b"[" * 100_000, b'{"a":' * 50_000, b"[NaN]", b'[{"objectId": Infinity}]', b'[{"objectId": -Infinity}]',
        b'[{"objectId": 7, "subscriptionType": "contact.x", "occurredAt": 1e400}]',
        b'[{"objectId": 7, "objectId": 8, "subscriptionType": "contact.creation"}]',
        b'[{"objectId": ' + b"9" * 5000 + b', "subscriptionType": "contact.creation"}]',
        b'[{"objectId": 9223372036854775808, "subscriptionType": "contact.creation"}]',
        b'[{"objectId": "\\ud800", "subscriptionType": "contact.creation"}]',
        b'[{"objectId": "a\\u0000b", "subscriptionType": "contact.creation"}]',
        b'[{"objectId": {}, "subscriptionType": "contact.creation"}]',
        b'[{"objectId": true, "subscriptionType": "contact.creation"}]',
        b'[{"objectId": 7}]', b'[{"objectId": 7, "subscriptionType": 7}]',
        b'[{"subscriptionType": "contact.creation"}]', b'[{"objectId": "", "subscriptionType": "contact.x"}]',
        b'[{"objectId": "' + b"x" * 200 + b'", "subscriptionType": "contact.x"}]',
        b'[{"x": ' + b"[" * 40 + b"]" * 40 + b', "objectId": 7, "subscriptionType": "contact.x"}]',
    ],
)  # fmt: skip
def test_a_verified_body_that_cannot_be_read_is_refused_whole(tmp_path: Path, body: bytes) -> None:
    with make_hub(tmp_path, public_url=HUB) as hub:
        connect(hub, "hubspot-v3")
        with pytest.raises(MalformedError):
            Inbox(hub, now=lambda: AT).take("crm", signed("hubspot-v3", body))
        assert counted(hub, "crm_refused") == {"malformed": 1}
        assert not events(hub)


@EVERYWHERE
def test_a_hundred_events_are_taken_and_one_more_is_not(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    with pytest.raises(TooLargeError, match="more than 100"):
        sent(inbox, *(hubspot_event(n) for n in range(101)))
    sent(inbox, *(hubspot_event(n, n % 50) for n in range(100)))
    assert (len(events(hub)), len(leads(hub))) == (100, 50)

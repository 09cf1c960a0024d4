"""Messages of CRMs: stored once, leads made due once, our own changes skipped, all of it in one commit."""

from __future__ import annotations

import json
import random
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from cloud_sync.config import parse
from cloud_sync.crm import connections, group_commit
from cloud_sync.crm.base import Request
from cloud_sync.crm.erasing import forget_asked
from cloud_sync.crm.inbox import Inbox
from cloud_sync.crm.schemes.verifying import UnverifiedError
from cloud_sync.crm.secrets import add_webhook_secret, drop_webhook_secret, secrets_path
from cloud_sync.errors import MalformedError, TooLargeError
from cloud_sync.hub import Hub
from cloud_sync.retention.pruner import Pruner
from cloud_sync.retention.rules import CRM_EVENTS, Rules
from cloud_sync.store.models import Alert, CrmConnection, CrmEvent, CrmLead
from tests.cloud_sync.crm_builders import (
    BODIES,
    HUB,
    NOW,
    WAYS,
    connect,
    hubspot_event,
    outbound_message,
    pipedrive_event,
    signed,
)
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.hub_builders import open_hub
from tests.cloud_sync.postgres import drop_database, fresh_database

AT = datetime.fromtimestamp(NOW, timezone.utc)
NONE: MappingProxyType[str, str] = MappingProxyType({})


EVERYWHERE = pytest.mark.parametrize("hub", ["sqlite", "postgresql"], indirect=True)
"""For what is said in SQL."""


@pytest.fixture
def hub(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hub]:
    if getattr(request, "param", "sqlite") == "sqlite":
        with make_hub(tmp_path, public_url=HUB) as made:
            yield made
        return
    cluster = request.getfixturevalue("cluster")
    url = fresh_database(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path, public_url=HUB, database_url=url) as made:
        yield made
    drop_database(cluster, url)


@pytest.fixture
def inbox(hub: Hub) -> Inbox:
    return Inbox(hub, now=lambda: AT)


def sent(inbox: Inbox, *events: dict[str, object], scheme: str = "hubspot-v3") -> bytes:
    return inbox.take("crm", signed(scheme, json.dumps(events).encode())).body


def leads(hub: Hub) -> dict[str, CrmLead]:
    with hub.database.session() as session:
        return {lead.object_id: lead for lead in session.scalars(select(CrmLead))}


def events(hub: Hub) -> list[CrmEvent]:
    with hub.database.session() as session:
        return list(session.scalars(select(CrmEvent).order_by(CrmEvent.event_id)))


def counted(hub: Hub, name: str) -> dict[str, int]:
    """Label → count."""
    metric = getattr(hub.metrics, name)
    found = [s for family in metric.collect() for s in family.samples if s.name.endswith("_total")]
    return {"".join(s.labels.values()): int(s.value) for s in found if s.value}


@pytest.mark.parametrize("scheme", list(WAYS))
def test_a_message_of_each_kind_makes_its_lead_due(hub: Hub, inbox: Inbox, scheme: str) -> None:
    connect(hub, scheme)
    answer = inbox.take("crm", signed(scheme))
    assert answer.status == 200
    [lead] = leads(hub).values()
    [event] = events(hub)
    assert (lead.due_at, lead.due_mark, lead.state) == (AT, 0, "open")
    assert lead.object_id == event.object_id
    assert lead.object_id.endswith("7") or lead.object_id == "00Q5g00000AbCdE"
    assert (event.skipped, event.what, event.received_at) == ("", "changed", AT)
    assert abs((event.at - AT).total_seconds()) < 5
    assert ("<Ack>true</Ack>" in answer.body.decode()) == (scheme == "salesforce-outbound")


@pytest.mark.parametrize("scheme", list(WAYS))
def test_a_message_sent_again_does_nothing_again(hub: Hub, inbox: Inbox, scheme: str) -> None:
    connect(hub, scheme)
    first = inbox.take("crm", signed(scheme))
    assert inbox.take("crm", signed(scheme)) == first
    [lead] = leads(hub).values()
    assert lead.due_mark == 0
    assert counted(hub, "crm_events") == {"new": 1, "repeated": 1}


@EVERYWHERE
def test_an_event_delivered_again_in_another_message_does_nothing_again(
    hub: Hub, inbox: Inbox
) -> None:
    connect(hub, "hubspot-v3")
    sent(inbox, hubspot_event(1, attemptNumber=0), hubspot_event(2, lead=8))
    sent(inbox, hubspot_event(3), hubspot_event(1, attemptNumber=1))
    assert counted(hub, "crm_events") == {"new": 3, "repeated": 1}
    assert {name: lead.due_mark for name, lead in leads(hub).items()} == {"7": 1, "8": 0}


@EVERYWHERE
def test_the_same_number_of_another_subscription_is_another_event(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    sent(inbox, hubspot_event(1), hubspot_event(1, subscriptionId=2), hubspot_event(1, appId=3))
    assert counted(hub, "crm_events") == {"new": 3}


@EVERYWHERE
def test_what_comes_in_any_order_leaves_the_newest_in_force(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    ms = int(NOW * 1000)
    gone = hubspot_event(2, subscriptionType="contact.deletion", occurredAt=ms - 1000)
    sent(inbox, hubspot_event(1, occurredAt=ms - 5000))
    sent(inbox, gone)
    assert (leads(hub)["7"].state, leads(hub)["7"].due_at) == ("gone", None)
    sent(inbox, hubspot_event(3, occurredAt=ms - 3000))
    late = leads(hub)["7"]
    # an older change only has the record read once more
    assert (late.state, late.due_at, late.seen_at) == ("gone", AT, AT - timedelta(seconds=1))
    sent(inbox, hubspot_event(4, subscriptionType="contact.restore", occurredAt=ms))
    back = leads(hub)["7"]
    assert (back.state, back.seen_at, back.due_mark) == ("open", AT, 3)


@EVERYWHERE
def test_any_order_and_any_repetition_end_in_the_same_state(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    rng, ms = random.Random(11), int(NOW * 1000)
    steps = (
        "contact.propertyChange",
        "contact.deletion",
        "contact.restore",
        "contact.propertyChange",
    )
    history = [
        hubspot_event(n, lead, subscriptionType=rng.choice(steps), occurredAt=ms - 1000 * n)
        for n, lead in enumerate([lead for lead in range(12) for _ in range(5)])
    ]  # fmt: skip
    newest = {lead: min(e for e in range(60) if e // 5 == lead) for lead in range(12)}
    sent_again = [*history, *history, *rng.sample(history, 30)]
    rng.shuffle(sent_again)
    for first in range(0, len(sent_again), 13):
        sent(inbox, *sent_again[first : first + 13])
    assert counted(hub, "crm_events") == {"new": 60, "repeated": 90}
    for lead, number in newest.items():
        found, said = leads(hub)[str(lead)], history[number]
        gone = said["subscriptionType"] == "contact.deletion"
        assert found.state == ("gone" if gone else "open"), lead
        assert found.seen_at == AT - timedelta(seconds=number)
        assert gone or found.due_at == AT


@EVERYWHERE
def test_a_deletion_and_a_change_in_one_message_count_by_their_time(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    ms = int(NOW * 1000)
    gone = {"subscriptionType": "contact.deletion"}
    sent(
        inbox,
        hubspot_event(1, 7, **gone, occurredAt=ms), hubspot_event(2, 7, occurredAt=ms - 9),
        hubspot_event(3, 8, **gone, occurredAt=ms - 9), hubspot_event(4, 8, occurredAt=ms),
        hubspot_event(5, 9, **gone, occurredAt=ms), hubspot_event(6, 9, occurredAt=ms),
    )  # fmt: skip
    states = {name: (lead.state, lead.due_at is None) for name, lead in leads(hub).items()}
    assert states == {"7": ("gone", True), "8": ("open", False), "9": ("gone", True)}


@EVERYWHERE
def test_merged_records_are_gone_and_the_one_that_is_left_is_due(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    sent(inbox, hubspot_event(1, 7), hubspot_event(2, 8))
    merge = hubspot_event(
        3, 7, subscriptionType="contact.merge", primaryObjectId=7, mergedObjectIds=[8, 7], newObjectId=9,
        propertyName="",
    )  # fmt: skip
    sent(inbox, merge)
    found = leads(hub)
    assert {name: lead.state for name, lead in found.items()} == {"7": "gone", "8": "gone", "9": "open"}  # fmt: skip
    assert (found["8"].due_at, found["9"].due_at) == (None, AT)


@EVERYWHERE
def test_an_event_leaves_a_leads_score_alone_and_has_it_read_again_at_once(
    hub: Hub, inbox: Inbox
) -> None:
    connect(hub, "hubspot-v3")
    with hub.database.transaction() as session:
        session.add(
            CrmLead(
                connection="crm", object_id="7", points=64, version=3, fields={"a": 1}, state="won",
                dead="no such column", write_at=AT, due_at=AT + timedelta(hours=1), lot=0.25,
            )
        )  # fmt: skip
    sent(inbox, hubspot_event())
    lead = leads(hub)["7"]
    assert (lead.points, lead.version, lead.fields, lead.state, lead.lot) == (64, 3, {"a": 1}, "won", 0.25)  # fmt: skip
    assert (lead.dead, lead.due_at, lead.write_at, lead.due_mark) == ("no such column", AT, AT, 1)


@EVERYWHERE
def test_what_is_gone_is_neither_read_nor_written(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    with hub.database.transaction() as session:
        session.add(CrmLead(connection="crm", object_id="7", due_at=AT, write_at=AT))
    sent(inbox, hubspot_event(subscriptionType="contact.privacyDeletion"))
    lead = leads(hub)["7"]
    assert (lead.state, lead.due_at, lead.write_at) == ("gone", None, None)


# loop guard


@pytest.mark.parametrize(
    ("said", "skipped"),
    [
        ({"propertyName": "kitwright_score", "changeSource": "INTEGRATION"}, True),
        ({"propertyName": "my_band"}, True),
        ({"propertyName": "jobtitle", "changeSource": "INTEGRATION", "sourceId": "99"}, False),
        ({"propertyName": "hs_lastmodifieddate", "sourceId": "99"}, True),
        ({"propertyName": "hs_lastmodifieddate", "sourceId": "98"}, False),
        ({"subscriptionType": "contact.creation", "propertyName": "", "sourceId": "99"}, False),
        ({"subscriptionType": "company.propertyChange"}, True),
        ({"subscriptionType": "object.propertyChange", "objectTypeId": "0-1"}, False),
        ({"subscriptionType": "object.propertyChange", "objectTypeId": "0-3"}, True),
    ],
)
def test_hubspot_our_own_changes_and_other_objects_make_nothing_due(
    hub: Hub, inbox: Inbox, said: dict[str, object], skipped: bool
) -> None:
    connect(hub, "hubspot-v3", fields={"band": "my_band"}, options={"our_user": "99"})
    sent(inbox, {**hubspot_event(), **said})
    assert bool(leads(hub)) is not skipped
    [event] = events(hub)
    assert bool(event.skipped) is skipped


@pytest.mark.parametrize(
    ("said", "previous", "skipped"),
    [
        ({"change_source": "api", "user_id": "5"}, {"abc": 1, "update_time": "x"}, True),
        ({}, {"custom_fields": {"abc": {"value": 3}}, "update_time": "x"}, True),
        ({"change_source": "api", "user_id": "5"}, {}, True),
        ({"change_source": "api", "user_id": "5"}, {"title": "A"}, False),
        ({"change_source": "api", "user_id": "6"}, {}, False),
        ({"change_source": "app", "user_id": "5"}, {}, False),
        ({"entity": "person"}, {"title": "A"}, True),
    ],
)
def test_pipedrive_our_own_changes_make_nothing_due(
    hub: Hub, inbox: Inbox, said: dict[str, object], previous: dict[str, object], skipped: bool
) -> None:
    connect(hub, "pipedrive", options={"our_user": "5", "own_fields": "abc"})
    body = {**pipedrive_event(said), "previous": previous}
    inbox.take("crm", signed("pipedrive", json.dumps(body).encode()))
    assert bool(leads(hub)) is not skipped


@pytest.mark.parametrize(
    ("places", "body", "lead", "what", "skipped"),
    [
        ({}, {"type": "lead.deleted", "data": {"id": 7}}, "7", "deleted", False),
        ({}, {"type": "lead.undeleted", "data": {"id": 7}}, "7", "changed", False),
        ({}, {"type": "x", "data": {"id": "7", "fields": ["points"]}}, "7", "changed", True),
        ({"event.list": "/mautic.lead", "event.id": "lead.id", "event.at": "when"},
         {"mautic.lead": [{"lead": {"id": 7}, "when": 1_799_999_990}]}, "7", "changed", False),
        ({"event.object": "kind"}, {"kind": "company", "data": {"id": 7}}, "7", "changed", True),
        ({"event.by": "who", "our_user": "hub"}, {"who": "hub", "data": {"id": 7}}, "7", "changed", True),
    ],
)  # fmt: skip
def test_a_program_of_ones_own_says_where_things_are(
    hub: Hub, inbox: Inbox, places: dict[str, str], body: dict[str, object], lead: str, what: str, skipped: bool
) -> None:  # fmt: skip
    connect(hub, "standard", options=places, fields={"points": "points"})
    inbox.take("crm", signed("standard", json.dumps(body).encode()))
    [event] = events(hub)
    assert (event.object_id, event.what, bool(event.skipped)) == (lead, what, skipped)


def test_two_changes_that_look_the_same_are_two_where_nothing_tells_them_apart(hub: Hub) -> None:
    """Odoo without `write_date`: a change back and forth must not be lost as a repetition."""
    connect(hub, "odoo")
    body = json.dumps({"_id": 7, "_model": "crm.lead"}).encode()
    moments = iter((AT, AT + timedelta(seconds=1)))
    inbox = Inbox(hub, now=lambda: next(moments))
    for _ in range(2):
        inbox.take("crm", signed("odoo", body))
    assert leads(hub)["7"].due_mark == 1


# who is not believed


def test_an_outbound_message_of_another_organization_is_refused(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "salesforce-outbound", options={"organization": "00D5g000001abCDEAY"[:15]})
    for organization in ("00D5g000001abCE", "00d5g000001abcd", "", "00D5g000001abCDAAA", "é" * 15):
        body = outbound_message("00Q5g00000AbCdE", organization=organization)
        with pytest.raises(UnverifiedError) as told:
            inbox.take("crm", signed("salesforce-outbound", body))
        assert told.value.reason == "sender"
    assert not leads(hub)


def test_an_organization_may_be_named_by_fifteen_or_eighteen_characters(
    hub: Hub, inbox: Inbox
) -> None:
    from cloud_sync.crm.salesforce_events import long_id

    # the example of Salesforce's own page: 00130000001G40w is 00130000001G40wAAC
    assert long_id("00130000001G40w") == "00130000001G40wAAC"
    connect(hub, "salesforce-outbound", options={"organization": long_id("00D5g000001abCD")})
    inbox.take("crm", signed("salesforce-outbound"))
    assert list(leads(hub)) == ["00Q5g00000AbCdE"]


def test_salesforces_session_is_never_kept(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "salesforce-outbound")
    body = outbound_message("00Q5g00000AbCdE", "00Q5g00000AbCdF", extra="<sf:IsDeleted>true</sf:IsDeleted>")  # fmt: skip
    inbox.take("crm", signed("salesforce-outbound", body))
    assert {event.what for event in events(hub)} == {"deleted"}
    assert not any("session" in json.dumps(event.body) for event in events(hub))


@pytest.mark.parametrize(
    "attack",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]>', '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/">%p;]>', "<?php x ?>",
    ],
)  # fmt: skip
def test_xml_with_a_document_type_is_refused(hub: Hub, inbox: Inbox, attack: str) -> None:
    connect(hub, "salesforce-outbound")
    whole = outbound_message("00Q5g00000AbCdE").decode()
    start = whole.index("?>") + 2
    body = (whole[:start] + attack + whole[start:]).encode()
    with pytest.raises(MalformedError, match="document type"):
        inbox.take("crm", signed("salesforce-outbound", body))


def test_a_message_that_is_not_verified_is_counted_and_never_stored(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    for made in (signed("hubspot-v3", secret="wrong"), signed("hubspot-v3", at=NOW - 400)):
        with pytest.raises(UnverifiedError):
            inbox.take("crm", made)
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
    add_webhook_secret(hub.config.keys_dir, "crm", WAYS["hubspot-v3"].secret)
    inbox.take("crm", signed("hubspot-v3"))
    assert alerts(hub) == []


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


@EVERYWHERE
def test_odd_values_are_kept_as_they_came(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    odd = {"propertyValue": "a\x00b \U0001f600", "new_key": {"deep": [1, 2.5, None]}}
    sent(inbox, {**hubspot_event(), **odd, "occurredAt": "soon"})
    [event] = events(hub)
    assert event.body["propertyValue"] == "a\x00b \U0001f600"
    assert event.body["new_key"] == {"deep": [1, 2.5, None]}
    assert event.at == AT


@EVERYWHERE
def test_ids_of_any_length_are_taken_and_known_again(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    odd = dict.fromkeys(("eventId", "subscriptionId", "portalId", "appId"), "é😀" * 100)
    for _ in range(2):
        sent(inbox, {**hubspot_event(), **odd, "objectId": "\U0001f600" * 100})
    assert counted(hub, "crm_events") == {"new": 1, "repeated": 1}


def test_a_connection_whose_settings_do_not_fit_any_more_takes_nothing(hub: Hub) -> None:
    connect(hub, "hubspot-v3")
    with hub.database.transaction() as session:
        session.get_one(CrmConnection, "crm").settings = {"kind": "hubspot", "scheme": "gone"}
    with pytest.raises(UnverifiedError):
        Inbox(hub, now=lambda: AT).take("crm", signed("hubspot-v3"))
    with hub.database.transaction() as session:
        session.get_one(CrmConnection, "crm").settings = {"kind": "no-such"}
    with pytest.raises(UnverifiedError):
        Inbox(hub, now=lambda: AT).take("crm", signed("hubspot-v3"))
    assert counted(hub, "crm_refused") == {"no-secret": 2}


@EVERYWHERE
def test_a_time_far_ahead_does_not_keep_later_news_out(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    sent(inbox, hubspot_event(occurredAt=int(NOW * 1000) + 10**12))
    sent(inbox, hubspot_event(2, occurredAt=10**17))
    seen = leads(hub)["7"].seen_at
    assert seen is not None
    assert seen == AT + timedelta(minutes=5)


# many at once


@EVERYWHERE
def test_messages_that_come_at_once_are_all_stored_once(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "hubspot-v3")
    made = [
        signed("hubspot-v3", json.dumps([hubspot_event(n, n % 7), hubspot_event(n + 1, n % 5)]).encode())
        for n in range(40)
    ]  # fmt: skip
    threads = [threading.Thread(target=inbox.take, args=("crm", one)) for one in made * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    distinct = {(n, n % 7) for n in range(40)} | {(n + 1, n % 5) for n in range(40)}
    assert len(events(hub)) == len(distinct)
    counts = counted(hub, "crm_events")
    assert (counts["new"], counts["new"] + counts["repeated"]) == (len(distinct), 160)
    # each commit in which a lead was new or had news raised its mark by one at most
    with hub.database.session() as session:
        assert session.scalar(select(func.max(CrmLead.due_mark))) is not None


@EVERYWHERE
def test_one_that_cannot_be_stored_keeps_no_other_from_it(hub: Hub) -> None:
    from cloud_sync.crm.group_commit import Committer
    from cloud_sync.crm.taking import Batch
    from cloud_sync.errors import BusyError

    connect(hub, "hubspot-v3")
    committer = Committer(hub)
    body = json.dumps([hubspot_event()]).encode()
    good = Inbox(hub, now=lambda: AT).read(
        connections.open_connection(hub, "crm"), signed("hubspot-v3", body), AT
    )
    failed: list[str] = []

    def commit(name: str) -> None:
        try:
            committer.commit(Batch(name, good, AT))
        except BusyError:
            failed.append(name)

    threads = [threading.Thread(target=commit, args=(name,)) for name in ("crm", "no-such") * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(failed) == {"no-such"}
    assert len(failed) == 8
    assert len(events(hub)) == 1


def test_more_than_can_wait_is_refused_and_may_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MOST_WAITING", 1)
    with open_hub(tmp_path, public_url=HUB) as (client, hub):
        connect(hub, "hubspot-v3")
        body = json.dumps([hubspot_event(1), hubspot_event(2)]).encode()
        made = signed("hubspot-v3", body, at=time.time())
        refused = client.post("/v1/crm/crm", content=body, headers=dict(made.headers))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert counted(hub, "crm_refused") == {"busy": 1}
        monkeypatch.setattr(group_commit, "MOST_WAITING", 2)
        assert client.post("/v1/crm/crm", content=body, headers=dict(made.headers)).is_success
        assert len(events(hub)) == 2


# over HTTP


def test_over_http_a_message_is_verified_at_the_public_address(tmp_path: Path) -> None:
    with open_hub(tmp_path, public_url=HUB) as (client, hub):
        connect(hub, "hubspot-v3")
        connect(hub, "salesforce-outbound", name="force")
        body = json.dumps([hubspot_event()]).encode()
        made = signed("hubspot-v3", body, at=time.time(), query="a=%2Fb&c=d%20e")
        found = client.post("/v1/crm/crm?a=%2Fb&c=d%20e", content=body, headers=dict(made.headers))
        assert found.status_code == 200
        xml = signed("salesforce-outbound", name="force")
        path = "/v1/crm/force/" + WAYS["salesforce-outbound"].secret
        acked = client.post(path, content=xml.body)
        assert (acked.status_code, acked.headers["content-type"].split(";")[0]) == (200, "text/xml")
        assert b"<Ack>true</Ack>" in acked.content
        assert len(leads(hub)) == 2
        refusals(client)


def test_a_signature_that_stands_there_twice_is_none(tmp_path: Path) -> None:
    with open_hub(tmp_path, public_url=HUB) as (client, hub):
        connect(hub, "github")
        made = signed("github")
        once = list(made.headers.items())
        for headers, status in (
            (once, 200),
            ([*once, *once], 401),
            ([*once, ("x-hub-signature-256", "a")], 401),
        ):
            found = client.post("/v1/crm/crm", content=made.body, headers=headers)
            assert found.status_code == status


def refusals(client: TestClient) -> None:
    """What a stranger is told is the same whatever is wrong."""
    said = {client.post(path, content=b"[]").text.replace(path, "") for path in ("/v1/crm/crm", "/v1/crm/nobody", "/v1/crm/force", "/v1/crm/force/x")}  # fmt: skip
    assert len(said) == 1
    assert "UnverifiedError" in said.pop()
    assert client.post("/v1/crm/crm", content=b"x" * ((1 << 20) + 1)).status_code == 413
    assert client.get("/v1/crm/crm").status_code == 405


# how long events are kept


@EVERYWHERE
def test_events_are_forgotten_after_their_days_and_what_they_did_stays(hub: Hub) -> None:
    connect(hub, "hubspot-v3")
    old, young = AT - timedelta(days=31), AT - timedelta(days=29)
    moments = iter((old, young))
    inbox = Inbox(hub, now=lambda: next(moments))
    for number, moment in enumerate((old, young)):
        body = json.dumps([hubspot_event(number, number)]).encode()
        inbox.take("crm", signed("hubspot-v3", body, at=moment.timestamp()))
    pruner = Pruner(hub, AT)
    assert pruner.turn()[CRM_EVENTS] == 1
    assert [event.object_id for event in events(hub)] == ["1"]
    assert set(leads(hub)) == {"0", "1"}
    assert counted(hub, "pruned") == {CRM_EVENTS: 1}


def test_events_are_kept_for_a_day_whatever_is_said(tmp_path: Path) -> None:
    config = parse({"retention": {"crm_events_days": 0.001}}, tmp_path).retention
    assert Rules.at(config, AT).crm_events == AT - timedelta(days=1)
    forever = parse({"retention": {"crm_events_days": 0}}, tmp_path).retention
    assert Rules.at(forever, AT).crm_events is None


@EVERYWHERE
def test_a_person_whom_the_crm_wants_forgotten_is_forgotten_with_the_event_that_said_so(
    hub: Hub, inbox: Inbox
) -> None:
    connect(hub, "hubspot-v3")
    sent(inbox, hubspot_event(1, propertyValue="Ann Secret"), hubspot_event(2, 8))
    with hub.database.transaction() as session:
        lead = session.get_one(CrmLead, ("crm", "7"))
        lead.fields = {"name": "Ann Secret"}
    kind = "contact.privacyDeletion"
    sent(inbox, hubspot_event(3, subscriptionType=kind, propertyName=""))
    assert leads(hub)["7"].state == "gone"
    assert forget_asked(hub) == 1
    assert forget_asked(hub) == 0
    assert [event.object_id for event in events(hub)] == ["8"]
    assert "Ann" not in str(leads(hub)["7"].fields)

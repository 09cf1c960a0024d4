"""Messages that come at once, more than can wait, over HTTP; and how long events are kept."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from cloud_sync.config import parse
from cloud_sync.crm.connection import connections
from cloud_sync.crm.erasure.erasing import forget_asked
from cloud_sync.crm.erasure.forgetting import forget
from cloud_sync.crm.inbound import group_commit
from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError
from cloud_sync.crm.leads.leads import is_erased
from cloud_sync.hub import Hub
from cloud_sync.retention.pruner import Pruner
from cloud_sync.retention.rules import CRM_EVENTS, Rules
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead, CrmScore
from tests.cloud_sync.crm.builders import (
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
from tests.cloud_sync.hub_builders import open_hub


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
    from cloud_sync.crm.inbound.group_commit import Committer
    from cloud_sync.crm.inbound.taking import Batch
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


@EVERYWHERE
@pytest.mark.parametrize("merged", ["before", "while it waits", "after"])
def test_who_is_to_be_forgotten_is_forgotten_with_the_records_that_went_into_theirs(
    hub: Hub, inbox: Inbox, merged: str
) -> None:
    """HubSpot names the record that is left, and no other."""
    connect(hub, "hubspot-v3")
    known = [hubspot_event(n, lead, propertyValue="Ann Secret") for n, lead in enumerate((5, 6, 7, 8))]  # fmt: skip
    merge = {"subscriptionType": "contact.merge", "propertyName": ""}
    merges = [
        hubspot_event(11, 6, mergedObjectIds=[5], primaryObjectId=6, **merge),
        hubspot_event(12, 6, mergedObjectIds=[6, 7], newObjectId=7, **merge),
    ]
    erasure = hubspot_event(13, 7, subscriptionType="contact.privacyDeletion", propertyName="")
    sent(inbox, *known, *(merges if merged == "before" else ()))
    with hub.database.transaction() as session:
        for name in "5678":
            lead = session.get_one(CrmLead, ("crm", name))
            lead.asked, lead.version, lead.points = {"fields": {"name": "Ann Secret"}}, 1, 50
            lead.override = {"band": "hot", "who": "ada", "at": "", "why": "Ann Secret called"}
            session.add(
                CrmScore(
                    connection="crm", object_id=name, version=1, points=50, band="hot",
                    override=lead.override, at=AT,
                )
            )  # fmt: skip
    sent(inbox, erasure)
    if merged == "while it waits":
        sent(inbox, *merges)
    assert forget_asked(hub)
    if merged == "after":
        sent(inbox, *merges)
    while forget_asked(hub):
        pass
    with hub.database.session() as session:
        left = {one.object_id: one for one in session.scalars(select(CrmLead))}
        told = [*session.scalars(select(CrmScore)), *session.scalars(select(CrmEvent))]
    assert {name for name, one in left.items() if is_erased(one)} == {"5", "6", "7"}
    for name in "567":
        lead = left[name]
        assert (lead.points, lead.asked, lead.write_at, lead.state) == (None, {}, None, "gone")
        said = [vars(one) for one in told if one.object_id == name]
        assert "Ann" not in str(said), name
    assert left["8"].points == 50, "another person"


def test_a_lead_that_was_erased_by_hand_takes_along_what_the_crm_merges_into_it_later(
    hub: Hub, inbox: Inbox
) -> None:
    connect(hub, "hubspot-v3")
    sent(inbox, hubspot_event(1, 7), hubspot_event(2, 8))
    forget(hub, "crm", "7", by="ada")
    merge = hubspot_event(3, 8, subscriptionType="contact.merge", mergedObjectIds=[8], newObjectId=7)  # fmt: skip
    for number in (3, 4):  # and told once more, it does nothing again
        sent(inbox, {**merge, "eventId": number})
        while forget_asked(hub):
            pass
        assert is_erased(leads(hub)["8"])

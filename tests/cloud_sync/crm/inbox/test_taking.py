"""Messages of CRMs: stored once, leads made due once, in any order, all of it in one commit."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmLead
from tests.cloud_sync.crm.builders import (
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

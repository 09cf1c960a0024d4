"""What each kind of CRM says besides: our own changes, other objects, organizations, documents that attack."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError
from cloud_sync.errors import MalformedError
from cloud_sync.hub import Hub
from tests.cloud_sync.crm.builders import (
    connect,
    hubspot_event,
    outbound_message,
    pipedrive_event,
    signed,
)
from tests.cloud_sync.crm.inboxes import (
    AT,
    events,
    leads,
    sent,
)

TWENTY = {
    "event.id": "record.id", "event.type": "eventName", "event.at": "eventDate", "event.fields": "updatedFields",
    "event.object": "objectMetadata.nameSingular",
}  # fmt: skip
"""As `docs/how-to/connect-a-crm.md` has it, of what Twenty sends (`transform-event-batch-to-webhook-events.ts`)."""

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


@pytest.mark.parametrize(("thing", "number", "skipped"), [
    ("leads", "0-136", False), ("0-136", "0-136", False), ("0-1", "0-1", False), ("leads", "0-1", True), ("2-17", "2-17", False),
])  # fmt: skip
def test_hubspot_an_object_is_known_by_any_of_its_names(
    hub: Hub, inbox: Inbox, thing: str, number: str, skipped: bool
) -> None:
    connect(hub, "hubspot-v3", object=thing)
    said = {"subscriptionType": "object.propertyChange", "objectTypeId": number}
    sent(inbox, {**hubspot_event(), **said})
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
        (TWENTY, {"eventName": "lead.updated", "eventDate": "2027-01-15T08:00:00.000Z", "objectMetadata": {"id": "u", "nameSingular": "lead"},
                  "record": {"id": "7"}, "updatedFields": ["points"]}, "7", "changed", True),
        (TWENTY, {"eventName": "company.deleted", "objectMetadata": {"nameSingular": "company"}, "record": {"id": "7"}}, "7", "deleted", True),
        (TWENTY, {"eventName": "lead.destroyed", "objectMetadata": {"nameSingular": "lead"}, "record": {"id": "7"}}, "7", "deleted", False),
        ({}, {"type": "lead.merged", "data": {"id": 7}}, "7", "merged", False),
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


@pytest.mark.parametrize(("places", "said"), [({}, {"into": 8}), ({"event.into": "kept"}, {})])
def test_a_program_of_ones_own_says_which_record_is_left_of_a_merge(
    hub: Hub, inbox: Inbox, places: dict[str, str], said: dict[str, object]
) -> None:
    connect(hub, "standard", options=places)
    body = {"type": "lead.merged", "data": {"id": 7, **said}, "kept": "8"}
    inbox.take("crm", signed("standard", json.dumps(body).encode()))
    assert {e.object_id: e.what for e in events(hub)} == {"7": "merged", "8": "joined"}
    assert {name: lead.state for name, lead in leads(hub).items()} == {"7": "gone", "8": "open"}


@pytest.mark.parametrize("into", ["..", ".", "x" * 101, True, None, {"id": 8}, 7])
def test_a_merge_into_what_is_no_other_record_says_that_it_is_gone(
    hub: Hub, inbox: Inbox, into: object
) -> None:
    connect(hub, "standard")
    body = {"type": "lead.merged", "data": {"id": 7, "into": into}}
    inbox.take("crm", signed("standard", json.dumps(body).encode()))
    assert {name: lead.state for name, lead in leads(hub).items()} == {"7": "gone"}


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


@pytest.mark.parametrize(
    ("into", "what"), [("8", "merged"), (8, "merged"), ("7", "deleted"), ("", "deleted"), ([8], "deleted"), ("8" * 101, "deleted")]
)  # fmt: skip
def test_what_pipedrive_deletes_in_a_merge_names_the_record_that_is_left(
    hub: Hub, inbox: Inbox, into: object, what: str
) -> None:
    connect(hub, "pipedrive")
    body = {**pipedrive_event({"action": "delete", "merged_to_id": into}), "data": None}
    inbox.take("crm", signed("pipedrive", json.dumps(body).encode()))
    found = {event.object_id: event.what for event in events(hub)}
    assert found == ({"7": what, "8": "joined"} if what == "merged" else {"7": what})


def test_a_merge_of_dynamics_names_the_record_that_is_left_first(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "dataverse")
    kept, gone = (f"a0000000-0000-0000-0000-00000000000{n}" for n in (1, 2))
    target = {"key": "Target", "value": {"Id": kept, "LogicalName": "lead"}}
    merge = {
        "MessageName": "Merge", "PrimaryEntityName": "lead", "PrimaryEntityId": kept.upper(), "OperationId": "op-2",
        "InputParameters": [target, {"key": "SubordinateId", "value": gone}],
    }  # fmt: skip
    inbox.take("crm", signed("dataverse", json.dumps(merge).encode()))
    assert {name: lead.state for name, lead in leads(hub).items()} == {kept: "open", gone: "gone"}
    assert [(event.object_id, event.what) for event in events(hub)] == [
        (kept, "joined"),
        (gone, "merged"),
    ]


@pytest.mark.parametrize("odd", ["..", ".", "8" * 101])
def test_what_cannot_be_a_record_is_no_part_of_a_merge(hub: Hub, inbox: Inbox, odd: str) -> None:
    connect(hub, "hubspot-v3")
    merge = hubspot_event(
        3, 7, subscriptionType="contact.merge", primaryObjectId=7, mergedObjectIds=[8, odd], newObjectId=odd, propertyName="",
    )  # fmt: skip
    sent(inbox, merge)
    assert {e.object_id: e.what for e in events(hub)} == {"7": "joined", "8": "merged"}


def test_an_event_of_an_association_names_its_record_otherwise_and_keeps_no_other_out(
    hub: Hub, inbox: Inbox
) -> None:
    """As HubSpot sends it: without an `objectId`, in one message with changes of other records."""
    connect(hub, "hubspot-v3")
    joined = {"associationType": "CONTACT_TO_COMPANY", "fromObjectId": 8, "toObjectId": 64058987777, "associationRemoved": False, "changeSource": "USER", "sourceId": "userId:82088707"}  # fmt: skip
    said = [
        {**joined, "subscriptionType": "contact.associationChange"},
        {**joined, "subscriptionType": "object.associationChange", "fromObjectId": 9, "fromObjectTypeId": "0-1", "toObjectTypeId": "0-2"},
        {**joined, "subscriptionType": "deal.associationChange", "fromObjectId": 10, "associationType": "DEAL_TO_LINE_ITEM"},
    ]  # fmt: skip
    told = [{**one, "eventId": 2073333923, "portalId": 50249912, "appId": 36665006, "occurredAt": int(AT.timestamp() * 1000), "attemptNumber": 0} for one in said]  # fmt: skip
    sent(inbox, hubspot_event(1, 7), *told)
    assert set(leads(hub)) == {"7", "8", "9"}
    assert {event.object_id: event.skipped for event in events(hub)} == {
        "7": "", "8": "", "9": "", "10": "another object",
    }  # fmt: skip


def test_what_cannot_be_a_record_is_not_merged_away_at_dynamics(hub: Hub, inbox: Inbox) -> None:
    connect(hub, "dataverse")
    kept = "a0000000-0000-0000-0000-000000000001"
    merge = {
        "MessageName": "Merge", "PrimaryEntityName": "lead", "PrimaryEntityId": kept, "OperationId": "op-3",
        "InputParameters": [{"key": "SubordinateId", "value": ".."}],
    }  # fmt: skip
    inbox.take("crm", signed("dataverse", json.dumps(merge).encode()))
    assert {e.object_id: e.what for e in events(hub)} == {kept: "joined"}


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
    from cloud_sync.crm.kinds.salesforce.events import long_id

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

"""Salesforce's streams as the pretended Salesforce has them: Change Data Capture, and platform events of the firm's own."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from cloud_sync.crm.connection.adding import checked
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.inbox import is_own
from cloud_sync.crm.kinds.base import Access, CrmEvent
from cloud_sync.crm.kinds.incoming import INCOMING, own_fields
from cloud_sync.crm.kinds.salesforce.told import LATEST, Changes, PlatformEvents
from cloud_sync.crm.kinds.table import open_crm, with_defaults
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.crm.simulator.salesforce.vendor import API_USER
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.servers import score

NOW = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
PLATFORM = {
    "events": "platform", "channel": "/event/Lead_Changed__e", "record_field": "Lead_Id__c",
    "fields_field": "Changed_Fields__c", "what_field": "Change_Type__c", "our_user": API_USER[:15],
}  # fmt: skip
CDC = {"events": "cdc"}


@dataclass
class Scene:
    """A pretended Salesforce, and a poller that keeps its cursor."""

    simulator: Simulator
    url: str
    options: dict[str, str]
    cursor: str = ""
    crm: Any = field(init=False)

    def __post_init__(self) -> None:
        self.open(**self.options)

    def open(self, **options: str) -> None:
        """Opens the connection anew, as after a restart or a change of its settings."""
        made = CrmSettings.model_validate({
            **self.simulator.connection(self.url), "columns": ["Company"], "rate_per_10s": 50_000,
            "options": {"organization": self.simulator.vendor.organization, **options},  # type: ignore[attr-defined]  # Salesforce's
        })  # fmt: skip
        self.settings = with_defaults(made)
        self.crm = open_crm(Access("sales", self.settings, self.simulator.secrets.api))

    def poll(self) -> list[CrmEvent]:
        found: list[CrmEvent] = []
        while True:
            page = self.crm.changed_since(self.cursor)
            self.cursor = page.cursor
            found += page.events
            if not page.more:
                return found

    def forget(self) -> None:
        """As after 72 hours."""
        asked = urllib.request.Request(f"{self.url}/simulator/stream/forget", b"{}", method="POST")
        with urllib.request.urlopen(asked) as answer:
            assert answer.status == 200

    def change(self, object_id: str, by: Any = "user", **values: Any) -> None:
        assert self.simulator.records.set(object_id, values, by=by)


BEHIND = timedelta(seconds=30)
"""What is found by time must be older than the second that is under way."""


def some_time_ago() -> datetime:
    return datetime.now(timezone.utc) - BEHIND


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator("salesforce", seed=3, limit=0, now=some_time_ago)
    with serve(simulator) as url:
        yield simulator, url


@pytest.fixture(params=[CDC, PLATFORM], ids=["cdc", "platform"])
def scene(server: tuple[Simulator, str], request: pytest.FixtureRequest) -> Scene:
    made = Scene(*server, request.param)
    made.poll()
    return made


def test_each_change_is_told_once_with_its_fields(scene: Scene) -> None:
    [held] = scene.simulator.make(1)
    [event] = scene.poll()
    assert (event.object_id, event.what, event.fields) == (held.object_id, "created", None)
    scene.change(held.object_id, Company="Acme")
    [event] = scene.poll()
    assert event.what == "changed" and event.fields is not None and "Company" in event.fields
    assert event.at == held.modified_at.replace(microsecond=event.at.microsecond)
    scene.simulator.records.remove(held.object_id)
    assert [one.what for one in scene.poll()] == ["deleted"]
    assert scene.poll() == []


def test_a_hub_that_was_away_hears_what_it_missed_and_nothing_twice(scene: Scene) -> None:
    missed = [held.object_id for held in scene.simulator.make(450)]
    scene.open(**scene.options)
    assert [event.object_id for event in scene.poll()] == missed


def test_what_salesforce_has_forgotten_is_found_by_time(scene: Scene) -> None:
    [first] = scene.simulator.make(1)
    scene.poll()
    [forgotten] = scene.simulator.make(1)
    scene.forget()
    with pytest.raises(DeliveryError, match="Unknown client"):  # the session has ended, too
        scene.poll()
    assert forgotten.object_id in {event.object_id for event in scene.poll()}
    scene.change(first.object_id, Company="Late")
    assert first.object_id in {event.object_id for event in scene.poll()}
    assert scene.cursor.startswith("cdc:")


def test_our_own_writes_are_known_by_who_made_them(scene: Scene) -> None:
    [held] = scene.simulator.make(1)
    scene.poll()
    scene.crm.make_fields()
    assert [one.ok for one in scene.crm.write([score(held.object_id)])] == [True]
    scene.change(held.object_id, Company="Acme")
    scene.change(held.object_id, by="api", Company="Another program with our user")
    own, books = own_fields(scene.settings), INCOMING["salesforce"].bookkeeping
    assert [is_own(event, own, books) for event in scene.poll()] == [True, False, False]


def test_a_connection_that_hears_another_stream_from_now_on_misses_nothing(
    server: tuple[Simulator, str],
) -> None:
    scene = Scene(*server, CDC)
    scene.poll()
    for options in (PLATFORM, {"events": "poll"}, CDC, PLATFORM):
        [held] = scene.simulator.make(1)
        scene.open(**options)
        assert held.object_id in {event.object_id for event in scene.poll()}


def test_the_test_of_a_connection_names_what_the_event_does_not_have(
    server: tuple[Simulator, str],
) -> None:
    scene = Scene(*server, PLATFORM)
    [check] = [one for one in scene.crm.check() if one.name.startswith("event")]
    assert check.ok
    scene.open(**{**PLATFORM, "record_field": "Lead__c"})
    [check] = [one for one in scene.crm.check() if one.name.startswith("event")]
    assert (check.ok, check.found) == (False, "has no Lead__c")
    assert "Lead_Id__c" in check.fix
    scene.open(**{**PLATFORM, "channel": "/event/Other__e"})
    [check] = [one for one in scene.crm.check() if one.name.startswith("event")]
    assert not check.ok
    with pytest.raises(DeliveryError, match="is the option `channel` its API name"):
        scene.crm.changed_since("")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"channel": ""}, "channel is missing"),
        ({"record_field": ""}, "record_field is missing"),
        ({"channel": "/data/LeadChangeEvent"}, "not a channel"),
        ({"channel": "/event/Lead__e\n"}, "not a channel"),
        ({"record_field": "Lead.Id"}, "not the name of a field"),
        ({"events": "platfrom"}, "did you mean 'platform'"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, str], told: str) -> None:
    raw = {"kind": "salesforce", "options": {"organization": "00D5g000001abCD", **PLATFORM, **options}}  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        checked(raw, "x")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "payload",
    [{}, {"Lead_Id__c": None}, {"Lead_Id__c": ["00Q"]}, {"Lead_Id__c": "x" * 19}, {"Lead_Id__c": "00Q 1"}],
)  # fmt: skip
def test_an_event_without_a_record_tells_of_none_and_says_so_once(
    payload: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    channel = PlatformEvents(PLATFORM)
    for number in range(3):
        assert channel.read(payload, number, NOW).events == ()
    assert [record.message for record in caplog.records] == [
        "event=platform_event_without_record channel=/event/Lead_Changed__e field=Lead_Id__c"
    ]


def test_an_event_that_says_little_is_a_change_of_its_record() -> None:
    channel = PlatformEvents({"channel": "/event/X__e", "record_field": "Lead__c"})
    payload = {"Lead__c": "00Q5e0000000001", "CreatedById": API_USER, "CreatedDate": 7}
    [event] = channel.read(payload, 5, NOW).events
    assert (event.what, event.fields, event.ours, event.at) == ("changed", None, False, NOW)


def test_too_many_changes_at_a_time_nobody_knows_are_a_gap_since_the_last_question() -> None:
    header = {"ChangeEventHeader": {"changeType": "GAP_OVERFLOW", "entityName": "Lead"}}
    assert Changes("Lead").read(header, 1, NOW).gap == LATEST

"""A pretended CRM sends as vendors do: batches, copies, retries, bans and silence."""

from __future__ import annotations

import json
import ssl
from collections import Counter
from pathlib import Path
from typing import Any

from cloud_sync.crm.simulator import Noise, Secrets, Simulator, sending
from cloud_sync.crm.simulator.signing import SIGNERS, ToSign
from cloud_sync.fleet.pki import Authority
from tests.cloud_sync.crm.ear import OVER_A_DAY, ear
from tests.cloud_sync.receivers import SECRET_TEXT, receiver

SOON = 20.0


def events(bodies: list[bytes]) -> list[dict[str, Any]]:
    return [event for body in bodies for event in json.loads(body)]


def test_events_come_in_batches_of_a_hundred_at_most_and_tell_each_property() -> None:
    simulator = Simulator("hubspot", seed=1)
    with ear() as hub, sending(simulator, hub.url, workers=1) as sender:
        [held] = simulator.make(1)
        simulator.records.set(held.object_id, {"country": "Italy", "industry": "Food?"})
        simulator.make(250)
        assert sender.queue.drained(SOON)
    told = events(hub.bodies())
    assert max(len(json.loads(body)) for body in hub.bodies()) <= 100
    assert Counter(one["subscriptionType"] for one in told) == {
        "contact.creation": 251,
        "contact.propertyChange": 2,
    }
    changed = {one["propertyName"]: one["propertyValue"] for one in told if "propertyName" in one}
    assert changed == {"country": "Italy", "industry": "Food?"}
    assert len({one["eventId"] for one in told}) == 253


def test_what_a_program_writes_is_told_as_its_own_change() -> None:
    simulator = Simulator("hubspot", seed=1)
    with ear() as hub, sending(simulator, hub.url) as sender:
        [held] = simulator.make(1, quiet=True)
        simulator.records.set(held.object_id, {"score": "87"}, by="api")
        simulator.records.set(held.object_id, {"score": "87"}, by="api")
        assert sender.queue.drained(SOON)
    [event] = events(hub.bodies())
    assert (event["changeSource"], event["sourceId"]) == ("INTEGRATION", str(event["appId"]))


def test_copies_come_later_and_have_the_same_id() -> None:
    simulator = Simulator("hubspot", seed=1)
    noise = Noise(duplicates=9, reorder=0.5, delay_s=0.05)
    with ear() as hub, sending(simulator, hub.url, noise=noise) as sender:
        simulator.make(200)
        assert sender.queue.drained(SOON)
    seen = [one["eventId"] for one in events(hub.bodies())]
    assert set(Counter(seen).values()) == {10}
    assert len(set(seen)) == 200
    first_seen = list(dict.fromkeys(seen))
    assert first_seen != sorted(first_seen)


def test_errors_are_tried_again_with_a_rising_number_until_they_are_given_up() -> None:
    simulator = Simulator("hubspot", seed=1)
    with ear() as hub, sending(simulator, hub.url, scale=OVER_A_DAY, workers=1) as sender:
        hub.answers = [(503, {}, b""), (429, {"retry-after": "1"}, b""), (200, {}, b"")]
        simulator.make(1)
        assert sender.queue.drained(SOON)
        attempts = [one["attemptNumber"] for one in events([one.body for one in hub.taken])]
        assert attempts == [0, 1, 2]
        hub.then = (500, {}, b"")
        simulator.make(1)
        assert sender.queue.drained(SOON)
        assert len(hub.taken) == 3 + 11
        hub.then = (401, {}, b"")
        simulator.make(1)
        assert sender.queue.drained(SOON)
        assert len(hub.taken) == 3 + 11 + 1  # a 401 is not tried again
    figures = sender.figures()
    assert (figures["lost_given_up"], figures["lost_refused"], figures["accepted"]) == (1, 1, 1)


def test_an_event_of_which_a_copy_arrived_is_not_lost_when_the_next_copy_is_given_up() -> None:
    simulator = Simulator("hubspot", seed=1)
    twice = Noise(duplicates=1)
    with ear() as hub, sending(simulator, hub.url, noise=twice, scale=OVER_A_DAY) as sender:
        hub.answers, hub.then = [(200, {}, b"")], (401, {}, b"")
        simulator.make(1)
        assert sender.queue.drained(SOON)
    figures = sender.figures()
    assert figures["copies_given_up"] == 1 and "lost_refused" not in figures


def test_what_waits_to_be_tried_again_can_be_sent_at_once() -> None:
    simulator = Simulator("hubspot", seed=1)
    with ear() as hub, sending(simulator, hub.url) as sender:
        hub.answers = [(503, {}, b"")]
        simulator.make(1)
        assert not sender.queue.drained(0.5)  # HubSpot waits for a minute
        sender.queue.hurry()
        assert sender.queue.drained(SOON)
    assert sender.figures()["accepted"] == 1


def test_410_switches_the_webhook_off_until_it_is_made_again() -> None:
    simulator = Simulator("standard", seed=1)
    with ear() as hub, sending(simulator, hub.url, scale=OVER_A_DAY, workers=1) as sender:
        hub.answers = [(302, {"location": "http://127.0.0.1:9/"}, b""), (410, {}, b"")]
        simulator.make(1)
        assert sender.queue.drained(SOON)
        simulator.make(5)
        assert [one.status for one in hub.taken] == [302, 410]
        assert sender.figures()["lost_deleted"] == 6
        sender.renew()
        simulator.make(1)
        assert sender.queue.drained(SOON)
    assert [json.loads(body)["type"] for body in hub.bodies()] == ["lead.created"]


def test_the_same_seed_gives_the_same_people_and_the_same_life() -> None:
    def life(seed: int) -> list[tuple[object, str]]:
        simulator = Simulator("hubspot", seed=seed)
        simulator.make(50)
        simulator.change(30)
        simulator.decide(20)
        return [(held.fields.get("email"), held.outcome) for held in simulator.records]

    assert life(7) == life(7) != life(8)


def test_a_hub_with_its_own_certificate_is_trusted_when_its_authority_is_given(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path / "pki")
    secrets = Secrets((SECRET_TEXT,), {"secret": SECRET_TEXT})
    simulator = Simulator("standard", seed=1, secrets=secrets)
    with receiver(authority.server_files([])) as hub:
        with sending(simulator, hub.url, scale=OVER_A_DAY, workers=1) as stranger:
            simulator.make(1)
            assert stranger.queue.drained(SOON)
        assert stranger.figures()["lost_given_up"] == 1 and not hub.taken
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        with sending(simulator, hub.url, workers=1, context=context) as sender:
            simulator.make(2)
            assert sender.queue.drained(SOON)
    assert [told["type"] for told in hub.taken.values()] == ["lead.created"] * 2
    assert hub.wrong_signatures == 0


def test_what_is_signed_is_the_address_the_hub_is_known_by_outside() -> None:
    simulator = Simulator("hubspot", seed=1)
    outside = "https://hub.example/v1/crm/sales"
    with ear() as hub, sending(simulator, hub.url, signed_url=outside) as sender:
        simulator.make(1)
        assert sender.queue.drained(SOON)
    [taken] = hub.taken
    now = int(taken.headers["x-hubspot-request-timestamp"]) / 1000
    ask = ToSign(outside, taken.body, now, "", simulator.secrets.webhook)
    signature = SIGNERS["hubspot-v3"](ask)["X-HubSpot-Signature-v3"]
    assert taken.headers["x-hubspot-signature-v3"] == signature

"""Each vendor's own rules of delivery, as its documents have them."""

from __future__ import annotations

import json
import threading
import time

import pytest

from cloud_sync.crm.simulator import Simulator, sending
from cloud_sync.crm.simulator.values import doubling_waits
from cloud_sync.crm.simulator.vendor import Vendor
from tests.cloud_sync.crm.ear import MINUTES_IN_MS, OVER_A_DAY, ear

SOON = 20.0
FAILED = (500, {}, b"")


def test_pipedrive_tries_three_more_times_and_says_which_attempt_it_is() -> None:
    simulator = Simulator("pipedrive", seed=1)
    with ear() as hub, sending(simulator, hub.url, scale=MINUTES_IN_MS, workers=1) as sender:
        hub.then = FAILED
        simulator.make(1)
        assert sender.queue.drained(SOON)
    assert [json.loads(one.body)["meta"]["attempt"] for one in hub.taken] == [1, 2, 3, 4]
    assert sender.figures()["lost_given_up"] == 1


def test_pipedrive_bans_after_ten_failed_first_tries_and_what_happens_then_is_lost() -> None:
    simulator = Simulator("pipedrive", seed=1)
    # half an hour of ban lasts longer than any test, and retries wait for three seconds
    with ear() as hub, sending(simulator, hub.url, workers=1) as sender:
        hub.then = FAILED
        simulator.make(10)
        assert sender.queue.drained(SOON)
        assert sender.banned and sender.figures()["bans"] == 1
        before = len(hub.taken)
        simulator.make(3)
        assert sender.queue.drained(SOON)
        assert len(hub.taken) == before
        hub.then = (200, {}, b"")
        sender.renew()
        simulator.make(1)
        assert sender.queue.drained(SOON)
    assert len(hub.bodies()) == 1
    figures = sender.figures()
    assert figures["lost_banned"] >= 4
    assert figures["events"] == 14


def test_pipedrive_deletes_a_webhook_that_had_no_success_for_three_days() -> None:
    simulator = Simulator("pipedrive", seed=1)
    with ear() as hub, sending(simulator, hub.url, scale=MINUTES_IN_MS, workers=1) as sender:
        hub.then = FAILED
        simulator.make(1)
        assert sender.queue.drained(SOON)
        sender._last_ok -= 4 * 86_400  # four days ago, and not sooner by a slow machine
        simulator.make(1)
        assert sender.figures()["deleted"] and sender.figures()["lost_deleted"] == 1


def test_salesforce_wants_an_ack_and_sends_what_the_record_is_by_then() -> None:
    simulator = Simulator("salesforce", seed=1)
    with ear() as hub, sending(simulator, hub.url, scale=10_000, workers=1) as sender:
        hub.answers = [(200, {}, b"<Ack>false</Ack>"), (200, {}, b"thank you")]
        hub.then = (200, {}, b"<x:Ack>true</x:Ack>")
        simulator.records.add({"Company": "Before & Co", "Last_Form__c": "<Demo>"})
        [held] = list(simulator.records)
        while not hub.taken:
            time.sleep(0.001)
        simulator.records.set(held.object_id, {"Company": "After"})
        assert sender.queue.drained(SOON)
    bodies = [one.body.decode() for one in hub.taken]
    assert "Before &amp; Co" in bodies[0] and "&lt;Demo&gt;" in bodies[0]
    assert "After" in bodies[-1] and "Before" not in bodies[-1]
    assert simulator.vendor.state.secrets.webhook[0] in hub.taken[0].path
    assert sender.figures()["accepted"] == 2


def test_salesforce_gives_up_within_a_day() -> None:
    waits = Simulator("salesforce").vendor.schedule.waits_s
    assert waits == doubling_waits(15, 7200, 86_400)
    assert waits[:3] == (15, 30, 60) and max(waits) == 7200
    assert 72_000 < sum(waits) <= 86_400


@pytest.mark.parametrize(("status", "attempts"), [(503, 2), (500, 1), (429, 1), (404, 1)])
def test_dataverse_tries_once_more_after_errors_of_the_network_only(
    status: int, attempts: int
) -> None:
    simulator = Simulator("dynamics", seed=1)
    with ear() as hub, sending(simulator, hub.url, scale=100, workers=1) as sender:
        hub.then = (status, {}, b"")
        simulator.make(1)
        assert sender.queue.drained(SOON)
    assert len(hub.taken) == attempts


@pytest.mark.parametrize(("scheme", "attempts"), [("twenty", 1), ("github", 1), ("stripe", 15)])
def test_programs_that_sign_alike_try_again_as_their_models_do(scheme: str, attempts: int) -> None:
    simulator = Simulator("standard", seed=1, scheme=scheme)
    with ear() as hub, sending(simulator, hub.url, scale=OVER_A_DAY, workers=1) as sender:
        hub.then = FAILED
        simulator.make(1)
        assert sender.queue.drained(SOON)
    assert len(hub.taken) == attempts


def test_odoo_waits_for_a_second_and_never_tries_again() -> None:
    simulator = Simulator("odoo", seed=1)
    asleep = threading.Event()

    def slow(_taken: object) -> tuple[int, dict[str, str], bytes]:
        asleep.wait(SOON)
        return 200, {}, b""

    with ear(slow) as hub, sending(simulator, hub.url, workers=1) as sender:
        simulator.make(1)
        assert sender.queue.drained(SOON)
        assert sender.figures()["no_answer"] == 1
        asleep.set()
    assert sender.figures()["lost_given_up"] == 1


def test_what_is_offered_beyond_the_queues_bound_is_lost_and_counted() -> None:
    simulator = Simulator("standard", seed=1)
    with ear() as hub, sending(simulator, hub.url, scale=0.001, workers=1) as sender:
        hub.then = FAILED
        sender.queue.limit = 5
        simulator.make(50)
        while sender.figures().get("retries", 0) < 5:
            time.sleep(0.005)
        figures = sender.figures()
    assert figures["lost_full"] >= 40
    assert figures["waiting"] <= 6


def test_a_rotated_secret_signs_from_then_on_with_the_old_beside_it_where_the_scheme_can() -> None:
    simulator = Simulator("standard", seed=1)
    with ear() as hub, sending(simulator, hub.url, workers=1) as sender:
        simulator.make(1)
        assert sender.queue.drained(SOON)
        simulator.rotate("whsec_" + "A" * 44)
        simulator.make(1)
        assert sender.queue.drained(SOON)
    counts = [len(one.headers["webhook-signature"].split()) for one in hub.taken]
    assert counts == [1, 2]


def test_every_vendor_keeps_its_batch_its_schedule_and_its_secret() -> None:
    for kind in ("hubspot", "salesforce", "pipedrive", "odoo", "dynamics", "standard"):
        vendor = Simulator(kind, seed=2).vendor
        assert isinstance(vendor, Vendor)
        assert 1 <= vendor.batch <= 100
        assert vendor.state.secrets.webhook[0]
        assert all(vendor.state.secrets.api.get(name) for name in vendor.keys)

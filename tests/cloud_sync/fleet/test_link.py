"""The hub's ear: it hears again after every break, and says so when a broker keeps it deaf."""

from __future__ import annotations

import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.fleet import devices
from cloud_sync.fleet.broker import Broker, BrokerAddress
from cloud_sync.fleet.brokers import make_broker
from cloud_sync.fleet.mqtt import wait
from cloud_sync.hub import Hub
from cloud_sync.intake import link as links
from cloud_sync.intake.ingest import Ingest
from cloud_sync.intake.link import SHARED, STATES, UNSHARED, MqttLink
from cloud_sync.store.models import Alert
from tests.cloud_sync.fleet.strict_broker import StrictBroker
from tests.cloud_sync.fleet_builders import DeviceClient, add_device, make_hub
from tests.waiting import wait_for

WINDOW = 20


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(links, "RECEIVE_MAXIMUM", WINDOW)
    monkeypatch.setattr(links, "RETRY_S", (0.05, 0.05))
    with make_hub(tmp_path, broker={"kind": "mosquitto", "port": 0}) as hub:
        yield hub


@pytest.fixture
def device(hub: Hub) -> Iterator[DeviceClient]:
    token = add_device(hub)
    broker: Broker = make_broker(hub.config)
    with hub.database.session() as session:
        broker.set_logins(devices.logins(session))
    broker.start()
    client = DeviceClient(broker, "press-1", token).connect()
    yield client
    client.close()
    broker.stop()


@pytest.fixture
def link(hub: Hub, device: DeviceClient) -> Iterator[MqttLink]:
    link = MqttLink(device.address, "ear", hub.metrics, queue_size=WINDOW + 4)
    link.start()
    wait_for(lambda: link.listening)
    yield link
    link.stop()


def reconnect(link: MqttLink) -> None:
    before = link.connection
    link._reconnect()
    wait_for(lambda: link.connection > before and link.listening)


def take_all(link: MqttLink) -> list[bytes]:
    taken = []
    while not link.messages.empty():
        message = link.messages.get()
        taken.append(message.payload)
        link.acknowledge(message)
    return taken


def test_an_outage_with_two_reconnects_leaves_the_hub_hearing(
    link: MqttLink, device: DeviceClient
) -> None:
    topic = device.topics.frames("s")
    for number in range(3):  # nobody takes the messages: the database is away
        if number:
            reconnect(link)
        for n in range(WINDOW):
            device.publish(topic, b"%d" % n)
        wait_for(lambda: link.messages.qsize() >= WINDOW)
    take_all(link)
    heard: list[bytes] = []
    for n in range(50):
        device.publish(topic, b"new %d" % n)
    wait_for(lambda: heard.extend(take_all(link)) or len(heard) == 50)


def test_messages_without_acknowledgement_leave_room_for_the_others(
    hub: Hub, link: MqttLink, device: DeviceClient
) -> None:
    topic = device.topics.frames("s")
    for _ in range(5 * WINDOW):
        device.publish(topic, b"flood", qos=0)
    wait_for(lambda: hub.metrics.refused.labels("queue full")._value.get() > 0)
    for _ in range(WINDOW):
        device.publish(topic, b"row")
    # rows alone are counted: some of the flood has its place in the queue as well
    wait_for(lambda: [m.payload for m in [*link.messages.queue]].count(b"row") == WINDOW)
    assert take_all(link).count(b"row") == WINDOW
    assert link.connection == 1


@pytest.fixture
def many_open() -> Iterator[None]:
    """More descriptors than `select` can tell apart are taken, as by devices and browsers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1024):
            opened.enter_context(open(os.devnull))
        yield


def test_a_hub_with_a_thousand_connections_hears(
    device: DeviceClient, many_open: None, link: MqttLink
) -> None:
    device.publish(device.topics.frames("s"), b"row")
    wait_for(lambda: take_all(link) == [b"row"])


def test_what_can_be_read_and_what_can_be_written_are_told_apart() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert wait([one], [one], [], 0) == ([], [one], [])
        other.send(b"x")
        assert wait([one, other], [], [], 0) == ([one], [], [])
        other.close()
        assert wait([one], [one], [], 0) == ([one], [one], [])
    with pytest.raises(ValueError, match="negative"):
        wait([one], [], [], 0)


def listening_to(broker: StrictBroker, hub: Hub) -> Ingest:
    link = MqttLink(BrokerAddress("127.0.0.1", broker.port), "ear", hub.metrics)
    return Ingest(hub, link)


def open_alerts(hub: Hub) -> list[str]:
    with hub.database.session() as session:
        return list(session.scalars(select(Alert.text).where(Alert.seen_at.is_(None))))


def test_without_shared_subscriptions_the_hub_listens_plainly_and_says_so(hub: Hub) -> None:
    with StrictBroker(lambda topic: not topic.startswith("$share")) as broker:
        ingest = listening_to(broker, hub)
        ingest.start()
        wait_for(lambda: bool(open_alerts(hub)))
        ingest.stop()
    assert broker.asked == [SHARED, STATES, UNSHARED, STATES]
    assert "run one" in open_alerts(hub)[0]


def test_a_broker_that_lets_the_hub_hear_nothing_is_told_of_until_it_does(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "LISTEN_AGAIN_S", 0.0)
    lets, granting = threading.Event(), threading.Event()

    def allows(topic: str) -> bool:
        """A change of mind counts from the next time that the hub asks from the beginning."""
        if topic == SHARED and lets.is_set():
            granting.set()
        return granting.is_set()

    with StrictBroker(allows) as broker:
        ingest = listening_to(broker, hub)
        ingest.start()
        wait_for(lambda: bool(open_alerts(hub)))
        assert "does not let the hub listen" in open_alerts(hub)[0]
        lets.set()
        wait_for(lambda: not open_alerts(hub))
        ingest.stop()


def test_an_answer_to_nothing_that_was_asked_opens_no_ear(hub: Hub) -> None:
    link = MqttLink(BrokerAddress("127.0.0.1", 1), "ear", hub.metrics)
    link._on_subscribe(link._client, None, 7, [], None)
    assert not link.listening

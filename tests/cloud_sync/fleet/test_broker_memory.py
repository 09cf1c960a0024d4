"""One device that leaves retained messages can fill neither the machine nor the broker for good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.fleet import devices
from cloud_sync.fleet.admission import MEMORY_ALERT, Admission
from cloud_sync.fleet.keeper import BrokerKeeper
from cloud_sync.fleet.mosquitto import MosquittoBroker
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert
from kits.core.errors import MachineError
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import DeviceClient, add_device, make_hub
from tests.waiting import wait_for

LIMIT_MB = 40
BIG = bytes(500_000)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    settings = {"kind": "mosquitto", "port": 0, "memory_mb": LIMIT_MB}
    with make_hub(tmp_path, broker=settings) as made:
        yield made


@pytest.fixture
def device(hub: Hub) -> str:
    return add_device(hub, "press-1")


@pytest.fixture
def broker(hub: Hub, device: str) -> Iterator[MosquittoBroker]:
    made = MosquittoBroker("mosquitto", hub.config)
    with hub.database.session() as session:
        made.set_logins(devices.logins(session))
    keeper = BrokerKeeper(made, hub.metrics, poll_s=0.05)
    keeper.start()
    yield made
    keeper.stop()


def leave(broker: MosquittoBroker, device: str, topics: list[str]) -> None:
    """Publishes retained, and waits until the broker has answered all."""
    client = DeviceClient(broker, "press-1", device).connect()
    for topic in topics:
        info = client._client.publish(topic, BIG, qos=1, retain=True)
        info.wait_for_publish(30)
    client.close()


def held_mb(broker: MosquittoBroker) -> int:
    return broker._child.memory_bytes() >> 20


def test_a_broker_that_a_device_fills_is_started_again_and_the_device_is_named(
    hub: Hub, broker: MosquittoBroker, device: str
) -> None:
    topics = DeviceTopics("main", "press-1")
    leave(broker, device, [topics.chunk("a" * 64, number) for number in range(100)])
    assert held_mb(broker) > LIMIT_MB
    admission = Admission(hub, broker)
    with pytest.raises(MachineError, match="retained, by press-1"):
        admission.tend()
    wait_for(broker.responds)
    assert held_mb(broker) < LIMIT_MB / 2
    with hub.database.session() as session:
        [alert] = session.scalars(select(Alert).where(Alert.name == MEMORY_ALERT))
        assert "cloud-sync device revoke" in alert.text
    admission.tend()


def test_a_device_can_leave_nothing_under_topics_of_its_own_invention(
    broker: MosquittoBroker, device: str
) -> None:
    own = "kw/v1/main/press-1"
    before = held_mb(broker)
    for tail in ("up/x", "up/s/1", "up/f/1", "up/f/1/2/3", "st/1", "st/online/1", "down/1"):
        client = DeviceClient(broker, "press-1", device).connect()
        info = client._client.publish(f"{own}/{tail}", BIG, qos=1, retain=True)
        wait_for(lambda info=info, client=client: info.is_published() or client.lost)
        client.close()
    hub = broker.address
    heard: list[str] = []
    listener = DeviceClient(broker, hub.username, hub.password)
    listener._client.on_message = lambda _c, _d, m: heard.append(m.topic)
    listener.connect()
    listener._client.subscribe(f"{own}/#", qos=1)
    leave(broker, device, [f"{own}/st/online", f"{own}/st/reported", f"{own}/up/t"])
    wait_for(lambda: len(heard) >= 3)
    listener.close()
    assert set(heard) == {f"{own}/st/online", f"{own}/st/reported", f"{own}/up/t"}
    assert held_mb(broker) < before + 10

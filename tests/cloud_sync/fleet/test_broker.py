"""The managed brokers: who may sign in, what a device may say, and coming back after a death."""

from __future__ import annotations

import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from cloud_sync.config import load, parse
from cloud_sync.fleet.broker import Broker, Login, find_mosquitto
from cloud_sync.fleet.brokers import make_broker
from cloud_sync.fleet.child import MAX_LOG_BYTES
from cloud_sync.fleet.embedded import EmbeddedBroker
from cloud_sync.fleet.external import ExternalBroker
from cloud_sync.fleet.keeper import BrokerKeeper
from cloud_sync.fleet.mosquitto import LOCAL, MosquittoBroker
from cloud_sync.fleet.mosquitto_files import broker_secret
from cloud_sync.metrics import Metrics
from kits.core.addresses import free_port
from kits.core.errors import ConfigError, MachineError
from tests.cloud_sync.fleet_builders import DeviceClient
from tests.waiting import wait_for


def broker_of(folder: Path, kind: str, **values: object) -> Broker:
    return make_broker(parse({"broker": {"kind": kind, "port": 0, **values}}, folder))


def login(name: str, password: str) -> Login:
    return Login(name, broker_secret(password), "main")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Broker]:
    broker = broker_of(tmp_path, "mosquitto")
    broker.set_logins([login("press-1", "right"), login("press-2", "2")])
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.parametrize("kind", ["mosquitto", "embedded"])
def test_a_broker_starts_answers_and_stops(tmp_path: Path, kind: str) -> None:
    broker = broker_of(tmp_path, kind)
    broker.start()
    assert broker.alive()
    broker.stop()
    broker.stop()
    assert not broker.alive()


def test_only_known_devices_sign_in(mosquitto: Broker) -> None:
    for name, password in (("press-1", "wrong"), ("stranger", "right"), ("_hub", "x")):
        client = DeviceClient(mosquitto, name, password).connect()
        assert "Not authorized" in client.refusal
        client.close()
    client = DeviceClient(mosquitto, "press-1", "right").connect()
    assert not client.refusal
    client.close()


def test_a_revoked_device_is_cut_off_and_refused(mosquitto: Broker) -> None:
    client = DeviceClient(mosquitto, "press-1", "right").connect()
    mosquitto.set_logins([login("press-2", "2")])
    wait_for(lambda: client.lost)
    client.close()
    again = DeviceClient(mosquitto, "press-1", "right").connect()
    assert "Not authorized" in again.refusal
    again.close()


def subscribe(client: DeviceClient, pattern: str) -> None:
    """Subscribes, and waits until the broker has said so."""
    confirmed = threading.Event()
    client._client.on_subscribe = lambda *_: confirmed.set()
    client._client.subscribe(pattern, qos=1)
    assert confirmed.wait(10)


def test_a_device_cannot_speak_for_another_or_listen_to_it(mosquitto: Broker) -> None:
    one = DeviceClient(mosquitto, "press-1", "right").connect()
    two = DeviceClient(mosquitto, "press-2", "2").connect()
    heard: list[str] = []
    hub = mosquitto.address
    listener = DeviceClient(mosquitto, hub.username, hub.password)
    listener._client.on_message = lambda _c, _d, m: heard.append(m.topic)
    subscribe(listener.connect(), "kw/v1/#")
    subscribe(two, "kw/v1/main/press-1/down/#")
    forged = ("kw/v1/main/press-2/up/s", "kw/v1/main/press-1/down/ack")
    for number, topic in enumerate(forged, 1):
        # the broker cuts the connection of who forges: without an acknowledgement nothing is forged again after it
        one.publish(topic, b'{"epoch": "forged"}', qos=0)
        one.publish("kw/v1/main/press-1/up/s", b"own")
        wait_for(lambda number=number: heard.count("kw/v1/main/press-1/up/s") >= number)
    listener.publish("kw/v1/main/press-1/down/ack", b'{"epoch": "for one"}')
    assert one.next_ack().epoch == "for one"
    assert "kw/v1/main/press-2/up/s" not in heard
    assert two.acks.empty()
    for client in (one, two, listener):
        client.close()


def test_a_device_takes_over_no_session_by_a_client_id(mosquitto: Broker) -> None:
    one = DeviceClient(mosquitto, "press-1", "right", client_id="kw-main-press-1").connect()
    hub = mosquitto.address
    ours = [
        DeviceClient(mosquitto, hub.username, hub.password, client_id=f"kw-hub-{n}").connect()
        for n in (1, 2)
    ]
    for stolen in ("kw-main-press-1", "press-1", "kw-hub-1"):
        thief = DeviceClient(mosquitto, "press-2", "2", client_id=stolen).connect()
        assert not thief.refusal
        thief.close()
    ours[0].publish("kw/v1/main/press-1/down/ack", b'{"epoch": "still here"}')
    assert one.next_ack().epoch == "still here"
    assert not any(client.lost for client in (one, *ours))
    for client in (one, *ours):
        client.close()


def test_no_device_signs_in_where_the_hub_does(mosquitto: Broker) -> None:
    assert mosquitto.address.port != mosquitto.device_address.port
    mosquitto_for_all = SimpleNamespace(address=mosquitto.address, device_address=mosquitto.address)
    client = DeviceClient(mosquitto_for_all, "press-1", "right").connect()
    assert "Not authorized" in client.refusal
    client.close()


def test_another_process_finds_the_listener_of_the_hub(mosquitto: Broker, tmp_path: Path) -> None:
    worker = broker_of(tmp_path, "mosquitto")
    assert worker.address == mosquitto.address
    answered = DeviceClient(worker, worker.address.username, worker.address.password).connect()
    assert not answered.refusal
    answered.close()


def test_generated_secrets_are_private(mosquitto: Broker, tmp_path: Path) -> None:
    for name in ("passwords", "hub-password", "acl", "hub.secret", "mosquitto.conf"):
        assert (tmp_path / "broker" / name).stat().st_mode & 0o077 == 0
    assert "right" not in (tmp_path / "broker" / "passwords").read_text()


@pytest.mark.parametrize("kind", ["mosquitto", "embedded"])
def test_a_broker_that_dies_is_started_again(tmp_path: Path, kind: str) -> None:
    broker = broker_of(tmp_path, kind)
    metrics = Metrics()
    keeper = BrokerKeeper(broker, metrics, poll_s=0.05, told_within_s=0.05)
    keeper.start()
    try:
        os.kill(process_of(broker), signal.SIGKILL)
        wait_for(lambda: metrics.broker_restarts._value.get() >= 1)
        wait_for(broker.alive)
    finally:
        keeper.stop()
    assert not broker.alive()


def test_a_broker_that_heard_of_the_end_before_the_hub_did_is_not_started_again(
    tmp_path: Path,
) -> None:
    broker = broker_of(tmp_path, "mosquitto")
    metrics = Metrics()
    ending = threading.Event()
    keeper = BrokerKeeper(broker, metrics, poll_s=0.05, told_within_s=60.0, ending=ending)
    keeper.start()
    try:
        os.kill(process_of(broker), signal.SIGTERM)
        wait_for(lambda: not broker.alive())
        time.sleep(0.2)  # the keeper has looked meanwhile
        ending.set()
    finally:
        keeper.stop()
    assert metrics.broker_restarts._value.get() == 0


def process_of(broker: Broker) -> int:
    if isinstance(broker, MosquittoBroker):
        assert broker._child.pid is not None
        return broker._child.pid
    assert isinstance(broker, EmbeddedBroker)
    return broker._broker._process.pid


def test_the_broker_of_a_killed_hub_is_replaced(tmp_path: Path) -> None:
    port = free_port()
    orphan = broker_of(tmp_path, "mosquitto", port=port)
    orphan.start()
    heir = broker_of(tmp_path, "mosquitto", port=port)
    heir.start()
    assert heir.alive()
    wait_for(lambda: not orphan.alive())
    heir.stop()
    orphan.stop()


@pytest.mark.parametrize("kind", ["mosquitto", "embedded"])
def test_a_taken_port_is_said(tmp_path: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(MachineError) as caught:
            broker_of(tmp_path, kind, port=port).start()
    assert "broker.port" in caught.value.fix


def test_the_embedded_broker_refuses_the_network(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="this machine only"):
        broker_of(tmp_path, "embedded", host="0.0.0.0")
    with pytest.raises(ConfigError, match="does not check certificates"):
        broker_of(tmp_path, "embedded", tls=True)


@pytest.mark.parametrize(
    "settings", [{"listen": {"host": "0.0.0.0"}}, {"public_url": "https://hub.example"}]
)
def test_a_hub_for_other_machines_is_not_configured_with_a_broker_for_this_one(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match="apt install mosquitto"):
        parse({**settings, "broker": {"kind": "embedded"}}, tmp_path)


@pytest.mark.parametrize("listen", [{"host": "0.0.0.0"}, {"host": "127.0.0.1"}])
def test_beyond_loopback_mosquitto_is_needed_and_its_package_named(
    tmp_path: Path, listen: dict[str, str]
) -> None:
    public = {} if listen["host"] == "0.0.0.0" else {"public_url": "https://hub.example"}
    with pytest.raises(MachineError) as caught:
        make_broker(parse({"listen": listen, **public}, tmp_path), mosquitto="")
    assert "apt install mosquitto" in caught.value.fix


def test_passwords_do_not_cross_the_network_unless_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="without encryption"):
        broker_of(tmp_path, "mosquitto", host="0.0.0.0")
    broker = broker_of(tmp_path, "mosquitto", host="0.0.0.0", plain_beyond_loopback=True)
    assert not broker.device_address.tls


def test_a_missing_plugin_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such plug-in"):
        broker_of(tmp_path, "mosquitto", tls=True, plugin="/nowhere/plugin.so")


def test_a_taken_tls_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(MachineError) as caught:
            broker_of(tmp_path, "mosquitto", tls=True, tls_host="127.0.0.1", tls_port=port).start()
    assert "broker.tls_port" in caught.value.fix


def test_with_tls_every_file_is_private_and_no_device_has_a_password(tmp_path: Path) -> None:
    broker = broker_of(tmp_path, "mosquitto", tls=True, tls_host="127.0.0.1", tls_port=0)
    broker.set_logins([login("press-1", "right")])
    broker.start()
    try:
        for folder in (tmp_path / "broker", tmp_path / "pki"):
            assert folder.stat().st_mode & 0o077 == 0
            filled = [file for file in folder.iterdir() if file.stat().st_size]
            assert [file for file in filled if file.stat().st_mode & 0o077] == []
        assert "press-1" not in (tmp_path / "broker" / "passwords").read_text()
        words = Path(f"/proc/{process_of(broker)}/cmdline").read_bytes().split(b"\0")
        assert words[1:-1] == [b"-c", bytes(tmp_path / "broker" / "mosquitto.conf")]
    finally:
        broker.stop()


def test_the_broker_has_room_for_more_devices_than_a_service_is_given(mosquitto: Broker) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert resource.prlimit(process_of(mosquitto), resource.RLIMIT_NOFILE) == (hard, hard)


def test_a_hundred_revocations_do_not_wear_the_broker_out(tmp_path: Path) -> None:
    broker = broker_of(tmp_path, "mosquitto", tls=True, tls_host="127.0.0.1", tls_port=0)
    broker.start()
    first = process_of(broker)
    try:
        for number in range(120):
            broker.set_logins([login(f"press-{number}", "x")])
            broker.cut([f"press-{number - 1}"])
            broker.tend()
        assert broker.alive()
        assert process_of(broker) == first
    finally:
        broker.stop()


def test_a_device_admitted_while_the_broker_reads_its_files_is_let_in(mosquitto: Broker) -> None:
    fleet = [login("press-1", "right")]
    fleet += [Login(f"other-{n}", fleet[0].secret, "main") for n in range(2000)]
    mosquitto.set_logins(fleet)
    wait_for(mosquitto.responds)
    mosquitto.reload()
    with socket.create_connection((LOCAL, mosquitto.device_address.port)):  # wakes it: now it reads
        mosquitto.set_logins([*fleet, login("press-3", "3")])

    def is_let_in() -> bool:
        mosquitto.tend()
        client = DeviceClient(mosquitto, "press-3", "3").connect()
        client.close()
        return not client.refusal

    wait_for(is_let_in)


def test_a_reload_during_the_start_waits_for_its_end(tmp_path: Path) -> None:
    broker = broker_of(tmp_path, "mosquitto")
    stop = threading.Event()

    def reload() -> None:
        while not stop.wait(0.001):
            broker.reload()

    hurry = threading.Thread(target=reload)
    hurry.start()
    try:
        for _ in range(5):
            broker.start()
            assert broker.alive()
            broker.stop()
    finally:
        stop.set()
        hurry.join()
        broker.stop()


def test_on_and_off_of_yaml_are_understood(tmp_path: Path) -> None:
    for word, wanted in (("on", True), ("off", False), ("auto", False)):
        (tmp_path / "hub.yaml").write_text(f"broker:\n  tls: {word}\n")
        assert load(tmp_path).broker_tls is wanted


def test_the_log_stays_small(tmp_path: Path) -> None:
    broker = broker_of(tmp_path, "mosquitto")
    broker.start()
    try:
        log = tmp_path / "broker" / "mosquitto.log"
        with log.open("ab") as file:
            file.truncate(MAX_LOG_BYTES + 1)
        broker.tend()
        assert log.stat().st_size == 0
        assert log.with_suffix(".log.1").stat().st_size == MAX_LOG_BYTES + 1
    finally:
        broker.stop()


def test_an_external_broker_is_only_an_address(tmp_path: Path) -> None:
    broker = broker_of(
        tmp_path, "external", host="mqtt.example", port=8883, username="hub", password="p", tls=True
    )
    assert isinstance(broker, ExternalBroker)
    broker.start()
    assert broker.alive()
    assert (broker.address.host, broker.address.port, broker.address.tls) == (
        "mqtt.example", 8883, True,
    )  # fmt: skip
    assert "p'" not in repr(broker.address)


def test_auto_takes_mosquitto_where_it_is_installed(tmp_path: Path) -> None:
    assert find_mosquitto()
    assert isinstance(broker_of(tmp_path, "auto"), MosquittoBroker)
    assert isinstance(make_broker(parse({}, tmp_path), mosquitto=""), EmbeddedBroker)
    with pytest.raises(MachineError, match="not installed"):
        make_broker(parse({"broker": {"kind": "mosquitto"}}, tmp_path), mosquitto="")

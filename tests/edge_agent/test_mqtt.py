"""The pipe over a real broker: what it hears in refusals, who took its name, and its certificate."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.fleet.pki import Authority
from edge_agent.certificates import Certificates
from edge_agent.clock import boot_id
from edge_agent.sync.entry import Entry
from edge_agent.sync.eviction import Budgets
from edge_agent.sync.mqtt import MqttTransport
from edge_agent.sync.mqtt_client import MqttSettings
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.sender import Sender
from edge_agent.sync.simulator import HubSimulator
from edge_agent.sync.tls import explain
from edge_agent.sync.transport import Message
from kits.core.topics import DeviceTopics, Online, encode_online
from tests.edge_agent.mosquitto import Mosquitto
from tests.edge_agent.parts import decision
from tests.waiting import wait_for

TOPICS = DeviceTopics("s1", "cam-1")


def settings(port: int, name: str = "cam-1", **changes: Any) -> MqttSettings:
    given: dict[str, Any] = {
        "backoff_s": 0.05, "backoff_max_s": 0.2, "online_topic": TOPICS.online,
        "subscriptions": (TOPICS.ack,), **changes,
    }  # fmt: skip
    return MqttSettings("127.0.0.1", port, name, **given)


def until(
    transport: MqttTransport, condition: Callable[[], bool], timeout_s: float = 15.0
) -> list[Message]:
    """Turns until it holds; what came in meanwhile."""
    end, messages = time.monotonic() + timeout_s, []
    while not condition():
        assert time.monotonic() < end, f"it did not come true in time; alarm: {transport.alarm!r}"
        messages += transport.turn(0.02)
    return messages


@pytest.fixture
def closing() -> Iterator[Callable[[MqttTransport], MqttTransport]]:
    made: list[MqttTransport] = []

    def keep(transport: MqttTransport) -> MqttTransport:
        made.append(transport)
        return transport

    yield keep
    for transport in made:
        transport.close()


Keep = Callable[[MqttTransport], MqttTransport]


Configured = Callable[[str], Mosquitto]


@pytest.fixture
def configured(tmp_path: Path, port: int) -> Iterator[Configured]:
    """Starts brokers with other rules."""
    started: list[Mosquitto] = []

    def start(lines: str) -> Mosquitto:
        broker = Mosquitto(tmp_path, port)
        broker._config.write_text(f"listener {port} 127.0.0.1\nlog_type none\nuser root\n{lines}\n")
        broker.start()
        started.append(broker)
        return broker

    yield start
    for broker in started:
        broker.kill()


def test_a_publish_that_nobody_hears_is_counted_and_the_connection_stays(
    broker: Mosquitto, closing: Keep
) -> None:
    transport = closing(MqttTransport(settings(broker.port, online_topic="")))
    until(transport, lambda: transport.connected)
    assert transport.publish(TOPICS.frames("s"), b"x")
    until(transport, lambda: transport.figures.unheard == 1)
    assert (transport.session, transport.connected, transport.alarm) == (1, True, "")
    assert transport.room() == 20


def test_a_publish_that_the_broker_refuses_is_an_alarm(
    tmp_path: Path, port: int, closing: Keep, configured: Configured
) -> None:
    (tmp_path / "acl").write_text("topic readwrite allowed/#\n")
    configured(f"allow_anonymous true\nacl_file {tmp_path}/acl")
    transport = closing(MqttTransport(settings(port, online_topic="")))
    until(transport, lambda: transport.connected)
    assert transport.publish(TOPICS.frames("s"), b"x")
    until(transport, lambda: transport.figures.refused == 1)
    assert "not authorized" in transport.alarm.lower()
    assert transport.room() == 20
    assert transport.publish("allowed/x", b"x")
    until(transport, lambda: transport.alarm == "")
    assert transport.session == 1


def test_no_more_is_in_flight_than_the_broker_allows(
    port: int, closing: Keep, configured: Configured
) -> None:
    configured("allow_anonymous true\nmax_inflight_messages 3")
    transport = closing(MqttTransport(settings(port, online_topic="")))
    until(transport, lambda: transport.connected)
    assert transport.room() == 3
    assert [transport.publish("t", b"x") for _ in range(5)] == [True] * 3 + [False] * 2
    until(transport, lambda: transport.room() == 3)


def test_packets_fit_what_the_broker_takes(
    tmp_path: Path, port: int, configured: Configured
) -> None:
    configured("allow_anonymous true\nmax_packet_size 100000")
    hub, outbox = HubSimulator(), Outbox(tmp_path / "outbox", Budgets.of(1 << 26))
    served = hub.serve("127.0.0.1", port)
    assert served.ready.wait(5)
    noise = random.Random(1)
    content = noise.randbytes(700_000)
    outbox.append([Entry(decision(0), "s", 1.0, content, "image/png")])
    for n in range(1, 100):
        details = {"x": noise.randbytes(2000).hex()}
        outbox.append([Entry(decision(n, prediction=details), "s")])
    transport = MqttTransport(settings(port, "device"))
    sender = Sender(outbox, transport, TOPICS)
    sender.start()
    wait_for(outbox.empty)
    assert (len(hub.rows), list(hub.blobs.values())) == (100, [content])
    assert (transport.session, sender.alarm) == (1, "")
    assert sender.uploads.chunk_bytes == 256 * 1024, "another broker may take more"
    sender.close()
    served.close()
    outbox.close()


def test_a_broker_of_tiny_packets_is_an_alarm_and_costs_no_row(
    tmp_path: Path, port: int, closing: Keep, configured: Configured
) -> None:
    configured("allow_anonymous true\nmax_packet_size 10000")
    outbox = Outbox(tmp_path / "outbox", Budgets.of(1 << 24))
    outbox.append([Entry(decision(1), "s")])
    transport = closing(MqttTransport(settings(port)))
    sender = Sender(outbox, transport, TOPICS)
    until(transport, lambda: "packets of 10000 bytes" in transport.alarm)
    for _ in range(5):
        sender.step(0.01)
    assert transport.connected
    assert outbox.counts()["s"].rows == 1
    outbox.close()


def test_a_broker_without_qos_1_and_retained_messages_will_do(
    tmp_path: Path, port: int, configured: Configured
) -> None:
    configured("allow_anonymous true\nmax_qos 0\nretain_available false")
    hub, outbox = HubSimulator(), Outbox(tmp_path / "outbox", Budgets.of(1 << 24))
    served = hub.serve("127.0.0.1", port)
    assert served.ready.wait(5)
    outbox.append([Entry(decision(n), "s") for n in range(500)])
    outbox.append([Entry(decision(1), "s", 1.0, b"pixels", "image/png")])
    transport = MqttTransport(settings(port, "device"))
    sender = Sender(outbox, transport, TOPICS)
    sender.report(b"{}")
    sender.start()
    wait_for(outbox.empty)
    assert (len(hub.rows), list(hub.blobs.values())) == (501, [b"pixels"])
    assert (transport.session, sender.alarm) == (1, "")
    sender.close()
    served.close()
    outbox.close()


def test_the_broker_may_ask_for_more_signs_of_life(
    port: int, closing: Keep, configured: Configured
) -> None:
    configured("allow_anonymous true\nmax_keepalive 10")
    transport = closing(MqttTransport(settings(port, keepalive_s=600)))
    until(transport, lambda: transport.connected)
    assert transport._client is not None
    assert transport._client._keepalive == 10


def test_a_refused_password_is_an_alarm_and_is_not_tried_again_soon(
    tmp_path: Path, port: int, closing: Keep, configured: Configured
) -> None:
    (tmp_path / "passwords").write_text("")
    configured(f"allow_anonymous false\npassword_file {tmp_path}/passwords")
    transport = closing(
        MqttTransport(settings(port, username="u", password="p", backoff_s=1.0, backoff_max_s=120.0),
                      jitter=lambda: 1.0)
    )  # fmt: skip
    until(transport, lambda: bool(transport.alarm))
    assert "refuses this device" in transport.alarm
    attempts = transport.figures.attempts
    for _ in range(20):
        transport.turn(0.01)
    assert transport.figures.attempts == attempts
    assert transport._backoff.wait_s() > 60


def test_birth_names_the_boot_and_a_killed_device_leaves_its_will(
    broker: Mosquitto, closing: Keep
) -> None:
    watcher = closing(
        MqttTransport(settings(broker.port, "w", online_topic="", subscriptions=(TOPICS.online,)))
    )
    until(watcher, lambda: watcher.connected)
    device = closing(MqttTransport(settings(broker.port)))
    until(device, lambda: device.connected)
    heard: list[Message] = []

    def hears(state: Online) -> bool:
        heard.extend(watcher.turn(0.02))
        return encode_online(state) in [message.payload for message in heard]

    until(device, lambda: hears(Online(True, boot_id())))
    device.close()
    end = time.monotonic() + 10
    while not hears(Online(False, boot_id())):
        assert time.monotonic() < end


def test_whoever_loses_its_name_stops_and_the_alarm_stays(broker: Mosquitto, closing: Keep) -> None:
    now = [100.0]
    first = closing(MqttTransport(settings(broker.port), clock=lambda: now[0], jitter=lambda: 0.5))
    until(first, lambda: first.connected)
    second = closing(MqttTransport(settings(broker.port)))
    until(second, lambda: second.connected)
    until(first, lambda: not first.connected)
    assert first.figures.taken_over == 1
    assert "another program" in first.alarm
    now[0] += 500
    for _ in range(20):
        first.turn(0.01)
    assert (first.figures.attempts, first.connected) == (1, False), "it does not fight"
    assert second.connected
    now[0] += 101  # ten minutes are over: once more, and if it happens again, twenty
    until(first, lambda: first.connected)
    assert first.alarm == ""
    until(second, lambda: not second.connected)


def test_an_error_in_a_callback_of_ours_cannot_happen_and_in_a_turn_ends_nothing(
    broker: Mosquitto, closing: Keep
) -> None:
    transport = closing(MqttTransport(settings(broker.port)))
    until(transport, lambda: transport.connected)
    transport._events.append(("publish", 7, None))  # an answer without a reason
    with pytest.raises(AttributeError):
        transport.turn(0.0)
    assert transport.publish(TOPICS.ack, b"{}")
    messages = until(transport, lambda: transport.room() == 20)
    messages += until(transport, lambda: bool(messages) or bool(transport._messages))
    assert transport.connected


# -- certificates --------------------------------------------------------------------------------


class Site:
    """An authority and a broker that takes only its devices."""

    def __init__(self, folder: Path, port: int, names: tuple[str, ...] = ()) -> None:
        self.authority = Authority(folder / "pki")
        certificate, key = self.authority.server_files(names)
        self.authority.refresh_crl(())
        self.broker = Mosquitto(folder, port)
        self._text = (
            f"listener {port} 127.0.0.1\nlog_type none\nallow_anonymous false\n"
            f"cafile {self.authority.ca_file}\ncertfile {certificate}\nkeyfile {key}\n"
            f"crlfile {self.authority.crl_file}\nrequire_certificate true\n"
            "use_identity_as_username true\nuser root\n"
        )
        self.broker._config.write_text(self._text)
        self.broker.start()

    def device(self, folder: Path, name: str = "cam-1", days: int = 365) -> Certificates:
        folder.mkdir(exist_ok=True)
        certificates = Certificates(folder)
        self.certify(certificates, name)
        return certificates

    def certify(self, certificates: Certificates, name: str = "cam-1") -> str:
        issued = self.authority.issue_device(certificates.request(), name)
        certificates.take(issued.pem, self.authority.ca_pem)
        return issued.serial


def test_a_renewed_certificate_is_used_at_once(tmp_path: Path, port: int, closing: Keep) -> None:
    site = Site(tmp_path, port)
    certificates = site.device(tmp_path / "device")
    now = [100.0]
    transport = closing(MqttTransport(settings(port, tls=certificates), clock=lambda: now[0]))
    until(transport, lambda: transport.connected)
    before = transport._client.socket().getpeercert(True)  # type: ignore[union-attr]
    assert before
    site.certify(certificates)
    now[0] += 10
    until(transport, lambda: transport.session == 2)
    assert transport.figures.renewals == 1
    assert transport.alarm == ""
    site.broker.kill()


def test_a_revoked_certificate_is_told_in_words(tmp_path: Path, port: int, closing: Keep) -> None:
    site = Site(tmp_path, port)
    certificates = site.device(tmp_path / "device")
    serial = site.certify(certificates)
    site.broker.kill()
    site.authority.refresh_crl((serial,))
    site.broker.start()
    transport = closing(MqttTransport(settings(port, tls=certificates)))
    until(transport, lambda: "revoked" in transport.alarm)
    assert not transport.connected
    site.broker.kill()


def test_a_broker_of_another_authority_hears_nothing(
    tmp_path: Path, port: int, closing: Keep
) -> None:
    site = Site(tmp_path, port)
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other" / "pki")
    certificates = Certificates(tmp_path / "other")
    issued = other.issue_device(certificates.request(), "cam-1")
    certificates.take(issued.pem, other.ca_pem)
    transport = closing(MqttTransport(settings(port, tls=certificates)))
    until(transport, lambda: "authority" in transport.alarm)
    assert not transport.connected
    site.broker.kill()


def test_missing_files_are_an_alarm_and_no_crash(tmp_path: Path, port: int, closing: Keep) -> None:
    transport = closing(MqttTransport(settings(port, tls=Certificates(tmp_path))))
    until(transport, lambda: bool(transport.alarm))
    assert not transport.connected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] ssl/tls alert certificate expired", "has expired"),
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca", "does not know the authority"),
        ("certificate verify failed: certificate has expired", "this clock is wrong"),
        ("certificate verify failed: certificate is not yet valid", "clock is behind"),
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED]", "has none"),
        ("Connection refused", ""),
    ],
)
def test_tls_errors_in_words(tmp_path: Path, text: str, words: str) -> None:
    told = explain(Certificates(tmp_path), text)
    assert (words in told) if words else told == ""


def test_only_one_thread_owns_the_client(broker: Mosquitto, closing: Keep) -> None:
    transport = closing(MqttTransport(settings(broker.port)))
    before = threading.active_count()
    until(transport, lambda: transport.connected)
    assert threading.active_count() == before

"""OPC UA: subscriptions with the source's own times, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from edge_agent.errors import SourceError
from edge_agent.sources.base import Captured
from edge_agent.sources.machine_config import OpcUaSignal, OpcUaSourceConfig
from edge_agent.sources.opcua import OpcUaDriver
from edge_agent.sources.signals import SignalSource
from kits.core.addresses import free_port
from kits.core.window import Window
from tests.edge_agent.machine_servers import OpcUaServer
from tests.edge_agent.test_modbus import Watched
from tests.waiting import wait_for

NODES = {"Flow": 1.0, "Speed": 1480.0, "Product": "water", "Acc": [0.0] * 4}


def config(url: str, **changes: object) -> OpcUaSourceConfig:
    signals = (
        OpcUaSignal(name="flow", unit="l/min", node="ns=2;s=Flow"),
        OpcUaSignal(name="speed_rpm", node="ns=2;s=Speed", role="attribute"),
        OpcUaSignal(name="product", node="ns=2;s=Product", role="attribute"),
        OpcUaSignal(name="acc", unit="g", node="ns=2;s=Acc", rate_hz=1000),
    )
    return OpcUaSourceConfig.model_validate(
        {
            "url": url, "asset": "pump-1", "window_s": 0.5, "late_s": 0.3, "grid_hz": 20,
            "publishing_ms": 20, "sampling_ms": 10, "timeout_s": 2, "signals": signals, **changes,
        }
    )  # fmt: skip


class Plant:
    """A server, a source on it, and the alerts it raised."""

    def __init__(self, server: OpcUaServer, made: OpcUaSourceConfig) -> None:
        self.server = server
        self.alerts: list[tuple[str, str]] = []
        self.source = SignalSource(
            made, OpcUaDriver(made), lambda name, severity, _: self.alerts.append((name, severity)),
            name="opcua", backoff_s=0.05,
        )  # fmt: skip
        self.watched = Watched(self.source)

    @property
    def windows(self) -> list[Window]:
        found = [captured.payload for captured in self.watched.captured]
        return [window for window in found if isinstance(window, Window)]


@pytest.fixture(scope="module")
def one_server() -> Iterator[OpcUaServer]:
    """Its start takes seconds: tests that do not stop it share one."""
    made = OpcUaServer(free_port(), NODES)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def server(one_server: OpcUaServer) -> OpcUaServer:
    """The same with the values of its beginning."""
    for name, value in NODES.items():
        one_server.write(name, value)
    return one_server


def test_changes_and_conditions_become_windows(server: OpcUaServer) -> None:
    plant = Plant(server, config(server.url))
    wait_for(lambda: plant.watched.latest("flow") == 1.0)
    server.write("Flow", 2.5)
    wait_for(lambda: plant.watched.latest("flow") == 2.5)
    assert plant.windows[-1].attributes == {
        "asset": "pump-1", "speed_rpm": 1480.0, "product": "water",
    }  # fmt: skip
    assert [(c.name, c.unit) for c in plant.windows[-1].channels] == [
        ("flow", "l/min"), ("acc", "g"),
    ]  # fmt: skip
    plant.watched.end()


def test_a_value_that_does_not_change_stands_while_the_server_lives(server: OpcUaServer) -> None:
    plant = Plant(server, config(server.url, stale_s=2.0))
    wait_for(lambda: len(plant.windows) >= 10, 30.0)
    assert not np.isnan(plant.windows[-1].channels[0].readings[:4]).any()
    assert ("source-lost", "error") not in plant.alerts
    first_s = plant.watched.captured[0].at_s
    server.write("Flow", 2.0)
    wait_for(lambda: plant.watched.latest("flow") == 2.0)
    past = plant.source.ring.window("pump-1", first_s, 1.0).channels[0].readings
    assert past.tolist() == [1.0] * 20, "nor does a later change undo it"
    plant.watched.end()


def test_a_value_of_an_hour_ago_gives_windows_from_the_start(server: OpcUaServer) -> None:
    for name, value in NODES.items():
        server.write(name, value, datetime.now(timezone.utc) - timedelta(hours=1))
    plant = Plant(server, config(server.url, stale_s=0.3))
    wait_for(lambda: len(plant.windows) >= 3)
    wait_for(lambda: plant.watched.latest("flow") == 1.0)
    plant.watched.end()


def test_the_sources_times_decide_and_not_those_of_arrival(server: OpcUaServer) -> None:
    plant = Plant(server, config(server.url))
    wait_for(lambda: plant.watched.latest("flow") == 1.0)
    at = datetime.now(timezone.utc) - timedelta(seconds=3)
    server.write("Flow", 9.0, at)
    ring = plant.source.ring
    wait_for(lambda: 9.0 in ring.window("pump-1", at.timestamp() - 0.1, 1.0).channels[0].readings)
    plant.watched.end()


def test_arrays_are_pieces_of_a_waveform(server: OpcUaServer) -> None:
    plant = Plant(server, config(server.url, array_time="start"))
    wait_for(lambda: plant.watched.latest("flow") == 1.0)
    start = datetime.now(timezone.utc)
    wave = np.sin(np.arange(1000) / 20)
    for n in range(5):
        server.write("Acc", list(wave[200 * n : 200 * n + 200]), start + timedelta(seconds=0.2 * n))
    ring = plant.source.ring

    def whole() -> bool:
        found = ring.window("pump-1", start.timestamp(), 1.0).channels[1].readings
        return not np.isnan(found[:990]).any()

    wait_for(whole)
    found = ring.window("pump-1", start.timestamp(), 1.0).channels[1].readings
    np.testing.assert_allclose(found[:990], wave[:990], atol=1e-5)
    plant.watched.end()


def test_a_bad_reading_is_a_gap(server: OpcUaServer) -> None:
    plant = Plant(server, config(server.url))
    wait_for(lambda: plant.watched.latest("flow") == 1.0)
    server.write("Flow", 5.0, bad=True)
    wait_for(lambda: plant.source.feed.figures.bad > 0)
    wait_for(lambda: bool(np.isnan(plant.windows[-1].channels[0].readings).any()))
    assert plant.watched.latest("flow") == 1.0
    plant.watched.end()


def test_a_restart_of_the_server_is_told_and_loses_nothing_that_was_known(port: int) -> None:
    server = OpcUaServer(port, NODES)
    server.start()
    plant = Plant(server, config(server.url, stale_s=1.0))
    wait_for(lambda: plant.watched.latest("flow") == 1.0)
    written = []
    for n in range(10):
        at = datetime.now(timezone.utc)
        server.write("Flow", 10.0 + n, at)
        written.append((at.timestamp(), 10.0 + n))
    wait_for(lambda: plant.watched.latest("flow") == 19.0)
    server.stop()
    wait_for(lambda: ("source-lost", "error") in plant.alerts)
    again = OpcUaServer(port, {**NODES, "Flow": 77.0})
    again.start()
    wait_for(lambda: plant.watched.latest("flow") == 77.0)
    wait_for(lambda: ("source-lost", "info") in plant.alerts)
    assert plant.source.health.reconnects >= 1
    ring = plant.source.ring
    for (at_s, value), (next_s, _) in pairwise(written):
        middle = (at_s + next_s) / 2
        assert ring.window("pump-1", middle, 0.05).channels[0].readings[0] == value
    plant.watched.end()
    again.stop()


def test_nodes_that_the_server_does_not_know_are_left_out(server: OpcUaServer) -> None:
    made = config(server.url)
    ghost = OpcUaSignal(name="ghost", node="ns=2;s=Ghost")
    plant = Plant(server, made.model_copy(update={"signals": (*made.signals, ghost)}))
    wait_for(lambda: plant.watched.latest("flow") == 1.0)
    assert np.isnan(plant.windows[-1].channels[-1].readings).all()
    plant.watched.end()


def test_a_password_that_is_nowhere_is_said_at_once(server: OpcUaServer) -> None:
    made = config(server.url, username="eve", password_env="KW_TEST_NOWHERE")
    source = SignalSource(made, OpcUaDriver(made), lambda *_: None, name="opcua")
    with pytest.raises(SourceError, match="KW_TEST_NOWHERE is not set"):
        list(source.samples())


def test_a_missing_certificate_is_said_at_once(server: OpcUaServer, tmp_path: Path) -> None:
    made = config(
        server.url,
        security="Basic256Sha256",
        certificate=tmp_path / "c",
        private_key=tmp_path / "k",
    )
    source = SignalSource(made, OpcUaDriver(made), lambda *_: None, name="opcua")
    with pytest.raises(SourceError, match="no such file"):
        list[Captured](source.samples())


def write_certificate(folder: Path, name: str, uri: str) -> tuple[Path, Path]:
    """A self-signed application certificate and its key."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / f"{name}.der", folder / f"{name}.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, private


def test_a_server_that_wants_encryption_is_read_with_our_certificate(
    tmp_path: Path, port: int
) -> None:
    theirs = write_certificate(tmp_path, "server", "urn:test:server")
    ours = write_certificate(tmp_path, "agent", "urn:plant:agent-7")

    async def prepare(server: Any) -> None:
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        await server.set_application_uri("urn:test:server")
        await server.load_certificate(str(theirs[0]))
        await server.load_private_key(str(theirs[1]))

    server = OpcUaServer(port, NODES, prepare)
    server.start()
    plant = Plant(
        server,
        config(
            server.url, security="Basic256Sha256", certificate=ours[0], private_key=ours[1],
            server_certificate=theirs[0],
        ),
    )  # fmt: skip
    wait_for(lambda: plant.watched.latest("flow") == 1.0)
    plant.watched.end()
    open_door = Plant(server, config(server.url))
    wait_for(lambda: ("source-lost", "error") in open_door.alerts)
    assert open_door.windows == []
    open_door.watched.end()
    server.stop()


def test_a_subscription_that_the_server_ends_is_made_anew(server: OpcUaServer) -> None:
    """The connection may stand all the same: without this, values of before would pass for fresh."""
    plant = Plant(server, config(server.url))
    wait_for(lambda: plant.watched.latest("flow") == 1.0)
    server.end_subscriptions()
    wait_for(lambda: plant.source.health.reconnects >= 1)
    server.write("Flow", 6.0)
    wait_for(lambda: plant.watched.latest("flow") == 6.0)
    plant.watched.end()

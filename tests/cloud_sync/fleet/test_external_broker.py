"""A broker that the hub does not run, set up from what `cloud-sync broker config` prints."""

from __future__ import annotations

import asyncio
import getpass
import queue
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from cryptography import x509
from typer.testing import CliRunner

from benchmarks import certified, mqtt5
from benchmarks.certified import SITE
from benchmarks.fleet import row
from cloud_sync import setup
from cloud_sync.cli import make_app
from cloud_sync.fleet.admission import Admission
from cloud_sync.fleet.broker import BrokerAddress, answers, find_mosquitto
from cloud_sync.fleet.mosquitto_files import external
from cloud_sync.hub import Hub
from cloud_sync.intake.link import MqttLink
from cloud_sync.metrics import Metrics
from kits.core.addresses import free_port
from kits.core.frames import decode_ack
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import make_hub, running_intake
from tests.waiting import wait_for

LIMIT_S = 10.0


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def hub(tmp_path: Path, port: int) -> Iterator[Hub]:
    broker = {"kind": "external", "host": "localhost", "port": port, "tls": True}
    with hub_with_devices(tmp_path, broker) as made:
        yield made


@contextmanager
def hub_with_devices(folder: Path, broker: dict[str, object]) -> Iterator[Hub]:
    with make_hub(folder / "hub", broker=broker) as made:
        (folder / "devices").mkdir()
        certified.admit(made, ["press-1", "press-2"], folder / "devices")
        yield made


class Elsewhere:
    """A mosquitto that is set up by hand, word for word.

    Args:
        ports: printed port → the one it has here.
    """

    def __init__(self, hub: Hub, folder: Path, ports: dict[int, int]) -> None:
        self._folder = folder
        self._ports = list(ports.values())
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        broker = hub.config.broker
        text = external(hub.authority, ["localhost"], broker.username, broker.password)
        text, _, _ = text.partition("# What differs")
        for source, target in re.findall(r"^#\s+(\S+)\s+->\s+\S+/(\S+)$", text, re.MULTILINE):
            shutil.copy(source, folder / target)
        _, _, acl, *rest = re.split(r"^# \d\. .*$", text, flags=re.MULTILINE)
        (folder / "acl").write_text(acl)
        if len(rest) > 2:
            (folder / "passwords").write_text(rest.pop().strip() + "\n")
        conf = "".join(rest).replace("/etc/mosquitto/kitwright", str(folder))
        for printed, here in ports.items():
            conf = conf.replace(f"listener {printed}\n", f"listener {here} 127.0.0.1\n")
        (folder / "mosquitto.conf").write_text(f"user {getpass.getuser()}\n{conf}")
        for path in folder.iterdir():
            path.chmod(0o600)

    def start(self) -> None:
        self._process = subprocess.Popen([find_mosquitto(), "-c", self._folder / "mosquitto.conf"])
        wait_for(lambda: all(answers("127.0.0.1", port) for port in self._ports))

    def take_list(self, hub: Hub) -> None:
        """Copies the list of revoked certificates, as is to be done daily."""
        shutil.copy(hub.authority.crl_file, self._folder / "crl.pem")

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def elsewhere(hub: Hub, tmp_path: Path, port: int) -> Iterator[Elsewhere]:
    made = Elsewhere(hub, tmp_path / "elsewhere", {8883: port})
    made.start()
    yield made
    made.stop()


async def send(
    port: int, folder: Path, name: str, topics: DeviceTopics
) -> tuple[int, tuple[int, int] | None]:
    """Publishes one row; the broker's word and the range that the hub acknowledged, if any."""
    came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    client = mqtt5.Client(lambda _topic, payload: came.set_result(payload))
    context = certified.context(folder / "ca.pem", folder / f"{name}.pem")
    assert await client.connect(("localhost", port), name, tls=context) == mqtt5.SUCCESS
    await client.subscribe(DeviceTopics(SITE, name).ack)
    reason = await client.publish(topics.frames("s"), row(name, 1))
    if reason == mqtt5.SUCCESS and topics.site == SITE:
        ranges = decode_ack(await asyncio.wait_for(came, LIMIT_S)).ranges
        await client.close()
        return reason, ranges[0]
    await client.close()
    return reason, None


@pytest.mark.usefixtures("elsewhere")
def test_the_printed_set_up_carries_rows_and_keeps_devices_apart(
    hub: Hub, tmp_path: Path, port: int
) -> None:
    devices = tmp_path / "devices"
    own, other = DeviceTopics(SITE, "press-1"), DeviceTopics(SITE, "press-2")
    with running_intake(hub, "external"):
        assert asyncio.run(send(port, devices, "press-1", own)) == (mqtt5.SUCCESS, (1, 1))
        assert asyncio.run(send(port, devices, "press-1", other)) == (mqtt5.NOT_AUTHORIZED, None)


@pytest.mark.usefixtures("elsewhere")
def test_a_foreign_site_that_this_broker_lets_through_is_refused_by_the_hub(
    hub: Hub, tmp_path: Path, port: int
) -> None:
    foreign = DeviceTopics("elsewhere", "press-1")
    refused = hub.metrics.refused.labels("unknown device")
    with running_intake(hub, "external"):
        reason, _ = asyncio.run(send(port, tmp_path / "devices", "press-1", foreign))
        assert reason == mqtt5.SUCCESS
        wait_for(lambda: refused._value.get() == 1)


def test_the_printed_set_up_lets_the_hub_in_by_password_beside_the_devices(
    tmp_path: Path, port: int
) -> None:
    ports = {8883: port, 8884: free_port()}
    broker = {
        "kind": "external", "host": "localhost", "port": ports[8884], "device_port": port,
        "tls": True, "username": "kitwright-hub", "password": "four random words",
    }  # fmt: skip
    with hub_with_devices(tmp_path, broker) as hub:
        elsewhere = Elsewhere(hub, tmp_path / "elsewhere", ports)
        elsewhere.start()
        own, other = DeviceTopics(SITE, "press-1"), DeviceTopics(SITE, "press-2")
        folder = tmp_path / "devices"
        with running_intake(hub, "external") as managed:
            assert managed.device_address.port == port
            assert asyncio.run(send(port, folder, "press-1", own)) == (mqtt5.SUCCESS, (1, 1))
            denied = asyncio.run(send(port, folder, "press-1", other))
            assert denied == (mqtt5.NOT_AUTHORIZED, None)
            for user, word in (("kitwright-hub", "wrong"), ("press-1", "four random words")):
                assert refused(managed.address, user, word)
        elsewhere.stop()


def refused(address: BrokerAddress, username: str, password: str) -> bool:
    """Whether the broker turns away who signs in like this, without a certificate."""
    link = MqttLink(replace(address, username=username, password=password), "stranger", Metrics())
    came = queue.Queue[bool]()
    link._client.on_connect = lambda _c, _d, _f, reason, _p: came.put(reason.is_failure)
    link.start()
    try:
        return came.get(timeout=LIMIT_S)
    finally:
        link.stop()


def test_the_hubs_own_certificate_is_renewed_while_it_is_connected(
    hub: Hub, elsewhere: Elsewhere
) -> None:
    with running_intake(hub, "external") as managed:
        link = MqttLink(managed.address, "second", hub.metrics, subscribe=False)
        link.start()
        wait_for(lambda: link.connected)
        path = Path(managed.address.certificate)
        first = path.read_bytes()
        path.unlink()  # as when it is time
        Admission(hub, managed).step()
        assert path.read_bytes() != first
        # at that broker the old one is void now: only who shows the new one comes back
        old = x509.load_pem_x509_certificate(first).serial_number
        hub.authority.refresh_crl([f"{old:x}"])
        elsewhere.stop()
        elsewhere.take_list(hub)
        elsewhere.start()
        wait_for(lambda: link.connection > 1)
        link.stop()


def test_the_command_prints_it_and_names_the_files(tmp_path: Path) -> None:
    data = tmp_path / "hub"
    broker = {"kind": "external", "host": "mqtt.example", "port": 8883}
    setup.init(data, "admin", "four random words", {"broker": broker})
    text = shown(make_app(), "broker", "config", "--data", str(data))
    for word in ("crlfile", "pattern write kw/v1/+/%u/up/f/+/+", str(data / "pki" / "broker.key")):
        assert word in text
    assert b"BEGIN CERTIFICATE" in (data / "pki" / "broker.pem").read_bytes()


def test_before_the_first_start_there_is_nothing_to_print(tmp_path: Path) -> None:
    setup.init(tmp_path / "hub", "admin", "four random words", {"broker": {"kind": "mosquitto"}})
    arguments = ["broker", "config", "--data", str(tmp_path / "hub")]
    assert "cloud-sync serve" in str(CliRunner().invoke(make_app(), arguments).exception)


def shown(app: typer.Typer, *arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.exception
    return done.output

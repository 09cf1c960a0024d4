"""A broker that the hub does not run, set up from what `cloud-sync broker config` prints."""

from __future__ import annotations

import asyncio
import getpass
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks import certified, mqtt5
from benchmarks.certified import SITE
from benchmarks.fleet import row
from cloud_sync import setup
from cloud_sync.cli import make_app
from cloud_sync.fleet.broker import answers, find_mosquitto, free_port
from cloud_sync.fleet.mosquitto_files import external
from cloud_sync.hub import Hub
from kits.core.frames import decode_ack
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import make_hub, running_intake, wait_for

LIMIT_S = 10.0


@pytest.fixture
def port() -> int:
    return free_port("127.0.0.1")


@pytest.fixture
def hub(tmp_path: Path, port: int) -> Iterator[Hub]:
    broker = {"kind": "external", "host": "localhost", "port": port, "tls": True}
    with make_hub(tmp_path / "hub", broker=broker) as made:
        (tmp_path / "devices").mkdir()
        certified.admit(made, ["press-1", "press-2"], tmp_path / "devices")
        yield made


@pytest.fixture
def elsewhere(hub: Hub, tmp_path: Path, port: int) -> Iterator[None]:
    """A mosquitto that was set up by hand, word for word."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    text = external(hub.authority, ["localhost"], "")
    for source, target in re.findall(r"^#\s+(\S+)\s+->\s+\S+/(\S+)$", text, re.MULTILINE):
        shutil.copy(source, folder / target)
    _, _, conf, acl, _ = re.split(r"^# \d\. .*$", text, flags=re.MULTILINE)
    (folder / "acl").write_text(acl)
    conf = conf.replace("/etc/mosquitto/kitwright", str(folder)).replace(
        "8883", f"{port} 127.0.0.1"
    )
    (folder / "mosquitto.conf").write_text(f"user {getpass.getuser()}\n{conf}")
    for path in folder.iterdir():
        path.chmod(0o600)
    process = subprocess.Popen([find_mosquitto(), "-c", folder / "mosquitto.conf"])
    wait_for(lambda: answers("127.0.0.1", port))
    yield
    process.terminate()
    process.wait()


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


def test_the_command_prints_it_and_names_the_files(tmp_path: Path) -> None:
    data = tmp_path / "hub"
    broker = {"kind": "external", "host": "mqtt.example", "port": 8883}
    setup.init(data, "admin", "four random words", {"broker": broker})
    text = shown(make_app(), "broker", "config", "--data", str(data))
    for word in ("crlfile", "pattern write kw/v1/+/%u/up/#", str(data / "pki" / "broker.key")):
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

"""A site with certificates throughout, by its commands: enrol, send, renew, be thrown out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloud_sync.fleet.broker import find_mosquitto
from edge_agent.certificates import Certificates
from edge_agent.config import HubConfig
from edge_agent.enroll import hub_client, load_identity
from edge_agent.renewal import Renewal
from kits.core.errors import KitwrightError
from tests.integration.secure_site import SecureSite
from tests.integration.site import Line
from tests.waiting import wait_for

CUT_S = 10.0
"""Within this a revoked device must be cut off."""

pytestmark = pytest.mark.skipif(not find_mosquitto(), reason="mosquitto is not installed")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SecureSite]:
    made = SecureSite(tmp_path, fresh=True)
    made.serve()
    yield made
    made.close()


def renew(line: Line) -> None:
    """What the agent's own loop does when it is time."""
    path = line.folder / "state" / "identity.json"
    identity = load_identity(path)
    assert identity is not None
    with closing(hub_client(HubConfig(), identity, path)) as client:
        Renewal(Certificates(path.parent), client, lambda *_: None).renew()


def online(site: SecureSite, name: str) -> bool:
    """Whether the hub takes a device for connected."""
    devices = site.api.call("GET", "/v1/devices")["devices"]
    assert isinstance(devices, list)
    return any(one["name"] == name and one["online"] for one in devices if isinstance(one, dict))


def test_enrol_send_renew_and_be_thrown_out(site: SecureSite, tmp_path: Path) -> None:
    line = site.add_line("press-1", tmp_path / "press-1")
    identity = load_identity(line.folder / "state" / "identity.json")
    assert identity is not None
    assert identity.mqtt.tls
    assert identity.mqtt.password == ""
    line.start()
    wait_for(lambda: site.count("press-1") > 0)

    connects = line.figure_now("sync_connects")
    renew(line)
    wait_for(lambda: line.figure("sync_connects") > connects)
    sent = site.count("press-1")
    wait_for(lambda: site.count("press-1") > sent)
    assert line.figure_now("certificate_days") > 360

    started = time.monotonic()
    site.api.call("POST", "/v1/devices/press-1/revoke")
    wait_for(lambda: line.figure("sync_connected") == 0)
    assert time.monotonic() - started < CUT_S
    with pytest.raises(KitwrightError):
        renew(line)
    wait_for(lambda: "broker-refuses" in line.open_alerts())

    again = site.api.call("POST", "/v1/devices", {"name": "press-1", "site": "main"})
    site.programs.text(*str(again["command"]).split(), "--config", str(line.config))
    line.kill()
    line.start()
    sent = site.count("press-1")
    wait_for(lambda: site.count("press-1") > sent)
    line.kill()


@pytest.mark.slow
def test_device_that_dies_while_another_is_enrolled_counts_as_away(
    site: SecureSite, tmp_path: Path
) -> None:
    """The broker re-reads its rules for the other one, while the word of the first may still wait there."""
    line = site.add_line("press-1", tmp_path / "press-1")
    line.start()
    wait_for(lambda: online(site, "press-1"))
    line.kill()
    site.add_line("press-2", tmp_path / "press-2")
    wait_for(lambda: not online(site, "press-1"), 15)

"""Who a device is: a second one with the same identity, a revoked one, one that slept too long.

Real agents, a hub and a broker that speak TLS and ask for certificates. A twin (a copied disk) makes
an alarm and no storm of connections; a revoked device is cut off within 10 s; a device whose
certificate has ended finds back by itself.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud_sync.config import load
from cloud_sync.fleet.broker import find_mosquitto
from cloud_sync.fleet.pki import Authority
from kits.core.addresses import free_port
from kits.core.sample import utc_now
from tests.failure.conftest import Record
from tests.integration.secure_site import SecureSite
from tests.integration.site import Line
from tests.waiting import wait_for

CUT_S = 10.0
WATCHED_S = 10.0
LIFE = timedelta(days=365)

pytestmark = pytest.mark.skipif(not find_mosquitto(), reason="mosquitto is not installed")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureSite]:
    """One for all: each test has a device of another name, which has ended with it."""
    # an authority that is older than the certificate of a device that slept too long
    made = SecureSite(tmp_path_factory.mktemp("site"), authority_age=LIFE * 1.5)
    made.serve()
    yield made
    made.close()


def running(site: SecureSite, folder: Path, name: str) -> Line:
    """An enrolled agent whose rows arrive."""
    line = site.add_line(name, folder / name)
    line.start()
    wait_for(lambda: site.count(name) > 0, 60)
    return line


def test_a_second_device_with_the_same_identity(
    site: SecureSite, tmp_path: Path, record: Record
) -> None:
    line = running(site, tmp_path, "press-1")
    twin = Line(line.site, "press-1", tmp_path / "twin", free_port())
    twin.configure(6, rate_hz=20, loop=True, update={"poll_s": 60, "first_bundle_wait_s": 0})
    (twin.folder / "state").mkdir()
    for name in ("identity.json", "device.key", "device.pem", "ca.pem"):
        shutil.copy(line.folder / "state" / name, twin.folder / "state" / name)
    before = line.figure_now("sync_connects")
    twin.start()
    wait_for(lambda: twin.figure("sync_connects") > 0, 60)
    started = time.monotonic()
    wait_for(lambda: "broker-refuses" in line.open_alerts(), 60)
    alarm_s = time.monotonic() - started
    assert "another program" in line.open_alerts()["broker-refuses"]
    wait_for(lambda: time.monotonic() - started >= WATCHED_S, 60)
    connects = line.figure_now("sync_connects") - before + twin.figure_now("sync_connects")
    watched_s = time.monotonic() - started
    twin.kill()
    line.kill()
    record({
        "alarm after s": round(alarm_s, 1), "watched s": round(watched_s, 1),
        "connections of both": connects,
        "connections per 10 s": round(10 * connects / watched_s, 2),
    })  # fmt: skip
    assert 10 * connects / watched_s <= 1


def test_a_revoked_device_is_cut_off(site: SecureSite, tmp_path: Path, record: Record) -> None:
    line = running(site, tmp_path, "press-2")
    site.api.call("POST", "/v1/devices/press-2/revoke")
    cut_s = wait_for(lambda: line.figure("sync_connected") == 0, 60)
    wait_for(lambda: "broker-refuses" in line.open_alerts(), 60)
    had, waiting = site.count("press-2"), line.figure_now("outbox_rows")
    wait_for(lambda: line.figure("outbox_rows") >= waiting + 40, 60)
    assert site.count("press-2") == had
    line.kill()
    record({"cut after s": round(cut_s, 1), "rows taken afterwards": site.count("press-2") - had})
    assert cut_s <= CUT_S


def test_a_device_whose_certificate_has_ended(
    site: SecureSite, tmp_path: Path, record: Record
) -> None:
    line = running(site, tmp_path, "press-3")
    line.stop()
    state = line.folder / "state"
    key = serialization.load_pem_private_key((state / "device.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = csr.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    long_ago = Authority(load(site.data).pki_dir, clock=lambda: utc_now() - LIFE * 1.2)
    issued = long_ago.issue_device(request, "press-3")
    assert issued.not_after < utc_now()
    (state / "device.pem").write_bytes(issued.pem)
    written_at = issued.not_before.timestamp()
    os.utime(state / "device.pem", (written_at, written_at))
    had = site.count("press-3")
    line.start()
    back_s = wait_for(lambda: site.count("press-3") > had + 10, 120)
    days = line.figure_now("certificate_days")
    line.kill()
    record({"back after s": round(back_s, 1), "new certificate ends in days": round(days)})
    assert days > 360

"""Enrolment over TLS against a real hub's API: who is trusted before the token leaves the device."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from fastapi import FastAPI
from sqlalchemy import delete, select, update

from cloud_sync.fleet import devices
from cloud_sync.fleet.pki import Authority
from cloud_sync.hub import Hub
from cloud_sync.server import WebServer
from cloud_sync.store.models import DeviceCertificate, EnrollToken
from edge_agent.certificates import Certificates
from edge_agent.config import AgentConfig, HubConfig
from edge_agent.doctor import Check, examine
from edge_agent.enroll import Identity, enroll, hub_client, load_identity, save_identity
from edge_agent.errors import EnrolmentError, HubUnreachableError
from edge_agent.renewal import EXPIRED, EXPIRES, Renewal
from edge_agent.sources.config import FolderSourceConfig
from edge_agent.update.fetch import HubClient
from kits.core.errors import UnreachableError, UsageError
from kits.core.hub_api import Desired
from kits.core.sample import utc_now
from kits.core.tls import Clock
from tests.cloud_sync.hub_builders import open_hub
from tests.tls_server import TlsServer
from tests.waiting import wait_for

SETTINGS = HubConfig(timeout_s=20)


class Site:
    """A hub that serves HTTPS, and a device's folder."""

    def __init__(self, hub: Hub, url: str, folder: Path) -> None:
        self.hub = hub
        self.url = url
        self.identity_path = folder / "identity.json"
        self.fingerprint = hub.authority.fingerprint
        self.clients: list[HubClient] = []

    def client(self, identity: Identity, clock: Clock = utc_now) -> HubClient:
        self.clients.append(hub_client(SETTINGS, identity, self.identity_path, clock=clock))
        return self.clients[-1]

    def token(self, name: str = "press-9") -> str:
        with self.hub.database.transaction() as session:
            return devices.add_device(session, name, site="main", who="ada")

    def unused_tokens(self) -> int:
        with self.hub.database.session() as session:
            query = select(EnrollToken.id).where(EnrollToken.used_at.is_(None))
            return len(session.scalars(query).all())

    def enroll(self, settings: HubConfig = SETTINGS, **options: object):
        values = {"fingerprint": self.fingerprint, **options}
        return enroll(settings, self.url, self.token(), self.identity_path, **values)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with served_site(tmp_path / "hub", tmp_path / "device") as made:
        yield made


@contextmanager
def served_site(folder: Path, device: Path) -> Iterator[Site]:
    settings = {"listen": {"port": 0, "tls": "on"}, "broker": {"kind": "embedded", "port": 0}}
    with open_hub(folder, **settings) as (client, hub):
        app = client.app
        assert isinstance(app, FastAPI)
        # the routes without the background parts, which these tests do not need
        bare = FastAPI(routes=app.routes, exception_handlers=app.exception_handlers)
        bare.state.hub, bare.state.broker = hub, app.state.broker
        server = WebServer(bare, hub.config, hub.authority)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        wait_for(lambda: server.port is not None)
        made = Site(hub, f"https://127.0.0.1:{server.port}", device)
        yield made
        for one in made.clients:
            one.close()
        server.stop()
        thread.join(15)


def test_a_device_enrols_by_fingerprint_and_its_files_are_private(site: Site) -> None:
    identity = site.enroll()
    folder = site.identity_path.parent
    assert load_identity(site.identity_path) == identity
    assert sorted(path.name for path in folder.iterdir()) == [
        "ca.pem", "device.key", "device.pem", "identity.json",
    ]  # fmt: skip
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    certificate = x509.load_pem_x509_certificate((folder / "device.pem").read_bytes())
    name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert name == identity.device == "press-9"
    Certificates(folder).context()  # key and certificate fit
    assert site.client(identity).desired() == Desired()
    for secret in (identity.token, (folder / "device.key").read_text()):
        assert secret not in repr(identity)


def test_an_enrolment_tells_another_hub_from_the_one_that_is_known(
    site: Site, tmp_path: Path
) -> None:
    first = site.enroll()
    assert first.hub_id
    site.identity_path.write_text("damaged")
    assert site.enroll().hub_id == "", "the name stands in the slots"
    save_identity(first, site.identity_path)
    assert site.enroll().hub_id == first.hub_id
    with served_site(tmp_path / "new hub", site.identity_path.parent) as other:
        assert other.enroll().hub_id not in ("", first.hub_id)


def test_a_wrong_fingerprint_leaves_the_token_unused(site: Site, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other").fingerprint
    with pytest.raises(UnreachableError, match="nothing was sent"):
        site.enroll(fingerprint=other)
    assert site.unused_tokens() == 1
    assert not site.identity_path.exists()


def test_a_man_in_the_middle_hears_no_token(site: Site, tmp_path: Path) -> None:
    impostor = Authority(tmp_path / "impostor")
    certificate, key = impostor.server_files([])
    leaf = certificate.read_bytes().split(b"-----BEGIN")[1]
    forged = tmp_path / "forged.pem"
    forged.write_bytes(b"-----BEGIN" + leaf + site.hub.authority.ca_pem)
    with TlsServer((forged, key)) as middle:
        with pytest.raises(HubUnreachableError, match="could not prove who it is"):
            enroll(
                SETTINGS, middle.url, site.token(), site.identity_path, fingerprint=site.fingerprint
            )
        assert middle.heard_to_the_end() == b""


def test_plain_http_beyond_this_machine_and_https_without_a_pin_are_refused(site: Site) -> None:
    with pytest.raises(UsageError, match="everyone on the network"):
        enroll(SETTINGS, "http://hub.example:8080", "t", site.identity_path)
    with pytest.raises(UsageError, match="recognise the hub"):
        site.enroll(fingerprint="")
    assert site.unused_tokens() == 1


def test_a_ca_file_of_the_configuration_serves_instead_of_a_fingerprint(site: Site) -> None:
    settings = HubConfig(ca_file=site.hub.authority.ca_file)
    assert site.enroll(settings, fingerprint="").device == "press-9"


def test_a_used_token_is_said(site: Site) -> None:
    token = site.token()
    enroll(SETTINGS, site.url, token, site.identity_path, fingerprint=site.fingerprint)
    before = (site.identity_path.parent / "device.pem").read_bytes()
    with pytest.raises(EnrolmentError, match="unknown, used or too old"):
        enroll(SETTINGS, site.url, token, site.identity_path, fingerprint=site.fingerprint)
    assert (site.identity_path.parent / "device.pem").read_bytes() == before
    Certificates(site.identity_path.parent).context()


def test_a_device_with_a_clock_of_1970_enrols_and_talks(
    site: Site,
) -> None:
    longago = datetime(1970, 1, 1, tzinfo=timezone.utc)
    identity = site.enroll()
    assert site.client(identity, lambda: longago).desired() == Desired()


def test_the_doctor_sees_that_the_hub_knows_the_device_no_more(site: Site) -> None:
    def hub_check() -> Check:
        source = FolderSourceConfig(path=site.identity_path.parent)
        config = AgentConfig(state_dir=site.identity_path.parent, source=source)
        return next(check for check in examine(config) if check.check == "hub")

    site.enroll()
    assert (hub_check().ok, hub_check().found) == (True, "knows this device")
    with site.hub.database.transaction() as session:
        devices.revoke(session, "press-9", who="ada")
    assert not hub_check().ok
    assert "revoked" in hub_check().found
    assert "edge-agent enroll" in hub_check().fix


# -- renewal -------------------------------------------------------------------------------------


class Bench:
    """A device with its renewal loop, a clock to set, and the alarms it raised."""

    def __init__(self, site: Site) -> None:
        self.ahead = timedelta()
        self.signed: datetime | None = None
        self.alarms: list[tuple[str, str]] = []
        identity = site.enroll()
        self.certificates = Certificates(site.identity_path.parent)
        self.renewal = Renewal(
            self.certificates,
            site.client(identity),
            lambda name, severity, text: self.alarms.append((name, severity)),
            clock=lambda: utc_now() + self.ahead,
            signed=lambda: self.signed,
            jitter=lambda: 1.0,
        )

    @property
    def key(self) -> bytes:
        return self.certificates.key_file.read_bytes()

    def after(self, days: float) -> None:
        """Time passes, also for the files."""
        self.ahead = timedelta(days=days)
        self.certificates.age_s = lambda: days * 86_400.0  # type: ignore[method-assign]
        self.renewal.step()

    @property
    def raised(self) -> list[str]:
        return [name for name, severity in self.alarms if severity != "info"]


@pytest.fixture
def bench(site: Site) -> Bench:
    return Bench(site)


def test_a_certificate_is_renewed_with_a_new_key_late_in_its_life(bench: Bench) -> None:
    key = bench.key
    bench.after(days=200)
    assert bench.key == key
    bench.after(days=256)
    assert bench.key != key
    assert bench.certificates.generation == 1
    bench.certificates.context()
    assert bench.raised == []


def test_a_device_shows_its_certificate_to_a_hub_that_was_restored(
    bench: Bench, site: Site
) -> None:
    with site.hub.database.transaction() as session:
        session.execute(delete(DeviceCertificate))  # the backup is older than the enrolment
    key = bench.key
    bench.after(days=256)
    assert bench.key != key


def test_a_certificate_that_ended_is_renewed(bench: Bench) -> None:
    key = bench.key
    bench.after(days=800)
    assert bench.key != key
    assert bench.raised == []


def test_a_revoked_device_keeps_trying_and_says_so(bench: Bench, site: Site) -> None:
    with site.hub.database.transaction() as session:
        devices.revoke(session, "press-9", who="ada")
    key = bench.key
    bench.after(days=300)
    assert bench.raised == []
    bench.after(days=340)
    assert bench.raised == [EXPIRES]
    bench.after(days=341)
    assert bench.raised == [EXPIRES]
    bench.after(days=400)
    assert bench.raised == [EXPIRES, EXPIRED]
    assert bench.key == key
    assert 60 < bench.renewal.pause_s() <= 6 * 3600
    bench.renewal._hub = site.client(site.enroll())
    bench.after(days=400)
    assert bench.alarms[-1] == (EXPIRED, "info")


def test_a_certificate_from_a_hub_whose_clock_was_ahead_is_renewed_when_it_is_right_again(
    bench: Bench, site: Site
) -> None:
    key = bench.key
    bench.renewal.step()
    assert bench.key == key, "without a word of the hub nothing is known of its clock"
    bench.signed = utc_now() - timedelta(days=30)
    bench.renewal.step()
    renewed = bench.key
    assert renewed != key
    bench.renewal.step()
    assert bench.key == renewed, "one that begins no earlier is not asked for again and again"


def test_a_clock_years_ahead_does_not_renew_without_end(bench: Bench, site: Site) -> None:
    bench.ahead = timedelta(days=7300)
    for _ in range(5):
        bench.renewal.step()
    with site.hub.database.session() as session:
        assert len(session.scalars(select(DeviceCertificate.serial)).all()) == 1


def test_a_replacement_cut_off_at_any_point_leaves_a_pair_that_fits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def cut(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("power is gone")
        return real(path, target)

    folder, cut_off = bench.certificates.key_file.parent, 0
    for steps in range(6):
        left = steps
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", cut)
            try:
                bench.renewal.renew()
            except OSError:
                cut_off += 1
        found = Certificates(folder)  # as the next start would
        found.context()
    assert cut_off == 4


def test_a_fleet_does_not_renew_at_one_hour(bench: Bench, site: Site) -> None:
    def due(jitter: float) -> float:
        renewal = Renewal(bench.certificates, bench.renewal._hub, print, jitter=lambda: jitter)
        return renewal._at

    assert due(0.0) == pytest.approx(0.6)
    assert due(1.0) == pytest.approx(0.7)


def test_the_hub_knows_the_renewed_certificate(bench: Bench, site: Site) -> None:
    with site.hub.database.transaction() as session:
        session.execute(update(DeviceCertificate).values(not_after=utc_now()))
    bench.after(days=256)
    serial = x509.load_pem_x509_certificate(
        bench.certificates.certificate_file.read_bytes()
    ).serial_number
    with site.hub.database.session() as session:
        assert f"{serial:x}" in session.scalars(select(DeviceCertificate.serial)).all()

"""TLS pinned to a hub's own authority: against impostors, and with clocks that are wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import urllib3

from cloud_sync.fleet.pki import Authority
from kits.core.errors import ConfigError, UnreachableError, UsageError
from kits.core.sample import utc_now
from kits.core.tls import fetch_ca, normal_fingerprint, pinned_context, refuse_plain
from tests.tls_server import TlsServer

Y1970 = datetime(1970, 1, 2, tzinfo=timezone.utc)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


@pytest.fixture
def impostor(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "impostor")


@pytest.fixture
def server(authority: Authority) -> Iterator[TlsServer]:
    with TlsServer(authority.server_files([])) as running:
        yield running


def get(url: str, ca: bytes | Path, now: datetime | None = None) -> int:
    """A request that carries a secret, over a context pinned to `ca`."""
    context = pinned_context(ca, clock=lambda: now or utc_now())
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
        return pool.request("GET", url, headers={"Authorization": "secret"}).status


def test_the_hub_is_recognised_by_fingerprint_and_then_by_its_authority(
    authority: Authority, server: TlsServer
) -> None:
    pem = fetch_ca(server.url, authority.fingerprint)
    assert pem.strip() == authority.ca_pem.strip()
    assert get(server.url, pem) == 200
    assert server.heard_to_the_end().startswith(b"GET / HTTP/1.1")  # nothing was sent before that


def test_a_wrong_fingerprint_sends_nothing_and_says_so(
    server: TlsServer, impostor: Authority
) -> None:
    with pytest.raises(UnreachableError, match="nothing was sent"):
        fetch_ca(server.url, impostor.fingerprint)
    assert server.heard_to_the_end() == b""


def test_a_man_in_the_middle_who_shows_the_real_ca_beside_his_own_leaf_gets_nothing(
    authority: Authority, impostor: Authority, tmp_path: Path
) -> None:
    certificate, key = impostor.server_files([])
    leaf = certificate.read_bytes().partition(b"-----END CERTIFICATE-----\n")
    forged = tmp_path / "forged.pem"
    forged.write_bytes(leaf[0] + leaf[1] + authority.ca_pem)
    with TlsServer((forged, key)) as middle:
        pem = fetch_ca(middle.url, authority.fingerprint)  # certificates are public
        with pytest.raises(urllib3.exceptions.SSLError):
            get(middle.url, pem)
        assert middle.heard_to_the_end() == b""


def test_another_authority_and_another_host_name_are_refused(
    authority: Authority, impostor: Authority, server: TlsServer
) -> None:
    with pytest.raises(urllib3.exceptions.SSLError):
        get(server.url, impostor.ca_pem)
    with TlsServer(authority.server_files([]), host="127.0.0.2") as other:
        with pytest.raises(urllib3.exceptions.SSLError, match="IP address mismatch"):
            get(other.url, authority.ca_file)
        assert other.heard_to_the_end() == b""
    assert server.heard_to_the_end() == b""


def test_a_device_with_a_certificate_of_this_hub_is_no_server(
    authority: Authority, tmp_path: Path
) -> None:
    with TlsServer(authority.client_files("hub")) as device:
        with pytest.raises(urllib3.exceptions.SSLError):
            get(device.url, authority.ca_pem)
        assert device.heard_to_the_end() == b""


def test_a_clock_of_1970_is_no_obstacle(authority: Authority, server: TlsServer) -> None:
    assert get(server.url, authority.ca_file, Y1970) == 200


def test_a_certificate_that_has_ended_is_refused_before_anything_is_sent(
    authority: Authority, server: TlsServer
) -> None:
    with pytest.raises(urllib3.exceptions.SSLError, match="the clock here says"):
        get(server.url, authority.ca_file, utc_now() + timedelta(days=400))
    assert server.heard_to_the_end() == b""


def test_a_server_without_tls_and_a_closed_port_are_plain_errors(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]

        def talk() -> None:
            peer, _ = plain.accept()
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.close()

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(UnreachableError, match="no TLS server"):
            fetch_ca(f"https://127.0.0.1:{port}", authority.fingerprint, timeout_s=5)
        thread.join()
    with pytest.raises(UnreachableError):
        fetch_ca(f"https://127.0.0.1:{port}", authority.fingerprint, timeout_s=5)


def test_fingerprints_are_taken_as_people_copy_them() -> None:
    plain = "0a" * 32
    assert normal_fingerprint(" " + ":".join(["0A"] * 32) + "\n") == plain
    assert normal_fingerprint(f"sha256:{plain}") == plain
    for wrong in ("", "0a", plain + "0", "x" * 64):
        with pytest.raises(UsageError):
            normal_fingerprint(wrong)


def test_a_damaged_ca_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("half a certif")
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(ConfigError, match="certificate authority") as caught:
            pinned_context(path)
        assert caught.value.where == str(path)


def test_plain_http_stays_on_this_machine_unless_a_person_says_otherwise() -> None:
    for fine in (
        "https://hub.example",
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]",
    ):
        refuse_plain(fine, allowed=False, fix="")
    refuse_plain("http://hub.example", allowed=True, fix="")
    for wrong in ("http://hub.example", "http://127.0.0.1.evil.example", "ftp://x", "hub.example"):
        with pytest.raises(UsageError):
            refuse_plain(wrong, allowed=False, fix="")

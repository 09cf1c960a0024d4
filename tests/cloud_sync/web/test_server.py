"""The hub's web server with its own certificate: pinned clients, renewal while it runs, plain HTTP."""

from __future__ import annotations

import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi import FastAPI

from cloud_sync.config import parse
from cloud_sync.fleet.pki import Authority
from cloud_sync.server import WebServer
from kits.core.sample import utc_now
from kits.core.tls import fetch_ca, pinned_context
from tests.waiting import wait_for


class Clock:
    """A clock that can be put forward."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


class Running(NamedTuple):
    """A server, its authority, its address."""

    server: WebServer
    authority: Authority
    url: str


@contextmanager
def running(folder: Path, clock: Clock | None = None, **listen: object) -> Iterator[Running]:
    """The server alone; its application answers `/` and nothing else."""
    config = parse({"listen": {"port": 0, **listen}}, folder)
    authority = Authority(config.pki_dir, clock=clock or Clock())
    app = FastAPI()
    app.add_api_route("/", lambda: "here")
    server = WebServer(app, config, authority)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.port is not None)
    scheme = "https" if config.listen.encrypted else "http"
    yield Running(server, authority, f"{scheme}://127.0.0.1:{server.port}")
    server.stop()
    thread.join(15)
    assert not thread.is_alive()


def shown_at(url: str) -> str:
    """The certificate a new connection is shown."""
    host, port = url.removeprefix("https://").split(":")
    return ssl.get_server_certificate((host, int(port)))


def healthy(url: str, context: ssl.SSLContext | None = None) -> bool:
    with urllib.request.urlopen(f"{url}/", context=context, timeout=10) as answer:
        return answer.status == 200


def test_a_client_that_knows_the_fingerprint_reaches_the_hub_over_tls(tmp_path: Path) -> None:
    with running(tmp_path, tls="on") as (_, authority, url):
        pem = fetch_ca(url, authority.fingerprint)
        assert healthy(url, pinned_context(pem))
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            healthy(url, ssl.create_default_context())


def test_old_versions_of_tls_are_refused(tmp_path: Path) -> None:
    with running(tmp_path, tls="on") as (_, authority, url):
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(authority.ca_file)
        old.set_ciphers("DEFAULT@SECLEVEL=0")
        with pytest.warns(DeprecationWarning):
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(urllib.error.URLError):
            healthy(url, old)


def test_the_certificate_is_renewed_while_the_server_runs(tmp_path: Path) -> None:
    clock = Clock()
    with running(tmp_path, clock, tls="on") as (server, authority, url):
        first = shown_at(url)
        assert not server.refresh()
        assert shown_at(url) == first
        clock.ahead = timedelta(days=300)
        assert server.refresh()
        assert shown_at(url) != first
        assert healthy(url, pinned_context(authority.ca_file))


def test_on_loopback_plain_http_is_the_default(tmp_path: Path) -> None:
    with running(tmp_path) as (_, _, url):
        assert url.startswith("http://")
        assert healthy(url)


def test_tls_is_the_default_wherever_other_machines_reach_the_hub() -> None:
    def at(**listen: object) -> tuple[bool, str]:
        config = parse({"listen": {"port": 8080, **listen}}, Path("hub"))
        return config.listen.encrypted, config.url.partition("://")[0]

    assert at(host="127.0.0.1") == (False, "http")
    assert at(host="10.0.0.5") == (True, "https")
    assert at(host="0.0.0.0") == (True, "https")
    assert at(host="10.0.0.5", tls="off") == (False, "http")
    assert at(host="127.0.0.1", tls="on") == (True, "https")


def test_the_server_is_certified_for_every_name_it_is_reached_by() -> None:
    settings = {
        "listen": {"host": "10.0.0.5", "names": ["hub", "192.168.1.9"]},
        "public_url": "https://hub.example:8443",
    }
    names = parse(settings, Path("hub")).server_names
    assert {"10.0.0.5", "hub", "192.168.1.9", "hub.example"} <= set(names)

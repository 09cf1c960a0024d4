"""Addresses that a connection to a CRM must never reach, however they are spelled or resolved."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from pathlib import Path

import pytest
from pydantic import ValidationError

from cloud_sync.cmms.base import Cmms
from cloud_sync.cmms.settings import CmmsConfig
from cloud_sync.cmms.start import cmms_of
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.effects.addresses import Guard, checked_url, parse_networks
from cloud_sync.effects.json_http import JsonHttp
from cloud_sync.effects.settings import WebhookConfig
from cloud_sync.effects.targets import Delivery, DeliveryError
from cloud_sync.effects.webhook import Webhook
from kits.core.errors import ConfigError
from tests.cloud_sync.fleet_builders import AT
from tests.cloud_sync.receivers import SECRET, receiver

BLOCKED = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255",
    "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "100.100.100.200", "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "100::1",
    "2001::1", "2001:0:7f00:1::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "fec0::1", "ff02::1",
    "4000::1", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:7f00:1",
)  # fmt: skip
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
)
LOCAL = Guard(parse_networks(["127.0.0.0/8", "::1/128"]))


@pytest.mark.parametrize("text", BLOCKED)
def test_an_address_that_is_not_public_is_refused(text: str) -> None:
    assert Guard().refusal(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_called(text: str) -> None:
    assert Guard().refusal(ip_address(text)) == ""


def test_only_the_networks_that_are_named_are_allowed_in_every_spelling_of_an_address() -> None:
    guard = Guard(parse_networks(["10.1.0.0/16"]))
    for fine in ("10.1.2.3", "::ffff:10.1.2.3"):
        assert guard.refusal(ip_address(fine)) == ""
    for other in ("10.2.0.1", "::ffff:10.2.0.1", "127.0.0.1", "::ffff:127.0.0.1"):
        assert guard.refusal(ip_address(other))


def test_an_address_with_another_inside_is_judged_by_both() -> None:
    guard = Guard(parse_networks(["64:ff9b::/96"]))
    assert guard.refusal(ip_address("64:ff9b::8.8.8.8")) == ""
    for inner in ("10.0.0.1", "127.0.0.1", "169.254.169.254"):
        assert guard.refusal(ip_address(f"64:ff9b::{inner}"))


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "::/0", "169.254.0.0/16", "8.8.8.0/24", "10.0.0.0/7", "fe80::/10", "x"]
)
def test_no_network_beyond_a_private_one_can_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="network"):
        parse_networks([text])
    with pytest.raises(ValidationError):
        CrmSettings(kind="hubspot", allow=(text,))


@pytest.mark.parametrize("own", ["fd00:ec2::/32", "100.64.0.0/10"])
def test_where_a_cloud_keeps_its_secrets_is_refused_in_an_allowed_network_too(own: str) -> None:
    guard = Guard(parse_networks([own]))
    assert guard.refusal(ip_address("fd00:ec2::254" if ":" in own else "100.100.100.200"))


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/", "https://0x7f000001", "https://0x7f.0.0.1", "https://0177.0.0.1",
        "https://127.1", "https://127.0.0.1.0x", "https://1.2.3", "https://017700000001",
        "https://user@crm.example", "https://user:pw@crm.example", "https://crm.example\\@evil.example",
        "https://crm.example:22", "https://crm.example:25", "https://crm.example:0",
        "https://crm.example:99999", "https://crm.example:x", "ftp://crm.example", "file:///etc/passwd",
        "gopher://crm.example", "https://", "https:///x", "https://a..b", "https://-a.example",
        "https://[fe80::1%25eth0]/", "https://crm.example/a b", "https://crm.exa\nmple/",
        "https://crm.example/\r\nx: y", "https://crm.example#x", "https://crm..", "https://" + "a" * 300,
    ],
)  # fmt: skip
def test_an_address_that_programs_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        checked_url(url)
    with pytest.raises(ValidationError):
        CrmSettings(kind="odoo", url=url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://CRM.Example./x", "crm.example"), ("https://bücher.example", "xn--bcher-kva.example"),
        ("https://１２７.０.０.１", "127.0.0.1"), ("https://127。0。0。1", "127.0.0.1"),
        ("https://ⓛocalhost", "localhost"), ("https://[::FFFF:127.0.0.1]:8443", "::ffff:7f00:1"),
    ],
)  # fmt: skip
def test_a_host_has_one_spelling(url: str, host: str) -> None:
    assert checked_url(url).hostname in (host, "::ffff:127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"])
def test_a_private_server_hears_nothing_however_its_name_is_spelled(host: str) -> None:
    with receiver() as state:
        port = state.url.rpartition(":")[2].partition("/")[0]
        http = JsonHttp(f"http://{host}:{port}", {}, 2, name="crm", guard=Guard())
        with pytest.raises(DeliveryError, match="private network"):
            http.call("POST", "/hook", {})
        assert state.paths == []


def test_a_name_that_answers_otherwise_the_second_time_reaches_only_what_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the first answer passes, the second is the server inside."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, **options: int) -> object:
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with receiver() as state:
        port = state.url.rpartition(":")[2].partition("/")[0]
        url = f"http://crm.example:{port}/hook"
        config = WebhookConfig(url=url, guarded=True, allow=("127.0.0.1/32",))
        Webhook(config, [SECRET]).deliver([Delivery("k", "x", {}, AT, 1)])
        assert list(state.taken) == ["k"]
        assert asked == ["crm.example"]


def test_of_a_name_with_several_addresses_only_those_that_may_be_called_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
        for address in ("10.0.0.1", "1.1.1.1", "169.254.169.254")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_o: found)
    [[*_, address]] = Guard().resolve("crm.example", 443, encrypted=True)
    assert address == ("1.1.1.1", 443)


def test_words_and_keys_go_unencrypted_into_an_allowed_network_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_o: public)
    with pytest.raises(OSError, match="use https://"):
        LOCAL.resolve("crm.example", 80, encrypted=False)


def test_an_allowed_server_of_the_firm_is_called() -> None:
    with receiver() as state:
        delivery = Delivery("k", "alert.raised", {"a": 1}, AT, 1)
        config = WebhookConfig(url=state.url, guarded=True, allow=("127.0.0.0/8",))
        Webhook(config, [SECRET]).deliver([delivery])
        assert list(state.taken) == ["k"]


def test_a_notice_goes_into_a_private_network_unless_it_is_to_be_guarded(tmp_path: Path) -> None:
    with receiver() as state:
        delivery = Delivery("k", "alert.raised", {"a": 1}, AT, 1)
        with pytest.raises(DeliveryError, match="private network"):
            Webhook(WebhookConfig(url=state.url, guarded=True), [SECRET]).deliver([delivery])
        assert state.paths == []
        Webhook(WebhookConfig(url=state.url), [SECRET]).deliver([delivery])
        assert list(state.taken) == ["k"]


@pytest.mark.parametrize("kind", ["odoo", "erpnext"])
def test_a_maintenance_system_is_guarded_where_that_is_asked_for(kind: str) -> None:
    key = {"KITWRIGHT_CMMS_KEY": "k"}
    with receiver() as state:
        url = state.url.removesuffix("/hook")
        free = CmmsConfig.model_validate({"kind": kind, "url": url, "timeout_s": 2})
        guarded = CmmsConfig.model_validate({**free.model_dump(), "guarded": True})
        [check] = _cmms(guarded, key).check()
        assert "private network" in check.found
        assert "private network" not in _cmms(free, key).check()[0].found


def _cmms(config: CmmsConfig, key: dict[str, str]) -> Cmms:
    found = cmms_of(config, key)
    assert found is not None
    return found


def test_a_redirect_into_the_house_is_not_followed() -> None:
    with receiver() as inside, receiver() as state:
        state.answers.append((302, {"location": inside.url}))
        config = WebhookConfig(url=state.url, guarded=True, allow=("127.0.0.0/8",))
        with pytest.raises(DeliveryError, match="HTTP 302"):
            Webhook(config, [SECRET]).deliver([Delivery("k", "x", {}, AT, 1)])
        assert inside.paths == []

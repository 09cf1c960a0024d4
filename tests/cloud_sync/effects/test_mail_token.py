"""Alerts by mail through a server that takes no password (Microsoft 365): a token is fetched, kept, and fetched anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from cloud_sync.config import parse
from cloud_sync.effects.mail import Mail
from cloud_sync.effects.mail_token import SPARE_S, MailTokens
from cloud_sync.effects.settings import MailConfig
from cloud_sync.effects.start import targets_of
from cloud_sync.effects.targets import Delivery, DeliveryError
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.servers import Asked, Reply, crm_server
from tests.cloud_sync.fleet_builders import AT
from tests.cloud_sync.receivers import mailbox

USER = "hub@example.com"


def alert(key: str = "kw_1") -> Delivery:
    body = {"name": "drift", "severity": "error", "text": "words"}
    return Delivery(key, "alert.raised", body, AT, 1)


def config_for(url: str, port: int = 25) -> MailConfig:
    return MailConfig(
        host="127.0.0.1", port=port, tls="none", username=USER, sender=USER, to=("crew@example.com",),
        oauth_url=url, oauth_client="app-1",
    )  # fmt: skip


def words_of(token: str) -> str:
    return f"user={USER}\x01auth=Bearer {token}\x01\x01"


@dataclass
class Desk:
    """Gives tokens, each another."""

    secret: str = "s3cr3t"
    life_s: object = 3600
    given: int = 0
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def act(self, asked: Asked) -> Reply:
        form = parse_qs(asked.raw.decode())
        self.asked.append(form)
        if form["client_secret"] != [self.secret]:
            said = "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1"
            return Reply({"error": "invalid_client", "error_description": said}, 401)
        self.given += 1
        return Reply({"access_token": f"token-{self.given}", "expires_in": self.life_s})


def test_a_mail_goes_out_by_a_token_and_the_next_one_by_the_same() -> None:
    desk = Desk()
    with crm_server(desk.act) as server, mailbox() as box:
        box.words = words_of("token-1")
        config = config_for(f"{server.url}/t/oauth2/v2.0/token", box.port)
        mail = Mail(config, desk.secret, site_name="Works", hub_url="https://hub.example")
        mail.deliver([alert()])
        mail.deliver([alert("kw_2")])
    assert len(box.mails) == 2 and box.signed_in == 2
    [asked] = desk.asked
    assert asked["grant_type"] == ["client_credentials"] and asked["client_id"] == ["app-1"]
    assert asked["scope"] == ["https://outlook.office365.com/.default"]


def test_a_token_that_the_server_does_not_take_any_more_is_not_used_again() -> None:
    desk = Desk()
    with crm_server(desk.act) as server, mailbox() as box:
        box.words = words_of("token-2")
        mail = Mail(config_for(server.url, box.port), desk.secret, site_name="W", hub_url="u")
        with pytest.raises(DeliveryError, match="SMTP 535") as refused:
            mail.deliver([alert()])
        assert refused.value.retry
        mail.deliver([alert()])
    assert len(box.mails) == 1


def test_it_is_fetched_anew_before_it_ends() -> None:
    now = 0.0
    desk = Desk()
    with crm_server(desk.act) as server:
        tokens = MailTokens(config_for(server.url), desk.secret, name="mail", clock=lambda: now)
        assert tokens.token() == "token-1"
        now = 3600 - SPARE_S - 1
        assert tokens.token() == "token-1"
        now += 2
        assert tokens.token() == "token-2"


def test_a_wrong_secret_is_told_in_the_servers_words_and_never_shown() -> None:
    desk = Desk()
    with crm_server(desk.act) as server:
        tokens = MailTokens(config_for(server.url), "wr0ng", name="mail")
        with pytest.raises(DeliveryError, match="AADSTS7000215: Invalid client secret") as told:
            tokens.token()
    assert "wr0ng" not in str(told.value) and "wr0ng" not in repr(tokens)


def test_a_server_that_repeats_the_secret_is_told_by_its_number() -> None:
    said = Reply({"error_description": "client_secret=wr0ng is none"}, 400)
    with crm_server(lambda _asked: said) as server:
        tokens = MailTokens(config_for(server.url), "wr0ng", name="mail")
        with pytest.raises(DeliveryError, match="HTTP 400") as told:
            tokens.token()
    assert "wr0ng" not in str(told.value)


@pytest.mark.parametrize(
    "reply",
    [
        Reply("no object"), Reply({"token_type": "Bearer"}), Reply({"access_token": "a\nb"}), Reply(None, 503),
        Reply({"error": 7}, 400),
    ],
)  # fmt: skip
def test_an_answer_without_a_token_is_no_token(reply: Reply) -> None:
    with crm_server(lambda _asked: reply) as server:
        tokens = MailTokens(config_for(server.url), "s", name="mail")
        with pytest.raises(DeliveryError, match="no token to sign in with"):
            tokens.token()


@pytest.mark.parametrize("life", [None, "soon", True, float("nan"), float("inf"), -1, 0])
def test_a_life_that_is_not_said_is_taken_for_short(life: object) -> None:
    desk = Desk(life_s=life)
    with crm_server(desk.act) as server:
        tokens = MailTokens(config_for(server.url), desk.secret, name="mail")
        assert tokens.token() == tokens.token() == "token-1"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"oauth_url": "http://login.example"}, "https"),
        ({"oauth_client": ""}, "oauth_client"),
        ({"username": ""}, "username"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, str], word: str) -> None:
    raw = {"oauth_url": "https://login.example/t", "oauth_client": "app", "username": USER}
    with pytest.raises(ValidationError, match=word):
        MailConfig.model_validate({**raw, **changes})


def test_a_secret_that_is_not_set_is_called_what_it_is() -> None:
    mail = {
        "host": "smtp.office365.com", "to": ["crew@example.com"], "username": USER,
        "oauth_url": "https://login.example/t", "oauth_client": "app",
    }  # fmt: skip
    config = parse({"notify": {"mail": mail}}, Path())
    with pytest.raises(ConfigError, match="client secret"):
        targets_of(config, {})

"""The section `notify` of `hub.yaml`: who is told of alerts, and how. Values only.

Secrets are not in the file: it names the environment variables that hold them.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from cloud_sync.effects.addresses import Guard, parse_networks
from kits.core.addresses import is_safe
from kits.core.client_credentials import SCOPE
from kits.core.section import Section

Severity = Literal["info", "warning", "error"]
CaseNews = Literal[
    "opened", "escalated", "eased", "returned", "acknowledged", "shelved", "unshelved", "closed"
]


class Guarded(Section):
    """For receivers whose address somebody else may have chosen. Off by default: they are in the firm's own network."""

    guarded: bool = Field(
        False,
        description="only public addresses by https are called, and those of `allow`: for a url that"
        " somebody else chose",
    )
    allow: tuple[str, ...] = Field(
        (), description="private networks that may be called although `guarded` is set (CIDR)"
    )

    @property
    def guard(self) -> Guard | None:
        """What judges the addresses that are called; None: nothing does."""
        return Guard(parse_networks(self.allow)) if self.guarded else None

    @field_validator("allow")
    @classmethod
    def _allow(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_networks(value)
        return value


class WebhookConfig(Guarded):
    """Alerts to a program of yours, signed as https://www.standardwebhooks.com says."""

    url: str = Field("", description="where alerts are posted; empty: nowhere")
    secret_env: str = Field(
        "KITWRIGHT_WEBHOOK_SECRET",
        description="environment variable that holds the secret, whsec_… (two while you change it)",
    )
    severities: tuple[Severity, ...] = Field(
        ("warning", "error"), description="which alerts: info, warning, error"
    )
    cases: tuple[CaseNews, ...] = Field(
        ("opened", "escalated", "closed"), description="which steps of machines' cases are told"
    )
    timeout_s: float = Field(10, gt=0, le=120, description="the receiver must answer in this time")

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// (or http:// in your own network)")
        if value and not (_port_is_fine(value) and urlsplit(value).hostname):
            raise ValueError("names no host, or a port that is none")
        return value


class MailConfig(Section):
    """Alerts, and alarms of machines, by e-mail to the maintenance crew."""

    host: str = Field("", description="the mail server that takes mail from this hub; empty: none")
    port: int = Field(587, gt=0, le=65535, description="its TCP port")
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="none only for a mail server on this machine"
    )
    username: str = Field("", description="user name at the mail server; empty: no sign-in")
    password_env: str = Field(
        "KITWRIGHT_MAIL_PASSWORD",
        description="environment variable that holds the password, or with `oauth_url` the app's client secret",
    )
    oauth_url: str = Field(
        "",
        description="where a token is fetched to sign in with, as Microsoft 365 wants it; empty: by password",
    )
    oauth_client: str = Field("", description="id of the app that is registered there")
    oauth_scope: str = Field(SCOPE, description="what the token is for")
    sender: str = Field("", description="the address mails come from")
    to: tuple[str, ...] = Field((), description="who gets them")
    severities: tuple[Severity, ...] = Field(
        ("error",), description="which alerts: info, warning, error"
    )
    cases: tuple[CaseNews, ...] = Field(
        ("opened", "escalated"),
        description="which steps of machines' cases are told, of those that reached alarm",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> MailConfig:
        if not self.oauth_url:
            return self
        if not is_safe(self.oauth_url):
            raise ValueError("oauth_url must begin with https://")
        if not (self.oauth_client and self.username):
            raise ValueError(
                "with oauth_url go oauth_client and username, the address of the mailbox"
            )
        return self


class NotifyConfig(Section):
    """Telling the outside of alerts."""

    webhook: WebhookConfig = WebhookConfig()
    mail: MailConfig = MailConfig()
    max_waiting: int = Field(
        10_000,
        gt=0,
        description="notices that may wait for one receiver, a tenth of them of one device and a"
        " tenth kept for the hub's own; more are given up",
    )
    give_up_h: float = Field(72, gt=0, description="a notice is given up after this many hours")


def _port_is_fine(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False

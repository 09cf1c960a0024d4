"""The source of kind `imap` in `agent.yaml`: a mailbox, and what may be done in it.

Data and its bounds only. Secrets are never in the file: it names environment variables or a command.
"""

from __future__ import annotations

from datetime import date
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from edge_agent.lookups.config import LookupConfig
from edge_agent.writers.config import WriterConfig
from kits.core.addresses import is_safe
from kits.core.client_credentials import SCOPE
from kits.core.section import Section

MIB = 1 << 20
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"tls": 993, "starttls": 143, "plain": 143}


def _one_line(value: str) -> str:
    if any(ord(c) < 32 for c in value):
        raise ValueError("must be one line without control characters")
    return value


Line = Annotated[str, AfterValidator(_one_line)]


class FilingConfig(Section):
    """How a mail is filed that needs nobody to sort it."""

    how: Literal["move", "copy", "keyword", "gmail-label", "none"] = Field(
        "move",
        description="move or copy it to the folder of its intent, or only set the folder's name as a"
        " keyword or Gmail label; none: leave it as it is",
    )
    folders: dict[Line, Line] = Field(
        default_factory=dict,
        description="intent → folder, with / between folders; made when absent. A mail whose intent has"
        " none stays where it is. Several intents in one mail: the folder of the first",
    )
    flag_from: float | None = Field(
        None,
        description="a mail of this urgency or more is flagged (a star in most mail programs), also one that is left to a"
        " person: by words 1 can wait, 2 usual, 3 soon, 4 at once; learned ones have the levels of your labels. Empty: none",
    )


class DraftsConfig(Section):
    """Replies that are laid into the folder of drafts."""

    which: Literal["none", "act", "all"] = Field(
        "act", description="for mails that are filed, for all that can be answered, or for none"
    )
    folder: Line = Field("", description="empty: the one the server or its language names")
    sender: Line = Field(
        "",
        description="address replies come from; empty: source.user, or the first of own_addresses where that is none",
    )
    signature: str = Field("", max_length=2000, description="text under each reply")
    per_sender_per_day: int = Field(
        5, ge=1, le=1000, description="replies drafted or sent to one address at most, per 24 hours"
    )


class LearningConfig(Section):
    """What is learned from what persons do in the mailbox."""

    enabled: bool = Field(True, description="look at sent mail and at what persons file elsewhere")
    sent_folder: Line = Field("", description="empty: the one the server or its language names")
    every_s: float = Field(60.0, ge=1, description="looked at this often, seconds")
    discarded_after_s: float = Field(
        3600.0, ge=1, description="a draft gone for so long without an answer is discarded, seconds"
    )
    audit_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of the mails that would be filed which is left to a person, at random: where"
        " they file it is the true error rate",
    )
    aside: tuple[Line, ...] = Field(
        (),
        description="folders that say nothing of what a mail is about, with / between folders, as one for each colleague;"
        " what lies in them too. An audit mail that a person files in any other folder without an intent was decided"
        " wrongly. Inboxes, archives, sent mail, trash and folders for what is done are known by their names",
    )


class KeepingConfig(Section):
    """How much the agent's ledger keeps of mails that are done with."""

    mails_days: int = Field(
        90,
        ge=7,
        le=3650,
        description="a mail is followed for so many days after it was decided: what becomes of its draft, where"
        " persons file it; then a digest of it stays",
    )
    mails: int = Field(
        100_000,
        ge=100,
        le=10_000_000,
        description="mails followed at most, about 2 KB each; of those done with the oldest go first",
    )
    known: int = Field(
        1_000_000,
        ge=100,
        le=100_000_000,
        description="digests at most, about 60 bytes each, by which no mail is decided twice; none of the last 30 days"
        " goes. Mails that arrived before the oldest one are left alone",
    )
    record_days: int = Field(
        1460, ge=30, le=36_500, description="entries of the record of decisions stay so many days"
    )
    record: int = Field(
        500_000,
        ge=100,
        le=100_000_000,
        description="entries of the record at most, about 1 KB each; the oldest go first",
    )


class SendConfig(Section):
    """Sending without a person: only for intents that are named here."""

    intents: tuple[Line, ...] = Field(
        min_length=1,
        description="whose replies are sent at once; one from which something was cut is laid into the drafts, and so"
        " is one to another address than the mail is from, unless the mail is from the firm itself, as of a form",
    )
    per_hour: int = Field(
        60, ge=1, le=10_000, description="replies sent at most; the others are laid into the drafts"
    )
    host: Line = Field(description="SMTP server")
    port: int = Field(465, gt=0, lt=65_536, description="465 with tls, 587 with starttls")
    security: Literal["tls", "starttls", "plain"] = Field(
        "tls", description="plain only to this machine"
    )
    ca_file: Path | None = Field(None, description="PEM file of an authority of the firm's own")
    user: Line = Field("", description="empty: no login, or with by_token source.user")
    password_env: Line = Field("", description="environment variable with the password")
    by_token: bool = Field(
        False,
        description="sign in by the token with which the mailbox is read, as Microsoft 365 wants it",
    )
    envelope_sender: Line = Field(
        "",
        description="address to which servers send back what they cannot deliver; empty: none, so that no machine"
        " answers (RFC 3834). For a server that takes no mail without one; bounces then come into that mailbox, and"
        " are never answered",
    )
    timeout_s: float = Field(30.0, gt=0, le=300, description="for each step, seconds")

    @model_validator(mode="after")
    def _not_in_the_clear(self) -> SendConfig:
        if self.security == "plain" and self.host not in _LOOPBACK:
            raise ValueError("security: plain is only possible to localhost")
        return self

    @model_validator(mode="after")
    def _one_way_in(self) -> SendConfig:
        if self.by_token and self.password_env:
            raise ValueError("give one of password_env and by_token")
        if self.user and not (self.by_token or self.password_env):
            raise ValueError("user needs password_env or by_token")
        if self.envelope_sender and "@" not in self.envelope_sender:
            raise ValueError("envelope_sender must be an address")
        return self


class HookConfig(Section):
    """A signed message to a help desk for each decision (Standard Webhooks)."""

    url: str = Field(
        pattern="^https?://",
        json_schema_extra={"expected": "an address that begins with http:// or https://"},
        description="address to call",
    )
    secret_env: Line = Field(
        min_length=1, description="environment variable with the key, as whsec_… in base64"
    )
    verdicts: tuple[Literal["act", "review", "pass"], ...] = Field(
        ("act",), description="verdicts that are told"
    )
    values: tuple[str, ...] = Field(
        (),
        max_length=50,
        description="kinds of what a mail names whose values are told too, such as order, product, date",
    )
    timeout_s: float = Field(10.0, gt=0, le=60, description="for one call, seconds")


class ImapSourceConfig(Section):
    """A mailbox: each new mail is decided once, filed, and has a draft laid beside it."""

    kind: Literal["imap"] = "imap"
    host: Line = Field(min_length=1, description="IMAP server")
    port: int = Field(0, ge=0, lt=65_536, description="0: 993 with tls, else 143")
    security: Literal["tls", "starttls", "plain"] = Field(
        "tls", description="plain only to this machine, or with insecure: true"
    )
    insecure: bool = Field(False, description="allow a password in the clear over the network")
    ca_file: Path | None = Field(None, description="PEM file of an authority of the firm's own")
    user: Line = Field(min_length=1, description="login name")
    password_env: Line = Field(
        "",
        description="environment variable with the password, or with `oauth_url` the app's client secret",
    )
    token_env: Line = Field("", description="environment variable with an OAuth2 access token")
    token_command: tuple[str, ...] = Field(
        (), description="command that prints an OAuth2 access token, asked at each connection"
    )
    oauth_url: Line = Field(
        "",
        description="where a token is fetched at each connection, as Microsoft 365 wants it; empty: another way in",
    )
    oauth_client: Line = Field("", description="id of the app that is registered there")
    oauth_scope: Line = Field(SCOPE, description="what the token is for")
    folders: tuple[Line, ...] = Field(
        ("INBOX",), min_length=1, max_length=20, description="folders that are read"
    )
    since: date | None = Field(
        None, description="mails that arrived on this day or later; empty: after the first start"
    )
    idle: bool = Field(True, description="have the server say when mail arrives, beside asking")
    poll_s: float = Field(60.0, ge=1, le=1700, description="asked this often, seconds")
    timeout_s: float = Field(
        30.0, gt=0, le=300, description="for one answer of the server, seconds"
    )
    max_bytes: int = Field(
        10 * MIB, ge=1024, le=200 * MIB, description="larger mails go to a person unread, bytes"
    )
    once: bool = Field(False, description="end when nothing new is there, instead of waiting")
    dry_run: bool = Field(
        True, description="change nothing in the mailbox, only say what would be done"
    )
    filing: FilingConfig = Field(FilingConfig(), description="how mails are filed")
    drafts: DraftsConfig = Field(DraftsConfig(), description="replies laid into the drafts")
    learning: LearningConfig = Field(LearningConfig(), description="what is learned from persons")
    lookups: tuple[LookupConfig, ...] = Field(
        (), max_length=20, description="where records are asked for that replies need; empty: none"
    )
    writer: WriterConfig | None = Field(
        None,
        description="a language model that proposes replies, which are then checked; empty: none",
    )
    send: SendConfig | None = Field(None, description="sending without a person; empty: never")
    hook: HookConfig | None = Field(None, description="message to a help desk; empty: none")
    own_addresses: tuple[Line, ...] = Field(
        (), description="the firm's own addresses: mail from them is never answered"
    )
    keep_text_days: int = Field(
        365,
        ge=1,
        le=3650,
        description="what was drafted for a correspondent and what the record tells of one becomes unreadable so"
        " many days after the last mail",
    )
    keeping: KeepingConfig = Field(KeepingConfig(), description="what is kept of mails done with")
    name: Line = Field("mailbox", max_length=100, description="name of the source in events")

    @model_validator(mode="after")
    def _one_api_a_kind(self) -> ImapSourceConfig:
        kinds = [lookup.kind for lookup in self.lookups]
        if len(kinds) != len(set(kinds)):
            raise ValueError("lookups: each kind once")
        return self

    @model_validator(mode="after")
    def _one_way_in(self) -> ImapSourceConfig:
        ways = [bool(self.password_env), bool(self.token_env), bool(self.token_command)]
        if sum(ways) != 1:
            raise ValueError("give one of password_env, token_env and token_command")
        if self.oauth_url and not is_safe(self.oauth_url):
            raise ValueError("oauth_url must begin with https://")
        if self.oauth_url and not (self.oauth_client and self.password_env):
            raise ValueError(
                "with oauth_url go oauth_client, and password_env for its client secret"
            )
        if self.security == "plain" and not self.insecure and self.host not in _LOOPBACK:
            raise ValueError("security: plain would show the password; insecure: true allows it")
        if self.send is not None and self.send.by_token and not self.has_token:
            raise ValueError("send: by_token needs token_env, token_command or oauth_url")
        return self

    @property
    def has_token(self) -> bool:
        """Whether the mailbox is read by a token."""
        return bool(self.oauth_url or self.token_env or self.token_command)

    @property
    def address_port(self) -> int:
        """The port that is used."""
        return self.port or _PORTS[self.security]

    @property
    def account(self) -> str:
        """The mailbox among all others, a part of each mail's identity."""
        return f"{self.user}@{self.host}"

    @property
    def sender(self) -> str:
        """The address replies come from; many servers know a user by a name that is none. Empty: nobody named one."""
        named = (self.drafts.sender, self.user, *self.own_addresses)
        return next((one for one in named if "@" in one), "")

    @property
    def own(self) -> tuple[str, ...]:
        """All addresses that are the firm's own, in lower case, without the names before them."""
        named = (self.user, self.sender, *self.own_addresses)
        return tuple({(parseaddr(one)[1] or one).lower() for one in named if "@" in one})

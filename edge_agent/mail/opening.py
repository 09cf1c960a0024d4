"""Puts the parts of a mailbox together."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_agent.errors import SourceError
from edge_agent.lookups.http import HttpLookups
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.drafting import Drafting, Lookups, Writer
from edge_agent.mail.hook import Hook
from edge_agent.mail.in_work import InWork
from edge_agent.mail.ledger import IN_DOUBT, Ledger
from edge_agent.mail.room import MailRoom
from edge_agent.mail.sending import Sending
from edge_agent.mail.submission import Submission
from edge_agent.mail.suggesting import Suggester, Suggesting
from edge_agent.mail.telling import Teller
from edge_agent.sources.base import Alerts, SourceHealth
from edge_agent.sources.imap import ImapSource
from edge_agent.sync import aside
from edge_agent.sync.entry import Entry
from edge_agent.writers.openai import OpenAiWriter
from kits.core.ready import ReadyBundle
from kits.core.sample import utc_now


def ledger_path(state_dir: Path) -> Path:
    """Where the ledger of mails lies."""
    return state_dir / "mail" / "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Post:
    """The way to the hub.

    Attributes:
        put: takes entries for the outbox; False: there is no room now.
        committed: as `Outbox.mark`.
        discard: throws away bytes that wait there, by their digest.
    """

    put: Callable[[Entry], bool]
    committed: Callable[[str], int | None]
    discard: Callable[[str], object]


def open_mailbox(
    config: ImapSourceConfig,
    state_dir: Path,
    *,
    post: Post,
    alerts: Alerts,
    at_work: Callable[[], ReadyBundle | None],
    lookups: Lookups | None = None,
    writer: Writer | None = None,
) -> ImapSource:
    """The source of a mailbox; connects to nothing yet.

    Args:
        post: the way to the hub.
        at_work: the bundle that decides; None: none does.
        lookups, writer: in place of what the configuration names.

    Raises:
        ConfigError: the environment variable of a secret is not set.
        SourceError: the ledger cannot be opened.
    """
    from edge_agent.mail.imap import ImapMailbox

    ledger, health = open_ledger(ledger_path(state_dir), alerts), SourceHealth()
    if lookups is None and config.lookups:
        lookups = HttpLookups(config.lookups, alerts)
    suggester: Suggester | None = None
    if config.writer is not None:
        model = OpenAiWriter(config.writer, alerts)
        writer = writer or model
        suggester = model if config.writer.suggests else None
    drafting = Drafting(alerts, lookups, writer, health.capture)
    suggesting = Suggesting(suggester, health.capture)
    teller = Teller(ledger, post.put, post.committed)
    room = MailRoom(
        config, ledger, teller, drafting, alerts, discard=post.discard, suggesting=suggesting
    )
    sending: Sending | None = None
    if config.send is not None:
        sending = Sending(Submission(config, config.send), ledger, alerts)
    hook = Hook(config.hook, ledger, alerts, room.counts) if config.hook is not None else None
    in_work = InWork(ledger_path(state_dir).with_name("in_work"))
    connect = partial(ImapMailbox, config)
    return ImapSource(room, connect, alerts, in_work, at_work, health, sending, hook)


def open_ledger(path: Path, alerts: Alerts) -> Ledger:
    """The ledger; one that is damaged is set aside, and a new one begun.

    Raises:
        SourceError: the disk does not let it be opened.
    """
    try:
        return _opened(path, alerts)
    except (OSError, sqlite3.Error) as error:
        raise SourceError(
            f"the ledger of mails cannot be opened: {error}",
            where=str(path),
            fix="look at the disk and at who owns the folder",
        ) from error


def _opened(path: Path, alerts: Alerts) -> Ledger:
    try:
        return Ledger(path)
    except sqlite3.OperationalError:
        raise  # the disk is full, or another program holds it
    except sqlite3.DatabaseError as error:
        name = aside.put(path, utc_now().strftime("%Y%m%d-%H%M%S"))
        ledger = Ledger(path)
        ledger.keep_note(IN_DOUBT, "1")
        text = f"the ledger of mails was damaged ({error}) and set aside as {name}"
        alerts("mail-ledger-damaged", "error", text)
        return ledger

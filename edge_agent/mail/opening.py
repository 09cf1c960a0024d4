"""Puts the parts of a mailbox together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_agent.lookups.http import HttpLookups
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.drafting import Drafting, Lookups, Writer
from edge_agent.mail.hook import Hook
from edge_agent.mail.in_work import InWork
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.room import MailRoom
from edge_agent.mail.sending import Sending
from edge_agent.mail.telling import Teller
from edge_agent.sources.base import Alerts
from edge_agent.sources.imap import ImapSource
from edge_agent.sync.entry import Entry
from edge_agent.writers.openai import OpenAiWriter


def ledger_path(state_dir: Path) -> Path:
    """Where the ledger of mails lies."""
    return state_dir / "mail" / "ledger.sqlite"


def open_mailbox(
    config: ImapSourceConfig,
    state_dir: Path,
    *,
    put: Callable[[Entry], bool],
    committed: Callable[[str], int | None],
    alerts: Alerts,
    has_bundle: Callable[[], bool],
    lookups: Lookups | None = None,
    writer: Writer | None = None,
) -> ImapSource:
    """The source of a mailbox; connects to nothing yet.

    Args:
        put: takes entries for the outbox.
        committed: as `Outbox.mark`.
        has_bundle: whether a model decides.
        lookups, writer: in place of what the configuration names.

    Raises:
        ConfigError: the environment variable of a secret is not set.
    """
    from edge_agent.mail.imap import ImapMailbox

    ledger = Ledger(ledger_path(state_dir))
    if lookups is None and config.lookups:
        lookups = HttpLookups(config.lookups, alerts)
    if writer is None and config.writer is not None:
        writer = OpenAiWriter(config.writer, alerts)
    drafting = Drafting(alerts, lookups, writer)
    room = MailRoom(config, ledger, Teller(ledger, put, committed), drafting, alerts)
    sending = Sending(config.send, ledger, alerts) if config.send is not None else None
    hook = Hook(config.hook, ledger, alerts) if config.hook is not None else None
    in_work = InWork(ledger_path(state_dir).with_name("in_work"))
    connect = partial(ImapMailbox, config)
    return ImapSource(config, room, connect, alerts, in_work, has_bundle, sending, hook)

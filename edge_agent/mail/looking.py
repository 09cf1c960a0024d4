"""What `edge-agent doctor` finds at a mail server: login, folders, what it can do, room. Changes nothing."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.folders import special
from edge_agent.mail.imap import ImapMailbox
from kits.core.errors import KitwrightError

_USEFUL = ("IDLE", "MOVE", "UIDPLUS")
_NEARLY_FULL = 0.95


@dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes:
        trouble: what needs attention; empty: nothing.
    """

    words: str
    trouble: str = ""
    fix: str = ""


def look(config: ImapSourceConfig) -> Found:
    """Logs in and looks."""
    try:
        box = ImapMailbox(config)
    except KitwrightError as error:
        return Found(
            error.what, error.what, error.fix or "check host, port, security and the login"
        )
    with contextlib.closing(box):
        try:
            return _looked(config, box)
        except KitwrightError as error:
            return Found(error.what, error.what, error.fix)


def _looked(config: ImapSourceConfig, box: ImapMailbox) -> Found:
    folders = box.folders()
    names = {folder.name for folder in folders}
    drafts = special(folders, "\\drafts", config.drafts.folder)
    sent = special(folders, "\\sent", config.learning.sent_folder)
    has = [name for name in _USEFUL if box.can(name)]
    used = box.used_share()
    words = (
        f"lets {config.user} in, {len(folders)} folders, drafts in {drafts or '?'}, sent in {sent or '?'},"
        f" {' '.join(has) or 'no extensions'}"
        + (f", {used:.0%} of the quota used" if used is not None else "")
    )
    missing = [name for name in config.folders if name.upper() != "INBOX" and name not in names]
    if missing:
        return Found(words, f"no folder {missing[0]}", "set source.folders")
    if config.drafts.which != "none" and not config.sender:
        return Found(words, "no address that replies come from", "set source.drafts.sender")
    if config.drafts.which != "none" and not drafts:
        return Found(words, "no folder of drafts", "set source.drafts.folder")
    if config.learning.enabled and not sent:
        return Found(words, "no folder of sent mail", "set source.learning.sent_folder")
    if used is not None and used >= _NEARLY_FULL:
        return Found(words, "the mailbox is nearly full", "make room: drafts need some")
    return Found(words)

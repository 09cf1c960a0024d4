"""What `edge-agent doctor` finds at a mail server: login, folders, what it can do, room, and whether replies go out. Changes nothing."""

from __future__ import annotations

import contextlib
import smtplib
from dataclasses import dataclass

from edge_agent.mail.config import ImapSourceConfig, SendConfig
from edge_agent.mail.folders import special
from edge_agent.mail.imap import ImapMailbox
from edge_agent.mail.mailbox import NO_KEYWORDS
from edge_agent.mail.planning import keyword_of
from edge_agent.mail.submission import TROUBLES, Submission
from kits.core.errors import KitwrightError

_USEFUL = ("IDLE", "MOVE", "UIDPLUS")
_NEARLY_FULL = 0.95
_OK = 250
_GMAIL = "X-GM-EXT-1"


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


def look_at_sending(config: ImapSourceConfig, send: SendConfig) -> Found:
    """Whether the server by which replies go out lets us in and takes our sender; sends nothing."""
    submission = Submission(config, send)
    try:
        with submission.opened() as server:
            server.ehlo_or_helo_if_needed()
            code, said = server.mail(submission.sender)
            if code != _OK:
                raise smtplib.SMTPSenderRefused(code, said, submission.sender)
            server.rset()
    except TROUBLES as error:
        why, fix = submission.told_of(error)
        return Found(why, why, fix)
    who = f"lets {submission.user} in" if submission.user else "asks for no login"
    return Found(f"{who}, takes mail from {submission.sender or 'an empty sender'}")


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
    drafting, full = config.drafts.which != "none", used is not None and used >= _NEARLY_FULL
    no_filing, how = ("", "") if missing else _filing_trouble(config, box)
    troubles = (
        (missing, f"no folder {', '.join(missing)}", "set source.folders"),
        (
            drafting and not config.sender,
            "no address that replies come from",
            "set source.drafts.sender",
        ),
        (drafting and not drafts, "no folder of drafts", "set source.drafts.folder"),
        (
            config.learning.enabled and not sent,
            "no folder of sent mail",
            "set source.learning.sent_folder",
        ),
        (no_filing, no_filing, how),
        (full, "the mailbox is nearly full", "make room: drafts need some"),
    )
    for is_so, trouble, fix in troubles:
        if is_so:
            return Found(words, trouble, fix)
    return Found(words)


def _filing_trouble(config: ImapSourceConfig, box: ImapMailbox) -> tuple[str, str]:
    """Why mails cannot be filed as it is configured, and how to fix it; empty: they can."""
    how = config.filing.how
    if how == "gmail-label" and not box.can(_GMAIL):
        return "the server has no labels of Gmail", "set source.filing.how to move or copy"
    if (
        how not in ("move", "keyword") or config.dry_run
    ):  # a folder opened only to look at takes nothing
        return "", ""
    keywords = [keyword_of(name) for name in config.filing.folders.values()]
    for folder in config.folders:
        state = box.open(folder)
        if not state.may_change:
            fix = "give the user the right to change it, or set source.filing.how to none"
            return f"{folder} may only be read", fix
        if how == "keyword" and not all(map(state.keeps, keywords)):
            what, _, fix = NO_KEYWORDS.format(folder=folder).partition(": ")
            return what, fix
    return "", ""

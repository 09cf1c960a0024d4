"""Sends a reply without a person, for intents that a person has named. At most once.

SMTP has no way to ask whether a mail went out. So it is written down before the first byte that a mail is being
sent; when a kill or a lost connection leaves that open, it is never sent again, but laid into the drafts for a
person. The envelope's sender is empty, unless the server takes no such mail, and the header says
`Auto-Submitted: auto-replied` (RFC 3834), so that no machine answers.
"""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes
from email.utils import parseaddr
from typing import Literal

from edge_agent.log import warn
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.record import MailRecord
from edge_agent.mail.submission import TROUBLES, Submission
from edge_agent.sources.base import Alerts

DOUBTFUL = "mail-send-doubtful"
FAILS = "mail-send-fails"
NOTE = "sending/"
"""Notes of what is being sent, by sample id."""
_SENT = "done"


class Sending:
    """Sends.

    Args:
        submission: the server it goes out by.
        ledger: holds what is being sent.
    """

    def __init__(self, submission: Submission, ledger: Ledger, alerts: Alerts) -> None:
        self._submission = submission
        self._ledger = ledger
        self._alerts = alerts

    def has_begun(self, record: MailRecord) -> bool:
        """Whether a mail went out, or may have."""
        return bool(self._ledger.note(NOTE + record.sample_id))

    def send(self, record: MailRecord, written: Callable[[], bytes]) -> Literal["done", "doubtful"]:
        """Sends a mail once; `doubtful`: it did not go out, or nobody knows, and a person sees to it."""
        note = NOTE + record.sample_id
        before = self._ledger.note(note)
        if before == _SENT:
            return "done"  # and what came after it was refused, or cut by a kill
        if before:
            self._alerts(
                DOUBTFUL, "warning", "a reply may have been sent: it lies in the drafts too"
            )
            return "doubtful"
        content = written()
        to = parseaddr(str(message_from_bytes(content)["To"]))[1]
        try:
            with self._submission.opened() as server:
                self._ledger.keep_note(note, "begun")
                refused = server.sendmail(self._submission.sender, [to], content)
        except TROUBLES as error:
            why, fix = self._submission.told_of(error)
            warn("mail_not_sent", error=type(error).__name__, why=why)
            told = f"replies are not sent: {why}" + (f"; {fix}" if fix else "")
            self._alerts(FAILS, "error", told)
            return "doubtful"
        if refused:
            return "doubtful"
        self._ledger.keep_note(note, _SENT)
        self._alerts(FAILS, "info", "replies are sent again")
        return "done"

"""How often somebody is answered, and what may go out without a person: the guards that need the mailbox's memory.

Counted is whoever receives a reply, not who the mail says it is from: senders, `+tags` and Reply-To are a stranger's
to choose. Which mails a machine wrote is told by their headers (`kits.core.mail.automatic`).
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.mail.chain import Seals
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.ledger import Ledger
from kits.core.mail.allowance import Allowance
from kits.core.mail.automatic import plain_address

_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_ALL = "sent without a person"
"""Stands for all receivers of what was sent."""


class Replies:
    """Counts them, over restarts too.

    Args:
        clock: seconds since 1970.
    """

    def __init__(
        self, config: ImapSourceConfig, ledger: Ledger, seals: Seals, clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._seals = seals
        self._clock = clock
        self._allowance = Allowance()

    def enough(self, to: str) -> bool:
        """Whether an address has had its replies of the day."""
        limit = self._config.drafts.per_sender_per_day
        return self._ledger.replies_to(self._receiver(to), self._clock() - _DAY_S) >= limit

    def may_go_out(self, sender: str, to: str, subject: str) -> bool:
        """Whether a reply may be sent without a person; else it is laid before one.

        Nobody has us write to a third person: an answer goes to whom the mail is from. Only the firm's own form may
        name another one.
        """
        send, now = self._config.send, self._clock()
        author = plain_address(sender)
        own = {plain_address(one) for one in self._config.own}
        if send is None or (author != plain_address(to) and author not in own):
            return False
        if self._ledger.replies_to(_ALL, now - _HOUR_S) >= send.per_hour:
            return False
        return not self._allowance.why_not(to, subject, now)

    def count(self, to: str, subject: str, *, sent: bool) -> None:
        """Counts a reply, in the transaction under way if there is one."""
        now = self._clock()
        for who in (self._receiver(to), *([_ALL] if sent else [])):
            self._ledger.keep_reply(who, now, forget_before=now - _DAY_S)
        if sent:
            self._allowance.record(to, subject, now)

    def _receiver(self, to: str) -> str:
        return self._seals.who(plain_address(to))

"""Which mail an answer without references belongs to: by its subject and who wrote it, so that both stay in one split.

Exports and tables lose the headers that tell it. Mails that are no answers are never joined: a form writes one subject above all. Nor are
more answers than a person writes: a form or a help desk may send `Re: Your order` for everybody.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from email.utils import parseaddr

from kits.core.mail.automatic import plain_address
from kits.core.mail.threads import bare_subject

_MOST_ANSWERS = 8
"""Of one sender under one subject: what comes beyond them stands alone."""


@dataclass
class Answered:
    """The mails of one reading by sender and subject.

    Attributes:
        roots: sender and subject → thread, of the newest such mail.
        waiting: those that only answers were read of so far.
        counts: how many answers were joined.
    """

    roots: dict[tuple[str, str], str] = field(default_factory=dict)
    waiting: set[tuple[str, str]] = field(default_factory=set)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def thread(self, subject: str, sender: str, own: str, alone: str = "") -> str:
        """The thread of a mail.

        Args:
            own: what names its thread if it begins one.
            alone: what names it where nobody can tell what it answers, for want of a subject or a sender.
        """
        bare = bare_subject(subject)
        key = (plain_address(parseaddr(sender)[1] or sender), bare.casefold())
        if not all(key):
            return alone
        if bare != " ".join(subject.split()):
            self.counts[key] += 1
            if self.counts[key] > _MOST_ANSWERS:
                return own
            if key not in self.roots:
                self.waiting.add(key)
            return self.roots.setdefault(key, own)
        if key in self.waiting:
            self.waiting.discard(key)
            return self.roots[key]
        self.counts[key] = 0
        self.roots[key] = own
        return own

"""Lets go of what is done with, so that a ledger that runs for years stays as large as its configuration says.

People act on drafts and folders days after a decision, so a mail that is done with is followed for a while. Then its
row becomes a digest of a few bytes, by which it is known when it is seen again; mails older than the oldest digest
are not read any more. Work is bounded at each look. Nothing that is still to be done, told or called goes from here,
and no meaning is known here; the record shortens itself (`chain.py`).
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone

from edge_agent.log import log, warn
from edge_agent.mail.chain import Chain
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.ledger import Ledger, digest_of_id
from edge_agent.mail.sending import NOTE as SENDING

DAY_S = 86_400.0
LEAST_DAYS = 30
"""Digests of so many days never go: a flood of mails must not make those of yesterday unknown."""
_AGAIN_S = 3600.0
_MAILS, _DIGESTS = 500, 5000
"""Let go at one look."""
_ZONES = timedelta(days=2)
"""A server tells the day a mail arrived in any time zone, and its clock may differ from ours."""
_SINCE, _READ = "known-since", "read/"
"""Notes: before this day digests are not complete; the day on which a folder was last read to its end."""
_TOO_MANY = "SELECT at FROM mails WHERE state='acted' ORDER BY at DESC LIMIT 1 OFFSET ?"
_DONE = (
    "SELECT sample_id, who, at FROM mails WHERE state='acted' AND at<=?"
    " AND sample_id NOT IN (SELECT sample_id FROM calls) ORDER BY at LIMIT ?"
)
_UNTOLD = "SELECT body FROM untold"
_KNOW = "INSERT OR IGNORE INTO known (mail, day) VALUES (?, ?)"
_SPOKEN = (
    "INSERT INTO spoken SELECT who, ? FROM keys WHERE who=?"
    " ON CONFLICT (who) DO UPDATE SET at=max(spoken.at, excluded.at)"
)


class Pruning:
    """Looks at every occasion, and works once a day until nothing is left to do.

    Args:
        counts: gets `let go`, `digests dropped` and `record let go`.
    """

    def __init__(
        self, config: ImapSourceConfig, ledger: Ledger, chain: Chain, counts: Counter[str]
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._chain = chain
        self._counts = counts
        self._due = float("-inf")

    def look(self, now: float) -> None:
        """Works, when it is time; on a disk that takes nothing it is tried again later.

        Args:
            now: seconds since 1970.
        """
        if time.monotonic() < self._due:
            return
        try:
            more = self._work(now)
            if not more:
                self._chain.clear_traces()
        except sqlite3.Error as error:
            warn("mail_ledger_not_pruned", error=error)
            self._due = time.monotonic() + _AGAIN_S
            return
        self._due = float("-inf") if more else time.monotonic() + DAY_S

    def figures(self) -> Mapping[str, float]:
        """How much the ledger holds, for the metrics."""
        return {
            "mails_followed": self._ledger.read("SELECT COUNT(*) FROM mails")[0][0],
            "mails_known": _span(self._ledger, "SELECT MIN(number), MAX(number) FROM known"),
            "mail_record_entries": _span(
                self._ledger, "SELECT MIN(number), MAX(number) FROM chain"
            ),
        }

    def _work(self, now: float) -> bool:
        """One bounded step of each kind; whether there is more to do."""
        keeping = self._config.keeping
        unread = self._chain.forget(now - self._config.keep_text_days * DAY_S)
        mails = let_go(self._ledger, now - keeping.mails_days * DAY_S, keeping.mails)
        digests = drop_digests(self._ledger, keeping.known, now)
        at = datetime.fromtimestamp(now, timezone.utc)
        record = self._chain.shorten(at, at - timedelta(days=keeping.record_days), keeping.record)
        for name, count in (
            ("correspondents", unread),
            ("let go", mails),
            ("digests dropped", digests),
            ("record let go", record),
        ):
            self._counts[name] += count
        if unread or mails or digests or record:
            log("mails_let_go", correspondents=unread, mails=mails, digests=digests, record=record)
        return bool(mails or digests or record)


def let_go(ledger: Ledger, before: float, most: int) -> int:
    """Turns the oldest mails that are done with into digests; how many.

    Args:
        before: seconds since 1970; older ones go.
        most: mails done with that may stay, whatever their age.
    """
    with ledger.transaction() as db:
        over = db.execute(_TOO_MANY, (most,)).fetchone()
        until = max(before, over[0]) if over else before
        found = db.execute(_DONE, (until, _MAILS)).fetchall()
        if not found:
            return 0
        # a person who is erased is found in the rows of the outbox by the row of the mail
        untold = {json.loads(body).get("sample_id") for (body,) in db.execute(_UNTOLD)}
        gone = [row for row in found if row[0] not in untold]
        for sample_id, who, at in gone:
            db.execute(_KNOW, (digest_of_id(sample_id), int(at // DAY_S)))
            db.execute(_SPOKEN, (at, who))
            db.execute("DELETE FROM meta WHERE key=?", (SENDING + sample_id,))
            db.execute("DELETE FROM mails WHERE sample_id=?", (sample_id,))
    return len(gone)


def drop_digests(ledger: Ledger, most: int, now: float) -> int:
    """Drops the oldest digests beyond `most`, but none of the last days; how many."""
    young = int(now // DAY_S) - LEAST_DAYS
    with ledger.transaction() as db:
        over = int(_span(ledger, "SELECT MIN(number), MAX(number) FROM known")) - most
        if over <= 0:
            return 0
        last, day, dropped = 0, 0, 0
        for number, decided in db.execute(
            "SELECT number, day FROM known ORDER BY number LIMIT ?", (min(over, _DIGESTS),)
        ):
            if decided >= young:
                break
            last, day, dropped = number, max(day, decided), dropped + 1
        if dropped:
            db.execute("DELETE FROM known WHERE number<=?", (last,))
            since = date(1970, 1, 1) + timedelta(days=day) + _ZONES
            ledger.keep_note(_SINCE, max(since.isoformat(), ledger.note(_SINCE)))
    return dropped


def known_since(ledger: Ledger, folder: str) -> date | None:
    """The day before which mails that arrived are none of ours any more; None: all are known that ever were decided.

    What lies in a folder that was never read to its end since then may still be undecided.
    """
    since, read = ledger.note(_SINCE), ledger.note(_READ + folder)
    return date.fromisoformat(min(since, read)) if since and read else None


def was_read(ledger: Ledger, folder: str, now: float) -> None:
    """A folder was read to its end; written once a day."""
    day = (datetime.fromtimestamp(now, timezone.utc).date() - _ZONES).isoformat()
    if ledger.note(_READ + folder) != day:
        ledger.keep_note(_READ + folder, day)


def _span(ledger: Ledger, query: str) -> float:
    """Rows of a table whose numbers have no gaps: counting a million takes its time."""
    first, last = ledger.read(query)[0]
    return float(last - first + 1) if last else 0.0
